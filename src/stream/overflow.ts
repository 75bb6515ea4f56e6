/** What happens when messages come faster than they are taken, and cannot be held back. */

import { InvalidArgumentError, RingError } from "../errors/index.js";

/** What is done with a message that finds no room. */
export type Overflow =
  /** The oldest message that waits is dropped for it. */
  | "dropOldest"
  /** It is dropped itself. */
  | "dropNewest"
  /** The source ends: what waits can still be taken, then a take fails with an {@link OverflowError}. */
  | "fail";

/** How much a source may keep of what comes by itself. */
export interface BoundOptions {
  /** Messages that may wait to be taken, at least 1. @default 1024 */
  readonly bound?: number | undefined;
  /** What is done with a message beyond the bound. @default "fail" */
  readonly overflow?: Overflow | undefined;
}

export const DEFAULT_BOUND = 1024;

/** More messages wait than may wait. Code `RING_OVERFLOW`. */
export class OverflowError extends RingError {
  constructor(what: string, bound: number) {
    super(
      "RING_OVERFLOW",
      `more than ${bound} messages of ${what} wait to be taken, so it ends; take faster, raise bound, or let overflow drop some`,
    );
  }
}

/** @throws {InvalidArgumentError} if it is not a whole number above 0 */
export function checkBound(bound: number, what: string): number {
  if (Number.isInteger(bound) && bound > 0) return bound;
  if (bound === Number.POSITIVE_INFINITY) {
    throw new InvalidArgumentError(`${what}: bound must be finite, or a slow taker would fill the memory`);
  }
  throw new InvalidArgumentError(`${what}: bound must be a whole number of messages above 0, not ${bound}`);
}

/** @throws {InvalidArgumentError} if it is none of the policies */
export function checkOverflow<P extends string>(overflow: P, policies: readonly P[], what: string): P {
  if (policies.includes(overflow)) return overflow;
  throw new InvalidArgumentError(`${what}: overflow must be one of ${policies.join(", ")}, not ${overflow}`);
}

export const OVERFLOWS: readonly Overflow[] = ["dropOldest", "dropNewest", "fail"];
