/** The connections to one target, and the requests that wait for them. */

import { Connection, type ConnectionOwner, type Open } from "./connection.js";
import type { ResolvedConnectionOptions } from "./connection-options.js";
import type { HostSampler } from "./stats.js";
import type { Target } from "./target.js";
import { InLine, WaitingLine } from "./waiting-line.js";

/** A request that wants a connection; one of the two is called, once, perhaps before it is in the queue. */
export abstract class Waiter extends InLine {
  /** When it asked for a connection; 0 if that was not measured. */
  since = 0;
  abstract granted(connection: Connection, host: Host): void;
  abstract refused(error: unknown): void;
}

/** What a host needs of its pool. */
export interface HostPool {
  readonly connectionsPerHost: number;
  /** May there be one connection more? If not, an idle one of another host may go. */
  makeRoom(host: Host): boolean;
  opened(): void;
  /** A connection is gone. */
  closed(host: Host): void;
  /** A connection has nothing to do. */
  idle(host: Host): void;
  /** There is nothing left of it. */
  forget(host: Host): void;
}

export class Host implements ConnectionOwner {
  readonly target: Target;
  readonly key: string;
  readonly #pool: HostPool;
  readonly #options: ResolvedConnectionOptions;
  readonly #open: Open;
  readonly #connections = new Set<Connection>();
  /** Those that are free, the one used last on top: it is the least likely to have been closed meanwhile. */
  readonly #free: Connection[] = [];
  readonly #waiting = new WaitingLine<Waiter>();
  readonly #startedAt = new Map<Waiter, number>();
  sampler: HostSampler | undefined;

  constructor(key: string, target: Target, pool: HostPool, options: ResolvedConnectionOptions, open: Open) {
    this.key = key;
    this.target = target;
    this.#pool = pool;
    this.#options = options;
    this.#open = open;
  }

  get size(): number {
    return this.#connections.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Are there requests that more connections would serve? */
  get isStarving(): boolean {
    return this.#waiting.size > 0 && this.#connections.size < this.#pool.connectionsPerHost;
  }

  get isUnused(): boolean {
    return this.#connections.size === 0 && this.#waiting.size === 0;
  }

  acquire(waiter: Waiter, maxQueueSize: number, refuse: () => void): void {
    if (this.sampler !== undefined) {
      this.#sample();
      waiter.since = performance.now();
    }
    const connection = this.#waiting.size === 0 ? (this.#takeFree() ?? this.#openOne()) : undefined;
    if (connection !== undefined) {
      this.#grant(waiter, connection);
      return;
    }
    if (this.#waiting.size >= maxQueueSize) {
      this.sampler?.rejected();
      refuse();
      return;
    }
    this.#waiting.push(waiter);
  }

  /** A waiter that waits no more. */
  withdraw(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.isUnused) this.#pool.forget(this);
  }

  /** A request has left its connection. */
  release(waiter: Waiter, connection: Connection, isReusable: boolean): void {
    connection.busy--;
    if (this.sampler !== undefined) {
      const started = this.#startedAt.get(waiter);
      if (started !== undefined) this.sampler.completed(performance.now() - started);
    }
    this.#startedAt.delete(waiter);
    if (isReusable) {
      connection.completed++;
      connection.isDoubtful = false;
    }
    // A stream of HTTP/2 may fail without the others.
    else if (!connection.isH2 || !connection.isOpen || (connection.isDoubtful && connection.busy === 0)) {
      this.#discard(connection);
    }
    if (connection.isFree) this.grown(connection);
    else this.serve();
  }

  grown(connection: Connection): void {
    while (connection.isFree) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#grant(next, connection);
    }
    if (connection.isFree && !connection.isListed && !connection.isDestroyed) {
      connection.isListed = true;
      this.#free.push(connection);
      if (connection.busy === 0) this.#pool.idle(this);
    }
  }

  lost(connection: Connection): void {
    this.#discard(connection);
    this.serve();
  }

  /** Opens connections for those that wait, as many as may be. */
  serve(): void {
    while (this.#waiting.size > 0) {
      const connection = this.#takeFree() ?? this.#openOne();
      if (connection === undefined) break;
      this.#grant(this.#waiting.shift() as Waiter, connection);
    }
  }

  /** Closes the connections that have nothing to do; at most so many. @returns how many it were */
  closeIdle(most: number = Number.POSITIVE_INFINITY): number {
    let closed = 0;
    for (const connection of this.#connections) {
      if (closed >= most) break;
      if (connection.busy > 0) continue;
      this.#discard(connection);
      closed++;
    }
    return closed;
  }

  refuseAll(error: unknown): void {
    for (let waiter = this.#waiting.shift(); waiter !== undefined; waiter = this.#waiting.shift())
      waiter.refused(error);
  }

  destroyAll(error: Error): void {
    for (const connection of this.#connections) this.#discard(connection, error);
  }

  #takeFree(): Connection | undefined {
    for (;;) {
      const connection = this.#free.at(-1);
      if (connection === undefined) return undefined;
      // The last one it can take fills it; of HTTP/1 that is every one.
      if (connection.busy + 1 >= connection.capacity || !connection.isFree) {
        this.#free.pop();
        connection.isListed = false;
      }
      if (connection.isFree) return connection;
    }
  }

  #openOne(): Connection | undefined {
    if (this.#connections.size >= this.#pool.connectionsPerHost || !this.#pool.makeRoom(this)) return undefined;
    const connection = new Connection(this.target, this.#options, this.#open, this);
    this.#connections.add(connection);
    this.#pool.opened();
    return connection;
  }

  #grant(waiter: Waiter, connection: Connection): void {
    connection.busy++;
    if (this.sampler !== undefined) {
      const now = performance.now();
      this.sampler.granted(waiter.since === 0 ? 0 : now - waiter.since);
      this.#startedAt.set(waiter, now);
    }
    waiter.granted(connection, this);
  }

  #discard(connection: Connection, error?: Error): void {
    connection.destroy(error);
    if (!this.#connections.delete(connection)) return;
    if (connection.isListed) this.#free.splice(this.#free.indexOf(connection), 1);
    connection.isListed = false;
    this.#pool.closed(this);
  }

  #sample(): void {
    let busy = 0;
    for (const connection of this.#connections) if (connection.busy > 0) busy++;
    this.sampler?.arrived(this.#waiting.size, this.#connections.size === 0 ? 0 : busy / this.#connections.size);
  }
}
