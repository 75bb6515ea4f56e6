import { chain, chainPrime } from "./chain.js";
import type { Deferred, Realized } from "./deferred.js";
import { type RealizedTuple, zip, zipPrime } from "./zip.js";

type RealizedRecord<T> = { -readonly [K in keyof T]: Realized<T[K]> };

/**
 * Calls `body` with the values of deferreds and promises that have been started already, once all are there.
 *
 * A record gives `body` one record of values, a tuple gives it as many arguments. Nothing runs one after the other but what
 * you wrote so: all of them were started before `letFlow` was called. For bindings that need earlier bindings see `flow`.
 *
 * @returns a deferred of what `body` returns, flattened; the first error in time is its error.
 * @example
 * letFlow({ user: loadUser(id), ads: loadAds() }, ({ user, ads }) => page(user, ads));
 * letFlow([loadUser(id), loadAds()], (user, ads) => page(user, ads));
 * @see Source: `manifold.deferred/let-flow`. Differs: what is awaited is listed, not found in the code.
 */
export function letFlow<T extends readonly unknown[] | [], R>(
  bindings: T,
  body: (...values: RealizedTuple<T>) => R,
): Deferred<Realized<R>>;
export function letFlow<T extends Readonly<Record<string, unknown>>, R>(
  bindings: T,
  body: (values: RealizedRecord<T>) => R,
): Deferred<Realized<R>>;
export function letFlow(
  bindings: readonly unknown[] | Readonly<Record<string, unknown>>,
  body: (...values: never[]) => unknown,
): Deferred<unknown> {
  const call = body as (...values: unknown[]) => unknown;
  if (Array.isArray(bindings)) return chain(zip(...(bindings as unknown[])), (values) => call(...values));
  const names = Object.keys(bindings);
  return chain(zip(...Object.values(bindings)), (values) => call(named(names, values)));
}

/**
 * As `letFlow`, but foreign promises are plain values to it, and realizing the result from outside does not keep the body
 * from running.
 *
 * @see Source: `manifold.deferred/let-flow'`.
 */
export function letFlowPrime<T extends readonly unknown[] | [], R>(
  bindings: T,
  body: (...values: RealizedTuple<T>) => R,
): Deferred<Realized<R>>;
export function letFlowPrime<T extends Readonly<Record<string, unknown>>, R>(
  bindings: T,
  body: (values: RealizedRecord<T>) => R,
): Deferred<Realized<R>>;
export function letFlowPrime(
  bindings: readonly unknown[] | Readonly<Record<string, unknown>>,
  body: (...values: never[]) => unknown,
): Deferred<unknown> {
  const call = body as (...values: unknown[]) => unknown;
  if (Array.isArray(bindings)) return chainPrime(zipPrime(...(bindings as unknown[])), (values) => call(...values));
  const names = Object.keys(bindings);
  return chainPrime(zipPrime(...Object.values(bindings)), (values) => call(named(names, values)));
}

function named(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null);
  for (let i = 0; i < names.length; i++) record[names[i] as string] = values[i];
  return record;
}

/** A graph of bindings under construction; each starts as soon as what it needs is there. */
export interface Flow<Scope> {
  /** Binds what `start` returns; it is called now, and a throw of it escapes. */
  let<Name extends string, V>(name: Name, start: () => V): Flow<Bound<Scope, Name, V>>;
  /** Binds what `start` returns; it is called with the needed values as soon as all of them are there. */
  let<Name extends string, Need extends keyof Scope & string, V>(
    name: Name,
    needs: readonly Need[],
    start: (values: Pick<Scope, Need>) => V,
  ): Flow<Bound<Scope, Name, V>>;
  /** Ends the graph: `body` is called once, when every binding is there. */
  in<R>(body: (values: Scope) => R): Deferred<Realized<R>>;
}

type Bound<Scope, Name extends string, V> = {
  [K in keyof Scope | Name]: K extends Name ? Realized<V> : Scope[K & keyof Scope];
};

class FlowBuilder {
  /** The latest binding of each name, which is the one that later bindings see. */
  readonly #scope = new Map<string, unknown>();
  /** All bindings, also those whose name was bound again: the body waits for every one. */
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];
  readonly #prime: boolean;

  constructor(prime: boolean) {
    this.#prime = prime;
  }

  let(name: string, ...rest: [() => unknown] | [readonly string[], (values: unknown) => unknown]): this {
    const value = rest.length === 1 ? rest[0]() : this.#when(rest[0], rest[1]);
    this.#scope.set(name, value);
    this.#names.push(name);
    this.#values.push(value);
    return this;
  }

  in(body: (values: unknown) => unknown): Deferred<unknown> {
    return this.#await(this.#names, this.#values, body);
  }

  #when(needs: readonly string[], start: (values: unknown) => unknown): unknown {
    if (needs.length === 0) return start({});
    const values = needs.map((need) => {
      if (!this.#scope.has(need)) throw new ReferenceError(`flow: "${need}" is needed before it is bound`);
      return this.#scope.get(need);
    });
    return this.#await(needs, values, start);
  }

  #await(names: readonly string[], values: unknown[], f: (values: unknown) => unknown): Deferred<unknown> {
    // Later values of a name overwrite earlier ones, so the body sees the latest.
    return this.#prime
      ? chainPrime(zipPrime(...values), (all) => f(named(names, all)))
      : chain(zip(...values), (all) => f(named(names, all)));
  }
}

/**
 * Starts a graph of bindings, in which each one starts as soon as what it needs is there.
 *
 * Independent bindings run side by side. The first error in time fails the result; bindings that need the failed one are
 * never started, the others are. Realizing the result from outside keeps the body from running; bindings go on.
 *
 * @example
 * flow()
 *   .let("user", () => loadUser(id)) // starts at once
 *   .let("ads", () => loadAds()) // at the same time
 *   .let("posts", ["user"], ({ user }) => loadPosts(user)) // as soon as the user is there
 *   .in(({ user, ads, posts }) => page(user, ads, posts));
 * @see Source: `manifold.deferred/let-flow`. Differs: needs are listed, not found in the code.
 */
export function flow(): Flow<{}> {
  return new FlowBuilder(false) as unknown as Flow<{}>;
}

/**
 * As `flow`, but foreign promises are plain values to it, and realizing the result from outside does not keep the body
 * from running.
 *
 * @see Source: `manifold.deferred/let-flow'`.
 */
export function flowPrime(): Flow<{}> {
  return new FlowBuilder(true) as unknown as Flow<{}>;
}
