import { type Cancel, type ClockOptions, currentClock } from "../clock/index.js";
import { TimeoutError } from "../errors/index.js";
import { Deferred, ERROR, type Listener, SUCCESS, settleNow, subscribe } from "./deferred.js";

/**
 * Realizes the deferred it is given after some time, unless that has happened before, and returns it.
 *
 * On a pending `take` or `put` of a stream it withdraws it. The timer is cancelled when the deferred is realized.
 *
 * @param milliseconds How long to wait; null waits for ever, 0 or less not at all.
 * @throws {TimeoutError} as the error of the deferred, code `RING_TIMEOUT`.
 * @example
 * const answer = await timeout(ask(), 1000, "no answer");
 * @see Source: `manifold.deferred/timeout!`.
 */
export function timeout<T>(deferred: Deferred<T>, milliseconds: number | null): Deferred<T>;
/**
 * As above, with a value in place of the error.
 *
 * @param value What it is realized with.
 */
export function timeout<T, V>(
  deferred: Deferred<T>,
  milliseconds: number | null,
  value: V,
  options?: ClockOptions,
): Deferred<T | V>;
export function timeout<T>(
  deferred: Deferred<T>,
  milliseconds: number | null,
  ...[value, options]: [value?: unknown, options?: ClockOptions]
): Deferred<T> {
  return arguments.length > 2
    ? timeoutWith(deferred, milliseconds, SUCCESS, () => value, options)
    : timeoutWith(deferred, milliseconds, ERROR, (ms) => new TimeoutError(ms), options);
}

function timeoutWith<T>(
  deferred: Deferred<T>,
  milliseconds: number | null,
  outcome: typeof SUCCESS | typeof ERROR,
  result: (milliseconds: number) => unknown,
  options: ClockOptions | undefined,
): Deferred<T> {
  if (milliseconds === null || !(deferred instanceof Deferred) || deferred.isRealized) return deferred;
  if (milliseconds <= 0) {
    settleNow(deferred, outcome, result(milliseconds));
    return deferred;
  }
  const cancel = currentClock(options).in(milliseconds, () => settleNow(deferred, outcome, result(milliseconds)));
  subscribe(deferred, new CancelTimer(cancel));
  return deferred;
}

class CancelTimer implements Listener<unknown> {
  readonly onSuccess: Cancel;
  readonly onError: Cancel;

  constructor(cancel: Cancel) {
    this.onSuccess = cancel;
    this.onError = cancel;
  }
}
