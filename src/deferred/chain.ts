import { follow, isOpened, isPlain, unwrapPrime } from "./coerce.js";
import {
  type Awaitable,
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  type Listener,
  type Realized,
  SUCCESS,
  settle,
  subscribe,
  successDeferred,
} from "./deferred.js";

/** One stage of a chain: gets the realized value of the stage before. */
export type Stage<A, B> = (value: Realized<A>) => B;

/** The signatures of `chain`: each function gets what the one before it has made, realized; beyond six functions types are not followed. */
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
    proceed(value, this.stages, this.next, this.prime, this.result, true);
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
 * needed: at the first pause, or at the end. `afterPause`: is this the call that stage `next` has waited for?
 */
function proceed(
  x: unknown,
  stages: readonly AnyStage[],
  next: number,
  prime: boolean,
  result: Deferred<unknown> | null,
  afterPause: boolean,
): Deferred<unknown> {
  let value = x;
  let paused = afterPause;
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

/** How many stages the last `inPlace` has run. */
let reached = 0;

/**
 * Runs up to five stages, which is all that most chains have, for as long as each answers with a plain value; what is
 * left is for `proceed`. It does the same without an array and a loop: those take longer than the stages, and keep the
 * compiler from putting the stages into the caller. A throw of a stage is thrown on.
 */
// biome-ignore format: a ladder
function inPlace(
  x: unknown, result: Deferred<unknown> | null,
  f?: AnyStage, g?: AnyStage, h?: AnyStage, i?: AnyStage, j?: AnyStage,
): unknown {
  let value = x;
  let next = 0;
  if (f !== undefined && isPlain(value) && isWanted(result)) { value = f(value); next = 1;
  if (g !== undefined && isPlain(value)) { value = g(value); next = 2;
  if (h !== undefined && isPlain(value) && isWanted(result)) { value = h(value); next = 3;
  if (i !== undefined && isPlain(value)) { value = i(value); next = 4;
  if (j !== undefined && isPlain(value) && isWanted(result)) { value = j(value); next = 5; } } } } }
  reached = next;
  return value;
}

/** The stages among the arguments of `chain`; a loop, because the compiler sees through it. */
function stagesOf(given: ArrayLike<unknown>): AnyStage[] {
  const stages: AnyStage[] = [];
  for (let at = 1; at < given.length; at++) stages.push(given[at] as AnyStage);
  return stages;
}

/** Has nobody realized the result from outside? */
const isWanted = (result: Deferred<unknown> | null): boolean => result === null || result.stage < SUCCESS;

/** A chain of up to five stages that waits for its first value. */
class PausedAtStart implements Listener<unknown> {
  private readonly result: Deferred<unknown>;
  private readonly count: number;
  private readonly f: AnyStage | undefined;
  private readonly g: AnyStage | undefined;
  private readonly h: AnyStage | undefined;
  private readonly i: AnyStage | undefined;
  private readonly j: AnyStage | undefined;

  // biome-ignore format: as in inPlace
  constructor(
    result: Deferred<unknown>, count: number,
    f?: AnyStage, g?: AnyStage, h?: AnyStage, i?: AnyStage, j?: AnyStage,
  ) {
    this.result = result;
    this.count = count;
    this.f = f;
    this.g = g;
    this.h = h;
    this.i = i;
    this.j = j;
  }

  onSuccess(x: unknown): void {
    const { result, count, f, g, h, i, j } = this;
    let value: unknown;
    try {
      value = inPlace(x, result, f, g, h, i, j);
    } catch (error) {
      settle(result, ERROR, error);
      return;
    }
    if (reached === count && isPlain(value)) settle(result, SUCCESS, value);
    else proceed(value, [f, g, h, i, j].slice(0, count) as AnyStage[], reached, false, result, reached === 0);
  }

  onError(error: unknown): void {
    settle(this.result, ERROR, error);
  }
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
export const chain = function (x: unknown, f?: AnyStage, g?: AnyStage, h?: AnyStage, i?: AnyStage, j?: AnyStage) {
  // A rest parameter would cost an array for each call.
  // oxlint-disable-next-line prefer-rest-params
  const count = arguments.length - 1;
  // oxlint-disable-next-line prefer-rest-params
  if (count > 5) return proceed(x, stagesOf(arguments), 0, false, null, false);
  let value = unwrapPrime(x);
  if (value instanceof Deferred && value.stage < SUCCESS) {
    const result = new Deferred<unknown>();
    subscribe(value, new PausedAtStart(result, count, f, g, h, i, j));
    return result;
  }
  try {
    value = inPlace(value, null, f, g, h, i, j);
  } catch (error) {
    return errorDeferred(error);
  }
  if (reached === count && isPlain(value)) return successDeferred(value);
  return proceed(value, [f, g, h, i, j].slice(0, count) as AnyStage[], reached, false, null, false);
} as Chain;

/** As `chain`, but foreign promises are plain values to it. @see Source: `manifold.deferred/chain'`. */
export const chainPrime = ((x: unknown, ...stages: AnyStage[]) => proceed(x, stages, 0, true, null, false)) as Chain;

/** Chains `x` into a deferred that exists already; for listeners of the kit's own, as the last thing they do. */
export function chainInto(result: Deferred<unknown>, x: unknown, prime: boolean): void {
  proceed(x, [], 0, prime, result, true);
}

/** Tells a listener the outcome of `x`, flattened: now if it is there, else when it is. */
export function listenFlat(x: unknown, listener: Listener<unknown>, prime: boolean): void {
  const flat = proceed(x, [], 0, prime, null, false);
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
