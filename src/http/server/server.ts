import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { type Cancel, currentClock } from "../../clock/index.js";
import { type Deferred, deferred, success, zip } from "../../deferred/index.js";
import { InvalidArgumentError, logError } from "../../errors/index.js";
import { type Exchange, isHttp2 } from "../../message/index.js";
import type { Handler } from "../../ring/types.js";
import { openWebsockets } from "../../websocket/route-upgrades.js";
import { behind } from "./behind.js";
import { answerClientErrors } from "./client-errors.js";
import { Connections } from "./connections.js";
import type { ServerExchange } from "./exchange.js";
import { answerExpectation } from "./expectations.js";
import { Front } from "./front.js";
import { takeStreams } from "./http2-streams.js";
import { nodeServers } from "./node-server.js";
import { type NodeServer, type ResolvedServerOptions, resolveServerOptions, type ServerOptions } from "./options.js";
import { headFault, isBehindRefused, refuseAndClose, refuseBody } from "./refusals.js";
import { leadUpgrades } from "./upgrades.js";
import { leadConnects } from "./websocket-connect.js";

/**
 * Serves a Ring handler over HTTP/1, HTTPS or HTTP/2, on a server of its own.
 *
 * The handler gets a request map and answers with a response map, or a deferred or promise of one; what is there at once is
 * sent in the same tick. null or undefined hands the request to `fallback`, as it came, or is answered with 204. A throw, a
 * rejection, and an answer that cannot be sent go to `errorHandler`. Requests for a websocket are requests like any other;
 * `websocketConnection`, or a response with a `websocketListener`, makes websockets of them.
 *
 * Bodies are sent as fast as the client reads, and received as fast as the handler does; limits of sizes and times are
 * options. Over HTTP/2 the same handler gets the same maps, and makes the same websockets; headers about the connection of HTTP/1
 * are refused there.
 *
 * @param handler What answers; see {@link ServerOptions} for what stands before and behind it.
 * @returns a deferred of the {@link Server}, or of the error that kept it from listening, such as `EADDRINUSE`
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for options that are unknown, wrong, or contradict
 *   each other.
 * @example
 * const server = await http.startServer(() => ({ status: 200, body: "hello" }), { port: 0 });
 * const answer = await fetch(`http://localhost:${server.port}/`);
 * await server.close();
 * @see Source: `aleph.http/start-server`. Differs: it listens asynchronously; options of Netty's threads and pipelines are
 *   refused.
 */
export function startServer(handler: Handler, options: ServerOptions): Deferred<Server> {
  if (typeof handler !== "function")
    throw new InvalidArgumentError("startServer needs a handler, a function of a request");
  const resolved = resolveServerOptions(options);
  const server = new Server(handler, resolved);
  const started = deferred<Server>();
  const fail = (error: unknown): void => void started.error(error);
  server.node.once("error", fail);
  server.listen(() => {
    server.node.off("error", fail).on("error", (error) => logError(error, `${server.toString()} failed`));
    success(started, server);
  });
  return started;
}

/** A server that was started. */
export class Server implements AsyncDisposable {
  /** Node's own server, for what is not here. */
  readonly node: NodeServer;
  readonly #options: ResolvedServerOptions;
  readonly #front: Front;
  readonly #connections: Connections;
  readonly #closed: Deferred<void> = deferred<void>();
  #isClosing = false;

  /** @internal */
  constructor(handler: Handler, options: ResolvedServerOptions) {
    const { fallback, onConnection, serverTransform } = options;
    this.#options = options;
    this.#front = new Front(handler, options, fallback && behind(fallback));
    const { server, http2 } = nodeServers(options);
    this.node = server;
    this.#connections = new Connections(this.node, options.keepAliveTimeout);
    const keep = (socket: Socket): void => {
      if (this.#connections.add(socket)) onConnection?.(socket);
    };
    this.node.prependListener("connection", keep);
    this.node.prependListener("secureConnection", (socket: Socket) => void this.#connections.add(socket));
    this.node.on("request", this.#onRequest);
    this.node.on("checkContinue", this.#onExpectation);
    if (http2 !== undefined) takeStreams(http2, (req) => this.#answer(this.#front.streamExchange(req)));
    this.node.on("session", this.#onSession);
    answerClientErrors(this.node);
    const { idleTimeout, websocketCloseCode: closeCode } = options;
    const websockets = openWebsockets(this.node as HttpServer, { idleTimeout, closeCode }, this.#connections);
    leadUpgrades(this.node as HttpServer, this.#onRequest, this.#front.behind, websockets);
    if (options.versions.has("http2")) leadConnects(this.node, this.#onRequest, websockets);
    serverTransform?.(this.node);
  }

  /** @internal */
  listen(onListening: () => void): void {
    const { address, listenSocket } = this.#options;
    if (address !== undefined) this.node.listen(address, onListening);
    else {
      listenSocket?.on(this.#feedEvent, this.#feed);
      // Now Node watches how long requests take.
      this.node.emit("listening");
      onListening();
    }
  }

  /** How the server is given the connections that another one accepts. */
  get #feedEvent(): "connection" | "secureConnection" {
    return this.#options.isEncrypted && this.#options.tls === undefined ? "secureConnection" : "connection";
  }

  readonly #feed = (socket: Socket): void => {
    // As Node's own server does.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    if (this.#feedEvent === "secureConnection") {
      if (this.#connections.add(socket)) this.#options.onConnection?.(socket);
      // Where Node looks for what it needs to speak HTTP/1 on a server of HTTP/2.
      Object.assign(socket, { server: this.node });
    }
    this.node.emit(this.#feedEvent, socket);
  };

  readonly #onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    if (isBehindRefused(req)) return;
    this.#answer(this.#front.exchange(req, res));
  };

  #answer(exchange: ServerExchange): void {
    const { maxInitialLineLength, maxHeaderSize, resetStreamHandler } = this.#options;
    const { req } = exchange;
    const fault = headFault(req, maxInitialLineLength, maxHeaderSize);
    if (fault !== undefined) refuseAndClose(exchange, fault);
    else {
      const request = this.#front.serve(exchange, resetStreamHandler !== undefined);
      if (resetStreamHandler !== undefined) onReset(exchange, (code) => resetStreamHandler(request, code));
    }
  }

  readonly #onExpectation = (req: IncomingMessage, res: ServerResponse): void => {
    if (isBehindRefused(req)) return;
    const { continueHandler, maxRequestBodySize } = this.#options;
    const exchange = this.#front.exchange(req, res);
    if (Number(req.headers["content-length"]) > maxRequestBodySize) refuseBody(exchange);
    else answerExpectation(exchange, continueHandler, () => this.#onRequest(req, res));
  };

  readonly #onSession = (session: Http2Session): void => {
    const { connGoAwayHandler } = this.#options;
    if (connGoAwayHandler === undefined) return;
    session.on("goaway", (errorCode, lastStreamId) => connGoAwayHandler({ errorCode, lastStreamId }));
  };

  /** The port it listens on; 0 on a unix domain socket. */
  get port(): number {
    return this.#address !== null && typeof this.#address === "object" ? this.#address.port : 0;
  }

  get #address(): AddressInfo | string | null {
    return (this.#options.listenSocket ?? this.node).address();
  }

  /**
   * Lets what is under way come to its end, and ends the server; a second call changes nothing.
   *
   * New connections are refused and idle ones closed at once. Responses that begin now say that their connection closes;
   * websockets are closed with `websocketCloseCode`, and clients of HTTP/2 told to go away. What is left after `shutdownTimeout` is cut off,
   * which the log is told. A `listenSocket` is left alone.
   *
   * @returns a deferred that is realized when the last connection is closed
   */
  close(): Deferred<void> {
    if (this.#isClosing) return this.#closed;
    this.#isClosing = true;
    this.#front.isClosing = true;
    const { listenSocket, shutdownTimeout } = this.#options;
    const stopped = deferred<void>();
    const drained = deferred<void>();
    let cancel: Cancel = () => {};
    const where = this.toString();
    listenSocket?.off(this.#feedEvent, this.#feed);
    this.node.close(() => success(stopped, undefined));
    this.#connections.drain(() => success(drained, undefined));
    zip(stopped, drained).onRealized(() => {
      cancel();
      success(this.#closed, undefined);
    }, ignore);
    if (shutdownTimeout === 0) this.#connections.cut();
    else if (!this.#closed.isRealized) {
      cancel = currentClock().in(shutdownTimeout * 1_000, () => {
        const left = this.#connections.cut();
        logError(undefined, `${where} cut ${left} connections off after shutdownTimeout (${shutdownTimeout} seconds)`);
      });
    }
    return this.#closed;
  }

  /** A deferred that is realized when the server is closed, by whomever. */
  waitForClose(): Deferred<void> {
    return this.#closed;
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toString(): string {
    const address = this.#address;
    if (address === null) return "Server (closed)";
    if (typeof address === "string") return `Server (unix:${address})`;
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return `Server (${this.#options.isEncrypted ? "https" : "http"}://${host}:${address.port})`;
  }
}

function ignore(): void {}

/** Calls `f` when the client takes back a request over HTTP/2 before it has the whole answer; a websocket has an end of its own. */
function onReset(exchange: Exchange, f: (code: number) => void): void {
  const { req } = exchange;
  if (!isHttp2(req)) return;
  const { stream } = req as unknown as { readonly stream: ServerHttp2Stream };
  stream.once("aborted", () => exchange.isTakenOver || f(stream.rstCode ?? 0));
}

/** The port of a server. @see Source: `aleph.netty/port`. */
export function port(server: Server): number {
  return server.port;
}

/** A deferred that is realized when a server is closed. @see Source: `aleph.netty/wait-for-close`. Differs: it does not block. */
export function waitForClose(server: Server): Deferred<void> {
  return server.waitForClose();
}
