import { isDeepStrictEqual } from "node:util";

/** Are two values equal, by what they hold? As Clojure's `=`, which knows no identity of data. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  return isDeepStrictEqual(a, b);
}

/** Remembers values by what they hold: primitives in a set, the rest one by one. */
export class ValueSet {
  readonly #primitives = new Set<unknown>();
  readonly #objects: object[] = [];

  /** Adds a value. @returns false if it, or its equal, was there */
  add(value: unknown): boolean {
    if (typeof value !== "object" || value === null) {
      if (this.#primitives.has(value)) return false;
      this.#primitives.add(value);
      return true;
    }
    if (this.#objects.some((seen) => isEqual(seen, value))) return false;
    this.#objects.push(value);
    return true;
  }
}
