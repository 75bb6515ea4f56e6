/** Checks of options. */

import { describe, InvalidArgumentError } from "../../errors/index.js";

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is less. */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === "number" && value >= least) return value;
  const given = typeof value === "number" ? String(value) : describe(value);
  throw new InvalidArgumentError(`${name} must be a number from ${least}, not ${given}`);
}

/** Milliseconds that a timer can be set to, 24 days; Node takes more for one. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** A timer; none for a time without end, or so long that nobody will see it. */
export function startTimer(milliseconds: number, over: () => void): NodeJS.Timeout | undefined {
  return milliseconds > LONGEST_TIMER ? undefined : setTimeout(over, milliseconds);
}
