/** Connections that are kept for the next request. Source: `aleph.http/connection-pool`. */

import { type Deferred, deferred, successDeferred } from "../../deferred/index.js";
import { InvalidArgumentError, logError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";
import type { HttpCache } from "./cache/http-cache.js";
import { opener } from "./connection.js";
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from "./connection-options.js";
import { PoolClosedError, PoolQueueFullError } from "./errors.js";
import { Host, type Waiter } from "./host.js";
import { type DnsOptions, type DnsResolver, dnsLookup, type Lookup, lookupWith } from "./lookup.js";
import { atLeast, LONGEST_TIMER } from "./options.js";
import {
  HostSampler,
  type HostStats,
  hasDefaultCallbacks,
  type PoolStats,
  type StatsCallback,
  tellDefaultCallbacks,
} from "./stats.js";
import { keyOf, type Target } from "./target.js";
import type { ClientMiddleware } from "./types.js";

/** How many connections there are, how many requests wait for one, and for how long. */
export interface PoolOptions {
  /** Most connections to one scheme, host and port. @default 8 */
  readonly connectionsPerHost?: number | undefined;
  /** Most connections in all. @default 1024 */
  readonly totalConnections?: number | undefined;
  /** Most requests that wait for a connection to one host. @default 65_536 */
  readonly maxQueueSize?: number | undefined;
  /** Milliseconds between two calls of `statsCallback`. @default 60_000 */
  readonly controlPeriod?: number | undefined;
  /** Called with what happened in the last control period, while the pool is in use. */
  readonly statsCallback?: StatsCallback | undefined;
  /** Name servers, and how long answers are kept. @default the system's resolver */
  readonly dnsOptions?: DnsOptions | undefined;
  /** Host name to addresses; instead of `dnsOptions`. */
  readonly dnsResolver?: DnsResolver | undefined;
  /** The cache of requests without one. @default none */
  readonly cache?: HttpCache | undefined;
  /** In place of `wrapRequest`. */
  readonly middleware?: ClientMiddleware | undefined;
  readonly connectionOptions?: ConnectionOptions | undefined;
  /** `readTimeout` of requests without one, in milliseconds. @default none */
  readonly readTimeout?: number | undefined;
  /** Milliseconds that a body may be left unread while other requests wait for its connection. @default 30_000 */
  readonly unreadTimeout?: number | undefined;
}

const KNOWN: Record<keyof PoolOptions, true> = {
  connectionsPerHost: true,
  totalConnections: true,
  maxQueueSize: true,
  controlPeriod: true,
  statsCallback: true,
  dnsOptions: true,
  dnsResolver: true,
  cache: true,
  middleware: true,
  connectionOptions: true,
  readTimeout: true,
  unreadTimeout: true,
};

/**
 * Makes a pool of connections, for the option `pool` of requests.
 *
 * A request takes the free connection that was used last; without one it opens another, up to the limits, and beyond them
 * waits its turn. A connection is free again when its response was received to the end. Idle ones do not keep the process
 * running.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for options that are wrong or contradict each other.
 * @example
 * const pool = connectionPool({ connectionsPerHost: 4, connectionOptions: { connectTimeout: 2000 } });
 * const response = await http.get(upstream, { pool });
 * await pool.close();
 * @see Source: `aleph.http/connection-pool`. Differs: it grows with its requests, and shrinks by `idleTimeout`, so there is
 *   no `targetUtilization` and no controller; `close`.
 */
export function connectionPool(options: PoolOptions = {}): ConnectionPool {
  return new ConnectionPool(options);
}

/** A pool of connections; made by `connectionPool`. A `HostPool` too, which is not said below: that part is not published. */
export class ConnectionPool implements AsyncDisposable {
  readonly connectionsPerHost: number;
  /** @internal */
  readonly cache: HttpCache | undefined;
  /** @internal */
  readonly middleware: ClientMiddleware | undefined;
  /** @internal */
  readonly options: ResolvedConnectionOptions;
  /** @internal */
  readonly readTimeout: number | undefined;
  /** @internal */
  readonly unreadTimeout: number;
  readonly #totalConnections: number;
  readonly #maxQueueSize: number;
  readonly #controlPeriod: number;
  readonly #statsCallback: StatsCallback | undefined;
  readonly #lookup: Lookup | undefined;
  readonly #hosts = new Map<string, Host>();
  #connections = 0;
  #isClosed = false;
  #ended: Deferred<void> | undefined;
  #period: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    checkOptionNames("a connectionPool", options, KNOWN);
    this.connectionsPerHost = atLeast(1, "connectionsPerHost", options.connectionsPerHost ?? 8);
    this.#totalConnections = atLeast(1, "totalConnections", options.totalConnections ?? 1024);
    this.#maxQueueSize = atLeast(0, "maxQueueSize", options.maxQueueSize ?? 65_536);
    this.#controlPeriod = atLeast(1, "controlPeriod", options.controlPeriod ?? 60_000);
    this.unreadTimeout = atLeast(1, "unreadTimeout", options.unreadTimeout ?? 30_000);
    this.readTimeout = options.readTimeout === undefined ? undefined : atLeast(0, "readTimeout", options.readTimeout);
    this.#statsCallback = options.statsCallback;
    this.cache = options.cache;
    this.middleware = options.middleware;
    this.options = resolveConnectionOptions(options.connectionOptions ?? {});
    if (options.dnsOptions !== undefined && options.dnsResolver !== undefined) {
      throw new InvalidArgumentError("dnsResolver stands in place of dnsOptions; leave one of them out");
    }
    if (options.dnsResolver !== undefined) this.#lookup = lookupWith(options.dnsResolver);
    else if (options.dnsOptions !== undefined) this.#lookup = dnsLookup(options.dnsOptions);
  }

  /** @internal Gives the waiter a connection, now or later. @returns the host to withdraw it from */
  acquire(target: Target, waiter: Waiter): Host | undefined {
    if (this.#isClosed) {
      waiter.refused(new PoolClosedError());
      return undefined;
    }
    const host = this.#hostOf(target);
    const refuse = (): void => waiter.refused(new PoolQueueFullError(this.#maxQueueSize, target.origin));
    host.acquire(waiter, this.#maxQueueSize, refuse);
    return host;
  }

  /** @internal */
  makeRoom(asking: Host): boolean {
    if (this.#connections < this.#totalConnections) return true;
    for (const host of this.#hosts.values()) {
      if (host !== asking && host.closeIdle(1) === 1) return this.#connections < this.#totalConnections;
    }
    return false;
  }

  /** @internal */
  opened(): void {
    this.#connections++;
  }

  /** @internal */
  closed(host: Host): void {
    const wasFull = this.#connections-- >= this.#totalConnections;
    if (host.isUnused) this.forget(host);
    if (wasFull) this.#serveStarving();
  }

  /** @internal */
  idle(host: Host): void {
    if (this.#isClosed) host.closeIdle();
    else if (this.#connections >= this.#totalConnections) this.#serveStarving();
  }

  /** @internal */
  forget(host: Host): void {
    this.#hosts.delete(host.key);
    if (this.#hosts.size === 0) this.#ended?.success(undefined);
  }

  #serveStarving(): void {
    for (const host of this.#hosts.values()) if (host.isStarving) host.serve();
  }

  /** The connections and waiting requests now, by origin. */
  get inUse(): Readonly<Record<string, { readonly connections: number; readonly waiting: number }>> {
    const counts: Record<string, { connections: number; waiting: number }> = {};
    for (const [key, host] of this.#hosts) counts[key] = { connections: host.size, waiting: host.waiting };
    return counts;
  }

  /** Takes no more requests, and closes each connection when it has nothing to do; done when the last one is closed. */
  close(): Deferred<void> {
    this.#isClosed = true;
    this.#stopCounting();
    this.#ended ??= deferred<void>();
    for (const host of this.#hosts.values()) {
      host.closeIdle();
    }
    return this.#hosts.size === 0 ? successDeferred(undefined) : this.#ended;
  }

  /** Ends everything now: requests under way and waiting fail. @param error why @default a `PoolClosedError` */
  destroy(error: Error = new PoolClosedError()): void {
    this.#isClosed = true;
    this.#stopCounting();
    for (const host of this.#hosts.values()) {
      host.refuseAll(error);
      host.destroyAll(error);
    }
    this.#hosts.clear();
    this.#ended?.success(undefined);
  }

  /** As `destroy`. @see Source: `aleph.http`'s pools. */
  shutdown(): void {
    this.destroy();
  }

  /** As closing it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #hostOf(target: Target): Host {
    const key = keyOf(target);
    const known = this.#hosts.get(key);
    if (known !== undefined) {
      this.#count(known);
      return known;
    }
    const host = new Host(key, target, this, this.options, opener(target, this.options, this.#lookup));
    this.#hosts.set(key, host);
    this.#count(host);
    return host;
  }

  /** Statistics are gathered only where somebody asks for them. */
  #count(host: Host): void {
    if (host.sampler !== undefined || (this.#statsCallback === undefined && !hasDefaultCallbacks())) return;
    host.sampler = new HostSampler();
    this.#period ??= setInterval(() => this.#tell(), Math.min(this.#controlPeriod, LONGEST_TIMER)).unref();
  }

  #tell(): void {
    const stats: Record<string, HostStats> = {};
    for (const [key, host] of this.#hosts) {
      if (host.sampler !== undefined) stats[key] = host.sampler.take(host.size);
    }
    if (Object.keys(stats).length === 0) {
      this.#stopCounting();
      return;
    }
    try {
      this.#call(stats);
    } catch (error) {
      logError(error, "a statsCallback failed");
    }
  }

  #call(stats: PoolStats): void {
    if (this.#statsCallback === undefined) tellDefaultCallbacks(stats);
    else this.#statsCallback(stats);
  }

  #stopCounting(): void {
    clearInterval(this.#period);
    this.#period = undefined;
  }
}

let shared: ConnectionPool | undefined;

/** The pool of requests without one. */
export function defaultPool(): ConnectionPool {
  shared ??= new ConnectionPool({});
  return shared;
}
