import { logError } from "../errors/index.js";
import type { Cancel, Clock } from "./clock.js";

/** A clock that stands still until it is advanced. */
export interface MockClock extends Clock {
  /** Moves the clock; everything due on the way runs, in order of time, each at its own time. */
  advance(milliseconds: number): void;
}

interface Event {
  readonly time: number;
  readonly f: () => void;
  cancelled: boolean;
}

/**
 * Makes a clock for tests: time passes only by `advance`.
 *
 * Events of one instant run in the order they were scheduled; what is due at once runs inside the scheduling call; an
 * error of an event is logged and the others still run.
 *
 * @param initial The time it starts at, in milliseconds. @default 0
 * @example
 * const clock = mockClock();
 * clock.in(5, () => console.log(clock.now()));
 * clock.advance(10); // prints 5
 * @see Source: `manifold.time/mock-clock`.
 */
export function mockClock(initial = 0): MockClock {
  let now = initial;
  let events: Event[] = [];

  const runSafely = (f: () => void): void => {
    try {
      f();
    } catch (error) {
      logError(error, "error in a scheduled task");
    }
  };

  const schedule = (milliseconds: number, f: () => void): Cancel => {
    if (milliseconds <= 0) {
      runSafely(f);
      return () => {};
    }
    const event: Event = { time: now + milliseconds, f, cancelled: false };
    // After all events of the same time: scheduling order is kept.
    const place = events.findIndex((other) => other.time > event.time);
    events.splice(place === -1 ? events.length : place, 0, event);
    return () => {
      event.cancelled = true;
      events = events.filter((other) => other !== event);
    };
  };

  return {
    now: () => now,
    in: schedule,

    every(delay, period, f) {
      let cancelled = false;
      let cancel: Cancel = () => {};
      const tick = (): void => {
        if (cancelled) return;
        try {
          f();
        } catch (error) {
          cancelled = true;
          throw error;
        }
        if (!cancelled) cancel = schedule(period, tick);
      };
      cancel = schedule(delay, tick);
      return () => {
        cancelled = true;
        cancel();
      };
    },

    advance(milliseconds) {
      const end = now + milliseconds;
      for (let next = events[0]; next !== undefined && next.time <= end; next = events[0]) {
        events.shift();
        if (next.cancelled) continue;
        now = next.time;
        runSafely(next.f);
      }
      now = end;
    },
  };
}
