import type { ClockOptions } from "../clock/index.js";
import { type Deferred, drain, ERROR, errorOf, mark, push, SUCCESS, subscribe } from "../deferred/core.js";
import { isDeferrable, toDeferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { CallbackTask } from "./callback-task.js";
import { CoreSource } from "./core-source.js";
import { DRAINED, Failure, type Taker, WAITING } from "./protocol.js";
import { MAX_PENDING } from "./stream.js";
import { Takers } from "./takers.js";
import type { Description } from "./types.js";

/** Where a pull source gets its messages: an iterator, or what is made to look like one. */
export interface Puller<T> {
  /** The next message or the end, now or later. */
  next(): IteratorResult<T, unknown> | PromiseLike<IteratorResult<T, unknown>>;
  /** Ends the origin, when the source is closed early. */
  cancel?(): unknown;
}

/**
 * A source over something that is asked for each message: nothing is read that nobody has asked for.
 *
 * A message that arrives when its taker has given up is kept for the next one; one that arrives when the source has been
 * closed is dropped. An error of the origin fails the take that asked, and is the end.
 */
export class PullSource<T> extends CoreSource<T> {
  readonly #puller: Puller<T>;
  readonly #type: string;
  /** Waiting takers, while a pull is under way. */
  readonly #takers = new Takers<T>();
  /** A message, or the failure, that no taker was left for. */
  #held: T | typeof WAITING | Failure = WAITING;
  #pulling = false;
  /** Will nothing more be pulled? */
  #ended = false;
  #drainedCallbacks: (() => void)[] = [];

  constructor(puller: Puller<T>, type: string) {
    super();
    this.#puller = puller;
    this.#type = type;
  }

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    if (this.#held !== WAITING) {
      const held = this.#held;
      this.#held = WAITING;
      this.#tellIfDrained();
      return held;
    }
    if (this.#ended) return DRAINED;
    if (!this.#pulling) {
      const found = this.#pull();
      this.#tellIfDrained();
      if (found !== WAITING) return found;
    }
    if (taker !== null && !this.#takers.add(taker)) {
      logError(undefined, `more than ${MAX_PENDING} takes wait on one source, which is closed; wait for each take`);
      this.shut();
      // A sequence cannot be closed, but whoever asks it that often is answered.
      for (const waiting of this.#takers.newestFirst()) waiting.deliver(DRAINED);
    }
    return WAITING;
  }

  override tryTake(milliseconds: number): Deferred<T | undefined>;
  override tryTake<D, V>(
    fallback: D,
    milliseconds: number,
    timeoutValue: V,
    options?: ClockOptions,
  ): Deferred<T | D | V>;
  override tryTake(...args: [number] | [unknown, number, unknown, (ClockOptions | undefined)?]): Deferred<unknown> {
    if (args.length === 1) return super.tryTake(args[0]);
    const [fallback, milliseconds, timeoutValue, options] = args;
    // A sequence answers false at its end, whatever the fallback: recorded programs of Manifold pin it.
    return super.tryTake(this.#type === "seq" ? false : fallback, milliseconds, timeoutValue, options);
  }

  /** Ends the origin, if it can be ended; a plain sequence cannot, and goes on. */
  shut(): void {
    if (this.#ended || this.#puller.cancel === undefined) return;
    this.#ended = true;
    this.#tellIfDrained();
    for (const taker of this.#takers.newestFirst()) taker.deliver(DRAINED);
    try {
      const cancelled = this.#puller.cancel();
      if (isDeferrable(cancelled)) toDeferred(cancelled).onRealized(() => {}, reportCancel);
    } catch (error) {
      reportCancel(error);
    }
  }

  isDrained(): boolean {
    return this.#ended && this.#held === WAITING;
  }

  onDrained(callback: () => void): void {
    if (this.isDrained()) callback();
    else this.#drainedCallbacks.push(callback);
  }

  description(): Description {
    return { type: this.#type, isSource: true, isDrained: this.isDrained(), pendingTakes: this.#takers.waiting };
  }

  #pull(): T | typeof WAITING | typeof DRAINED | Failure {
    let next: ReturnType<Puller<T>["next"]>;
    try {
      next = this.#puller.next();
    } catch (error) {
      return this.#fail(error);
    }
    if (!isDeferrable(next)) return this.#arrive(next as IteratorResult<T, unknown>);
    const pulled = toDeferred(next as PromiseLike<IteratorResult<T, unknown>>);
    if (pulled.stage === SUCCESS) return this.#arrive(pulled.result as IteratorResult<T, unknown>);
    if (pulled.stage === ERROR) return this.#fail(errorOf(pulled));
    this.#pulling = true;
    subscribe(pulled, {
      onSuccess: (result) => this.#hand(() => this.#arrive(result)),
      onError: (error) => this.#hand(() => this.#fail(error)),
    });
    return WAITING;
  }

  #arrive(result: IteratorResult<T, unknown>): T | typeof DRAINED {
    if (!result.done) return result.value;
    this.#ended = true;
    return DRAINED;
  }

  #fail(error: unknown): Failure {
    this.#ended = true;
    return new Failure(error);
  }

  /** Gives what was pulled to the oldest taker that still wants it, and goes on pulling while others wait. */
  #hand(arrive: () => T | typeof DRAINED | Failure): void {
    this.#pulling = false;
    if (this.#ended) return;
    const base = mark();
    let found: T | typeof WAITING | typeof DRAINED | Failure = arrive();
    while (found !== WAITING) {
      const taker = this.#takers.next();
      if (taker === undefined && found !== DRAINED) this.#held = found;
      this.#tellIfDrained();
      taker?.deliver(found);
      drain(base);
      // Whoever got it may have asked for the next one, which is then being pulled.
      if (taker === undefined || this.#pulling || this.#takers.isEmpty) return;
      found = this.#ended ? DRAINED : this.#pull();
    }
  }

  #tellIfDrained(): void {
    if (!this.isDrained()) return;
    for (const callback of this.#drainedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
  }
}

function reportCancel(error: unknown): void {
  logError(error, "error while the origin of a source was closed");
}
