/** Finds the few entries of a table that a path could be for, without a look at the others. */

import type { Segment } from "./pattern.js";

/** Entries by the texts that their patterns have between slashes. What it finds is a guess; the patterns decide. */
export class Trie<T> {
  readonly #texts = new Map<string, Trie<T>>();
  #any: Trie<T> | undefined;
  /** Those whose pattern is complete here. */
  readonly #ends: T[] = [];
  /** Those that take whatever follows. */
  readonly #rests: T[] = [];

  /** @param isPrefix Does the pattern match what is longer, too? */
  add([segment, ...others]: readonly Segment[], isPrefix: boolean, entry: T): void {
    if (segment === undefined) (isPrefix ? this.#rests : this.#ends).push(entry);
    else if (segment.kind === "rest") this.#rests.push(entry);
    else this.#below(segment).add(others, isPrefix, entry);
  }

  #below(segment: Exclude<Segment, { kind: "rest" }>): Trie<T> {
    if (segment.kind === "text") return this.#ofText(segment.text);
    this.#any ??= new Trie();
    return this.#any;
  }

  #ofText(text: string): Trie<T> {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const made = new Trie<T>();
    this.#texts.set(text, made);
    return made;
  }

  /**
   * Gathers the entries for a path into `found`, in no order.
   *
   * @param at Where in the path the slash before its next segment is; its length at the end.
   */
  find(path: string, at: number, found: T[]): void {
    if (this.#rests.length > 0) found.push(...this.#rests);
    // A slash at the end of a path may count for nothing.
    if (at >= path.length - 1) found.push(...this.#ends);
    if (at >= path.length || path.charCodeAt(at) !== SLASH) return;
    const slash = path.indexOf("/", at + 1);
    const end = slash === -1 ? path.length : slash;
    if (this.#texts.size > 0) this.#texts.get(path.slice(at + 1, end))?.find(path, end, found);
    this.#any?.find(path, end, found);
  }
}

const SLASH = 47;
