/** The context of `AsyncLocalStorage`, which listeners are called in. */

import { AsyncLocalStorage } from "node:async_hooks";
import { type Listener, setKeeper } from "../../deferred/core.js";

let users = 0;

/**
 * From now on listeners of deferreds, and so the stages of chains, are called in the asynchronous context (of every
 * `AsyncLocalStorage`) in which they were added, as what a promise is given is. As a rule they are called in that of whoever
 * realizes the deferred, which costs less; code that awaits a deferred has its own context in any case.
 *
 * It holds for the whole process, until everybody who has asked for it has called the function that this returns. While it does,
 * a listener costs about a microsecond more.
 *
 * @example
 * const storage = new AsyncLocalStorage<string>();
 * const stop = keepAsyncContext();
 * const d = deferred<number>();
 * const seen = storage.run("of the request", () => chain(d, () => storage.getStore()));
 * success(d, 1);
 * await seen; // => "of the request"
 * stop();
 * @see Source: none; what Clojure's `bound-fn` is for.
 */
export function keepAsyncContext(): () => void {
  if (users++ === 0) setKeeper((listener) => new KeptListener(listener));
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--users === 0) setKeeper(undefined);
  };
}

class KeptListener<T> implements Listener<T> {
  readonly listener: Listener<T>;
  readonly #within = AsyncLocalStorage.snapshot();

  constructor(listener: Listener<T>) {
    this.listener = listener;
  }

  onSuccess(value: T): void {
    this.#within(() => this.listener.onSuccess(value));
  }

  onError(error: unknown): void {
    this.#within(() => this.listener.onError(error));
  }
}
