import { logError } from "../errors/index.js";
import type { Cancel, Clock } from "./clock.js";

/** Node refuses longer timers (it would fire them at once), so long waits are made of several. */
const LONGEST_TIMER = 2 ** 31 - 1;

function schedule(milliseconds: number, f: () => void): Cancel {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    // A pending timeout alone must not keep the process alive, as Manifold's daemon threads do not.
    timer =
      left > LONGEST_TIMER
        ? setTimeout(() => wait(left - LONGEST_TIMER), LONGEST_TIMER).unref()
        : setTimeout(f, Math.max(0, left)).unref();
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}

/** The wall clock over `setTimeout`; its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),

  in: schedule,

  every(delay, period, f) {
    let due = performance.now() + delay;
    let cancelled = false;
    let cancel: Cancel = () => {};
    const tick = (): void => {
      try {
        f();
      } catch (error) {
        cancelled = true;
        logError(error, "error in a periodic task, which is cancelled");
      }
      if (cancelled) return;
      // Counted from the start, so that the ticks do not drift; ticks that were missed are not made up for.
      due = Math.max(due + period, performance.now());
      cancel = schedule(due - performance.now(), tick);
    };
    cancel = schedule(delay, tick);
    return () => {
      cancelled = true;
      cancel();
    };
  },
};
