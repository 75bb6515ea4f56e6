/** Sources as observables. */

import { ERROR, errorOf, SUCCESS } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { type Sourceable, toSource } from "./coerce.js";
import type { CoreSource } from "./core-source.js";
import { type Observer, observableKeys, type Subscribable, type Unsubscribable } from "./observable-source.js";

/** Who is told what an observable sends: any of the functions may be absent. */
export interface PartialObserver<T> extends Partial<Observer<T>> {
  /** Called first, with what ends the subscription. */
  readonly start?: ((subscription: Subscription) => void) | undefined;
  /** Tells that nothing more is wanted, as the subscribers of rxjs do. */
  readonly closed?: boolean | undefined;
}

/** What ends a subscription. */
export interface Subscription extends Unsubscribable {
  readonly closed: boolean;
}

/** What `toObservable` gives; `from` of rxjs takes it. */
export interface Observable<T> extends Subscribable<T> {
  subscribe(observer: PartialObserver<T>): Subscription;
  subscribe(
    next?: (message: T) => void,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription;
  [Symbol.observable]: () => Subscribable<T>;
  readonly "@@observable": () => Subscribable<T>;
}

const END: unique symbol = Symbol("end");

/** Takes message after message for as long as somebody is subscribed, and tells all who are. */
class SourceObservable<T> implements Subscribable<T> {
  readonly #source: CoreSource<T>;
  /** Replaced, never changed: a message goes to those who were there when it came. */
  #subscriptions: readonly ObserverSubscription<T>[] = [];
  #taking = false;
  #end: ((observer: PartialObserver<T>) => void) | null = null;

  constructor(source: CoreSource<T>) {
    this.#source = source;
    for (const key of observableKeys()) Object.defineProperty(this, key, { value: () => this });
  }

  subscribe(
    observer?: PartialObserver<T> | ((message: T) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const told = typeof observer === "object" && observer !== null ? observer : observerOf(observer, error, complete);
    const subscription = new ObserverSubscription<T>(told, () => this.#leave(subscription));
    guarded(() => told.start?.(subscription));
    if (subscription.closed) return subscription;
    if (this.#end !== null) {
      subscription.finish(this.#end);
      return subscription;
    }
    this.#subscriptions = [...this.#subscriptions, subscription];
    if (!this.#taking) this.#take();
    return subscription;
  }

  #take(): void {
    this.#taking = true;
    // A loop, not a recursion: what is there already needs no stack.
    while (this.#isWanted() && this.#end === null) {
      const taken = this.#source.take<typeof END>(END);
      if (taken.stage === SUCCESS) this.#tell(taken.result as T | typeof END);
      else if (taken.stage === ERROR) this.#fail(errorOf(taken));
      else {
        taken.onRealized(
          (message) => {
            this.#tell(message as T | typeof END);
            this.#take();
          },
          (error) => this.#fail(error),
        );
        return;
      }
    }
    this.#taking = false;
  }

  /** Is anybody left? Who says to be closed is not. */
  #isWanted(): boolean {
    for (const subscription of this.#subscriptions) if (subscription.isOver()) subscription.unsubscribe();
    return this.#subscriptions.length > 0;
  }

  #tell(message: T | typeof END): void {
    if (message === END) {
      this.#finish((observer) => observer.complete?.());
      return;
    }
    for (const { observer, closed } of this.#subscriptions) if (!closed) guarded(() => observer.next?.(message));
  }

  #fail(error: unknown): void {
    this.#finish((observer) => {
      if (observer.error === undefined) logError(error, "error in the source of an observable, which nobody handles");
      else observer.error(error);
    });
  }

  #finish(end: (observer: PartialObserver<T>) => void): void {
    this.#end = end;
    this.#taking = false;
    const subscriptions = this.#subscriptions;
    this.#subscriptions = [];
    for (const subscription of subscriptions) subscription.finish(end);
  }

  /** The last one to leave closes the source. */
  #leave(subscription: ObserverSubscription<T>): void {
    const left = this.#subscriptions.filter((other) => other !== subscription);
    if (left.length === this.#subscriptions.length) return;
    this.#subscriptions = left;
    if (left.length === 0) this.#source.close();
  }
}

class ObserverSubscription<T> implements Subscription {
  readonly observer: PartialObserver<T>;
  readonly #leave: () => void;
  #closed = false;

  constructor(observer: PartialObserver<T>, leave: () => void) {
    this.observer = observer;
    this.#leave = leave;
  }

  get closed(): boolean {
    return this.#closed;
  }

  isOver(): boolean {
    return this.#closed || this.observer.closed === true;
  }

  unsubscribe(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
  }

  finish(end: (observer: PartialObserver<T>) => void): void {
    if (this.#closed) return;
    this.#closed = true;
    guarded(() => end(this.observer));
  }
}

function observerOf<T>(
  next: ((message: T) => void) | null | undefined,
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
): PartialObserver<T> {
  return { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) };
}

/** An observer that throws harms neither the others nor the source. */
function guarded(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    logError(error, "error in an observer of a stream");
  }
}

/**
 * The messages of a source as an observable: `from` of rxjs takes it, as does every library that knows `Symbol.observable`.
 *
 * Messages are taken as fast as they come, from the first subscription on; each goes to all who are subscribed then, as
 * observables have no backpressure. When the last one unsubscribes the source is closed. The end of the source completes
 * the observers, an error of it is theirs; who subscribes after that is told at once.
 *
 * @param source A source, or what `toSource` makes one of.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if it is none.
 * @example
 * from(toObservable(prices)).pipe(bufferTime(1000)).subscribe(draw);
 */
export function toObservable<T>(source: Sourceable<T>): Observable<T> {
  return new SourceObservable(toSource(source)) as unknown as Observable<T>;
}
