import { chain } from "./chain.js";
import { isPlain } from "./coerce.js";
import { type Awaitable, Deferred, SUCCESS } from "./deferred.js";

type AnyStage = (value: unknown) => unknown;

/**
 * Applies functions to a value that may have to be awaited, and stays synchronous when nothing has: a plain value goes
 * through in place and comes out plain, with no deferred made; otherwise the result is a deferred, or the promise that the
 * last function returned.
 *
 * This is how asynchronous code is written once: middleware says `andThen(handler(request), (response) => ...)`. A throw
 * in the synchronous case is a throw, in the other it fails the deferred.
 *
 * @example
 * andThen(1, (n) => n + 1); // => 2
 * await andThen(Promise.resolve(1), (n) => n + 1); // => 2
 */
export function andThen<A, B>(x: Awaitable<A>, f: (value: A) => Awaitable<B>): Awaitable<B>;
export function andThen<A, B, C>(
  x: Awaitable<A>,
  f: (value: A) => Awaitable<B>,
  g: (value: B) => Awaitable<C>,
): Awaitable<C>;
export function andThen<A, B, C, D>(
  x: Awaitable<A>,
  f: (value: A) => Awaitable<B>,
  g: (value: B) => Awaitable<C>,
  h: (value: C) => Awaitable<D>,
): Awaitable<D>;
export function andThen(x: unknown, f: AnyStage, g?: AnyStage, h?: AnyStage): unknown {
  let value = peek(x);
  if (!isPlain(value)) return g === undefined ? chain(value, f) : chain(value, f, g, h ?? same);
  value = peek(f(value));
  if (g === undefined) return value;
  if (!isPlain(value)) return h === undefined ? chain(value, g) : chain(value, g, h);
  value = peek(g(value));
  if (h === undefined) return value;
  if (!isPlain(value)) return chain(value, h);
  return peek(h(value));
}

const same = (value: unknown): unknown => value;

/** The value of a deferred that has succeeded already; everything else as it is. */
function peek(x: unknown): unknown {
  let value = x;
  while (value instanceof Deferred && value.stage === SUCCESS) value = value.result;
  return value;
}
