/** A deferred as a source of one message, and as a sink for one. */

import { type Deferred, ERROR, errorOf, SUCCESS, settle, subscribe } from "../deferred/core.js";
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
    for (const callback of this.#drainedCallbacks.splice(0)) callback();
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

/** Accepts one message, which realizes the deferred; closed from then on. */
export class DeferredSink<T> implements CoreSink<T> {
  readonly #deferred: Deferred<T>;
  #closed = false;

  constructor(deferred: Deferred<T>) {
    this.#deferred = deferred;
  }

  offer(message: T): Deferred<boolean> {
    if (this.#closed) return FALSE;
    this.#closed = true;
    return settle(this.#deferred, SUCCESS, message) ? TRUE : FALSE;
  }

  put(message: T): Deferred<boolean> {
    if (this.#closed) return FALSE;
    this.#closed = true;
    return this.#deferred.success(message) ? TRUE : FALSE;
  }

  tryPut(message: T): Deferred<boolean> {
    return this.put(message);
  }

  /** Nothing is accepted any more; the deferred stays as it is. */
  shut(): void {
    this.#closed = true;
  }

  close(): void {
    this.shut();
  }

  isClosed(): boolean {
    return this.#closed;
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback();
    else this.#deferred.onRealized(callback, callback);
  }

  description(): Description {
    return { type: "deferred", isSink: true, isClosed: this.isClosed() };
  }
}
