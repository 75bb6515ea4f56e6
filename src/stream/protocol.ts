/**
 * How the kit's sources and sinks work together without making a deferred for every message.
 *
 * The public methods `take` and `put` are these two, plus a deferred and the propagation of what they set in motion.
 */

import {
  type Awaitable,
  Deferred,
  ERROR,
  PENDING,
  realizeUnseen,
  SUCCESS,
  settle,
  type Task,
} from "../deferred/core.js";
import type { Sink } from "./types.js";

/** What `poll` answers when there is no message now: the taker will be told. */
export const WAITING: unique symbol = Symbol("waiting");

/** What `poll` answers when there will be no message any more. */
export const DRAINED: unique symbol = Symbol("drained");

/** What `poll` answers when the source failed, which only foreign sources do. */
export class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Who waits for a message: a deferred that `take` gave, or a connection. */
export interface Taker<T> {
  /** Does it still want one? A take that was realized from outside, by a timeout say, does not. */
  isWaiting(): boolean;
  /** Hands over a message, the end or a failure; what that causes is pushed, not done. */
  deliver(message: T | typeof DRAINED | Failure): void;
}

/** A sink of the kit. */
export interface CoreSink<T> extends Sink<T> {
  /** Accepts a message or makes it wait; pushes what that causes. */
  offer(message: T): Deferred<boolean>;
  /** Closes it; pushes what that causes. */
  shut(): void;
}

/** What holds the running pump of a source, if it is connected. */
export interface Origin {
  pump: PumpHandle | null;
}

/** What the outside may see of a pump. */
export interface PumpHandle {
  readonly connections: readonly { readonly description: unknown; readonly sink: Sink<never> }[];
}

/** An answer that never changes, and so has one promise for all who await it: that halves what an `await` costs. */
class SharedAnswer extends Deferred<boolean> {
  readonly #promise: Promise<boolean>;

  constructor(answer: boolean) {
    super();
    realizeUnseen(this, SUCCESS, answer);
    this.#promise = Promise.resolve(answer);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- every deferred is
  override then<A = boolean, B = never>(
    onFulfilled?: ((value: boolean) => Awaitable<A>) | null,
    onRejected?: ((error: unknown) => Awaitable<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onFulfilled, onRejected);
  }
}

/** The answers of puts that need not wait. */
export const TRUE: Deferred<boolean> = new SharedAnswer(true);
export const FALSE: Deferred<boolean> = new SharedAnswer(false);

/** A take that waits. Made for every message: private by type only, which is faster. */
export class Take<T> extends Deferred<T> implements Taker<T> {
  private readonly fallback: unknown;

  constructor(fallback: unknown) {
    super();
    this.fallback = fallback;
  }

  isWaiting(): boolean {
    return this.stage === PENDING;
  }

  deliver(message: T | typeof DRAINED | Failure): void {
    if (message instanceof Failure) settle(this, ERROR, message.error);
    else settle(this, SUCCESS, message === DRAINED ? this.fallback : message);
  }
}

/** A put that waits, with its message. */
export class Put<T> extends Deferred<boolean> {
  readonly message: T;

  constructor(message: T) {
    super();
    this.message = message;
  }
}

/** Realizes a deferred when its turn comes, not before. */
export class SettleLater<T> implements Task {
  readonly #deferred: Deferred<T>;
  readonly #value: T;

  constructor(deferred: Deferred<T>, value: T) {
    this.#deferred = deferred;
    this.#value = value;
  }

  run(): void {
    settle(this.#deferred, SUCCESS, this.#value);
  }
}
