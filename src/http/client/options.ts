/** Checks of options. */

import { InvalidArgumentError } from "../../errors/index.js";

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is less. */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === "number" && value >= least) return value;
  throw new InvalidArgumentError(`${name} must be a number from ${least}, not ${String(value)}`);
}
