/** The routes of a router, found by method and path. */

import type { Handler } from "../types.js";
import { foldCase, type Pattern, type PatternOptions } from "./pattern.js";
import { Trie } from "./trie.js";

/** One line of a router's table. */
export interface Entry {
  /** Its place; what is listed first is asked first. */
  readonly order: number;
  /** In lower case; "any" for all. */
  readonly method: string;
  readonly pattern: Pattern;
  /** The pattern as it was written. */
  readonly route: string;
  /** Does it have all paths below its own? */
  readonly isMount: boolean;
  /** Calls the handler with a request that may be handed over. */
  readonly call: (request: unknown, isOwn: boolean) => ReturnType<Handler>;
  /** Is it found by a path that it matches for certain, and names nothing of? */
  readonly isSure?: boolean;
}

/** What is asked about one method. */
interface Index {
  /** For each path that some pattern names as a whole: all entries that match it, in order. */
  readonly whole: ReadonlyMap<string, readonly Entry[]>;
  readonly trie: Trie<Entry>;
}

export class Table {
  readonly #caseSensitive: boolean;
  readonly #byMethod = new Map<string, Index>();
  readonly #others: Index;

  constructor(entries: readonly Entry[], { caseSensitive }: Pick<PatternOptions, "caseSensitive">) {
    this.#caseSensitive = caseSensitive;
    const methods = new Set(entries.map(({ method }) => method));
    if (methods.has("get")) methods.add("head");
    const indexFor = (method: string): Index => indexOf(entries.filter((entry) => serves(entry, method)));
    for (const method of methods) this.#byMethod.set(method, indexFor(method));
    this.#others = indexFor("any");
  }

  /** The entries that a request may be for, in order: few, and not all of them need match. */
  find(method: string, path: string): readonly Entry[] {
    const { whole, trie } = this.#byMethod.get(method) ?? this.#others;
    // Most paths are in lower case.
    let known = whole.get(path);
    if (known !== undefined) return known;
    const key = this.#caseSensitive ? path : foldCase(path);
    known = whole.get(key);
    if (known !== undefined) return known;
    const found: Entry[] = [];
    trie.find(key, 0, found);
    return found.length > 1 ? inOrder(found) : found;
  }
}

function serves(entry: Entry, method: string): boolean {
  return entry.method === "any" || entry.method === method || (method === "head" && entry.method === "get");
}

function indexOf(entries: readonly Entry[]): Index {
  const trie = new Trie<Entry>();
  for (const entry of entries) {
    for (const segments of entry.pattern.alternatives) trie.add(segments, entry.isMount, entry);
  }
  const whole = new Map<string, readonly Entry[]>();
  for (const { isMount, pattern } of entries) {
    const path = isMount ? undefined : pattern.onlyPath;
    if (path === undefined) continue;
    for (const spelt of [path, `${path}/`]) {
      const found: Entry[] = [];
      trie.find(spelt, 0, found);
      const matching = inOrder(found).filter((entry) => entry.pattern.exec(spelt) !== null);
      if (matching.length > 0) whole.set(spelt, matching.map(madeSure));
    }
  }
  return { whole, trie };
}

function madeSure(entry: Entry): Entry {
  return !entry.isMount && entry.pattern.onlyPath !== undefined ? { ...entry, isSure: true } : entry;
}

/** By their place, each once: a pattern with optional groups may be found in more than one of its readings. */
function inOrder(entries: readonly Entry[]): Entry[] {
  return [...new Set(entries)].sort((a, b) => a.order - b.order);
}
