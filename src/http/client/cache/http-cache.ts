/** A cache of responses. */

import { createHash } from "node:crypto";
import { type Awaitable, andThen, isDeferrable, toDeferred } from "../../../deferred/index.js";
import { InvalidArgumentError, logError } from "../../../errors/index.js";
import { checkOptionNames } from "../../../errors/options.js";
import { atLeast } from "../options.js";
import { type AskedFor, isFor, type PolicyOptions } from "./policy.js";
import { type CachedResponse, type CacheStore, memoryCacheStore } from "./store.js";

/** What is cached, and where. */
export interface HttpCacheOptions {
  /** @default a `memoryCacheStore()` of its own */
  readonly store?: CacheStore | undefined;
  /**
   * Is it used for several users? Then responses that are private, and those to requests with `authorization` that do not say to be
   * public, are not kept. A private cache should be one user's; with `authorization`, it answers only who sends the same.
   * @default true
   */
  readonly shared?: boolean | undefined;
  /** Largest body that is kept, as it is on the wire, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxObjectSize?: number | undefined;
  /** Without a word of the server, a response is fresh for this share of the time since it was last modified. @default 0.1 */
  readonly heuristic?: number | undefined;
}

const KNOWN: Record<keyof HttpCacheOptions, true> = { store: true, shared: true, maxObjectSize: true, heuristic: true };

/** Responses of one URL that differ in what `Vary` names; the oldest goes. */
const MAX_VARIANTS = 32;

/**
 * Makes a cache for the option `cache` of requests and pools, as RFC 9111 says: GET is answered from it while that is fresh;
 * after that the server is asked whether it still is (`etag`, `last-modified`). `cache-control` of requests counts:
 * "no-cache", "no-store", "max-age", "max-stale", "min-fresh", "only-if-cached".
 *
 * Bodies are kept when they were read to their end; they stream meanwhile. Range requests, requests with conditions of
 * their own, or with a body, go past it. POST, PUT, PATCH and DELETE make it forget what is kept of their URL. `cached` of the
 * response tells what was done: "CACHE_HIT", "CACHE_MISS", "VALIDATED", or "CACHE_MODULE_RESPONSE", which is the 504 to
 * "only-if-cached". Of requests at the same time each goes to the server until one has been answered.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for options that are wrong.
 * @example
 * const pool = http.connectionPool({ cache: http.httpCache() });
 * const first = await http.get(upstream, { pool, as: "string" });
 * const second = await http.get(upstream, { pool, as: "string" });
 * console.log(first.cached, second.cached);
 * @see Source: clj-http's `:cache` and `:cache-config`. Differs: `stale-while-revalidate` is as if it were not there.
 */
export function httpCache(options: HttpCacheOptions = {}): HttpCache {
  return new HttpCache(options);
}

/** A cache of responses, as the option `cache` of requests and clients takes it. */
export class HttpCache {
  readonly store: CacheStore;
  /** @internal */
  readonly maxObjectSize: number;
  /** @internal */
  readonly options: PolicyOptions;

  constructor(options: HttpCacheOptions) {
    checkOptionNames("an httpCache", options, KNOWN);
    const { store = memoryCacheStore(), shared = true, maxObjectSize, heuristic = 0.1 } = options;
    this.store = store;
    this.maxObjectSize = atLeast(0, "maxObjectSize", maxObjectSize ?? 1_048_576);
    if (!(heuristic >= 0 && heuristic <= 1)) {
      throw new InvalidArgumentError(`heuristic must be a number from 0 to 1, not ${heuristic}`);
    }
    this.options = { shared, heuristic };
  }

  /** @internal Where the responses to such a request are kept. */
  keyOf(url: string, { host, headers }: AskedFor): string {
    const { authorization } = headers;
    const address = host === undefined ? url : `${url} ${host}`;
    if (this.options.shared || authorization === undefined) return address;
    return `${address} ${createHash("sha256").update(authorization).digest("base64url")}`;
  }

  /** @internal */
  read(key: string): Awaitable<readonly CachedResponse[]> {
    return this.#guarded(
      () => this.store.get(key),
      (found) => found ?? [],
      [],
    );
  }

  /** @internal Keeps a response in place of the one for the same requests. */
  keep(key: string, asked: AskedFor, response: CachedResponse): Awaitable<void> {
    return this.#guarded(
      () =>
        andThen(this.store.get(key), (present) => {
          const others = (present ?? []).filter((one) => !isFor(one, asked));
          return this.store.set(key, [response, ...others].slice(0, MAX_VARIANTS));
        }),
      () => {},
      undefined,
    );
  }

  /** @internal */
  forget(key: string): Awaitable<void> {
    return this.#guarded(
      () => this.store.delete(key),
      () => {},
      undefined,
    );
  }

  /** What a store fails with is logged, and as if nothing were kept. */
  #guarded<A, B>(ask: () => Awaitable<A>, read: (answer: A) => B, otherwise: B): Awaitable<B> {
    const failed = (error: unknown): B => {
      logError(error, "the store of a cache failed; it is as if nothing were kept");
      return otherwise;
    };
    try {
      const answer = ask();
      if (!isDeferrable(answer)) return read(answer as A);
      return toDeferred(answer as PromiseLike<A>)
        .then(read)
        .catch(failed);
    } catch (error) {
      return failed(error);
    }
  }
}
