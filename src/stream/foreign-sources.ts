/** How the messages of foreign sources that can be asked are asked for. */

import { finished, type Readable, type Writable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { Deferred } from "../deferred/core.js";
import { toDeferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import type { Puller } from "./pull-source.js";
import type { Source } from "./types.js";

type Step<T> = IteratorResult<T, unknown>;

const DONE: Step<never> = { done: true, value: undefined };

/** The steps of an iterator; one that cannot be ended early is not. */
export function stepsOf(iterator: Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>): Puller<unknown> {
  if (typeof iterator.return !== "function") return { next: () => iterator.next() };
  return { next: () => iterator.next(), cancel: () => iterator.return?.() };
}

/** The chunks of a web stream, which is locked from now on. */
export function readsOf(readable: ReadableStream): Puller<unknown> {
  const reader = readable.getReader();
  return { next: () => reader.read() as Promise<Step<unknown>>, cancel: () => reader.cancel() };
}

const END: unique symbol = Symbol("end");

/** The messages of a source that is not the kit's, by its public methods. */
export function takesOf(source: Source<unknown>): Puller<unknown> {
  return { next: () => new TakenStep(source.take<unknown>(END)), cancel: () => source.close() };
}

class TakenStep extends Deferred<Step<unknown>> {
  constructor(taken: PromiseLike<unknown>) {
    super();
    toDeferred(taken).onRealized(
      (value) => this.success(value === END ? DONE : { done: false, value }),
      (error) => this.error(error),
    );
  }
}

/**
 * The chunks of a Node stream, read only when they are asked for: beyond its own buffer nothing is read ahead.
 *
 * It listens for errors from the beginning, so that one that comes before the first chunk is asked for is kept for it.
 */
export class NodeReader implements Puller<unknown> {
  readonly #readable: Readable;
  /** Who asked, while there is no chunk. */
  #asked: Deferred<Step<unknown>> | null = null;
  #end: { readonly error: unknown } | null = null;
  #listening = false;
  readonly #stopWatching: () => void;

  constructor(readable: Readable) {
    this.#readable = readable;
    this.#stopWatching = finished(readable, { writable: false }, (error) => this.#finish(error ?? undefined));
  }

  next(): Step<unknown> | Deferred<Step<unknown>> {
    const chunk = this.#read();
    if (chunk !== null) return { done: false, value: chunk };
    if (this.#end !== null) return this.#last(this.#end.error);
    this.#listen();
    this.#asked = new Deferred();
    return this.#asked;
  }

  /** Destroys the stream; of a duplex whose other half was ended, only once that has got rid of what it holds. */
  cancel(): void {
    const readable = this.#readable as Readable & Partial<Writable>;
    this.#forget();
    readable.on("error", reportLate);
    if (readable.writableEnded === true && readable.writableFinished === false && !readable.destroyed) {
      readable.once("finish", () => readable.destroy());
    } else readable.destroy();
  }

  #read(): unknown {
    return this.#readable.destroyed ? null : this.#readable.read();
  }

  /** Not before the first question: to listen for chunks is to ask for them. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#readable.on("readable", this.#onReadable);
  }

  readonly #onReadable = (): void => {
    const asked = this.#asked;
    if (asked === null) return;
    const chunk = this.#read();
    if (chunk === null) return;
    this.#asked = null;
    asked.success({ done: false, value: chunk });
  };

  #finish(error: unknown): void {
    this.#end = { error };
    this.#forget();
    const asked = this.#asked;
    this.#asked = null;
    if (asked === null) return;
    if (error === undefined) asked.success(DONE);
    else asked.error(error);
  }

  #last(error: unknown): Step<unknown> {
    if (error === undefined) return DONE;
    throw error;
  }

  #forget(): void {
    this.#stopWatching();
    this.#readable.off("readable", this.#onReadable);
  }
}

function reportLate(error: unknown): void {
  logError(error, "error of a stream after its source was closed");
}
