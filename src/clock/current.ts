import type { Clock, ClockOptions } from "./clock.js";
import { systemClock } from "./system.js";

let current: Clock = systemClock;

/** The clock an operation waits on: the one it was given, else the one of the surrounding `withClock`, else the system's. */
export function currentClock(options?: ClockOptions): Clock {
  return options?.clock ?? current;
}

/**
 * Runs `body` with `clock` as the clock of everything called inside it, and returns what it returns.
 *
 * Its extent is synchronous: after an `await` inside `body` the former clock is back, so asynchronous code passes
 * `{ clock }` instead. Timers that are pending on a clock stay on it.
 *
 * @example
 * const clock = mockClock();
 * const d = withClock(clock, () => timeout(deferred(), 10, "late"));
 * clock.advance(10);
 * isRealized(d); // => true
 * @see Source: `manifold.time/with-clock`.
 */
export function withClock<T>(clock: Clock, body: () => T): T {
  const before = current;
  current = clock;
  try {
    return body();
  } finally {
    current = before;
  }
}
