import { NotConvertibleError } from "../errors/index.js";
import { chain, HandOver, listenFlat } from "./chain.js";
import {
  type Awaitable,
  Deferred,
  ERROR,
  errorOf,
  type Listener,
  type PDeferred,
  type Realized,
  SUCCESS,
  settle,
  settleNow,
  subscribe,
} from "./deferred.js";

/** Says that a loop goes on, with this state. */
export class Recur<S extends readonly unknown[]> {
  readonly state: S;

  constructor(state: S) {
    this.state = state;
  }
}

/** Goes on with a loop. @see Source: `manifold.deferred/recur`. */
export function recur<S extends readonly unknown[]>(...state: S): Recur<S> {
  return new Recur(state);
}

type LoopResult<R> = Exclude<R extends Deferred<infer V> ? V : R, Recur<readonly unknown[]>>;

class Loop implements Listener<unknown> {
  readonly result = new Deferred<unknown>();
  private readonly body: (...state: unknown[]) => unknown;

  constructor(body: (...state: unknown[]) => unknown) {
    this.body = body;
  }

  onSuccess(value: unknown): void {
    if (value instanceof Recur) this.turn(value.state);
    else if (value instanceof Deferred) listenFlat(value, this, true);
    else settle(this.result, SUCCESS, value);
  }

  onError(error: unknown): void {
    settle(this.result, ERROR, error);
  }

  /** Turns until the body is pending or done; a realized deferred needs no stack. */
  turn(initial: readonly unknown[]): void {
    let state = initial;
    for (;;) {
      let value: unknown;
      try {
        value = this.body(...state);
      } catch (error) {
        settle(this.result, ERROR, error);
        return;
      }
      if (value instanceof Deferred) {
        if (value.stage === ERROR) {
          settle(this.result, ERROR, errorOf(value));
          return;
        }
        if (value.stage !== SUCCESS) {
          subscribe(value, this);
          return;
        }
        value = value.result;
      }
      if (!(value instanceof Recur)) {
        settle(this.result, SUCCESS, value);
        return;
      }
      state = value.state;
    }
  }
}

/**
 * Calls `body` with the state until it answers something other than `recur(...)`.
 *
 * The body may answer at once or with a deferred of either; a million turns need no stack. Realizing the result from
 * outside does not stop the loop. Foreign promises are not awaited: wrap them with `toDeferred`.
 *
 * @example
 * const sum = loop([0], (total) => chain(take(numbers), (n) => (n === undefined ? total : recur(total + n))));
 * @see Source: `manifold.deferred/loop`.
 */
export function loop<S extends unknown[], R>(
  initial: readonly [...S],
  body: (...state: S) => R,
): Deferred<LoopResult<R>> {
  const turning = new Loop(body as (...state: unknown[]) => unknown);
  turning.turn(initial);
  return turning.result as Deferred<LoopResult<R>>;
}

/**
 * Hands the outcome of `a`, flattened, to the deferred `b`, unless that is realized before.
 *
 * @returns false if `b` is realized already.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if `b` is not a deferred.
 * @see Source: `manifold.deferred/connect`.
 */
export function connect<T>(a: Awaitable<T> | PDeferred<T>, b: Deferred<T>): boolean;
export function connect<A>(a: A, b: Deferred<NoInfer<Realized<A>>>): boolean;
export function connect(a: unknown, b: Deferred<unknown>): boolean {
  if (!(b instanceof Deferred)) throw new NotConvertibleError(b, "a deferred");
  const source = a instanceof Deferred && !a.isRealized ? a : (chain(a) as Deferred<unknown>);
  if (source.stage === SUCCESS) return settleNow(b, SUCCESS, source.result);
  if (b.isRealized) return false;
  if (source.stage === ERROR) settleNow(b, ERROR, errorOf(source));
  else subscribe(source, new HandOver(b, false));
  return true;
}
