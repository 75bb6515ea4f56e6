/** Where bytes go, chunk by chunk: each kind of sink as one interface. Source: `clj-commons.byte-streams.protocols`. */

import type { Writable } from "node:stream";
import type { WritableStream, WritableStreamDefaultWriter } from "node:stream/web";
import { chain, type Deferred, deferred, successDeferred, toDeferred } from "../deferred/index.js";
import { RingError } from "../errors/index.js";
import type { Sink } from "../stream/index.js";

/** Takes bytes. */
export interface ByteSink {
  /** Yields true when the bytes have been taken and there is room for more, false if the sink is closed; fails with its error. */
  sendBytes(bytes: Uint8Array): Deferred<boolean>;
  /** Ends the sink; yields when all that was sent has arrived, and fails if it has not. */
  close(): Deferred<void>;
  /** Gives the sink up, because what should have been sent has failed. */
  abort?(error: unknown): void;
  /** Calls back if the sink ends by itself; returns how to stop listening. */
  onGone?(callback: () => void): () => void;
  /** Lets others write to what is behind it. */
  release?(): void;
}

/** The sink was destroyed, or has closed itself, with bytes on their way. Code `RING_SINK_CLOSED`. */
export function destroyed(): RingError {
  return new RingError("RING_SINK_CLOSED", "the sink was destroyed before all bytes had been written to it");
}

/** For errors that show elsewhere. */
const ignore = (): void => {};

/** A Node `Writable`; listens to it only while something is under way. */
export class WritableByteSink implements ByteSink {
  readonly #writable: Writable;

  constructor(writable: Writable) {
    this.#writable = writable;
  }

  sendBytes(bytes: Uint8Array): Deferred<boolean> {
    const { destroyed, errored, writableEnded } = this.#writable;
    if (errored !== null && errored !== undefined) return this.#wait((_done, fail) => fail(errored));
    if (destroyed || writableEnded) return successDeferred(false);
    return this.#wait((done) => this.#writable.write(bytes, (error) => error ?? done(true)));
  }

  close(): Deferred<void> {
    if (this.#writable.writableFinished) return successDeferred(undefined);
    return this.#wait((done, fail) => {
      const { errored } = this.#writable;
      if (errored !== null && errored !== undefined) fail(errored);
      else if (this.#writable.destroyed) fail(destroyed());
      else this.#writable.once("finish", () => done(undefined)).end();
    });
  }

  abort(error: unknown): void {
    this.#writable.on("error", ignore);
    this.#writable.destroy(error as Error);
  }

  onGone(callback: () => void): () => void {
    this.#writable.once("close", callback);
    return () => void this.#writable.off("close", callback);
  }

  /** Until `done`, or until the writable has failed or gone. */
  #wait<T>(act: (done: (value: T) => void, fail: (error: unknown) => void) => unknown): Deferred<T> {
    const result = deferred<T>();
    const onError = (error: unknown): void => {
      stop();
      result.error(error);
    };
    const onClose = (): void => onError(destroyed());
    const stop = (): void => void this.#writable.off("error", onError).off("close", onClose);
    this.#writable.on("error", onError).on("close", onClose);
    act((value) => {
      stop();
      result.success(value);
    }, onError);
    return result;
  }
}

/** A web `WritableStream`, locked until it is let go. */
export class WebByteSink implements ByteSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(writable: WritableStream<Uint8Array>) {
    this.#writer = writable.getWriter();
    // A failure shows in what is sent.
    this.#writer.closed.catch(ignore);
    this.#writer.ready.catch(ignore);
  }

  sendBytes(bytes: Uint8Array): Deferred<boolean> {
    return chain(this.#writer.write(bytes), () => true);
  }

  close(): Deferred<void> {
    return toDeferred(this.#writer.close());
  }

  abort(error: unknown): void {
    toDeferred(this.#writer.abort(error)).onRealized(ignore, ignore);
  }

  onGone(callback: () => void): () => void {
    let isListening = true;
    const tell = (): void => {
      if (isListening) callback();
    };
    this.#writer.closed.then(tell, tell);
    return () => {
      isListening = false;
    };
  }

  release(): void {
    this.#writer.releaseLock();
  }
}

/** A sink of the kit. */
export class KitByteSink implements ByteSink {
  readonly #sink: Sink<Uint8Array>;

  constructor(sink: Sink<Uint8Array>) {
    this.#sink = sink;
  }

  sendBytes(bytes: Uint8Array): Deferred<boolean> {
    return this.#sink.put(bytes);
  }

  close(): Deferred<void> {
    this.#sink.close();
    return successDeferred(undefined);
  }

  abort(): void {
    this.#sink.close();
  }

  onGone(callback: () => void): () => void {
    let isListening = true;
    this.#sink.onClosed(() => {
      if (isListening) callback();
    });
    return () => {
      isListening = false;
    };
  }
}

/** What is behind a byte sink that a Node or web stream is made of. */
export interface UnderlyingSink {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly abort: (error: unknown) => void;
}

/** A byte sink for a stream to write to. */
export function underlying(sink: ByteSink): UnderlyingSink {
  return {
    async write(chunk) {
      if (!(await sink.sendBytes(chunk))) throw destroyed();
    },
    close: async () => sink.close(),
    abort(error) {
      if (sink.abort === undefined) sink.close().onRealized(ignore, ignore);
      else sink.abort(error);
    },
  };
}
