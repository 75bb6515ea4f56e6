import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import {
  bytesEqual,
  seqOf,
  streamOf,
  toByteArray,
  toByteArrays,
  toByteBuffer,
  toByteSource,
  toDataInputStream,
  toLineSeq,
  toReadable,
  toReadableStream,
  toString,
  types,
} from "../../src/byte-streams/index.js";
import { toSource } from "../../src/stream/index.js";
import { buffersInUse, heapInUse } from "../garbage.js";

const COUNT = 100_000;
const letters = Buffer.from("abcdefghijklmnopqrstuvwxyz");
const expected = Buffer.alloc(COUNT, letters);

/** What the pieces take while they wait, in bytes for each byte of them; measured as the last one is asked for. */
let taken = Number.POSITIVE_INFINITY;

const inUse = (): number => heapInUse() + buffersInUse();

function* pieces(): Generator<Uint8Array> {
  const before = inUse();
  for (let at = 0; at < COUNT; at++) yield letters.subarray(at % 26, (at % 26) + 1);
  taken = (inUse() - before) / COUNT;
}

function* characters(): Generator<string> {
  const before = inUse();
  // No single character: those are all there already.
  for (let at = 0; at < COUNT; at += 2) yield String.fromCharCode(97 + (at % 26), 97 + ((at + 1) % 26));
  taken = (inUse() - before) / COUNT;
}

async function* later<T>(parts: Iterable<T>): AsyncGenerator<T> {
  yield* parts;
}

async function firstOf<T>(parts: AsyncIterable<T>): Promise<T> {
  for await (const part of parts) return part;
  throw new Error("there is nothing");
}

const whole = (chunks: readonly Uint8Array[]): Buffer => Buffer.concat(chunks);

describe("a hundred thousand bytes one by one (many small pieces)", () => {
  it.each<[string, () => unknown]>([
    ["an iterable, as bytes", () => toByteArray(pieces())],
    ["an iterable of a known type, as bytes", () => toByteArray(pieces(), { sourceType: seqOf(types.bytes) })],
    ["an iterable, as text", () => toString(pieces())],
    ["an iterable of text, as text", () => toString(characters(), { sourceType: seqOf(types.string) })],
    ["an iterable of text, as bytes", () => toByteArray(characters())],
    ["an async iterable, as bytes", () => toByteArray(later(pieces()))],
    ["an async iterable, as text", () => toString(later(pieces()))],
    ["an async iterable of text, as text", () => toString(later(characters()), { sourceType: streamOf(types.string) })],
    ["a stream of the kit, as a buffer", () => toByteBuffer(toSource(pieces()))],
    ["a Node stream, as bytes", () => toByteArray(Readable.from(pieces()))],
    ["an iterable, as a Node stream, as text", () => toString(toReadable(pieces()))],
    ["an iterable, as a web stream, as text", () => toString(toReadableStream(pieces()))],
    [
      "an iterable, in chunks as large as it",
      () => whole([...toByteArrays(pieces(), { chunkSize: COUNT })] as Buffer[]),
    ],
    [
      "an async iterable, in chunks as large as it",
      () => firstOf(toByteArrays(later(pieces()), { chunkSize: COUNT + 1 })),
    ],
    ["an async iterable, as one line", () => firstOf(toLineSeq(later(pieces()), { maxLineLength: COUNT }))],
    ["an async iterable, by the number of its bytes", () => toByteSource(later(pieces())).takeBytes(COUNT + 1)],
    ["an iterable, as one line", () => [...toLineSeq(pieces(), { maxLineLength: COUNT })].join("")],
    ["an iterable of text, as one line", () => [...toLineSeq(characters(), { maxLineLength: COUNT })].join("")],
  ])("%s: they take little memory, and linear time", async (_what, read) => {
    taken = Number.POSITIVE_INFINITY;
    const result = (await read()) as string | Uint8Array;
    expect(Buffer.compare(Buffer.from(result as Uint8Array), expected)).toBe(0);
    expect(taken).toBeLessThan(40);
  });

  it("compared, and read as numbers, they take little memory", async () => {
    expect(await bytesEqual(later(pieces()), expected)).toBe(true);
    expect(taken).toBeLessThan(40);
    const data = toDataInputStream(later(pieces()));
    for (let at = 0; at < 1000; at++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await data.readUint8()).toBe(expected[at]);
    }
  });
});
