/** Proxies: absolute URLs in plain requests, tunnels by CONNECT, SOCKS 4 and 5. */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectTcp, isIP, isIPv6, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions as TlsOptions } from "node:tls";
import type { buildConnector } from "undici";
import { InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";
import { parseUrl } from "../../ring/parse-url.js";
import { ProxyConnectionTimeoutError, ProxyError } from "./errors.js";
import type { Lookup } from "./lookup.js";
import { atLeast, startTimer } from "./options.js";
import { socksHandshake } from "./socks.js";
import { portOf, type Target } from "./target.js";

/** Where the proxy is, and what it is told. */
export interface ProxyOptions {
  readonly host: string;
  /** @default 80 of "http", 443 of "https", 1080 of SOCKS */
  readonly port?: number | undefined;
  /** "https" is an HTTP proxy that is itself reached over TLS. @default "http" */
  readonly protocol?: "http" | "https" | "socks4" | "socks5" | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Headers for the proxy. */
  readonly httpHeaders?: Readonly<Record<string, string>> | undefined;
  /** Use CONNECT for http targets too. @default false; true with `user` or `httpHeaders` */
  readonly tunnel?: boolean | undefined;
  /** Milliseconds for the proxy's handshake. @default 60_000 */
  readonly connectionTimeout?: number | undefined;
  /** Send `Proxy-Connection: Keep-Alive`. @default true */
  readonly keepAlive?: boolean | undefined;
  /** Certificates and what else `tls.connect` takes, to reach a proxy that speaks "https". */
  readonly sslContext?: TlsOptions | undefined;
  /** Hosts that are reached directly: names, with their subdomains, or addresses. @default [] */
  readonly ignoreHosts?: readonly string[] | undefined;
}

export interface Proxy {
  /** Tells apart connections that may not stand in for each other. */
  readonly key: string;
  /** For errors: a URL without credentials. */
  readonly address: string;
  readonly protocol: "http" | "https" | "socks4" | "socks5";
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly tunnel: boolean;
  readonly connectionTimeout: number;
  readonly keepAlive: boolean;
  readonly sslContext: TlsOptions;
  readonly ignoreHosts: readonly string[];
}

const PORTS = { http: 80, https: 443, socks4: 1080, socks5: 1080 };

const KNOWN: Record<keyof ProxyOptions, true> = {
  host: true,
  port: true,
  protocol: true,
  user: true,
  password: true,
  httpHeaders: true,
  tunnel: true,
  connectionTimeout: true,
  keepAlive: true,
  sslContext: true,
  ignoreHosts: true,
};

/** Two contexts are told apart by who they are: what is in them need not be comparable. */
const contexts = new WeakMap<TlsOptions, number>();
let contextCount = 0;

function numberOf(context: TlsOptions | undefined): number | undefined {
  if (context === undefined) return undefined;
  if (!contexts.has(context)) contexts.set(context, ++contextCount);
  return contexts.get(context);
}

/** Of this process only: what is made with it tells nothing of what it is made of. */
const SALT = randomBytes(32);

/**
 * The key of a proxy. Credentials count too, for who may not pass may not use the connection of one who may; but keys are seen
 * in statistics and in `inUse`, so they are not in it.
 */
function keyOf(address: string, ...peculiar: readonly unknown[]): string {
  if (peculiar.every((one) => one === undefined)) return address;
  const mark = createHmac("sha256", SALT).update(JSON.stringify(peculiar)).digest("base64url").slice(0, 16);
  return `${address} (${mark})`;
}

/** Fills in the defaults. @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function resolveProxy(options: ProxyOptions): Proxy {
  checkOptionNames("proxyOptions", options, KNOWN);
  const { protocol = "http", host, user, password, httpHeaders, tunnel } = options;
  if (typeof host !== "string" || host === "") throw new InvalidArgumentError("a proxy needs a host");
  if (!Object.hasOwn(PORTS, protocol)) {
    throw new InvalidArgumentError(`a proxy speaks http, https, socks4 or socks5, not ${JSON.stringify(protocol)}`);
  }
  if (options.sslContext !== undefined && protocol !== "https") {
    throw new InvalidArgumentError(`sslContext of a proxy is for one that speaks "https", not ${protocol}`);
  }
  const isHttp = protocol === "http" || protocol === "https";
  if (isHttp && (user === undefined) !== (password === undefined)) {
    throw new InvalidArgumentError("a proxy needs user and password, or neither");
  }
  const needsTunnel = user !== undefined || httpHeaders !== undefined;
  if (isHttp && tunnel === false && needsTunnel) {
    throw new InvalidArgumentError("a proxy with user or httpHeaders needs a tunnel; leave tunnel: false out");
  }
  const port = options.port ?? PORTS[protocol];
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new InvalidArgumentError(`port of a proxy must be a whole number from 1 to 65535, not ${String(port)}`);
  }
  const address = `${protocol}://${host}:${port}`;
  return {
    key: keyOf(address, user, password, httpHeaders, tunnel, numberOf(options.sslContext)),
    address,
    protocol,
    host,
    port,
    user,
    password,
    httpHeaders: httpHeaders ?? {},
    tunnel: tunnel ?? needsTunnel,
    connectionTimeout: atLeast(0, "connectionTimeout of a proxy", options.connectionTimeout ?? 60_000),
    keepAlive: options.keepAlive ?? true,
    sslContext: options.sslContext ?? {},
    ignoreHosts: options.ignoreHosts ?? [],
  };
}

/**
 * The proxy that the environment names for requests of this scheme: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either
 * case; undefined if there is none. For `proxyOptions` of a pool.
 *
 * @param variables @default process.env
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no URL of a proxy.
 * @example
 * const proxyOptions = proxyFromEnvironment("https", { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "localhost" });
 */
export function proxyFromEnvironment(
  scheme: "http" | "https",
  variables: Readonly<Record<string, string | undefined>> = process.env,
): ProxyOptions | undefined {
  const valueOf = (name: string): string | undefined => variables[name] || variables[name.toUpperCase()] || undefined;
  // `HTTP_PROXY` in capitals is what a `Proxy:` header becomes under CGI.
  const isCgi = variables["REQUEST_METHOD"] !== undefined;
  const text = scheme === "http" && isCgi ? variables["http_proxy"] : valueOf(`${scheme}_proxy`);
  if (text === undefined || text === "") return undefined;
  const url = parseUrl(text);
  if (url === undefined) throw new InvalidArgumentError(`${scheme}_proxy is not a URL`);
  const named = url.protocol.slice(0, -1);
  return {
    host: url.hostname,
    port: url.port === "" && named.startsWith("socks") ? 1080 : portOf(url),
    protocol: (named === "socks" ? "socks5" : named) as "http",
    ...(url.username === ""
      ? {}
      : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }),
    ignoreHosts: (valueOf("no_proxy") ?? "").split(/[\s,]+/).filter((host) => host !== ""),
  };
}

/** Is a host to be reached without the proxy? */
export function isIgnored(proxy: Proxy, hostname: string, port: number): boolean {
  return proxy.ignoreHosts.some((entry) => {
    if (isIPv6(entry)) return hostname === `[${entry}]`;
    const [, name = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (only !== undefined && Number(only) !== port) return false;
    const suffix = name.replace(/^\*?\./, "").toLowerCase();
    return name === "*" || hostname === suffix || hostname.endsWith(`.${suffix}`);
  });
}

/** Does the proxy get the absolute URL of each request, instead of a tunnel? */
export function isForwarding(target: Target): boolean {
  const { proxy } = target;
  return proxy !== undefined && proxy.protocol.startsWith("http") && !target.isSecure && !proxy.tunnel;
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket | undefined;
/** How a socket to a proxy is opened. */
export interface Route {
  readonly localAddress: string | undefined;
  readonly lookup: Lookup | undefined;
}

type Opened = (error: Error | null, socket: Socket | null) => void;

/** Opens a connection to the target on the other side of a proxy. @returns how to give up */
export function openThroughProxy(
  proxy: Proxy,
  target: Target,
  connect: Connect,
  facts: buildConnector.Options,
  route: Route,
  callback: buildConnector.Callback,
): () => void {
  const opened = callback as Opened;
  const stops: (() => void)[] = [];
  let isOver = false;
  const finish: Opened = (error, socket) => {
    if (isOver) {
      socket?.destroy();
      return;
    }
    isOver = true;
    clearTimeout(timer);
    if (error !== null) for (const stop of stops) stop();
    opened(error, socket);
  };
  const { connectionTimeout, address } = proxy;
  const timer = startTimer(connectionTimeout, () =>
    finish(new ProxyConnectionTimeoutError(connectionTimeout, address), null),
  );
  const secured: Opened = (error, socket) => {
    if (isOver || socket === null || !target.isSecure) {
      finish(error, socket);
      return;
    }
    clearTimeout(timer);
    const inside = connect({ ...facts, httpSocket: socket }, finish as buildConnector.Callback);
    stops.push(() => inside?.destroy());
  };
  if (proxy.protocol === "socks4" || proxy.protocol === "socks5") stops.push(openSocks(proxy, target, route, secured));
  else if (isForwarding(target)) stops.push(openForwarding(proxy, route, secured));
  else stops.push(openTunnel(proxy, target, route, secured));
  return () => {
    clearTimeout(timer);
    isOver = true;
    for (const stop of stops) stop();
  };
}

/** Without what is not said, which Node takes for something else. */
function given({ localAddress, lookup }: Route): Partial<Route> {
  return { ...(localAddress === undefined ? {} : { localAddress }), ...(lookup === undefined ? {} : { lookup }) };
}

function connectTo({ host, port, protocol, sslContext }: Proxy, route: Route): Socket {
  const address = { host, port, ...given(route) };
  if (protocol !== "https") return connectTcp(address);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...servername, ...sslContext, ...address });
}

function openForwarding(proxy: Proxy, route: Route, opened: Opened): () => void {
  const socket = connectTo(proxy, route);
  socket.setNoDelay(true);
  const onError = (error: Error): void => opened(unreachable(proxy, error), null);
  socket.once("error", onError).once(proxy.protocol === "https" ? "secureConnect" : "connect", () => {
    socket.off("error", onError);
    opened(null, socket);
  });
  return () => socket.destroy();
}

function openTunnel(proxy: Proxy, target: Target, route: Route, opened: Opened): () => void {
  const authority = `${target.hostname}:${target.port}`;
  const headers: Record<string, string> = { host: authority, ...proxy.httpHeaders };
  if (proxy.keepAlive) headers["proxy-connection"] = "Keep-Alive";
  if (proxy.user !== undefined) {
    headers["proxy-authorization"] = `Basic ${Buffer.from(`${proxy.user}:${proxy.password}`).toString("base64")}`;
  }
  const request = (proxy.protocol === "https" ? httpsRequest : httpRequest)({
    host: proxy.host,
    port: proxy.port,
    method: "CONNECT",
    path: authority,
    headers,
    agent: false,
    ...given(route),
    ...(proxy.protocol === "https" ? proxy.sslContext : {}),
  });
  request.once("connect", (response, socket: Socket, head: Buffer) => {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) {
      socket.destroy();
      const answer = { status: statusCode, headers: response.headers };
      opened(new ProxyError(proxy.address, `answered CONNECT with status ${statusCode}`, answer), null);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    socket.setNoDelay(true);
    opened(null, socket);
  });
  request.once("response", (response) => {
    response.resume();
    opened(new ProxyError(proxy.address, "did not understand CONNECT"), null);
  });
  request.on("error", (error) => opened(unreachable(proxy, error), null));
  request.end();
  return () => request.destroy();
}

function openSocks(proxy: Proxy, target: Target, route: Route, opened: Opened): () => void {
  const socket = connectTo(proxy, route);
  socket.setNoDelay(true);
  socksHandshake(socket, proxy, target, (why, cause) => {
    if (why === undefined) opened(null, socket);
    else opened(new ProxyError(proxy.address, why, { cause }), null);
  });
  return () => socket.destroy();
}

function unreachable(proxy: Proxy, cause: Error): ProxyError {
  return new ProxyError(proxy.address, `cannot be reached, or closed the connection: ${cause.message}`, { cause });
}
