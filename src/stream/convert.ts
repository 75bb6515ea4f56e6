/** Sources and sinks as Node's and the web's streams, with backpressure both ways. */

import { Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { NotConvertibleError, RingError } from "../errors/index.js";
import { type Sinkable, type Sourceable, toSink, toSource } from "./coerce.js";

/** How a Node `Readable` is made of a source. */
export interface ToReadableOptions {
  /** Are the messages values instead of bytes and strings? @default false */
  readonly objectMode?: boolean | undefined;
  /** Bytes (in object mode: messages) that are read ahead. @default Node's */
  readonly highWaterMark?: number | undefined;
}

const END: unique symbol = Symbol("end");

/**
 * A Node `Readable` of the messages of a source: one is taken whenever the reader wants more. Destroying it closes the
 * source; an error of the source destroys it.
 *
 * @example
 * toReadable(map(JSON.stringify, rows)).pipe(createWriteStream("rows.json"));
 */
export function toReadable(source: Sourceable<unknown>, options: ToReadableOptions = {}): Readable {
  const from = toSource(source);
  const readable: Readable = new Readable({
    ...options,
    read() {
      from.take<unknown>(END).onRealized(
        (message) => {
          if (message === null || message === undefined) readable.destroy(new NotConvertibleError(message, "a chunk"));
          else if (message !== END && !options.objectMode && (message as { length?: number }).length === 0)
            this._read(0);
          // `push` asks for more by calling `read` again, so one message at a time is enough.
          else readable.push(message === END ? null : message);
        },
        (error) => readable.destroy(error as Error),
      );
    },
    destroy(error, callback) {
      from.close();
      callback(error);
    },
  });
  return readable;
}

/** A web `ReadableStream` of the messages of a source. Cancelling it closes the source. */
export function toWebReadable<T>(source: Sourceable<T>): ReadableStream<T> {
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
    { highWaterMark: 0 },
  );
}

/** A Node `Writable` that puts into a sink, a chunk at a time. Ending it closes the sink; a closed sink is an error. */
export function toWritable(
  sink: Sinkable<never>,
  options: { readonly objectMode?: boolean | undefined } = {},
): Writable {
  const to = toSink<unknown>(sink as Sinkable<unknown>);
  return new Writable({
    ...options,
    decodeStrings: false,
    write(chunk, _encoding, callback) {
      to.put(chunk).onRealized(
        (accepted) => callback(accepted ? null : closed()),
        (error) => callback(error as Error),
      );
    },
    final(callback) {
      to.close();
      callback();
    },
    destroy(error, callback) {
      to.close();
      callback(error);
    },
  });
}

/** A web `WritableStream` that puts into a sink. Closing or aborting it closes the sink; a closed sink is an error. */
export function toWebWritable<T>(sink: Sinkable<T>): WritableStream<T> {
  const to = toSink(sink);
  return new WritableStream<T>(
    {
      async write(chunk) {
        if (!(await to.put(chunk))) throw closed();
      },
      close: () => to.close(),
      abort: () => to.close(),
    },
    { highWaterMark: 1 },
  );
}

function closed(): RingError {
  return new RingError("RING_SINK_CLOSED", "the sink is closed and accepts no more; stop writing when it closes");
}
