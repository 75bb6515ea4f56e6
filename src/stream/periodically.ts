import { type Cancel, type ClockOptions, currentClock } from "../clock/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { CoreStream } from "./stream.js";
import type { Source } from "./types.js";
import { SourceView } from "./views.js";

/**
 * A source of what `f` returns every `period` milliseconds, at the multiples of the period.
 *
 * One value is buffered. While a value finds no room the ticking stands still; once it is taken, it goes on at the next
 * multiple of the period, so nothing piles up. Closing the source ends it; a throw of `f` is logged and closes it.
 *
 * @param period Milliseconds between two calls, above 0.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the period is not above 0.
 * @example
 * const clock = periodically(1000, () => new Date().toISOString());
 * @see Source: `manifold.stream/periodically`.
 */
export function periodically<T>(period: number, f: () => T, options?: ClockOptions): Source<T>;
/**
 * As above, with a delay of its own before the first call.
 *
 * @param initialDelay Milliseconds before the first call.
 */
export function periodically<T>(period: number, initialDelay: number, f: () => T, options?: ClockOptions): Source<T>;
export function periodically<T>(period: number, ...rest: unknown[]): Source<T> {
  if (!(period > 0)) throw new InvalidArgumentError(`periodically: period must be above 0 milliseconds, not ${period}`);
  const [initialDelay, f, options] = (typeof rest[0] === "function" ? [null, ...rest] : rest) as [
    number | null,
    () => T,
    ClockOptions?,
  ];
  const clock = currentClock(options);
  const result = new CoreStream<T>({
    bufferSize: 1,
    description: (description) => ({ ...description, type: "periodic", period }),
  });
  const untilNextMultiple = (): number => period - (clock.now() % period);

  const startTicking = (delay: number): void => {
    let cancel: Cancel | null = null;
    let stopped = false;
    const stop = (): void => {
      stopped = true;
      cancel?.();
    };
    const tick = (): void => {
      if (stopped) return;
      if (result.isClosed()) return stop();
      let value: T;
      try {
        value = f();
      } catch (error) {
        logError(error, "error in the function of a periodic stream, which is closed");
        result.close();
        return stop();
      }
      const accepted = result.put(value);
      if (accepted.isRealized) return;
      stop();
      accepted.onRealized(
        () => startTicking(untilNextMultiple()),
        () => {},
      );
    };
    cancel = clock.every(delay, period, tick);
    if (stopped) cancel();
  };

  startTicking(initialDelay ?? untilNextMultiple());
  return new SourceView(result);
}
