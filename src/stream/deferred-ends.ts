/** A deferred as a source of one message, and as a sink for one. */

import {
  type Deferred,
  drain,
  ERROR,
  errorOf,
  mark,
  PENDING,
  push,
  SUCCESS,
  settle,
  subscribe,
} from "../deferred/core.js";
import { CallbackTask } from "./callback-task.js";
import { CoreSource } from "./core-source.js";
import { type CoreSink, DRAINED, FALSE, Failure, type Taker, TRUE, WAITING } from "./protocol.js";
import type { Description } from "./types.js";

/** Yields the deferred's value once; drained as soon as somebody has asked for it. */
export class DeferredSource<T> extends CoreSource<T> {
  readonly #deferred: Deferred<T>;
  #asked = false;
  #drainedCallbacks: (() => void)[] = [];

  constructor(deferred: Deferred<T>) {
    super();
    this.#deferred = deferred;
  }

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    const deferred = this.#deferred;
    if (this.#asked) return DRAINED;
    if (deferred.stage === SUCCESS) {
      this.shut();
      return deferred.result as T;
    }
    if (deferred.stage === ERROR) {
      this.shut();
      return new Failure(errorOf(deferred));
    }
    if (taker === null) return WAITING;
    this.shut();
    subscribe(deferred, {
      onSuccess: (value) => taker.deliver(value),
      onError: (error) => taker.deliver(new Failure(error)),
    });
    return WAITING;
  }

  shut(): void {
    this.#asked = true;
    for (const callback of this.#drainedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
  }

  isDrained(): boolean {
    return this.#asked;
  }

  onDrained(callback: () => void): void {
    if (this.#asked) callback();
    else this.#drainedCallbacks.push(callback);
  }

  description(): Description {
    return { type: "deferred", isSource: true, isDrained: this.#asked };
  }
}

/**
 * Accepts one message, which realizes the deferred; closed from then on, or when somebody else realizes it. As in Manifold,
 * that a deferred was realized before shows at the first put only.
 */
export class DeferredSink<T> implements CoreSink<T> {
  readonly #deferred: Deferred<T>;
  #closed = false;
  #closedCallbacks: (() => void)[] = [];

  constructor(deferred: Deferred<T>) {
    this.#deferred = deferred;
    const closed = (): void => this.shut();
    if (deferred.stage === PENDING) subscribe(deferred, { onSuccess: closed, onError: closed });
  }

  offer(message: T): Deferred<boolean> {
    if (this.#closed) return FALSE;
    const accepted = settle(this.#deferred, SUCCESS, message);
    this.shut();
    return accepted ? TRUE : FALSE;
  }

  put(message: T): Deferred<boolean> {
    const base = mark();
    const accepted = this.offer(message);
    drain(base);
    return accepted;
  }

  tryPut(message: T): Deferred<boolean> {
    return this.put(message);
  }

  /** Nothing is accepted any more; the deferred stays as it is. */
  shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const callback of this.#closedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
  }

  close(): void {
    const base = mark();
    this.shut();
    drain(base);
  }

  isClosed(): boolean {
    return this.#closed;
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback();
    else this.#closedCallbacks.push(callback);
  }

  description(): Description {
    return { type: "deferred", isSink: true, isClosed: this.#closed };
  }
}
