/** Conversions under their own names. Source: `clj-commons.byte-streams`. */

import type { FileHandle } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import type { Awaitable, Deferred } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import type { Source } from "../stream/index.js";
import type { ByteSink } from "./byte-sink.js";
import type { ByteSource } from "./byte-source.js";
import { checkSize, convertTo, convertToNow, graph, sourceDescriptor } from "./conversions.js";
import { type DataReader, SourceDataReader } from "./data-reader.js";
import type { HttpFile } from "./http-file.js";
import type { ConvertOptions } from "./options.js";
import { after, lines, rechunk, repiece } from "./stages.js";
import { seqOf, streamOf, type Type, types } from "./types.js";

export interface LineOptions extends ConvertOptions {
  /** Longest line, without its end, in characters (UTF-16 code units); Infinity is no limit. @default 1_048_576 */
  readonly maxLineLength?: number | undefined;
}

const MAX_LINE_LENGTH = 1_048_576;

/** What is there: text, bytes, and iterables of them. */
export type Whole = string | ArrayBufferView | ArrayBufferLike | Iterable<string | ArrayBufferView | ArrayBufferLike>;

/** What has to be waited for. */
export type Coming =
  | Readable
  | ReadableStream
  | Source<unknown>
  | AsyncIterable<unknown>
  | ByteSource
  | Blob
  | HttpFile
  | URL
  | FileHandle
  | PromiseLike<unknown>;

/** The result of reading an `X` to its end: in place, a deferred, or one or the other if the type does not tell. */
export type Read<X, T> = X extends Whole ? T : X extends Coming ? Deferred<T> : Awaitable<T>;

/** The parts of an `X`: an iterable of what is there, a stream of what has to be waited for. `for await` takes both. */
export type Parts<X, T> = X extends Whole ? Iterable<T> : X extends Coming ? Source<T> : Iterable<T> | Source<T>;

/**
 * The whole content as text.
 *
 * A character may be split between chunks. What is no text becomes U+FFFD, or what `onEncodingError` says. What has to be
 * waited for is read to its end, however long: set `maxBytes` where others decide what comes. A promise or a deferred of
 * something is waited for.
 *
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`; {@link MalformedTextError} code `RING_MALFORMED_TEXT`;
 *   `RING_BODY_TOO_LARGE`, beyond `maxBytes`; `RING_BODY_ABORTED`, if a stream was cut off; else as `convert`.
 * @example
 * await toString(createReadStream("package.json"));
 * toString([Buffer.from("h"), "é"]); // => "hé"
 * toString(Buffer.from([0xe9]), { encoding: "iso-8859-1" }); // => "é"
 * @see Source: `clj-commons.byte-streams/to-string`. Differs: an empty list is "".
 */
export function toString<X>(x: X, options: ConvertOptions = {}): Read<X, string> {
  return convertTo(types.string, x, options) as Read<X, string>;
}

/**
 * The whole content as bytes. Bytes come back as they are, and what is over bytes (a `Buffer` of all of an `ArrayBuffer`)
 * shares them: who changes the result may change the source. Reads to the end as {@link toString} does.
 *
 * @example
 * toByteArray("hé"); // => Buffer.from([0x68, 0xc3, 0xa9])
 * @see Source: `clj-commons.byte-streams/to-byte-array`.
 */
export function toByteArray<X>(x: X, options: ConvertOptions = {}): Read<X, Uint8Array> {
  return convertTo(types.bytes, x, options) as Read<X, Uint8Array>;
}

/** As {@link toByteArray}, as a `Buffer`, over the same memory. @see Source: `clj-commons.byte-streams/to-byte-buffer`. */
export function toByteBuffer<X>(x: X, options: ConvertOptions = {}): Read<X, Buffer> {
  return convertTo(types.buffer, x, options) as Read<X, Buffer>;
}

/**
 * The content as byte arrays of `chunkSize`, the last of what is left; nothing is read that is not asked for.
 *
 * @param options `chunkSize` in bytes. Default 4096.
 * @returns an iterable, or a stream of what has to be waited for; leaving it early closes what it reads from.
 * @example
 * Array.from(toByteArrays("ten letter", { chunkSize: 4 }), (chunk) => chunk.length); // => [4, 4, 2]
 * @see Source: `clj-commons.byte-streams/to-byte-arrays`. Differs: 4096 without options, where the original does not cut.
 */
export function toByteArrays<X>(x: X, options: ConvertOptions = {}): Parts<X, Uint8Array> {
  return chunked(types.bytes, x, options) as Parts<X, Uint8Array>;
}

/** As {@link toByteArrays}, as `Buffer`s. @see Source: `clj-commons.byte-streams/to-byte-buffers`. */
export function toByteBuffers<X>(x: X, options: ConvertOptions = {}): Parts<X, Buffer> {
  return chunked(types.buffer, x, options) as Parts<X, Buffer>;
}

function chunked(
  type: Type<Uint8Array>,
  x: unknown,
  options: ConvertOptions,
): Iterable<Uint8Array> | Source<Uint8Array> {
  const { chunkSize = 4096 } = options;
  checkSize("chunkSize", chunkSize, 1);
  return after(partsOf(type, x, options), () => rechunk(chunkSize));
}

/** The sequence, if it can be had at once, else the stream. */
function partsOf<T>(type: Type<T>, x: unknown, options: ConvertOptions): Iterable<T> | Source<T> {
  const from = options.sourceType ?? sourceDescriptor(x);
  const isThere = from !== undefined && graph.path(from, seqOf(type), true) !== undefined;
  return isThere ? convertToNow(seqOf(type), x, options) : convertToNow(streamOf(type), x, options);
}

/**
 * The content as text, decoded bit by bit, in pieces of at most `chunkSize` characters.
 *
 * @param options `chunkSize` in UTF-16 code units, default 1024; `encoding`; `onEncodingError`.
 * @returns an iterable, or a stream of what has to be waited for.
 * @example
 * [...toCharSequence([Buffer.from([0xc3]), Buffer.from([0xa9])])]; // => ["é"]
 * @see Source: `clj-commons.byte-streams/to-char-sequence`. Differs: `onEncodingError` works.
 */
export function toCharSequence<X>(x: X, options: ConvertOptions = {}): Parts<X, string> {
  const { chunkSize = 1024 } = options;
  checkSize("chunkSize", chunkSize, 1);
  return after(partsOf(types.string, x, options), () => repiece(chunkSize)) as Parts<X, string>;
}

/**
 * The content as a stream of text, decoded as it comes. @see Source: `clj-commons.byte-streams/to-reader`.
 *
 * @example
 * for await (const text of toReader(createReadStream("package.json"))) text.length;
 */
export function toReader(x: unknown, options: ConvertOptions = {}): Source<string> {
  return convertToNow(streamOf(types.string), x, options);
}

/**
 * The lines of a text without their ends, which are `\n` and `\r\n`, one by one as they are asked for; the last one may
 * lack its end. A line is held in memory whole, and so it has a limit.
 *
 * @returns an iterable, or a stream of what has to be waited for, which fails if what it reads fails; with a
 *   {@link LineTooLongError}, code `RING_LINE_TOO_LONG`, beyond `maxLineLength`.
 * @example
 * [...toLineSeq("a\nb\r\nc")]; // => ["a", "b", "c"]
 * for await (const line of toLineSeq(createReadStream("package.json"))) line.length;
 * @see Source: `clj-commons.byte-streams/to-line-seq`. Differs: an error is an error, not the end.
 */
export function toLineSeq<X>(x: X, options: LineOptions = {}): Parts<X, string> {
  const { maxLineLength = MAX_LINE_LENGTH, ...rest } = options;
  if (typeof maxLineLength !== "number" || !(maxLineLength >= 0)) {
    throw new InvalidArgumentError(`maxLineLength must be a number from 0, or Infinity, not ${maxLineLength}`);
  }
  return after(partsOf(types.string, x, rest), () => lines(maxLineLength)) as Parts<X, string>;
}

/**
 * A Node `Readable` of the content. Nothing is read before it is; endless sources are fine. Destroying it closes the source.
 *
 * @param options `bufferSize` is its `highWaterMark`.
 * @example
 * toReadable(["hello ", "world"]).pipe(createWriteStream("hello.txt"));
 * @see Source: `clj-commons.byte-streams/to-input-stream`.
 */
export function toReadable(x: unknown, options: ConvertOptions = {}): Readable {
  return convertToNow(types.readable, x, options);
}

/** A web `ReadableStream` of the content, as {@link toReadable}. @see Source: `clj-commons.byte-streams/to-readable-channel`. */
export function toReadableStream(x: unknown, options: ConvertOptions = {}): ReadableStream<Uint8Array> {
  return convertToNow(types.webReadable, x, options);
}

/**
 * Gives the content by numbers of bytes.
 *
 * @example
 * const source = toByteSource("hello world");
 * await source.takeBytes(5); // => Buffer.from("hello")
 * @see Source: `clj-commons.byte-streams/to-byte-source`.
 */
export function toByteSource(x: unknown, options: ConvertOptions = {}): ByteSource {
  return convertToNow(types.byteSource, x, options);
}

/**
 * Reads numbers from the content, as Java's `DataInputStream` does: big-endian.
 *
 * @example
 * const data = toDataInputStream(Buffer.from([0, 1, 0xff]));
 * await data.readUint16(); // => 1
 * await data.readInt8(); // => -1
 * @see Source: `clj-commons.byte-streams/to-data-input-stream`.
 */
export function toDataInputStream(x: unknown, options: ConvertOptions = {}): DataReader {
  return new SourceDataReader(toByteSource(x, options));
}

/** A Node `Writable` over a sink: a file, a web stream, a sink of the kit. @see Source: `clj-commons.byte-streams/to-output-stream`. */
export function toWritable(x: unknown, options: ConvertOptions = {}): Writable {
  return convertToNow(types.writable, x, options);
}

/** A web `WritableStream` over a sink. @see Source: `clj-commons.byte-streams/to-writable-channel`. */
export function toWritableStream(x: unknown, options: ConvertOptions = {}): WritableStream<Uint8Array> {
  return convertToNow(types.webWritable, x, options);
}

/**
 * Takes bytes for a file, a Node or web stream, or a sink of the kit.
 *
 * @example
 * const file = toByteSink(createWriteStream("hello.txt"));
 * await file.sendBytes(Buffer.from("hello"));
 * await file.close();
 * @see Source: `clj-commons.byte-streams/to-byte-sink`.
 */
export function toByteSink(x: unknown, options: ConvertOptions = {}): ByteSink {
  return convertToNow(types.byteSink, x, options);
}
