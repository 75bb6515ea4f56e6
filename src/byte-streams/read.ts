/** Reads a whole body, whatever it is made of, up to a limit. */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import {
  type Awaitable,
  catchError,
  chain,
  type Deferred,
  deferred,
  errorDeferred,
  loop,
  recur,
} from "../deferred/index.js";
import { InvalidArgumentError, NotConvertibleError, RingError } from "../errors/index.js";
import type { Source } from "../stream/index.js";
import { type Charset, charset, type PieceEncoder, toBuffer, utf8 } from "./charset.js";
import { abandon, closeBody, isReadable } from "./close.js";
import { Gathered } from "./gathered.js";
import type { OnEncodingError, PieceDecoder } from "./piece-decoder.js";

/** Everything that bytes can be read from. */
export type ByteBody =
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Source<Uint8Array | string>
  | Uint8Array
  | string;

export interface ReadBytesOptions {
  /** Largest body read, in bytes; Infinity is no limit. @default 1_048_576 (1 MiB) */
  readonly maxBytes?: number | undefined;
}

export interface ReadTextOptions extends ReadBytesOptions {
  /** Charset of the bytes. @default "utf-8" */
  readonly encoding?: string | undefined;
  /** What becomes of bytes that are no text. @default "replace", by U+FFFD */
  readonly onEncodingError?: OnEncodingError | undefined;
}

/** The default of every `maxBytes`: 1 MiB. */
export const MAX_BYTES = 1_048_576;

/** More came than may be read. Code `RING_BODY_TOO_LARGE`, status 413. */
export class BodyTooLargeError extends RingError {
  constructor(maxBytes: number) {
    super(
      "RING_BODY_TOO_LARGE",
      `body is larger than maxBytes (${maxBytes} bytes); raise maxBytes where it is read, or read the body as a stream`,
      { status: 413 },
    );
  }
}

/** The body ended before it was complete. Code `RING_BODY_ABORTED`, status 400. */
export class BodyAbortedError extends RingError {
  constructor(cause?: unknown) {
    super("RING_BODY_ABORTED", "body was cut off before its end: the sender went away, or the stream was destroyed", {
      status: 400,
      cause,
    });
  }
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no limit in bytes. */
export function checkMaxBytes(maxBytes: number): number {
  if (!(maxBytes >= 0)) {
    throw new InvalidArgumentError(`maxBytes must be a number of bytes from 0, or Infinity, not ${maxBytes}`);
  }
  return maxBytes;
}

const NOTHING = Buffer.alloc(0);

/** Gathers what is read, up to a limit. */
abstract class Gathering<T> {
  readonly #maxBytes: number;
  readonly #charset: Charset;
  /** Most bodies come as bytes, and need none. */
  #encoder: PieceEncoder | undefined;
  #length = 0;

  constructor(maxBytes: number, charset: Charset) {
    this.#maxBytes = checkMaxBytes(maxBytes);
    this.#charset = charset;
  }

  add(chunk: unknown): void {
    if (typeof chunk === "string") this.#push(this.#encode(chunk));
    else if (ArrayBuffer.isView(chunk)) this.#push(toBuffer(chunk));
    else throw new NotConvertibleError(chunk, "bytes, as a chunk of a body");
  }

  /** As `add` and `end`, of what comes in one piece. */
  only(bytes: Buffer): T {
    if (bytes.length > this.#maxBytes) throw new BodyTooLargeError(this.#maxBytes);
    return this.of(bytes);
  }

  end(): T {
    if (this.#encoder !== undefined) this.#push(this.#encoder.end());
    return this.whole();
  }

  protected abstract take(bytes: Buffer): void;
  protected abstract whole(): T;
  protected abstract of(bytes: Buffer): T;

  #encode(piece: string): Buffer {
    this.#encoder ??= this.#charset.encoder();
    return this.#encoder.write(piece);
  }

  #push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) throw new BodyTooLargeError(this.#maxBytes);
    this.take(bytes);
  }
}

class GatheredBytes extends Gathering<Buffer> {
  #gathered: Gathered | undefined;

  protected override take(bytes: Buffer): void {
    this.#gathered ??= new Gathered();
    this.#gathered.add(bytes);
  }

  protected override whole(): Buffer {
    return this.#gathered?.whole() ?? NOTHING;
  }

  protected override of(bytes: Buffer): Buffer {
    return bytes;
  }
}

/** Bytes that are decoded together, as a text that is put together of single characters takes many times their memory. */
const WORTH_DECODING = 1024;

/** Decodes chunks as they come: that is faster than all of them together, and they need not be kept. */
class GatheredText extends Gathering<string> {
  readonly #charset: Charset;
  readonly #onEncodingError: OnEncodingError;
  /** A short body needs none. */
  #decoder: PieceDecoder | undefined;
  #waiting: Gathered | undefined;
  #text = "";

  constructor(maxBytes: number, charset: Charset, onEncodingError: OnEncodingError = "replace") {
    super(maxBytes, charset);
    this.#charset = charset;
    this.#onEncodingError = onEncodingError;
  }

  protected override take(bytes: Buffer): void {
    this.#waiting ??= new Gathered();
    this.#waiting.add(bytes);
    if (this.#waiting.length >= WORTH_DECODING) this.#decode(this.#waiting);
  }

  protected override whole(): string {
    const waiting = this.#waiting;
    if (waiting === undefined) return "";
    if (this.#decoder === undefined) return this.of(waiting.whole());
    const decoder = this.#decode(waiting);
    return this.#text + decoder.end();
  }

  protected override of(bytes: Buffer): string {
    if (this.#onEncodingError === "replace") return this.#charset.decode(bytes);
    const decoder = this.#charset.decoder(this.#onEncodingError);
    return decoder.write(bytes) + decoder.end();
  }

  #decode(waiting: Gathered): PieceDecoder {
    const decoder = (this.#decoder ??= this.#charset.decoder(this.#onEncodingError));
    for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
      this.#text += decoder.write(bytes);
    }
    return decoder;
  }
}

/** The error of a stream; a connection that is gone, or none, means that the body was cut off. */
export function failureOf(error: unknown): unknown {
  if (error === null || error === undefined) return new BodyAbortedError();
  return (error as { code?: unknown }).code === "ECONNRESET" ? new BodyAbortedError(error) : error;
}

type Message = Pick<IncomingMessage, "complete" | "httpVersionMajor" | "headers">;

/** Has all of an HTTP/1 message come, and waits to be read? (Messages of HTTP/2 are "complete" when they are cut off, too.) */
function isWhole(body: Readable & Partial<Message>): boolean {
  if (body.httpVersionMajor !== 1 || body.readableEncoding !== null || body.readableFlowing) return false;
  if (body.complete === true) return true;
  // Node's parser tells of the end only after the last piece has been looked at. (A lenient one lets a length through that is none.)
  const { "content-length": length, "transfer-encoding": coding } = body.headers ?? {};
  return coding === undefined && body.readableLength >= Number(length);
}

/** Nothing has to be waited for. */
function readWhole<T>(body: Readable & Partial<Message>, into: Gathering<T>): Awaitable<T> {
  try {
    const first: unknown = body.read();
    const isAll = Buffer.isBuffer(first) && body.readableLength === 0;
    if (!isAll) for (let chunk = first; chunk !== null; chunk = body.read()) into.add(chunk);
    // There comes nothing but its end.
    if (!body.complete) body.resume();
    return isAll ? into.only(first) : into.end();
  } catch (error) {
    abandon(body);
    return errorDeferred(error);
  }
}

function readReadable<T>(body: Readable, into: Gathering<T>): Awaitable<T> {
  // Read to its end before: nothing is left of it.
  if (body.readableEnded) return into.end();
  if (body.destroyed) {
    // Its error may still be on its way to the listeners.
    body.on("error", () => {});
    return errorDeferred(failureOf(body.errored));
  }
  if (isWhole(body)) return readWhole(body, into);
  const result = deferred<T>();
  const onData = (chunk: unknown): void => {
    try {
      const { readableEncoding } = body;
      into.add(typeof chunk === "string" && readableEncoding !== null ? Buffer.from(chunk, readableEncoding) : chunk);
    } catch (error) {
      stop();
      abandon(body);
      result.error(error);
    }
  };
  const onEnd = (): void => {
    stop();
    try {
      result.success(into.end());
    } catch (error) {
      result.error(error);
    }
  };
  const onError = (error: unknown): void => {
    stop();
    result.error(failureOf(error));
  };
  const onClose = (): void => {
    stop();
    result.error(new BodyAbortedError());
  };
  const stop = (): void => {
    body.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
  };
  body.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  body.resume();
  return result;
}

const END = Symbol("end");

function readSource<T>(source: Source<unknown>, into: Gathering<T>): Deferred<T> {
  const turn = (): Deferred<unknown> =>
    chain(source.take<typeof END>(END), (chunk) => {
      if (chunk === END) return into.end();
      into.add(chunk);
      return recur();
    });
  return catchError(loop([], turn) as Deferred<unknown>, (error): never => {
    closeBody(source);
    throw error;
  }) as Deferred<T>;
}

async function readIterable<T>(iterable: AsyncIterable<unknown>, into: Gathering<T>): Promise<T> {
  const iterator = iterable[Symbol.asyncIterator]();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    const { done, value } = await iterator.next();
    if (done === true) return into.end();
    try {
      into.add(value);
    } catch (error) {
      // Not awaited: a source that takes its time to end must not hold up the error.
      closeBody({ return: () => iterator.return?.() });
      throw error;
    }
  }
}

function gather<T>(body: ByteBody, into: Gathering<T>): Awaitable<T> {
  if (typeof body === "string" || ArrayBuffer.isView(body)) {
    into.add(body);
    return into.end();
  }
  if (isReadable(body)) return readReadable(body, into);
  if ("take" in body && typeof body.take === "function") return readSource(body, into);
  if (Symbol.asyncIterator in body) return readIterable(body, into);
  throw new NotConvertibleError(body, "bytes");
}

/**
 * Reads a body to its end.
 *
 * Bytes and strings (as UTF-8) answer at once, everything else later; a body that was read before is empty. Nothing is
 * read beyond the limit: the source is destroyed, cancelled or closed, except a request of a server, whose rest is
 * discarded so that it can be answered.
 *
 * @throws {BodyTooLargeError} code `RING_BODY_TOO_LARGE`, status 413; {@link BodyAbortedError} code `RING_BODY_ABORTED`,
 *   status 400, if it was cut off; `RING_NOT_CONVERTIBLE`, if it is not a body; or whatever the source fails with. In
 *   place for bytes and strings, else as a rejection.
 * @example
 * const bytes = await readBytes(request.body, { maxBytes: 10_000 });
 */
export function readBytes(body: ByteBody, options: ReadBytesOptions = {}): Awaitable<Uint8Array> {
  return gather(body, new GatheredBytes(options.maxBytes ?? MAX_BYTES, utf8));
}

/**
 * Reads a body to its end as text; a character may be split between two chunks. As {@link readBytes} otherwise.
 *
 * @throws also {@link UnknownCharsetError} code `RING_UNKNOWN_CHARSET`, status 415, in place, with the body unread.
 * @example
 * const text = await readText(request.body, { encoding: "iso-8859-1" });
 */
export function readText(body: ByteBody, options: ReadTextOptions = {}): Awaitable<string> {
  const named = charset(options.encoding ?? "utf-8", 415);
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  if (typeof body !== "string") return gather(body, new GatheredText(maxBytes, named, options.onEncodingError));
  new GatheredBytes(maxBytes, named).add(body);
  return body;
}
