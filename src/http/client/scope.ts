/** What holds for all requests of a function. Source: `clj-http.client`'s `with-...` macros. */

import { AsyncLocalStorage } from "node:async_hooks";
import { type Awaitable, chain, type Deferred } from "../../deferred/index.js";
import { type ConnectionPool, connectionPool, type PoolOptions } from "./pool.js";
import type { Client, ClientMiddleware } from "./types.js";

export interface Scope {
  readonly pool?: ConnectionPool | undefined;
  /** In place of that of the pool. */
  readonly middleware?: ClientMiddleware | undefined;
  /** Around it. */
  readonly additional?: ClientMiddleware | undefined;
}

/** Made when it is first needed: as long as nobody asks for a scope, requests do not pay for it. */
let storage: AsyncLocalStorage<Scope> | undefined;

/** The scope that the code is in; undefined if it is in none. */
export function currentScope(): Scope | undefined {
  return storage?.getStore();
}

function inScope<T>(scope: Scope, f: () => T): T {
  storage ??= new AsyncLocalStorage();
  return storage.run(scope, f);
}

/** The function, called in the scope that the code is in now, or in none if it is in none. */
export function bound<A>(f: (value: A) => void): (value: A) => void {
  if (storage === undefined) return f;
  const scopes: AsyncLocalStorage<Scope | undefined> = storage as never;
  const scope = scopes.getStore();
  return (value) => scopes.run(scope, () => f(value));
}

function composed(list: readonly ClientMiddleware[]): ClientMiddleware {
  return (client: Client) => list.reduceRight((inner, wrap) => wrap(inner), client);
}

/**
 * Calls a function; its requests, those of what it calls and awaits too, have these steps in place of `defaultMiddleware` and of
 * the middleware of their pools.
 *
 * @param list The outermost first, as in `defaultMiddleware`.
 * @returns what the function returns
 * @example
 * await withMiddleware([http.wrapMethod, http.wrapUrl], () => http.get(upstream));
 * @see Source: `clj-http.client/with-middleware`. Differs: the order, which is the other way round there.
 */
export function withMiddleware<T>(list: readonly ClientMiddleware[], f: () => T): T {
  return inScope({ ...currentScope(), middleware: composed(list), additional: undefined }, f);
}

/**
 * Calls a function; around the chain of its requests, those of what it calls and awaits too, come these steps.
 *
 * @param list The outermost first.
 * @returns what the function returns
 * @example
 * const wrapAgent = (client) => (request) => client({ ...request, headers: { ...request.headers, "user-agent": "me" } });
 * await withAdditionalMiddleware([wrapAgent], () => http.get(upstream));
 * @see Source: `clj-http.client/with-additional-middleware`.
 */
export function withAdditionalMiddleware<T>(list: readonly ClientMiddleware[], f: () => T): T {
  const scope = currentScope();
  const outer = scope?.additional;
  const wraps = outer === undefined ? list : [...list, outer];
  return inScope({ ...scope, additional: composed(wraps) }, f);
}

/**
 * Calls a function; its requests without a `pool` of their own, those of what it calls and awaits too, have this one. When
 * what the function returns is there, the pool is shut down, and with it bodies that were not read.
 *
 * @param options Of a pool, see `connectionPool`.
 * @example
 * const body = await withConnectionPool({ connectionsPerHost: 2 }, async () => {
 *   const response = await http.get(upstream, { as: "string" });
 *   return response.body;
 * });
 * @see Source: `clj-http.client/with-connection-pool`.
 */
export function withConnectionPool<T>(options: PoolOptions, f: () => Awaitable<T>): Deferred<T> {
  const pool = connectionPool(options);
  const shutdown = (): void => pool.shutdown();
  const result = chain(undefined, () => inScope({ ...currentScope(), pool }, f)) as Deferred<T>;
  return result.onRealized(shutdown, shutdown);
}
