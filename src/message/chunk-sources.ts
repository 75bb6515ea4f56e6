/** The kinds of bodies that come bit by bit, each as a chunk source. */
import type { Readable } from "node:stream";
import type { ReadableStream, ReadableStreamDefaultReader } from "node:stream/web";
import { closeDescriptor, closeSource, type FileRegion, readDescriptor } from "../byte-streams/core.js";
import { drain, mark, push, type Task } from "../deferred/core.js";
import { andThen, chain, type Deferred, deferred, isDeferrable, type Listener, toDeferred } from "../deferred/index.js";
import { logError, RingError } from "../errors/index.js";
import { type CoreSource, DRAINED, Failure, type Taker, WAITING } from "../stream/core.js";
import { type Source, toSource } from "../stream/index.js";
import { type ChunkSource, END, LATER } from "./chunk-source.js";

/** The kit's stream: each message is a chunk, handed over without a deferred for each. */
export class StreamChunks implements ChunkSource, Taker<unknown>, Task {
  readonly isText = false;
  readonly mayFailEarly = false;
  readonly #source: CoreSource<unknown>;
  #reader: Listener<unknown> | undefined;
  #arrived: unknown;

  constructor(source: Source<unknown>) {
    this.#source = toSource(source);
  }

  next(reader: Listener<unknown>): unknown {
    const base = mark();
    const found = this.#source.poll(this);
    drain(base);
    if (found === WAITING) {
      this.#reader = reader;
      return LATER;
    }
    if (found instanceof Failure) throw found.error;
    return found === DRAINED ? END : found;
  }

  isWaiting(): boolean {
    return true;
  }

  deliver(message: unknown): void {
    this.#arrived = message;
    push(this);
  }

  run(): void {
    const message = this.#arrived;
    this.#arrived = undefined;
    if (message instanceof Failure) this.#reader?.onError(message.error);
    else this.#reader?.onSuccess(message === DRAINED ? END : message);
  }

  close(): void {
    this.#reader = undefined;
    closeSource(this.#source);
  }
}

/** Iterators and generators, whether they answer at once or later: every element is sent, as text if it is not bytes. */
export class IteratorChunks implements ChunkSource {
  readonly isText = true;
  readonly mayFailEarly = true;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;

  constructor(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  next(): unknown {
    const step = this.#iterator.next();
    return isDeferrable(step) ? andThen(step as PromiseLike<IteratorResult<unknown>>, valueOf) : valueOf(step);
  }

  close(): void {
    const ended: unknown = this.#iterator.return?.();
    if (isDeferrable(ended)) toDeferred(ended).onRealized(() => {}, logCleanUp);
  }
}

function valueOf(step: IteratorResult<unknown>): unknown {
  return step.done === true ? END : step.value;
}

const NOTHING_YET: unique symbol = Symbol("nothing yet");

/** Node's readable streams, pulled. */
export class ReadableChunks implements ChunkSource {
  readonly isText = false;
  readonly mayFailEarly = true;
  readonly #readable: Readable;
  readonly #isRequest: boolean;
  #waiting: Deferred<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param isRequest Is it the body of the request that is being answered? It cannot be destroyed without its connection. */
  constructor(readable: Readable, isRequest: boolean) {
    this.#readable = readable;
    this.#isRequest = isRequest;
    if (readable.errored !== null && readable.errored !== undefined) this.#failure = { error: readable.errored };
    readable.on("readable", this.#look);
    readable.on("end", this.#look);
    readable.on("close", this.#look);
    // Stays to the end and after it: an error of a stream that nobody listens to ends the process.
    readable.on("error", (error) => {
      this.#failure ??= { error };
      this.#look();
    });
  }

  next(): unknown {
    const chunk = this.#read();
    if (chunk !== NOTHING_YET) return chunk;
    this.#waiting = deferred();
    return this.#waiting;
  }

  #read(): unknown {
    if (this.#failure !== undefined) throw this.#failure.error;
    const readable = this.#readable;
    const chunk: unknown = readable.read();
    if (chunk !== null) return chunk;
    if (readable.readableEnded) return END;
    if (readable.destroyed) throw new PrematureCloseError();
    return NOTHING_YET;
  }

  readonly #look = (): void => {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      const chunk = this.#read();
      if (chunk === NOTHING_YET) return;
      this.#waiting = undefined;
      waiting.success(chunk);
    } catch (error) {
      this.#waiting = undefined;
      waiting.error(error);
    }
  };

  close(): void {
    this.#readable.off("readable", this.#look);
    if (this.#isRequest) this.#readable.resume();
    else this.#readable.destroy();
  }
}

/** A Node stream given as a body was destroyed before its end. Code `RING_PREMATURE_CLOSE`. */
export class PrematureCloseError extends RingError {
  constructor() {
    super("RING_PREMATURE_CLOSE", "the stream was destroyed before its end");
  }
}

/** A region of a file that is open: one chunk at a time is read, when it is asked for. */
export class FileChunks implements ChunkSource {
  readonly isText = false;
  readonly mayFailEarly = true;
  readonly #descriptor: number;
  readonly #chunkSize: number;
  readonly #end: number;
  #position: number;
  #isReading = false;
  #isClosed = false;

  /** @param descriptor Closed on every way out. */
  constructor(descriptor: number, { offset, length, chunkSize }: FileRegion) {
    this.#descriptor = descriptor;
    this.#chunkSize = chunkSize;
    this.#position = offset;
    this.#end = offset + length;
  }

  next(): unknown {
    const length = Math.min(this.#chunkSize, this.#end - this.#position);
    if (length === 0) {
      this.close();
      return END;
    }
    this.#isReading = true;
    const read = readDescriptor(this.#descriptor, this.#position, length).onRealized(this.#onRead, this.#onRead);
    return chain(read, (bytes) => {
      this.#position += bytes.length;
      // Somebody has cut the file short.
      return bytes.length === 0 ? END : bytes;
    });
  }

  readonly #onRead = (): void => {
    this.#isReading = false;
    if (this.#isClosed) closeDescriptor(this.#descriptor);
  };

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The number of a descriptor that is closed may be another file's by the time the read gets to it.
    if (!this.#isReading) closeDescriptor(this.#descriptor);
  }
}

/** Web streams. */
export class WebChunks implements ChunkSource {
  readonly isText = false;
  readonly mayFailEarly = true;
  readonly #reader: ReadableStreamDefaultReader<unknown>;

  constructor(stream: ReadableStream) {
    this.#reader = stream.getReader();
  }

  next(): unknown {
    return andThen(this.#reader.read() as PromiseLike<IteratorResult<unknown>>, valueOf);
  }

  close(failure?: unknown): void {
    // A stream that has failed says so again when it is cancelled.
    this.#reader.cancel(failure).catch((error: unknown) => error === failure || logCleanUp(error));
  }
}

function logCleanUp(error: unknown): void {
  logError(error, "a response body failed while it was closed");
}
