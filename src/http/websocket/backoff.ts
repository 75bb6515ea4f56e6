/** How long to wait before asking again. */

import { InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";

/** Waits are random, from 0 up to a bound that grows, so that many clients do not come back in the same moment. */
export interface BackoffOptions {
  /** Milliseconds that the first wait takes at most. @default 500 */
  readonly initial?: number | undefined;
  /** How much longer the next wait may be than the one before. @default 2 */
  readonly factor?: number | undefined;
  /** Milliseconds that any wait takes at most. @default 30_000 */
  readonly max?: number | undefined;
}

/** How long a `retry-after` is heeded at most, in milliseconds: an hour. */
const MAX_RETRY_AFTER = 3_600_000;

/** Milliseconds to wait after so many failures in a row (0: a connection that had been good). */
export type Backoff = (failures: number) => number;

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function backoffOf(options: BackoffOptions = {}): Backoff {
  checkOptionNames("backoff", options, ["initial", "factor", "max"]);
  const { initial = 500, factor = 2, max = 30_000 } = options;
  checkAtLeast(0, "initial", initial);
  checkAtLeast(1, "factor", factor);
  checkAtLeast(0, "max", max);
  return (failures) => Math.round(Math.random() * Math.min(max, initial * factor ** Math.max(0, failures - 1)));
}

function checkAtLeast(least: number, name: string, value: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new InvalidArgumentError(`backoff.${name} must be a number from ${least}, not ${String(value)}`);
}

/** Milliseconds that a header `retry-after` asks to wait; 0 if it does not say. */
export function retryAfter(value: string | undefined, now: number): number {
  if (value === undefined) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, Math.min(milliseconds, MAX_RETRY_AFTER));
}
