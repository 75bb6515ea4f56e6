import { InvalidArgumentError } from "../errors/index.js";
import { chain, chainPrime, HandOver, listenFlat } from "./chain.js";
import { follow, isOpened } from "./coerce.js";
import {
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

/** What a tuple of values, deferreds and promises holds once all are realized. */
export type RealizedTuple<T extends readonly unknown[]> = { -readonly [K in keyof T]: Realized<T[K]> };

/** Gathers the members that were pending. */
class Gathering {
  readonly result = new Deferred<unknown[]>();
  private readonly values: unknown[];
  missing = 0;

  constructor(values: unknown[]) {
    this.values = values;
  }

  arrived(place: number, value: unknown): void {
    this.values[place] = value;
    if (--this.missing === 0) settle(this.result, SUCCESS, this.values);
  }
}

class Member implements Listener<unknown> {
  private readonly gathering: Gathering;
  private readonly place: number;
  private readonly prime: boolean;

  constructor(gathering: Gathering, place: number, prime: boolean) {
    this.gathering = gathering;
    this.place = place;
    this.prime = prime;
  }

  onSuccess(value: unknown): void {
    if (isOpened(value, this.prime)) listenFlat(value, this, this.prime);
    else this.gathering.arrived(this.place, value);
  }

  onError(error: unknown): void {
    settle(this.gathering.result, ERROR, error);
  }
}

function zipping(xs: readonly unknown[], prime: boolean): Deferred<unknown[]> {
  if (xs.length === 1) return (prime ? chainPrime : chain)(xs[0], (value: unknown) => [value]);
  const values: unknown[] = new Array(xs.length);
  let gathering: Gathering | null = null;
  for (let place = 0; place < xs.length; place++) {
    const x = xs[place];
    if (!isOpened(x, prime)) {
      values[place] = x;
      continue;
    }
    const member = follow(x);
    if (member.stage === SUCCESS) values[place] = member.result;
    else if (member.stage === ERROR) return errorDeferred(errorOf(member));
    else {
      gathering ??= new Gathering(values);
      gathering.missing++;
      subscribe(member, new Member(gathering, place, prime));
    }
  }
  return gathering === null ? successDeferred(values) : gathering.result;
}

/**
 * Waits for all of its arguments and yields their values, in their order.
 *
 * The first error in time is the error of the result; nothing is cancelled. If all are there already, so is the result.
 *
 * @example
 * const both = chain(zip(loadUser(id), loadAds()), ([user, ads]) => page(user, ads));
 * @see Source: `manifold.deferred/zip`.
 */
export function zip<T extends readonly unknown[]>(...xs: T): Deferred<RealizedTuple<T>> {
  return zipping(xs, false) as Deferred<RealizedTuple<T>>;
}

/** As `zip`, but foreign promises are plain values to it. @see Source: `manifold.deferred/zip'`. */
export function zipPrime<T extends readonly unknown[]>(...xs: T): Deferred<RealizedTuple<T>> {
  return zipping(xs, true) as Deferred<RealizedTuple<T>>;
}

function alternating(xs: readonly unknown[], prime: boolean): Deferred<unknown> {
  if (xs.length === 0) throw new InvalidArgumentError("alt needs at least one argument");
  const result = new Deferred<unknown>();
  const pending: Deferred<unknown>[] = [];
  // In random order, so that no argument is favoured when several are realized already.
  for (const x of shuffled(xs)) {
    if (!isOpened(x, prime)) return successDeferred(x);
    const candidate = follow(x);
    if (candidate.isRealized) return candidate;
    pending.push(candidate);
  }
  const handOver = new HandOver(result, prime);
  for (const candidate of pending) subscribe(candidate, handOver);
  return result;
}

function shuffled<T>(xs: readonly T[]): T[] {
  const copy = [...xs];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/**
 * Yields the outcome, value or error, of whichever argument is realized first.
 *
 * Among several that are realized already the choice is random. Losers are not cancelled.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, without arguments.
 * @see Source: `manifold.deferred/alt`.
 */
export function alt<T extends readonly unknown[]>(...xs: T): Deferred<Realized<T[number]>> {
  return alternating(xs, false) as Deferred<Realized<T[number]>>;
}

/** As `alt`, but foreign promises are plain values to it. @see Source: `manifold.deferred/alt'`. */
export function altPrime<T extends readonly unknown[]>(...xs: T): Deferred<Realized<T[number]>> {
  return alternating(xs, true) as Deferred<Realized<T[number]>>;
}
