/** Units of time, all in milliseconds. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Nanoseconds in milliseconds. @see Source: `manifold.time/nanoseconds`. */
export const nanoseconds = (n: number): number => n / 1e6;
/** Microseconds in milliseconds. @see Source: `manifold.time/microseconds`. */
export const microseconds = (n: number): number => n / 1e3;
/** Milliseconds in milliseconds. @see Source: `manifold.time/milliseconds`. */
export const milliseconds = (n: number): number => n;
/** Seconds in milliseconds. @see Source: `manifold.time/seconds`. */
export const seconds = (n: number): number => n * SECOND;
/** Minutes in milliseconds. @see Source: `manifold.time/minutes`. */
export const minutes = (n: number): number => n * MINUTE;
/** Hours in milliseconds. @see Source: `manifold.time/hours`. */
export const hours = (n: number): number => n * HOUR;
/** Days in milliseconds. @see Source: `manifold.time/days`. */
export const days = (n: number): number => n * DAY;
/** The period, in milliseconds, of something that happens `n` times a second. @see Source: `manifold.time/hz`. */
export const hz = (n: number): number => SECOND / n;

/**
 * A duration for people: whole days, hours, minutes and seconds, parts that are zero left out.
 *
 * @example
 * formatDuration(93_784_000); // => "1d 2h 3m 4s"
 * @see Source: `manifold.time/format-duration`.
 */
export function formatDuration(duration: number): string {
  const parts: [number, string][] = [
    [Math.floor(duration / DAY), "d"],
    [Math.floor(duration / HOUR) % 24, "h"],
    [Math.floor(duration / MINUTE) % 60, "m"],
    [Math.floor(duration / SECOND) % 60, "s"],
  ];
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return shown.length === 0 ? "0s" : shown.join(" ");
}

/** What `floor` and `add` count in: UTC calendar units. */
export type TimeUnit = "millisecond" | "second" | "minute" | "hour" | "day" | "week" | "month";

const EXACT: Readonly<Partial<Record<TimeUnit, number>>> = {
  millisecond: 1,
  second: SECOND,
  minute: MINUTE,
  hour: HOUR,
  day: DAY,
};

/**
 * The beginning of the unit that a time lies in, in UTC; weeks begin on Sunday.
 *
 * @see Source: `manifold.time/floor`. Differs: right for days and more, too.
 */
export function floor(timestamp: number, unit: TimeUnit): number {
  const exact = EXACT[unit];
  if (exact !== undefined) return Math.floor(timestamp / exact) * exact;
  const date = new Date(floor(timestamp, "day"));
  if (unit === "month") return date.setUTCDate(1);
  return date.setUTCDate(date.getUTCDate() - date.getUTCDay());
}

/**
 * A time some units later (or, below 0, earlier), by the UTC calendar; a month later than the 31st is the last of the month.
 *
 * @see Source: `manifold.time/add`.
 */
export function add(timestamp: number, value: number, unit: TimeUnit): number {
  const exact = EXACT[unit];
  if (exact !== undefined) return timestamp + value * exact;
  if (unit === "week") return timestamp + value * 7 * DAY;
  const date = new Date(timestamp);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + value);
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return date.setUTCDate(Math.min(day, daysInMonth));
}
