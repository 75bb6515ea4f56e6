/** Marks an iterable as a sequence of chunks. Source: Clojure's seq, the streamable body of Ring. */

/** An iterable that is a body: its elements are sent one by one. */
export class Seq implements Iterable<unknown> {
  readonly #elements: Iterable<unknown>;

  constructor(elements: Iterable<unknown>) {
    this.#elements = elements;
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.#elements[Symbol.iterator]();
  }
}

/**
 * Makes a response body of an array, a set or any iterable: each element is a chunk (bytes as they are, everything else
 * as text). Without it, arrays and sets are data and are refused as bodies.
 *
 * @example
 * const handler = () => ({ status: 200, headers: {}, body: seq(["a", 1, "b"]) }); // sends "a1b"
 * @see Source: `ring.core.protocols`, bodies of type ISeq.
 */
export function seq(elements: Iterable<unknown>): Seq {
  return new Seq(elements);
}
