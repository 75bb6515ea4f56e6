/** One connection: undici's client for it, and how much it can take. */

import type { Socket } from "node:net";
import { buildConnector, Client, type Dispatcher } from "undici";
import { toDeferred } from "../../deferred/index.js";
import type { ResolvedConnectionOptions } from "./connection-options.js";
import { ConnectionTimeoutError, PoolClosedError } from "./errors.js";
import type { Lookup } from "./lookup.js";
import { LONGEST_TIMER, startTimer } from "./options.js";
import { openThroughProxy } from "./proxy.js";
import type { Target } from "./target.js";

/** Streams at a time on one connection of HTTP/2. */
const H2_STREAMS = 100;

/** Makes sockets; returns how to give up. */
export type Open = (callback: buildConnector.Callback) => () => void;

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket | undefined;

/** How the connections to a target are opened; TLS sessions are kept for the next one. */
export function opener(target: Target, options: ResolvedConnectionOptions, lookup: Lookup | undefined): Open {
  // Timeouts are the connection's: undici's are a second coarse.
  const connect = buildConnector({
    ...options.tls,
    ...(lookup === undefined ? {} : { lookup }),
    allowH2: options.allowH2,
    ...(options.forceH2c ? { useH2c: true } : {}),
    socketPath: options.socketPath ?? null,
    timeout: 0,
  } as buildConnector.BuildOptions) as Connect;
  const { hostname, port, isSecure } = target;
  const facts = {
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    host: hostname,
    protocol: isSecure ? "https:" : "http:",
    port: String(port),
    localAddress: options.localAddress ?? null,
  };
  const { proxy } = target;
  if (proxy !== undefined) {
    const { localAddress } = options;
    const route = { localAddress, lookup };
    return (callback) => openThroughProxy(proxy, target, connect, { ...facts, localAddress: null }, route, callback);
  }
  return (callback) => {
    const socket = connect(facts, callback);
    return () => socket?.destroy();
  };
}

/** Who wants to know what becomes of a connection. */
export interface ConnectionOwner {
  /** It turned out that it can take more than one request at a time. */
  grown(connection: Connection): void;
  /** It was closed while it had nothing to do. */
  lost(connection: Connection): void;
}

const ignore = (): void => {};

export class Connection {
  readonly target: Target;
  /** Requests that are on it. */
  busy = 0;
  /** Requests that can be on it. */
  capacity = 1;
  /** Requests that were completed on its present socket. */
  completed = 0;
  /** Does it wait among those that are free? */
  isListed = false;
  isH2 = false;
  isOpen = false;
  isDestroyed = false;
  /** Did a request time out on it, and none succeed since? Of HTTP/2 it is kept nevertheless, as long as others are on it. */
  isDoubtful = false;
  readonly #client: Client;
  #giveUp: (() => void) | undefined;

  constructor(target: Target, options: ResolvedConnectionOptions, open: Open, owner: ConnectionOwner) {
    this.target = target;
    this.#client = new Client(target.origin, {
      connect: (_facts, callback) => this.#connect(open, options.connectTimeout, callback),
      ...(options.allowH2
        ? { allowH2: true, maxConcurrentStreams: H2_STREAMS }
        : { pipelining: options.keepAlive ? 1 : 0 }),
      keepAliveTimeout: options.idleTimeout === 0 ? LONGEST_TIMER : Math.min(options.idleTimeout, LONGEST_TIMER),
      maxHeaderSize: options.maxHeaderSize,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#client.on("connect", () => {
      this.isOpen = true;
      this.completed = 0;
      if (this.isH2) {
        this.capacity = H2_STREAMS;
        owner.grown(this);
      }
    });
    this.#client.on("disconnect", () => {
      this.isOpen = false;
      if (this.busy === 0) owner.lost(this);
    });
  }

  get isFree(): boolean {
    return this.busy < this.capacity && !this.isDestroyed;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  #connect(open: Open, connectTimeout: number, callback: buildConnector.Callback): void {
    let isOver = false;
    let stop: (() => void) | undefined;
    // Undici's connector leaves the socket out where there is none.
    const done = (error: Error | null, socket?: Socket | null): void => {
      if (isOver) {
        socket?.destroy();
        return;
      }
      isOver = true;
      clearTimeout(timer);
      this.#giveUp = undefined;
      if (socket === undefined || socket === null) {
        callback(error as Error, null);
        stop?.();
        return;
      }
      this.isH2 = (socket as { readonly alpnProtocol?: unknown }).alpnProtocol === "h2";
      callback(null, socket);
    };
    const timeOut = (): void => done(new ConnectionTimeoutError(connectTimeout, this.target.origin));
    const timer = startTimer(connectTimeout, timeOut);
    this.#giveUp = () => done(new PoolClosedError());
    stop = open(done as buildConnector.Callback);
  }

  /** Closes it at once, whatever is on it. */
  destroy(error?: Error): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    const gone = this.#client.destroy(error ?? null);
    this.#giveUp?.();
    toDeferred(gone).onRealized(ignore, ignore);
  }
}
