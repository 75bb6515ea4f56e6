/** Compares bytes, whatever holds them. Source: `clj-commons.byte-streams/compare-bytes`, `bytes=`. */

import { Buffer } from "node:buffer";
import { type Awaitable, andThen, chain, type Deferred } from "../deferred/index.js";
import type { Source } from "../stream/index.js";
import { closeBody } from "./close.js";
import { convertToNow, graph, sourceDescriptor } from "./conversions.js";
import type { Whole } from "./to.js";
import { streamOf, types } from "./types.js";

/** What a comparison answers: in place for what is there, else later. */
export type Compared<A, B, T> = [A, B] extends [Whole, Whole] ? T : unknown extends A | B ? Awaitable<T> : Deferred<T>;

/**
 * Compares two contents byte by byte, as a comparator for sorting does: negative, 0 or positive.
 *
 * Bytes are unsigned, and what the other begins with comes first. How the bytes are cut into chunks does not matter. Streams
 * are read up to the first difference, and then closed.
 *
 * @example
 * compareBytes("ab", "abc") < 0; // => true
 * compareBytes(["ab", "cd"], Buffer.from("abcd")); // => 0
 * await compareBytes(createReadStream("package.json"), "{");
 * @see Source: `clj-commons.byte-streams/compare-bytes`. Differs: chunks do not matter.
 */
export function compareBytes<A, B>(a: A, b: B): Compared<A, B, number> {
  if (isThere(a) && isThere(b)) {
    return Buffer.compare(convertToNow(types.bytes, a, {}), convertToNow(types.bytes, b, {})) as Compared<A, B, number>;
  }
  return chain(undefined, () => compareStreams(a, b)) as Compared<A, B, number>;
}

/**
 * Do two contents hold the same bytes?
 *
 * @example
 * bytesEqual("é", Buffer.from([0xc3, 0xa9])); // => true
 * @see Source: `clj-commons.byte-streams/bytes=`.
 */
export function bytesEqual<A, B>(a: A, b: B): Compared<A, B, boolean> {
  return andThen(compareBytes(a, b) as Awaitable<number>, (order) => order === 0) as Compared<A, B, boolean>;
}

function isThere(x: unknown): boolean {
  const type = sourceDescriptor(x);
  return type !== undefined && graph.path(type, types.bytes, true) !== undefined;
}

async function compareStreams(a: unknown, b: unknown): Promise<number> {
  const first = convertToNow(streamOf(types.bytes), a, {});
  try {
    const second = convertToNow(streamOf(types.bytes), b, {});
    try {
      return await compareChunks(first, second);
    } finally {
      closeBody(second);
    }
  } finally {
    closeBody(first);
  }
}

async function compareChunks(first: Source<Uint8Array>, second: Source<Uint8Array>): Promise<number> {
  let left: Uint8Array | undefined = NOTHING;
  let right: Uint8Array | undefined = NOTHING;
  for (;;) {
    while (left?.length === 0) left = await first.take();
    while (right?.length === 0) right = await second.take();
    if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? -1 : 1;
    const length = Math.min(left.length, right.length);
    const order = Buffer.compare(left.subarray(0, length), right.subarray(0, length));
    if (order !== 0) return order;
    left = left.subarray(length);
    right = right.subarray(length);
  }
}

const NOTHING = Buffer.alloc(0);
