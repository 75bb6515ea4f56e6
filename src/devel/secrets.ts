/** Data made fit to be shown: what may be a secret is masked, and nothing is endless. */

import { inspect } from "node:util";
import { describe } from "../errors/index.js";
import { isSecretName, MASK, maskQuery } from "../errors/secret-names.js";

/** Levels of maps in maps, and elements of each, that are shown. */
const MAX_DEPTH = 4;
const MAX_ENTRIES = 50;

const maskUrl = (url: string): string => {
  const query = url.indexOf("?") + 1;
  return query === 0 ? url : url.slice(0, query) + maskQuery(url.slice(query));
};

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/** A copy to be shown. Streams and other objects with a class of their own are named, not looked into. */
function masked(name: string, value: unknown, depth: number): unknown {
  if (value === null || value === undefined) return value;
  if (isSecretName(name)) return new Shown(MASK);
  if (typeof value === "string") {
    return name === "queryString" ? maskQuery(value) : name === "referer" ? maskUrl(value) : value;
  }
  if (typeof value === "function") return new Shown(describe(value));
  if (typeof value !== "object" || Object.prototype.toString.call(value) === "[object Date]") return value;
  if (depth === MAX_DEPTH) return new Shown("…");
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((element) => masked("", element, depth + 1));
  if (!isPlain(value)) return new Shown(describe(value));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(entries.map(([key, inner]) => [key, masked(key, inner, depth + 1)]));
}

/** Text that stands for a value. */
class Shown {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  [inspect.custom](): string {
    return this.#text;
  }
}

/** A value that stands under this name, as JavaScript writes it. */
export function showValue(name: string, value: unknown): string {
  return inspect(masked(name, value, 0), { depth: MAX_DEPTH, maxStringLength: 1000, breakLength: 100, compact: 3 });
}
