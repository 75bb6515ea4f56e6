/** Observables as sources. */

import { NotConvertibleError } from "../errors/index.js";
import { hasMethods } from "./methods.js";
import type { BoundOptions } from "./overflow.js";
import { PushSource } from "./push-source.js";
import type { Source } from "./types.js";

declare global {
  interface SymbolConstructor {
    /** Where observables are found; only there if a library has put it there. */
    readonly observable: symbol;
  }
}

/** Who is told what an observable sends. */
export interface Observer<T> {
  next(message: T): void;
  error(error: unknown): void;
  complete(): void;
}

/** Ends what `subscribe` began. */
export interface Unsubscribable {
  unsubscribe(): void;
}

/** What can be subscribed to: the least that all observable libraries have in common. */
export interface Subscribable<T> {
  subscribe(observer: Observer<T>): Unsubscribable;
}

/**
 * An observable of any library: what has a method named `Symbol.observable`, or `"@@observable"`. The types of rxjs do not
 * tell of that method, so they are known by the other one.
 */
export type ObservableLike<T> =
  | { [Symbol.observable]: () => Subscribable<T> }
  | { readonly "@@observable": () => Subscribable<T> }
  | Subscribable<T>;

/** The names of the method: the symbol is looked for each time, as a library may define it later. */
export const observableKeys = (): (string | symbol)[] =>
  typeof Symbol.observable === "symbol" ? [Symbol.observable, "@@observable"] : ["@@observable"];

/** The observable behind an object, if it has one. */
function observableOf<T = unknown>(x: unknown): Subscribable<T> | undefined {
  if (x === null || (typeof x !== "object" && typeof x !== "function")) return undefined;
  const methods = x as Readonly<Record<string | symbol, unknown>>;
  const key = observableKeys().find((name) => typeof methods[name] === "function");
  return key === undefined ? undefined : (methods[key] as () => Subscribable<T>).call(x);
}

/** Is it an observable of any library? */
export const isObservable = (x: unknown): x is ObservableLike<unknown> =>
  observableKeys().some((name) => hasMethods(x, name as never));

/**
 * The messages of an observable as a source.
 *
 * It is subscribed to by the first take or connection, and unsubscribed from when the source is closed. Observables cannot
 * be asked for messages, nor paused: up to `bound` of them wait to be taken, then `overflow` says what happens. An error
 * fails one take, after what waits.
 *
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if it is no observable.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a bound or policy that is none.
 * @example
 * const ticks = fromObservable(interval(1000), { bound: 1, overflow: "dropOldest" });
 */
export function fromObservable<T>(observable: ObservableLike<T>, options: BoundOptions = {}): Source<T> {
  return observableSource(observable, options);
}

export function observableSource<T>(observable: unknown, options: BoundOptions): PushSource<T> {
  const subscribable = observableOf<T>(observable);
  if (!hasMethods<Subscribable<T>>(subscribable, "subscribe")) throw new NotConvertibleError(observable, "a source");
  return new PushSource<T>({
    type: "observable",
    ...options,
    start: (source) => {
      const subscription = subscribable.subscribe({
        next: (message) => void source.accept(message),
        error: (error) => source.fail(error),
        complete: () => source.finish(),
      });
      return { stop: () => subscription.unsubscribe() };
    },
  });
}
