/** Reads a body bit by bit, whatever it is made of, as fast as its reader wants. */

import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import { type Awaitable, andThen, type Deferred, deferred, errorDeferred } from "../deferred/index.js";
import { NotConvertibleError } from "../errors/index.js";
import type { Source } from "../stream/index.js";
import { toBuffer, utf8 } from "./charset.js";
import { abandon, closeBody, isReadable } from "./close.js";
import { Gathered } from "./gathered.js";
import { BodyAbortedError, type ByteBody, failureOf } from "./read.js";

/** A body under way. One `next` at a time. */
export interface ByteChunks {
  /**
   * The next bytes, at once if they are there already; undefined at the end.
   *
   * @throws {BodyAbortedError} code `RING_BODY_ABORTED`, status 400, if the body was cut off; `RING_NOT_CONVERTIBLE` for a
   *   chunk that is none; or whatever the source fails with. In place or as a rejection.
   */
  next(): Awaitable<Buffer | undefined>;
  /**
   * Lets go of the rest: it is closed, or, of a request of a server, read and thrown away, so that it can be answered. Of a Node
   * stream, a `next` that still waits gets the end.
   */
  abandon(): void;
}

function bytesOf(chunk: unknown): Buffer {
  if (ArrayBuffer.isView(chunk)) return toBuffer(chunk);
  if (typeof chunk === "string") return utf8.encode(chunk);
  throw new NotConvertibleError(chunk, "bytes, as a chunk of a body");
}

class OneChunk implements ByteChunks {
  #bytes: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  next(): Buffer | undefined {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return bytes;
  }

  abandon(): void {
    this.#bytes = undefined;
  }
}

/** Bytes that may wait for the reader before the stream is paused. */
const HIGH_WATER = 262_144;

/** A Node stream. Its `data` events are cheaper than its iterator, and tell what a cut-off connection is. */
class ReadableChunks implements ByteChunks {
  readonly #body: Readable;
  #waiting = new Gathered();
  #reader: Deferred<Buffer | undefined> | undefined;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(body: Readable) {
    this.#body = body;
    if (body.readableEnded) {
      this.#isOver = true;
      return;
    }
    if (body.destroyed) {
      // Its error may still be on its way to the listeners.
      body.on("error", () => {});
      this.#failure = { error: failureOf(body.errored) };
      return;
    }
    body.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
    body.resume();
  }

  readonly #onData = (chunk: unknown): void => {
    let bytes: Buffer;
    try {
      const { readableEncoding } = this.#body;
      const isText = typeof chunk === "string" && readableEncoding !== null;
      bytes = isText ? Buffer.from(chunk, readableEncoding) : bytesOf(chunk);
    } catch (error) {
      this.#fail(error);
      abandon(this.#body);
      return;
    }
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.success(bytes);
      return;
    }
    this.#waiting.add(bytes);
    if (this.#waiting.length >= HIGH_WATER) this.#body.pause();
  };

  readonly #onEnd = (): void => {
    this.#stop();
    this.#isOver = true;
    this.#reader?.success(undefined);
  };

  readonly #onError = (error: unknown): void => this.#fail(failureOf(error));
  readonly #onClose = (): void => this.#fail(new BodyAbortedError());

  #fail(error: unknown): void {
    this.#stop();
    this.#failure = { error };
    this.#reader?.error(error);
  }

  #stop(): void {
    this.#body
      .off("data", this.#onData)
      .off("end", this.#onEnd)
      .off("error", this.#onError)
      .off("close", this.#onClose);
  }

  next(): Awaitable<Buffer | undefined> {
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) {
      if (this.#waiting.length < HIGH_WATER && this.#body.isPaused()) this.#body.resume();
      return chunk;
    }
    if (this.#failure !== undefined) return errorDeferred(this.#failure.error);
    if (this.#isOver) return undefined;
    this.#reader = deferred();
    return this.#reader;
  }

  abandon(): void {
    if (this.#isOver || this.#failure !== undefined) return;
    this.#stop();
    this.#isOver = true;
    this.#waiting = new Gathered();
    abandon(this.#body);
    this.#reader?.success(undefined);
  }
}

const END = Symbol("end");

class SourceChunks implements ByteChunks {
  readonly #source: Source<unknown>;

  constructor(source: Source<unknown>) {
    this.#source = source;
  }

  next(): Awaitable<Buffer | undefined> {
    return andThen(this.#source.take<typeof END>(END), (chunk) => (chunk === END ? undefined : bytesOf(chunk)));
  }

  abandon(): void {
    closeBody(this.#source);
  }
}

class IteratorChunks implements ByteChunks {
  readonly #iterator: AsyncIterator<unknown>;

  constructor(iterable: AsyncIterable<unknown>) {
    this.#iterator = iterable[Symbol.asyncIterator]();
  }

  next(): Awaitable<Buffer | undefined> {
    return andThen(this.#iterator.next(), ({ done, value }) => (done === true ? undefined : bytesOf(value)));
  }

  abandon(): void {
    closeBody({ return: () => this.#iterator.return?.() });
  }
}

/**
 * Takes a body as chunks of bytes, with backpressure: a Node stream is paused while more than 256 KiB wait to be read, any
 * other source is asked when the reader asks. A body that was read before is empty.
 *
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, in place, if it is not a body.
 * @example
 * const chunks = readChunks(request.body);
 * for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) console.log(chunk.length);
 */
export function readChunks(body: ByteBody): ByteChunks {
  if (typeof body === "string" || ArrayBuffer.isView(body)) return new OneChunk(bytesOf(body));
  if (isReadable(body)) return new ReadableChunks(body);
  if ("take" in body && typeof body.take === "function") return new SourceChunks(body);
  if (Symbol.asyncIterator in body) return new IteratorChunks(body);
  throw new NotConvertibleError(body, "bytes");
}
