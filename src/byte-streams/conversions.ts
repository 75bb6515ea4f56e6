/** The conversions that there are from the beginning. */

import { Buffer } from "node:buffer";
import { Writable } from "node:stream";
import { type ReadableStream, WritableStream } from "node:stream/web";
import { fileURLToPath } from "node:url";
import { type Awaitable, andThen, chain, type Deferred, isDeferrable, toDeferred } from "../deferred/index.js";
import { InvalidArgumentError, NotConvertibleError } from "../errors/index.js";
import { type Source, toReadable, toSink, toSource, toWebReadable } from "../stream/index.js";
import { KitByteSink, underlying, WebByteSink, WritableByteSink } from "./byte-sink.js";
import { ChunkByteSource, takesOf } from "./byte-source.js";
import { charset, toBuffer } from "./charset.js";
import { AsynchronousConversionError } from "./conversion-errors.js";
import { readableOf, writableOf } from "./files.js";
import { Gathered, GatheredPieces } from "./gathered.js";
import { Graph } from "./graph.js";
import { file } from "./http-file.js";
import type { ConvertOptions } from "./options.js";
import { BodyTooLargeError, type ByteBody, readBytes, readText } from "./read.js";
import { runPath } from "./run.js";
import { cut, decode, encode, joined, type LaterStage, type Stage, staged, through } from "./stages.js";
import { isSinkType, seqOf, sinkDescriptor, streamOf, type Type, typeDescriptor, types, vectorOf } from "./types.js";

/** All conversions. */
export const graph: Graph = new Graph();

/** Options of an edge. */
export interface ConversionOptions {
  /** What the conversion costs, against others: 0 is a view of the same bytes, 1 a copy, 2 a transformation. @default 1 */
  readonly cost?: number | undefined;
  /** Does the conversion answer later, with a promise or a deferred? Then `convertSync` does not use it. @default false */
  readonly async?: boolean | undefined;
}

const anyBytes = (x: ArrayBufferView): Buffer => toBuffer(x);
const charsetOf = (options: ConvertOptions) => charset(options.encoding ?? "utf-8");
const encoded = (options: ConvertOptions) => encode(charsetOf(options).encoder());
const decoded = (options: ConvertOptions) => decode(charsetOf(options).decoder(options.onEncodingError));

function edge<A, B>(from: Type<A>, to: Type<B>, cost: number, convert: (x: A, options: ConvertOptions) => B): void {
  graph.define({ from, to, cost, isSync: true, convert: convert as (x: unknown, options: ConvertOptions) => unknown });
}

function laterEdge<A, B>(
  from: Type<A>,
  to: Type<B>,
  cost: number,
  convert: (x: A, options: ConvertOptions) => Awaitable<B>,
): void {
  graph.define({ from, to, cost, isSync: false, convert: convert as (x: unknown, options: ConvertOptions) => unknown });
}

const { string, bytes, buffer, arrayBuffer, sharedArrayBuffer, dataView, view, blob, url, fileHandle } = types;
const { readable, webReadable, byteSource, writable, webWritable, sink, byteSink, unknown } = types;

// Whole: views of the same bytes cost nothing, copies 1, another charset 2.
edge(string, bytes, 2, (text, options) => charsetOf(options).encode(text));
edge(bytes, string, 2, (x, options) => text(x, options));
edge(bytes, buffer, 0, anyBytes);
edge(view, bytes, 0, anyBytes);
edge(dataView, bytes, 0, anyBytes);
edge(arrayBuffer, bytes, 0, (x) => Buffer.from(x));
edge(sharedArrayBuffer, bytes, 0, (x) => Buffer.from(x));
edge(bytes, dataView, 0, (x) => new DataView(x.buffer, x.byteOffset, x.byteLength));
edge(bytes, view, 0, (x) => x);
edge(bytes, arrayBuffer, 1, (x) => {
  const all = x.buffer;
  return isAll(x) && all instanceof ArrayBuffer ? all : new Uint8Array(x).buffer;
});
edge(bytes, sharedArrayBuffer, 1, (x) => {
  const shared = new SharedArrayBuffer(x.byteLength);
  new Uint8Array(shared).set(x);
  return shared;
});
edge(bytes, blob, 1, (x) => new Blob([new Uint8Array(x)]));
laterEdge(blob, bytes, 1.5, async (x, { maxBytes = Number.POSITIVE_INFINITY }) => {
  if (x.size > maxBytes) throw new BodyTooLargeError(maxBytes);
  return Buffer.from(await x.arrayBuffer());
});
edge(blob, webReadable, 0, (x) => x.stream() as ReadableStream<Uint8Array>);
edge(url, types.file, 0, (x) => file(fileURLToPath(x)));

// Sequences and streams of chunks.
edge(bytes, vectorOf(bytes), 0, chunksOfWhole);
edge(bytes, streamOf(bytes), 0, (x, options) => toSource(chunksOfWhole(x, options)));
edge(vectorOf(bytes), bytes, 1, (chunks) => joined(chunks));
edge(string, vectorOf(string), 1, (x) => (x === "" ? [] : [x]));
edge(vectorOf(string), string, 1, (pieces) => pieces.join(""));
edge(seqOf(bytes), bytes, 2, allBytes);
edge(seqOf(string), string, 2, allText);
edge(seqOf(string), seqOf(bytes), 2, (pieces, options) => staged(pieces, () => encoded(options)));
edge(seqOf(bytes), seqOf(string), 2, (chunks, options) => staged(chunks, () => decoded(options)));
edge(seqOf(unknown), seqOf(bytes), 2, (x, options) => staged(x, () => unknownNow(options)));
edge(streamOf(string), streamOf(bytes), 2.1, (pieces, options) => through(pieces, encoded(options)));
edge(streamOf(bytes), streamOf(string), 2.1, (chunks, options) => through(chunks, decoded(options)));
edge(streamOf(unknown), streamOf(bytes), 2.1, (x, options) => through(x, unknownLater(options)));
laterEdge(streamOf(bytes), bytes, 1.5, (chunks, options) => readAll(chunks, options));
laterEdge(streamOf(bytes), string, 3, (chunks, options) => readAllText(chunks, options));
laterEdge(streamOf(string), string, 1.5, (pieces, options) => readAllPieces(pieces, options));

// What comes from outside.
edge(types.file, readable, 0, readableOf);
edge(fileHandle, readable, 0, (x, { chunkSize = 65_536, close = true }) =>
  x.createReadStream({ highWaterMark: chunkSize, autoClose: close }),
);
edge(readable, streamOf(bytes), 0, (x) => through(toSource<unknown>(x), chunksOf(x)));
edge(webReadable, streamOf(bytes), 0, (x) => through(toSource<unknown>(x), chunksOf({})));
edge(byteSource, streamOf(bytes), 0, (x, { chunkSize = 65_536 }) => toSource(takesOf(x, chunkSize)));
edge(streamOf(bytes), readable, 0, (chunks, { bufferSize }) => toReadable(chunks, { highWaterMark: bufferSize }));
edge(streamOf(bytes), webReadable, 0, (chunks) => toWebReadable(chunks));
edge(streamOf(bytes), byteSource, 0, (chunks) => new ChunkByteSource(chunks));
laterEdge(readable, bytes, 1.5, (x, options) => readAll(x, options));
laterEdge(readable, string, 3, (x, options) => readAllText(x, options));
laterEdge(webReadable, bytes, 1.5, (x, options) => readAll(x, options));
laterEdge(webReadable, string, 3, (x, options) => readAllText(x, options));

// What goes out.
edge(types.file, writable, 0, writableOf);
edge(fileHandle, writable, 0, (x, { close = true }) => x.createWriteStream({ autoClose: close }));
edge(writable, byteSink, 0, (x) => new WritableByteSink(x));
edge(webWritable, byteSink, 0, (x) => new WebByteSink(x));
edge(sink, byteSink, 0, (x) => new KitByteSink(x));
edge(writable, sink, 0, (x) => toSink<Uint8Array>(x));
edge(webWritable, sink, 0, (x) => toSink<Uint8Array>(x));
edge(byteSink, webWritable, 0.5, (x) => new WritableStream<Uint8Array>(underlying(x)));
edge(byteSink, writable, 0.5, (x, { bufferSize }) => {
  const { write, close, abort } = underlying(x);
  return new Writable({
    highWaterMark: bufferSize,
    write: (chunk: Uint8Array, _encoding, done) => tell(write(chunk), done),
    final: (done) => tell(close(), done),
    destroy(error, done) {
      if (!this.writableFinished) abort(error ?? undefined);
      done(error);
    },
  });
});

/** Tells Node how something has ended. */
function tell(ending: PromiseLike<void>, done: (error?: Error | null) => void): void {
  toDeferred(ending).onRealized(
    () => done(),
    (error) => done(error as Error),
  );
}

/** A new way from one type to another; it replaces the one that is there. */
export function defineConversion<A, B>(
  from: Type<A>,
  to: Type<B>,
  convert: (x: A, options: ConvertOptions) => Awaitable<B>,
  { cost = 1, async = false }: ConversionOptions,
): void {
  (async ? laterEdge : edge)(from, to, cost, convert as (x: A, options: ConvertOptions) => B);
}

function chunksOfWhole(x: Uint8Array, { chunkSize }: ConvertOptions): readonly Uint8Array[] {
  if (x.length === 0) return [];
  return chunkSize === undefined ? [x] : cut(x, chunkSize);
}

/** A sequence may have many small pieces: they are put together as they come. */
function allBytes(chunks: Iterable<Uint8Array>): Uint8Array {
  const all = new Gathered();
  for (const chunk of chunks) all.add(toBuffer(chunk));
  return all.whole();
}

function allText(pieces: Iterable<string>): string {
  const all = new GatheredPieces();
  for (const piece of pieces) all.add(piece);
  return all.take();
}

function isAll(x: Uint8Array): boolean {
  return x.byteOffset === 0 && x.byteLength === x.buffer.byteLength;
}

function text(x: Uint8Array, { encoding = "utf-8", onEncodingError = "replace" }: ConvertOptions): string {
  const named = charset(encoding);
  if (onEncodingError === "replace") return named.decode(x);
  const decoder = named.decoder(onEncodingError);
  return decoder.write(x) + decoder.end();
}

function readAll(body: ByteBody, { maxBytes = Number.POSITIVE_INFINITY }: ConvertOptions): Awaitable<Uint8Array> {
  return readBytes(body, { maxBytes });
}

function readAllText(body: ByteBody, options: ConvertOptions): Awaitable<string> {
  const { encoding, onEncodingError, maxBytes = Number.POSITIVE_INFINITY } = options;
  return readText(body, { encoding, onEncodingError, maxBytes });
}

async function readAllPieces(
  pieces: Source<string>,
  { maxBytes = Number.POSITIVE_INFINITY }: ConvertOptions,
): Promise<string> {
  const all = new GatheredPieces();
  let length = 0;
  for await (const piece of pieces) {
    length += Buffer.byteLength(piece);
    if (length > maxBytes) throw new BodyTooLargeError(maxBytes);
    all.add(piece);
  }
  return all.take();
}

/** The chunks of foreign streams: bytes, and strings, which stand for the bytes in the stream's own encoding. */
function chunksOf(body: { readonly readableEncoding?: BufferEncoding | null }): Stage<unknown, Uint8Array> {
  const encoder = charset("utf-8").encoder();
  return {
    write(chunk) {
      if (typeof chunk === "string") {
        return [body.readableEncoding ? Buffer.from(chunk, body.readableEncoding) : encoder.write(chunk)];
      }
      if (ArrayBuffer.isView(chunk)) return [toBuffer(chunk)];
      throw new NotConvertibleError(chunk, "bytes, as a chunk of a stream");
    },
    end() {
      const rest = encoder.end();
      return rest.length === 0 ? [] : [rest];
    },
  };
}

/** Elements that are looked at one by one: text, bytes, or whatever has a way to bytes. */
function unknownLater(options: ConvertOptions): LaterStage<unknown, Uint8Array> {
  const { write, end } = encoded(options);
  return {
    end,
    write(element) {
      if (typeof element === "string") return write(element);
      return andThen(convertTo(bytes, element, options), (chunk) => [chunk]);
    },
  };
}

function unknownNow(options: ConvertOptions): Stage<unknown, Uint8Array> {
  const { write, end } = encoded(options);
  return {
    end,
    write(element) {
      if (typeof element === "string") return write(element);
      return [convertToNow(bytes, element, options)];
    },
  };
}

/** As `convert`, with the target first. */
export function convertTo<T>(to: Type<T>, x: unknown, options: ConvertOptions): Awaitable<T> {
  const from = startOf(to, x, options);
  if (from === undefined) {
    if (isDeferrable(x)) return chain(x, (value) => convertTo(to, value, options)) as Deferred<T>;
    throw new NotConvertibleError(x, to.name);
  }
  const path = graph.path(from, to);
  if (path === undefined) throw new NotConvertibleError(x, to.name);
  return runPath(begun(x, from), path.edges, checked(options)) as Awaitable<T>;
}

/** As `convertSync`, with the target first. */
export function convertToNow<T>(to: Type<T>, x: unknown, options: ConvertOptions): T {
  const from = startOf(to, x, options);
  if (from === undefined) throw new NotConvertibleError(x, to.name);
  const path = graph.path(from, to, true);
  if (path === undefined) {
    if (graph.path(from, to) === undefined) throw new NotConvertibleError(x, to.name);
    throw new AsynchronousConversionError(from.name, to.name);
  }
  return runPath(begun(x, from), path.edges, checked(options)) as T;
}

/** The type that a conversion begins with; undefined of what is no representation of bytes, or has to be waited for to become one. */
function startOf(to: Type, x: unknown, { sourceType }: ConvertOptions): Type | undefined {
  // A promise is none of the type that it is said to be of.
  if (sourceType !== undefined && !isDeferrable(x)) return sourceType;
  const own = isSinkType(to) ? sinkDescriptor(x) : sourceDescriptor(x);
  return own === undefined ? undefined : (sourceType ?? own);
}

const vectorOfUnknown = vectorOf(unknown);

/** The type of a value; an array that holds, among others, what has to be waited for is a stream of its elements. */
export function sourceDescriptor(x: unknown): Type | undefined {
  const type = typeDescriptor(x);
  const isMixed = type === vectorOfUnknown && (x as readonly unknown[]).some(hasToWait);
  return isMixed ? streamOf(unknown) : type;
}

function hasToWait(x: unknown): boolean {
  if (typeof x === "string" || ArrayBuffer.isView(x)) return false;
  const type = typeDescriptor(x);
  if (type === undefined) return isDeferrable(x);
  return graph.path(type, bytes, true) === undefined && graph.path(type, bytes) !== undefined;
}

/** Whatever is named a stream is one of the kit from here on. */
function begun(x: unknown, from: Type): unknown {
  return from.kind === "stream" ? toSource(x as Source<unknown>) : x;
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that is out of range. */
function checked(options: ConvertOptions): ConvertOptions {
  const { chunkSize, bufferSize, onEncodingError, sourceType } = options;
  checkSize("chunkSize", chunkSize, 1);
  checkSize("bufferSize", bufferSize, 0);
  if (onEncodingError !== undefined && !["report", "ignore", "replace"].includes(onEncodingError)) {
    throw new InvalidArgumentError(`onEncodingError must be "report", "ignore" or "replace", not ${onEncodingError}`);
  }
  // The type is that of the whole, not of what it holds.
  return sourceType === undefined ? options : { ...options, sourceType: undefined };
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no number of bytes. */
export function checkSize(name: string, size: number | undefined, least: number): void {
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= least)) {
    throw new InvalidArgumentError(`${name} must be a whole number of bytes from ${least}, not ${size}`);
  }
}
