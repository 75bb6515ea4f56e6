/** The options of a server: checked once, when it is started; what cannot work is thrown in place. */

import type { Server as HttpServer, RequestListener } from "node:http";
import type { Http2SecureServer, Http2Server, Settings } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import { Server as NetServer, type Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Awaitable } from "../../deferred/index.js";
import { InvalidArgumentError } from "../../errors/index.js";
import type { AppOfMessages } from "../../message/index.js";
import type { CompressionOptions } from "../../ring/compression.js";
import type { Handler, RingRequest, RingResponse } from "../../ring/types.js";
import { checkClose } from "../../websocket/control.js";
import { GOING_AWAY } from "../../websocket/route-upgrades.js";
import { checkNames } from "./option-names.js";
import { type HttpVersion, resolveTls, type SslContext, type Tls } from "./tls.js";

/** What a server of Node's can be here. */
export type NodeServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

/** How many handlers may be at work at a time. */
export interface LimiterOptions {
  /** Requests whose handler has not answered yet. */
  readonly maxConcurrent: number;
  /** Requests that wait for their turn beyond them. @default 0 */
  readonly maxQueue?: number | undefined;
}

/** Limiter options with their defaults. */
export interface Limits {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
}

/** What there is to say about how handlers are called, and their answers sent. */
export interface HandlerOptions {
  /**
   * Answers a request whose handler failed, or whose answer cannot be sent. If it fails itself, the answer is the default
   * one. @default the error is logged, and answered with 500 "Internal Server Error"; an error of the kit's that is the
   * client's fault (a `status` of 400 to 499) with that status and its message
   */
  readonly errorHandler?: ((error: unknown) => Awaitable<RingResponse>) | undefined;
  /** Answers a request that the limiter has no room for. @default 503 "Service Unavailable" */
  readonly rejectedHandler?: Handler | undefined;
  /** How many requests are with their handlers at a time; the others wait, or are refused. @default "none": no limit */
  readonly executor?: "none" | LimiterOptions | undefined;
  /**
   * A body with a content-length up to this many bytes is waited for before the handler is called; a larger one, or one
   * of unknown length, is read as it comes. @default 16_384
   */
  readonly requestBufferSize?: number | undefined;
  /** Most bytes of a request body; a larger one is answered with 413 before the handler is called. @default no limit */
  readonly maxRequestBodySize?: number | undefined;
  /** Are the bodies of requests streams of the kit? They are there with the head, and for every request. @default false */
  readonly rawStream?: boolean | undefined;
  /** Compress the bodies of responses that are worth it, if the client can read them. @default false */
  readonly compression?: boolean | undefined;
  /** As of `wrapCompression`; event streams are left alone, unless `filter` says otherwise. */
  readonly compressionOptions?: CompressionOptions | undefined;
  /** What the header `server` says, where a response does not; false leaves it out. @default "express-ring" */
  readonly serverHeader?: string | false | undefined;
}

/** Where requests go that the handler passes on: a function such as an Express app, or a whole server. */
export type Fallback = RequestListener | HttpServer | HttpsServer;

/** An address to listen on. */
export type SocketAddress =
  | { readonly host?: string | undefined; readonly port: number }
  /** A unix domain socket. */
  | { readonly path: string };

/** What a peer says with a GOAWAY frame. */
export interface GoAway {
  readonly errorCode: number;
  readonly lastStreamId: number;
}

/** The options of `startServer`. */
export interface ServerOptions extends HandlerOptions {
  /** TCP port on all interfaces; 0 is any free one. */
  readonly port?: number | undefined;
  /** Interface and port, or the path of a unix domain socket; in place of `port`. */
  readonly socketAddress?: SocketAddress | undefined;
  /** A server of `node:net` that listens already; it is not closed with this one, but left alone. */
  readonly listenSocket?: NetServer | undefined;
  /** Called with Node's server before it listens. */
  readonly serverTransform?: ((server: NodeServer) => void) | undefined;
  /** Called with each connection before anything is read from it. */
  readonly onConnection?: ((socket: Socket) => void) | undefined;
  /** The versions spoken, best first. @default ["http1"] */
  readonly httpVersions?: readonly HttpVersion[] | undefined;
  /** Key, certificate and what else TLS needs. @default plain HTTP */
  readonly sslContext?: SslContext | undefined;
  /** Is `listenSocket` a server of `node:tls`, whose connections are encrypted already? @default false */
  readonly manualSsl?: boolean | undefined;
  /** Speak HTTP/2 over plain TCP, with clients that know. @default false */
  readonly useH2c?: boolean | undefined;
  /** Milliseconds without a byte in either direction, after which a connection is cut; 0 is never. @default 0 */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds that a head may take to arrive; then it is answered with 408. @default 60_000 */
  readonly headersTimeout?: number | undefined;
  /** Milliseconds that a whole request may take to arrive; then it is answered with 408. @default 300_000 */
  readonly requestTimeout?: number | undefined;
  /**
   * Milliseconds that a connection waits for the next request; 0 is no limit. A client of HTTP/2 that is silent for so long
   * while its requests are under way is sent a ping, and cut off if it does not answer. @default 5_000
   */
  readonly keepAliveTimeout?: number | undefined;
  /** Most bytes of the header lines of a request; more is answered with 431. @default 8192 */
  readonly maxHeaderSize?: number | undefined;
  /** Most bytes of the request line; more is answered with 414. @default 8192 */
  readonly maxInitialLineLength?: number | undefined;
  /**
   * Says what becomes of a request with `Expect: 100-continue` before its body comes: true accepts it, false answers 417, a
   * response is sent without its body. @default all are accepted
   */
  readonly continueHandler?: ((request: RingRequest) => Awaitable<boolean | RingResponse>) | undefined;
  /** Seconds that `close` gives what is under way; 0 cuts it off at once. @default 15 */
  readonly shutdownTimeout?: number | undefined;
  /** What websockets are told by `close`: 1001, it goes away, or 1012, it starts again. @default 1001 */
  readonly websocketCloseCode?: number | undefined;
  /** Where requests go whose handler answers null. @default they are answered with 204 */
  readonly fallback?: Fallback | undefined;
  /**
   * The settings that HTTP/2 begins with, as of `node:http2`. @default 250 requests of a connection at a time
   * (`maxConcurrentStreams`), websockets among them (`enableConnectProtocol`)
   */
  readonly http2Settings?: Settings | undefined;
  /** Called when a client of HTTP/2 says that it goes away. */
  readonly connGoAwayHandler?: ((goAway: GoAway) => void) | undefined;
  /** Called when a client of HTTP/2 resets the stream of a request that has no complete answer yet. */
  readonly resetStreamHandler?: ((request: RingRequest, errorCode: number) => void) | undefined;
}

/** Handler options with their defaults. */
export interface ResolvedHandlerOptions {
  readonly errorHandler: HandlerOptions["errorHandler"];
  readonly rejectedHandler: Handler | undefined;
  readonly limiter: Limits | undefined;
  readonly requestBufferSize: number;
  readonly maxRequestBodySize: number;
  readonly rawStream: boolean;
  readonly compression: CompressionOptions | undefined;
  readonly serverHeader: string | undefined;
}

/** The address, as Node's `listen` takes it. */
export type ListenAddress = { readonly host?: string | undefined; readonly port: number } | { readonly path: string };

/** Server options with their defaults. */
export interface ResolvedServerOptions extends ResolvedHandlerOptions {
  /** undefined: `listenSocket` is there. */
  readonly address: ListenAddress | undefined;
  readonly listenSocket: NetServer | undefined;
  readonly serverTransform: ((server: NodeServer) => void) | undefined;
  readonly onConnection: ((socket: Socket) => void) | undefined;
  readonly versions: ReadonlySet<HttpVersion>;
  /** Are the connections, by this server or by `listenSocket`? */
  readonly isEncrypted: boolean;
  readonly tls: Tls | undefined;
  readonly idleTimeout: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxInitialLineLength: number;
  readonly continueHandler: ServerOptions["continueHandler"];
  readonly shutdownTimeout: number;
  readonly websocketCloseCode: number;
  readonly fallback: Fallback | undefined;
  readonly http2Settings: Settings | undefined;
  readonly connGoAwayHandler: ServerOptions["connGoAwayHandler"];
  readonly resetStreamHandler: ServerOptions["resetStreamHandler"];
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT` */
export function resolveHandlerOptions(options: HandlerOptions): ResolvedHandlerOptions {
  const { compression = false, compressionOptions, serverHeader = "express-ring" } = options;
  if (compressionOptions !== undefined && !compression) {
    throw new InvalidArgumentError("compressionOptions have no effect without compression: true");
  }
  if (options.rejectedHandler !== undefined && limiterOf(options.executor) === undefined) {
    throw new InvalidArgumentError("rejectedHandler has no effect without a limit in executor");
  }
  for (const name of ["errorHandler", "rejectedHandler"] as const) checkFunction(name, options[name]);
  return {
    errorHandler: options.errorHandler,
    rejectedHandler: options.rejectedHandler,
    limiter: limiterOf(options.executor),
    requestBufferSize: whole("requestBufferSize", options.requestBufferSize ?? 16_384, "bytes"),
    maxRequestBodySize:
      options.maxRequestBodySize === undefined
        ? Number.POSITIVE_INFINITY
        : whole("maxRequestBodySize", options.maxRequestBodySize, "bytes"),
    rawStream: options.rawStream ?? false,
    compression: compression ? (compressionOptions ?? {}) : undefined,
    serverHeader: serverHeader === false ? undefined : headerText(serverHeader),
  };
}

function limiterOf(executor: HandlerOptions["executor"]): Limits | undefined {
  if (executor === undefined || executor === "none") return undefined;
  if (typeof executor !== "object" || executor === null) {
    throw new InvalidArgumentError(`executor must be "none" or { maxConcurrent, maxQueue }`);
  }
  const { maxConcurrent, maxQueue = 0 } = executor;
  if (whole("executor.maxConcurrent", maxConcurrent, "requests") === 0) {
    throw new InvalidArgumentError("executor.maxConcurrent must be at least 1");
  }
  return { maxConcurrent, maxQueue: whole("executor.maxQueue", maxQueue, "requests") };
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT` */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  checkNames(options);
  const tls = resolveTls(options);
  const { headersTimeout, requestTimeout } = requestTimes(options);
  for (const name of ["serverTransform", "onConnection", "continueHandler"] as const)
    checkFunction(name, options[name]);
  for (const name of ["connGoAwayHandler", "resetStreamHandler"] as const) checkFunction(name, options[name]);
  const versions: ReadonlySet<HttpVersion> = new Set(options.httpVersions ?? ["http1"]);
  checkFallback(options.fallback, versions);
  return {
    ...resolveHandlerOptions(options),
    ...addressOf(options),
    serverTransform: options.serverTransform,
    onConnection: options.onConnection,
    versions,
    isEncrypted: tls !== undefined || options.manualSsl === true,
    tls,
    idleTimeout: whole("idleTimeout", options.idleTimeout ?? 0, "milliseconds"),
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: whole("keepAliveTimeout", options.keepAliveTimeout ?? 5_000, "milliseconds"),
    maxHeaderSize: whole("maxHeaderSize", options.maxHeaderSize ?? 8_192, "bytes"),
    maxInitialLineLength: whole("maxInitialLineLength", options.maxInitialLineLength ?? 8_192, "bytes"),
    continueHandler: options.continueHandler,
    shutdownTimeout: seconds("shutdownTimeout", options.shutdownTimeout ?? 15),
    websocketCloseCode: closeCode(options.websocketCloseCode ?? GOING_AWAY),
    fallback: options.fallback,
    http2Settings: options.http2Settings,
    connGoAwayHandler: options.connGoAwayHandler,
    resetStreamHandler: options.resetStreamHandler,
  };
}

function closeCode(code: number): number {
  checkClose(code, "");
  return code;
}

function requestTimes(options: ServerOptions): { headersTimeout: number; requestTimeout: number } {
  const requestTimeout = whole("requestTimeout", options.requestTimeout ?? 300_000, "milliseconds");
  const byDefault = requestTimeout === 0 ? 60_000 : Math.min(60_000, requestTimeout);
  const headersTimeout = whole("headersTimeout", options.headersTimeout ?? byDefault, "milliseconds");
  if (requestTimeout > 0 && headersTimeout > requestTimeout) {
    throw new InvalidArgumentError(
      `headersTimeout (${headersTimeout} milliseconds) is longer than requestTimeout (${requestTimeout}), of which it is a part`,
    );
  }
  return { headersTimeout, requestTimeout };
}

function addressOf(options: ServerOptions): Pick<ResolvedServerOptions, "address" | "listenSocket"> {
  const { port, socketAddress, listenSocket } = options;
  if (listenSocket !== undefined)
    return { address: undefined, listenSocket: checkListenSocket(listenSocket, options.manualSsl === true) };
  if (socketAddress !== undefined) return { address: checkAddress(socketAddress), listenSocket: undefined };
  if (port === undefined) {
    throw new InvalidArgumentError(
      "startServer needs a port, a socketAddress or a listenSocket; port 0 is any free one",
    );
  }
  return { address: { port: checkPort("port", port) }, listenSocket: undefined };
}

function checkAddress(address: SocketAddress): ListenAddress {
  if ("path" in address) {
    if (typeof address.path === "string" && address.path !== "") return { path: address.path };
    throw new InvalidArgumentError("socketAddress.path must be the path of a unix domain socket");
  }
  return { host: address.host, port: checkPort("socketAddress.port", address.port) };
}

function checkPort(name: string, port: unknown): number {
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new InvalidArgumentError(`${name} must be a whole number from 0 to 65535, not ${String(port)}`);
}

function checkListenSocket(listenSocket: unknown, isEncrypted: boolean): NetServer {
  if (!(listenSocket instanceof NetServer)) {
    throw new InvalidArgumentError("listenSocket must be a server of node:net that listens");
  }
  if (!listenSocket.listening) {
    throw new InvalidArgumentError("listenSocket is not bound: call its listen, and wait for its event `listening`");
  }
  if (listenSocket.listenerCount("request") > 0) {
    throw new InvalidArgumentError("listenSocket serves HTTP itself; see mountInFront(server, handler)");
  }
  if (listenSocket instanceof TlsServer && !isEncrypted) {
    throw new InvalidArgumentError("listenSocket is a server of node:tls: say so with manualSsl: true");
  }
  return listenSocket;
}

function checkFallback(fallback: unknown, versions: ReadonlySet<HttpVersion>): void {
  if (fallback === undefined) return;
  const isServer = fallback instanceof NetServer;
  if (!isServer && typeof fallback !== "function") {
    throw new InvalidArgumentError(
      "fallback must be a function of (req, res), such as an Express app, or a server of node:http",
    );
  }
  if (versions.has("http2") && (isServer || isExpress(fallback))) {
    throw new InvalidArgumentError("the fallback speaks HTTP/1 only; leave http2 out of httpVersions");
  }
}

/** Express puts requests on a prototype of its own, which is made for HTTP/1. */
export function isExpress(fallback: object | undefined): fallback is AppOfMessages {
  return fallback !== undefined && "request" in fallback && "response" in fallback && "handle" in fallback;
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw new InvalidArgumentError(`${name} must be a function`);
}

function whole(name: string, value: number, unit: string): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`${name} must be a whole number of ${unit} from 0, not ${String(value)}`);
}

function seconds(name: string, value: number): number {
  if (typeof value === "number" && value >= 0 && value <= 2_147_483) return value;
  throw new InvalidArgumentError(`${name} must be a number of seconds from 0 to 2147483, not ${String(value)}`);
}

function headerText(value: unknown): string {
  if (typeof value === "string" && /^[\t\x20-\x7e]+$/.test(value)) return value;
  throw new InvalidArgumentError("serverHeader must be the text of a header, or false");
}
