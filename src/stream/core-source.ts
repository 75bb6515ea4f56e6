/** The public methods of a source, over `poll`: one engine for every kind of source. */

import { type ClockOptions, currentClock } from "../clock/index.js";
import {
  type Deferred,
  drain,
  ERROR,
  mark,
  PENDING,
  realizeUnseen,
  SUCCESS,
  settleNow,
  subscribe,
  successDeferred,
} from "../deferred/core.js";
import { DRAINED, Failure, type Origin, type PumpHandle, Take, type Taker, WAITING } from "./protocol.js";
import type { Description, Source } from "./types.js";
import { tellMade } from "./watching.js";

const END: unique symbol = Symbol("end");

/** A source of the kit. */
export abstract class CoreSource<T> implements Source<T> {
  /** The running connection of this source to its sinks. */
  pump: PumpHandle | null = null;

  constructor() {
    tellMade(this);
  }

  /** Where the connections are kept: a view shares its stream's. */
  get origin(): Origin {
    return this;
  }

  /** The next message if there is one; else the taker, if there is one, is queued. Pushes what that causes. */
  abstract poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure;

  /** Closes it; pushes what that causes. */
  abstract shut(): void;
  abstract isDrained(): boolean;
  abstract onDrained(callback: () => void): void;
  abstract description(): Description;

  take(): Deferred<T | undefined>;
  take<D>(fallback: D): Deferred<T | D>;
  take(fallback?: unknown): Deferred<unknown> {
    const take = new Take<T>(fallback);
    const base = mark();
    const found = this.poll(take);
    drain(base);
    if (found === WAITING) return take;
    if (found instanceof Failure) return realizeUnseen(take, ERROR, found.error);
    return realizeUnseen(take, SUCCESS, found === DRAINED ? fallback : found);
  }

  tryTake(milliseconds: number): Deferred<T | undefined>;
  tryTake<D, V>(fallback: D, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<T | D | V>;
  tryTake(...args: [number] | [unknown, number, unknown, (ClockOptions | undefined)?]): Deferred<unknown> {
    const [fallback, milliseconds, timeoutValue, options] =
      args.length === 1 ? [undefined, args[0], undefined, undefined] : args;
    if (milliseconds > 0) return expire(this.take(fallback), milliseconds, timeoutValue, options);
    const base = mark();
    const found = this.poll(null);
    drain(base);
    if (found instanceof Failure) return realizeUnseen(new Take<T>(fallback), ERROR, found.error);
    return successDeferred(found === WAITING ? timeoutValue : found === DRAINED ? fallback : found);
  }

  close(): void {
    const base = mark();
    this.shut();
    drain(base);
  }

  /**
   * Iterates over the messages until the source is drained. Leaving the loop early closes the source, as it cancels a web
   * stream and destroys a Node stream.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new Messages(this);
  }
}

class Messages<T> implements AsyncIterableIterator<T> {
  readonly #source: CoreSource<T>;

  constructor(source: CoreSource<T>) {
    this.#source = source;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const message = (await this.#source.take<typeof END>(END)) as T | typeof END;
    return message === END ? { done: true, value: undefined } : { done: false, value: message };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#source.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Realizes a waiting put or take with a value when its time is up. */
export function expire<T, V>(
  deferred: Deferred<T>,
  milliseconds: number,
  value: V,
  options: ClockOptions | undefined,
): Deferred<T | V> {
  if (deferred.stage !== PENDING) return deferred;
  const cancel = currentClock(options).in(milliseconds, () => settleNow<T | V>(deferred, SUCCESS, value));
  subscribe(deferred, { onSuccess: cancel, onError: cancel });
  return deferred;
}

/** Gives up a put that waits, at once or when the time is up. What becomes of its message is the sink's business. */
export function giveUp(
  accepted: Deferred<boolean>,
  milliseconds: number,
  timeoutValue: unknown,
  options: ClockOptions | undefined,
): Deferred<unknown> {
  if (milliseconds > 0) return expire<boolean, unknown>(accepted, milliseconds, timeoutValue, options);
  settleNow<unknown>(accepted, SUCCESS, timeoutValue);
  return accepted;
}
