/** The injectable timer under deferreds and streams. Source: `manifold.time`'s clocks. */

export type Cancel = () => void;

/** What everything time-dependent reads and schedules on. */
export interface Clock {
  /** Milliseconds since the clock's zero; the system clock's is the Unix epoch. */
  now(): number;
  /** Calls `f` once, `milliseconds` from now. */
  in(milliseconds: number, f: () => void): Cancel;
  /** Calls `f` after `delay` milliseconds and then every `period` milliseconds; a throw of `f` ends it. */
  every(delay: number, period: number, f: () => void): Cancel;
}

/** Options of everything that waits: which clock to wait on. */
export interface ClockOptions {
  /** The clock to read and to schedule on. @default the one set by `withClock`, else the system's */
  readonly clock?: Clock | undefined;
}
