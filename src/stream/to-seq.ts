/** A source as a sequence. */

import type { ClockOptions } from "../clock/index.js";
import { type Deferred, drain, mark } from "../deferred/core.js";
import { type Sourceable, toSource } from "./coerce.js";
import { type CoreSource, expire } from "./core-source.js";
import { DRAINED, Failure, WAITING } from "./protocol.js";

const END: unique symbol = Symbol("end");

/** How long `streamToSeq` waits, and by which clock. */
export interface SeqOptions extends ClockOptions {
  /** Milliseconds without a message after which the sequence ends. @default no limit */
  readonly timeout?: number | undefined;
}

/** The messages of a source, to be iterated over in either way. */
export interface MessageSeq<T> extends Iterable<T>, AsyncIterable<T> {}

/**
 * The messages of a source as a sequence, taken one by one as they are asked for.
 *
 * `for await` waits for each message, until the source is drained or `timeout` milliseconds pass without one. `for` (and
 * spread, `Array.from`) cannot wait: it takes what is there and ends where it would have to, as with a timeout of 0. Either
 * way a sequence that ended early, or was left, leaves the source open and no message is lost: the rest can be taken, by a
 * new iteration too. (Iterating over the source itself closes it when the loop is left.)
 *
 * @param source Anything `toSource` takes.
 * @returns a sequence that throws, or rejects, with the error of a source that fails.
 * @example
 * const queue = stream<number>(10);
 * put(queue, 1);
 * put(queue, 2);
 * const now = [...streamToSeq(queue)]; // => [1, 2]
 * @see Source: `manifold.stream/stream->seq`. Differs: it does not block, so the synchronous form has a timeout of 0.
 */
export function streamToSeq<T>(source: Sourceable<T>, options: SeqOptions = {}): MessageSeq<T> {
  const from = toSource(source);
  return {
    [Symbol.iterator]: () => new Present(from),
    [Symbol.asyncIterator]: () => new Coming(from, options),
  };
}

/** What is there now. */
class Present<T> implements IterableIterator<T, undefined> {
  readonly #source: CoreSource<T>;

  constructor(source: CoreSource<T>) {
    this.#source = source;
  }

  next(): IteratorResult<T, undefined> {
    const base = mark();
    const found = this.#source.poll(null);
    drain(base);
    if (found instanceof Failure) throw found.error;
    return found === WAITING || found === DRAINED ? { done: true, value: undefined } : { done: false, value: found };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** What is there and what is to come. */
class Coming<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: CoreSource<T>;
  readonly #options: SeqOptions;

  constructor(source: CoreSource<T>, options: SeqOptions) {
    this.#source = source;
    this.#options = options;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const message = await this.#take();
    return message === END ? { done: true, value: undefined } : { done: false, value: message };
  }

  #take(): Deferred<T | typeof END> {
    const { timeout } = this.#options;
    const taken = this.#source.take<typeof END>(END);
    return timeout === undefined ? taken : expire(taken, timeout, END, this.#options);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
