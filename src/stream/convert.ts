/** Sources and sinks as Node's and the web's streams, with backpressure both ways. */

import { Buffer } from "node:buffer";
import { Duplex, Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { ERROR, errorOf, PENDING } from "../deferred/core.js";
import { NotConvertibleError, RingError } from "../errors/index.js";
import { type Sinkable, type Sourceable, toSink, toSource } from "./coerce.js";
import type { CoreSource } from "./core-source.js";
import type { CoreSink } from "./protocol.js";
import type { Sink, Source } from "./types.js";
import { Splice } from "./views.js";

/** How a Node stream is made of a source or sink. */
export interface NodeStreamOptions {
  /** Are the messages values instead of bytes and strings? @default false */
  readonly objectMode?: boolean | undefined;
  /** Bytes (in object mode: messages) that wait inside the Node stream before it says to be full. @default Node's */
  readonly highWaterMark?: number | undefined;
}

/** How a web stream is made of a source or sink. */
export interface WebStreamOptions {
  /** Messages that wait inside the web stream before it says to be full. @default 0 of a readable, 1 of a writable */
  readonly highWaterMark?: number | undefined;
}

const END: unique symbol = Symbol("end");

/**
 * A Node `Readable` of the messages of a source: one is taken whenever the reader wants more. Destroying it closes the
 * source; an error of the source destroys it with that error.
 *
 * Outside object mode messages are strings (encoded as UTF-8), `Buffer`s or `Uint8Array`s; empty ones are skipped, as an
 * empty chunk means nothing. Null and undefined are no chunks: they destroy it with a `NotConvertibleError`. In object mode
 * it is also what makes an event emitter of a source: it emits `data`, `end`, `error`, and can be paused.
 *
 * @example
 * toReadable(map(JSON.stringify, rows)).pipe(createWriteStream("rows.json"));
 */
export function toReadable(source: Sourceable<unknown>, options: NodeStreamOptions = {}): Readable {
  const from = toSource(source);
  return new Readable({
    ...options,
    read() {
      readInto(this, from, options.objectMode === true);
    },
    destroy(error, callback) {
      from.close();
      callback(error);
    },
  });
}

/** Takes the next chunk, past empty ones. `push` asks for more by calling `read` again, so one at a time is enough. */
function readInto(readable: Readable, from: CoreSource<unknown>, objectMode: boolean): void {
  for (;;) {
    const taken = from.take<unknown>(END);
    if (taken.stage === PENDING) {
      taken.onRealized(
        (message) => {
          if (isChunk(message, objectMode)) pushInto(readable, message);
          else readInto(readable, from, objectMode);
        },
        (error) => destroy(readable, error),
      );
      return;
    }
    if (taken.stage === ERROR) {
      destroy(readable, errorOf(taken));
      return;
    }
    if (isChunk(taken.result, objectMode)) {
      pushInto(readable, taken.result);
      return;
    }
  }
}

/** Is it more than an empty string or array of bytes? */
function isChunk(message: unknown, objectMode: boolean): boolean {
  if (objectMode) return true;
  return message !== "" && !(message instanceof Uint8Array && message.length === 0);
}

function pushInto(readable: Readable, message: unknown): void {
  if (message === END) readable.push(null);
  else if (message === null || message === undefined) readable.destroy(new NotConvertibleError(message, "a chunk"));
  else readable.push(message);
}

/** Node takes a missing error for none. */
function destroy(stream: Readable | Writable, error: unknown): void {
  const known = error ?? new RingError("RING_SOURCE_FAILED", "the source of the stream has failed without an error");
  stream.destroy(known as Error);
}

/**
 * A web `ReadableStream` of the messages of a source: one is taken for each read. Cancelling it closes the source; an error
 * of the source is the stream's.
 */
export function toWebReadable<T>(source: Sourceable<T>, options: WebStreamOptions = {}): ReadableStream<T> {
  const from = toSource(source);
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const message = (await from.take<typeof END>(END)) as T | typeof END;
        if (message === END) controller.close();
        else controller.enqueue(message);
      },
      cancel() {
        from.close();
      },
    },
    { highWaterMark: options.highWaterMark ?? 0 },
  );
}

/**
 * A Node `Writable` that puts into a sink, a chunk at a time: the next one is written when the put has been accepted.
 *
 * Ending or destroying it closes the sink; an error of the sink destroys it with that error. A sink that closes by itself
 * destroys it too, and fails the write under way with `RING_SINK_CLOSED`. Strings are put as strings, unless they are
 * written in an encoding such as "hex" or "base64", which is undone.
 */
export function toWritable(sink: Sinkable<never>, options: NodeStreamOptions = {}): Writable {
  const to = toSink<unknown>(sink as Sinkable<unknown>);
  const writable = new Writable({
    ...options,
    ...writesInto(to),
    destroy(error, callback) {
      to.close();
      callback(error);
    },
  });
  to.onClosed(() => {
    if (!writable.writableEnded) writable.destroy();
  });
  return writable;
}

/** What Node calls when it is done with a chunk. */
type Done = (error?: Error | null) => void;

/** How chunks are written into a sink. */
function writesInto(to: CoreSink<unknown>): {
  readonly decodeStrings: false;
  write(chunk: unknown, encoding: BufferEncoding | undefined, callback: Done): void;
  final(callback: Done): void;
} {
  return {
    decodeStrings: false,
    write(chunk, encoding, callback) {
      const encoded =
        typeof chunk === "string" && encoding !== undefined && encoding !== "utf8" && encoding !== "utf-8";
      to.put(encoded ? Buffer.from(chunk, encoding) : chunk).onRealized(
        (accepted) => callback(accepted ? null : closed()),
        (error) => callback((error ?? closed()) as Error),
      );
    },
    final(callback) {
      to.close();
      callback();
    },
  };
}

/**
 * A Node `Duplex` over a stream of the kit: reading takes from it, writing puts into it, each as in `toReadable` and
 * `toWritable`. Ending the writing half closes the sink half only, destroying it closes the whole.
 *
 * @example
 * pipeline(socket, toDuplex(protocol), socket);
 */
export function toDuplex(stream: Source<unknown> & Sink<never>, options: NodeStreamOptions = {}): Duplex {
  const from = toSource<unknown>(stream);
  const to = stream instanceof Splice ? stream.sinkHalf : toSink<unknown>(stream as Sinkable<unknown>);
  const duplex = new Duplex({
    ...options,
    ...writesInto(to),
    read() {
      readInto(this, from, options.objectMode === true);
    },
    destroy(error, callback) {
      from.close();
      to.close();
      callback(error);
    },
  });
  // What is left to read is not thrown away, as it would be by destroying it.
  to.onClosed(() => {
    if (!duplex.writableEnded && !duplex.destroyed) duplex.end();
  });
  return duplex;
}

/**
 * A web `WritableStream` that puts into a sink, a chunk at a time.
 *
 * Closing or aborting it closes the sink; an error of the sink is the stream's. A sink that closes by itself errors the
 * stream with `RING_SINK_CLOSED`.
 */
export function toWebWritable<T>(sink: Sinkable<T>, options: WebStreamOptions = {}): WritableStream<T> {
  const to = toSink(sink);
  return new WritableStream<T>(
    {
      start(controller) {
        // Once the stream is being closed or aborted itself, an error comes too late and is ignored.
        to.onClosed(() => controller.error(closed()));
      },
      async write(chunk) {
        if (!(await to.put(chunk))) throw closed();
      },
      close: () => to.close(),
      abort: () => to.close(),
    },
    { highWaterMark: options.highWaterMark ?? 1 },
  );
}

function closed(): RingError {
  return new RingError("RING_SINK_CLOSED", "the sink is closed and accepts no more; stop writing when it closes");
}
