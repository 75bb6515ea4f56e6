/** What can be awaited: told from plain values, and made a deferred of this kit. */

import { NotConvertibleError } from "../errors/index.js";
import { type Deferrable, Deferred, ERROR, type PDeferred, SUCCESS, settleNow } from "./deferred.js";

/** Is it a deferred of this kit? @see Source: `manifold.deferred/deferred?`. */
export function isDeferred(x: unknown): x is Deferred<unknown> {
  return x instanceof Deferred;
}

/** Is it a deferred, a promise, a thenable or a p-defer object? @see Source: `manifold.deferred/deferrable?`. */
export function isDeferrable(x: unknown): x is Deferrable<unknown> {
  if (x === null || (typeof x !== "object" && typeof x !== "function")) return false;
  if (x instanceof Deferred) return true;
  try {
    return typeof (x as { then?: unknown }).then === "function" || isPDeferred(x);
  } catch {
    // A `then` that cannot even be read: who follows it gets the error, as a promise would.
    return true;
  }
}

/** Is it a value as it is, nothing to be awaited? Most values are told by their type alone. */
export function isPlain(x: unknown): boolean {
  return x === null || (typeof x !== "object" && typeof x !== "function") || !isDeferrable(x);
}

/** Is it something that `chain` opens, or, with `prime`, something that `chainPrime` opens? */
export function isOpened(x: unknown, prime: boolean): x is Deferrable<unknown> {
  return prime ? x instanceof Deferred : isDeferrable(x);
}

function isPDeferred(x: object): x is PDeferred<unknown> {
  const candidate = x as Partial<PDeferred<unknown>>;
  return (
    typeof candidate.promise?.then === "function" &&
    typeof candidate.resolve === "function" &&
    typeof candidate.reject === "function"
  );
}

/** Follows what is known to be deferrable. */
export function follow<T>(x: Deferrable<T>): Deferred<T> {
  if (x instanceof Deferred) return x;
  const result = new Deferred<T>();
  try {
    ("then" in x ? x : x.promise).then(
      (value) => void settleNow(result, SUCCESS, value),
      (error: unknown) => void settleNow(result, ERROR, error),
    );
  } catch (error) {
    settleNow(result, ERROR, error);
  }
  return result;
}

/**
 * Coerces a promise, a thenable or a p-defer object to a deferred; a deferred is returned as it is.
 *
 * The result is independent: realizing it does not touch the promise.
 *
 * @param fallback Returned for anything else, if given.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for anything else, without a fallback.
 * @example
 * const d = toDeferred(fetch("https://example.com"));
 * @see Source: `manifold.deferred/->deferred`.
 */
export function toDeferred<T>(x: Deferrable<T>, fallback?: unknown): Deferred<T>;
export function toDeferred<D>(x: unknown, fallback: D): Deferred<unknown> | D;
export function toDeferred(x: unknown, ...fallback: unknown[]): unknown {
  if (isDeferrable(x)) return follow(x);
  if (fallback.length > 0) return fallback[0];
  throw new NotConvertibleError(x, "a deferred");
}

/**
 * The value inside a deferred, however deep, if it is there: a pending or failed deferred is returned as a deferred,
 * a plain value as it is.
 *
 * @see Source: `manifold.deferred/unwrap`.
 */
export function unwrap(x: unknown): unknown {
  let value = x;
  while (isDeferrable(value)) {
    const inner = follow(value);
    if (inner.stage !== SUCCESS) return inner;
    value = inner.result;
  }
  return value;
}

/** As `unwrap`, but only deferreds of this kit are opened. @see Source: `manifold.deferred/unwrap'`. */
export function unwrapPrime(x: unknown): unknown {
  let value = x;
  while (value instanceof Deferred && value.stage === SUCCESS) value = value.result;
  return value;
}
