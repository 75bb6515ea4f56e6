import {
  type Awaitable,
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  follow,
  isDeferrable,
  isOpened,
  type Listener,
  type Realized,
  SUCCESS,
  settle,
  subscribe,
  successDeferred,
} from "./deferred.js";

/** One stage of a chain: gets the realized value of the stage before. */
export type Stage<A, B> = (value: Realized<A>) => B;

// biome-ignore format: a table
export interface Chain {
  <A>(x: A): Deferred<Realized<A>>;
  <A, B>(x: A, f: Stage<A, B>): Deferred<Realized<B>>;
  <A, B, C>(x: A, f: Stage<A, B>, g: Stage<B, C>): Deferred<Realized<C>>;
  <A, B, C, D>(x: A, f: Stage<A, B>, g: Stage<B, C>, h: Stage<C, D>): Deferred<Realized<D>>;
  <A, B, C, D, E>(x: A, f: Stage<A, B>, g: Stage<B, C>, h: Stage<C, D>, i: Stage<D, E>): Deferred<Realized<E>>;
  <A, B, C, D, E, F>(x: A, f: Stage<A, B>, g: Stage<B, C>, h: Stage<C, D>, i: Stage<D, E>, j: Stage<E, F>): Deferred<Realized<F>>;
  <A, B, C, D, E, F, G>(x: A, f: Stage<A, B>, g: Stage<B, C>, h: Stage<C, D>, i: Stage<D, E>, j: Stage<E, F>, k: Stage<F, G>): Deferred<Realized<G>>;
  <A>(x: Awaitable<A>, ...fs: ((value: A) => Awaitable<A>)[]): Deferred<A>;
  (x: unknown, ...fs: SevenOrMore<(value: never) => unknown>): Deferred<unknown>;
}

/** So many stages that their types are not followed any more; fewer stages of wrong types must not end up here. */
type SevenOrMore<F> = [F, F, F, F, F, F, F, ...F[]];

type AnyStage = (value: unknown) => unknown;

/** A chain that waits for a pending stage. */
class Paused implements Listener<unknown> {
  private readonly result: Deferred<unknown>;
  private readonly stages: readonly AnyStage[];
  private readonly next: number;
  private readonly prime: boolean;

  constructor(result: Deferred<unknown>, stages: readonly AnyStage[], next: number, prime: boolean) {
    this.result = result;
    this.stages = stages;
    this.next = next;
    this.prime = prime;
  }

  onSuccess(value: unknown): void {
    proceed(value, this.stages, this.next, this.prime, this.result);
  }

  onError(error: unknown): void {
    settle(this.result, ERROR, error);
  }
}

/**
 * May stage `next` run although the result was realized from outside (a timeout, say)?
 *
 * Manifold takes the stages in pairs. Only between pairs, and after a pause among the last one or two stages, does it
 * look at the result; the first pair of a longer chain runs to its end, whatever happens. Recorded programs pin this.
 */
function asksBefore(next: number, count: number, prime: boolean, paused: boolean): boolean {
  const last = count <= 2 ? 0 : count - (count % 2 === 0 ? 2 : 1);
  const betweenPairs = next > 0 && next % 2 === 0;
  if (prime) return betweenPairs && next < last;
  return betweenPairs || (paused && next >= last);
}

/**
 * Runs the stages from `next` on, in place, until one of them is pending. Without a `result` one is made when it is
 * needed: at the first pause, or at the end.
 */
function proceed(
  x: unknown,
  stages: readonly AnyStage[],
  next: number,
  prime: boolean,
  result: Deferred<unknown> | null,
): Deferred<unknown> {
  let value = x;
  let paused = result !== null;
  for (let stage = next; ; stage++) {
    while (isOpened(value, prime)) {
      const inner = follow(value);
      if (inner.stage === SUCCESS) value = inner.result;
      else if (inner.stage === ERROR) return finish(result, ERROR, errorOf(inner));
      else {
        const pending = result ?? new Deferred<unknown>();
        subscribe(inner, new Paused(pending, stages, stage, prime));
        return pending;
      }
    }
    if (stage >= stages.length) return finish(result, SUCCESS, value);
    if (result !== null && result.isRealized && asksBefore(stage, stages.length, prime, paused)) return result;
    paused = false;
    try {
      value = (stages[stage] as AnyStage)(value);
    } catch (error) {
      return finish(result, ERROR, error);
    }
  }
}

function finish(
  result: Deferred<unknown> | null,
  outcome: typeof SUCCESS | typeof ERROR,
  value: unknown,
): Deferred<unknown> {
  if (result === null) return outcome === SUCCESS ? successDeferred(value) : errorDeferred(value);
  settle(result, outcome, value);
  return result;
}

/**
 * Hands a value through functions, each of which may answer later.
 *
 * Deferreds and promises are opened to any depth, before and between the stages and at the end. What is there already is
 * worked on in place, so a chain over plain values is realized when `chain` returns; otherwise the stages run inside the
 * call that realizes what they wait for. A throw or a failed deferred skips the rest and fails the result.
 *
 * @param x A value, deferred, promise, thenable or p-defer object.
 * @param stages Functions of one realized value.
 * @returns a deferred of the last stage's flattened value; realizing it from outside stops the stages that have not begun.
 * @example
 * const total = chain(loadPrice(id), (price) => price * 2);
 * @see Source: `manifold.deferred/chain`.
 */
export const chain = ((x: unknown, ...stages: AnyStage[]) => proceed(x, stages, 0, false, null)) as Chain;

/** As `chain`, but foreign promises are plain values to it. @see Source: `manifold.deferred/chain'`. */
export const chainPrime = ((x: unknown, ...stages: AnyStage[]) => proceed(x, stages, 0, true, null)) as Chain;

/** Chains `x` into a deferred that exists already; for listeners of the kit's own, as the last thing they do. */
export function chainInto(result: Deferred<unknown>, x: unknown, prime: boolean): void {
  proceed(x, [], 0, prime, result);
}

/** Tells a listener the outcome of `x`, flattened: now if it is there, else when it is. */
export function listenFlat(x: unknown, listener: Listener<unknown>, prime: boolean): void {
  const flat = proceed(x, [], 0, prime, null);
  if (flat.stage === SUCCESS) listener.onSuccess(flat.result);
  else if (flat.stage === ERROR) listener.onError(errorOf(flat));
  else subscribe(flat, listener);
}

/** Hands an outcome, flattened, to a deferred, which may be realized by then. */
export class HandOver implements Listener<unknown> {
  private readonly target: Deferred<unknown>;
  private readonly prime: boolean;

  constructor(target: Deferred<unknown>, prime: boolean) {
    this.target = target;
    this.prime = prime;
  }

  onSuccess(value: unknown): void {
    if (isOpened(value, this.prime)) listenFlat(value, this, this.prime);
    else settle(this.target, SUCCESS, value);
  }

  onError(error: unknown): void {
    settle(this.target, ERROR, error);
  }
}

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
  if (isDeferrable(value)) return chain(value, f, g ?? same, h ?? same);
  value = peek(f(value));
  if (g === undefined) return value;
  if (isDeferrable(value)) return chain(value, g, h ?? same);
  value = peek(g(value));
  if (h === undefined) return value;
  if (isDeferrable(value)) return chain(value, h);
  return peek(h(value));
}

const same = (value: unknown): unknown => value;

/** The value of a deferred that has succeeded already; everything else as it is. */
function peek(x: unknown): unknown {
  let value = x;
  while (value instanceof Deferred && value.stage === SUCCESS) value = value.result;
  return value;
}
