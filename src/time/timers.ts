import { type Cancel, type ClockOptions, currentClock } from "../clock/index.js";
import { chain, connect, type Deferred, deferred, type Realized } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";

/**
 * Calls `f` once after an interval, unless the deferred it returns is realized before.
 *
 * @param interval Milliseconds; 0 or less is at once on a mock clock, as soon as possible on the system's.
 * @returns a deferred of what `f` returns, flattened; a throw is its error. Realizing it cancels the timer.
 * @example
 * const greeting = inMilliseconds(100, () => "hello");
 * @see Source: `manifold.time/in`. Exported as `in` too.
 */
export function inMilliseconds<T>(interval: number, f: () => T, options?: ClockOptions): Deferred<Realized<T>> {
  const result = deferred<Realized<T>>();
  const cancel = currentClock(options).in(interval, () => {
    // Nothing is called for nobody: the result may have been realized from outside.
    if (!result.isRealized) connect<unknown>(chain(undefined, f), result as Deferred<unknown>);
  });
  result.onRealized(cancel, cancel);
  return result;
}

/**
 * Calls `f` again and again, for the first time at once. A throw of `f` is logged and ends it.
 *
 * @param period Milliseconds between two calls, above 0.
 * @returns a function that ends it.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the period is not above 0.
 * @example
 * const cancel = every(1000, () => console.log("tick"));
 * @see Source: `manifold.time/every`.
 */
export function every(period: number, f: () => void, options?: ClockOptions): Cancel;
/**
 * As above, with a delay before the first call.
 *
 * @param initialDelay Milliseconds before the first call.
 */
export function every(period: number, initialDelay: number, f: () => void, options?: ClockOptions): Cancel;
export function every(period: number, ...rest: unknown[]): Cancel {
  if (!(period > 0)) throw new InvalidArgumentError(`every: period must be above 0 milliseconds, not ${period}`);
  const [initialDelay, f, options] = (typeof rest[0] === "function" ? [0, ...rest] : rest) as [
    number,
    () => void,
    ClockOptions?,
  ];
  return currentClock(options).every(initialDelay, period, f);
}

/**
 * Calls `f` once at a time; at once if that is past.
 *
 * @param timestamp Milliseconds on the clock; on the system's, since the Unix epoch.
 * @see Source: `manifold.time/at`.
 */
export function at<T>(timestamp: number, f: () => T, options?: ClockOptions): Deferred<Realized<T>> {
  const clock = currentClock(options);
  return inMilliseconds(Math.max(0, timestamp - clock.now()), f, { clock });
}
