/** The options of a websocket client: checked once, before anything is opened. */

import type { ConnectionOptions as TlsOptions } from "node:tls";
import { InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";
import { parseUrl } from "../../ring/parse-url.js";
import type { ResponseHeaders } from "../../ring/types.js";
import {
  type CommonOptions,
  checkCommon,
  checkCompression,
  checkNumber,
  DUPLEX_OPTIONS,
} from "../../websocket/options.js";
import { type Open, opener } from "../client/connection.js";
import { resolveConnectionOptions } from "../client/connection-options.js";
import { type DnsOptions, type DnsResolver, dnsLookup, lookupWith } from "../client/lookup.js";
import { isIgnored, type Proxy, type ProxyOptions, resolveProxy } from "../client/proxy.js";
import type { Target } from "../client/target.js";

/** How a websocket is asked for, and how it behaves. Durations are milliseconds, sizes bytes. */
export interface WebsocketClientOptions extends CommonOptions {
  /** Sent with the handshake. Those of the handshake itself are made here. */
  readonly headers?: ResponseHeaders | undefined;
  /** The sub-protocols that are offered, best first: a list, or names between commas. @default none */
  readonly subProtocols?: string | readonly string[] | undefined;
  /** May extensions be negotiated? Compression is the only one, so false is refused together with it. @default as `compression` */
  readonly extensions?: boolean | undefined;
  /** Certificates, keys, ciphers and what else `tls.connect` takes; before `insecure`. */
  readonly sslContext?: TlsOptions | undefined;
  /** null: the name in the certificate is not checked. @default "HTTPS" */
  readonly sslEndpointIdAlg?: "HTTPS" | null | undefined;
  /** Accept every certificate. @default false */
  readonly insecure?: boolean | undefined;
  /** Local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Path of a unix domain socket, instead of the host of the URL. */
  readonly socketPath?: string | undefined;
  /** Milliseconds to establish a connection (DNS, TCP, TLS, proxy). @default 30_000 */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds the server may take to answer the handshake on it. @default `connectTimeout` */
  readonly handshakeTimeout?: number | undefined;
  /** Most bytes of all headers of the answer. @default 65_536 */
  readonly maxHeaderSize?: number | undefined;
  /** A proxy on the way; it is asked for a tunnel, also for `ws:`. */
  readonly proxyOptions?: ProxyOptions | undefined;
  /** Name servers, and how long answers are kept. @default the system's resolver */
  readonly dnsOptions?: DnsOptions | undefined;
  /** Host name to addresses; instead of `dnsOptions`. */
  readonly dnsResolver?: DnsResolver | undefined;
  /** Gives up what is not open yet. */
  readonly signal?: AbortSignal | undefined;
}

const CLIENT_OPTIONS: readonly string[] = [
  ...DUPLEX_OPTIONS,
  "maxPayload",
  "compression",
  "pipelineTransform",
  "headers",
  "subProtocols",
  "extensions",
  "sslContext",
  "sslEndpointIdAlg",
  "insecure",
  "localAddress",
  "socketPath",
  "connectTimeout",
  "handshakeTimeout",
  "maxHeaderSize",
  "proxyOptions",
  "dnsOptions",
  "dnsResolver",
  "signal",
];

/** What the handshake says by itself. */
const OWN_HEADERS = new Set([
  "upgrade",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-accept",
  "sec-websocket-extensions",
]);

/** A token of HTTP. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const CONNECT_TIMEOUT = 30_000;
const MAX_HEADER_SIZE = 65_536;

/** A websocket that can be asked for, once or often. */
export interface Plan {
  readonly url: URL;
  /** The URL without path and credentials, for messages. */
  readonly origin: string;
  readonly open: Open;
  readonly protocols: readonly string[];
  readonly connectTimeout: number;
  readonly handshakeTimeout: number;
  readonly maxHeaderSize: number;
  readonly options: WebsocketClientOptions;
}

/** Checks url and options. @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function planOf(url: string | URL, options: WebsocketClientOptions, more: readonly string[] = []): Plan {
  checkOptionNames("websocketClient", options, [...CLIENT_OPTIONS, ...more]);
  checkCompression("extensions", options.extensions, options.compression);
  checkHeaders(options);
  checkNumber("connectTimeout", options.connectTimeout, "milliseconds");
  checkNumber("handshakeTimeout", options.handshakeTimeout, "milliseconds");
  checkNumber("maxHeaderSize", options.maxHeaderSize, "bytes");
  const { connectTimeout = CONNECT_TIMEOUT, maxHeaderSize = MAX_HEADER_SIZE } = options;
  const parsed = websocketUrl(url);
  return {
    url: parsed,
    origin: `${parsed.protocol}//${parsed.host}`,
    open: openerOf(parsed, options),
    protocols: protocolsOf(options.subProtocols),
    connectTimeout,
    handshakeTimeout: options.handshakeTimeout ?? connectTimeout,
    maxHeaderSize,
    options,
  };
}

function websocketUrl(url: string | URL): URL {
  const parsed = parseUrl(url);
  if (parsed === undefined) throw new InvalidArgumentError("the url of a websocket cannot be parsed");
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new InvalidArgumentError(`the url of a websocket begins with ws: or wss:, not ${parsed.protocol}`);
  }
  if (parsed.hash !== "") throw new InvalidArgumentError("the url of a websocket has no fragment (#)");
  return parsed;
}

function checkHeaders(options: WebsocketClientOptions): void {
  checkCommon(options);
  for (const name of Object.keys(options.headers ?? {})) {
    const lower = name.toLowerCase();
    if (lower === "sec-websocket-protocol") {
      throw new InvalidArgumentError("sub-protocols are offered by the option subProtocols, not by a header");
    }
    if (OWN_HEADERS.has(lower)) throw new InvalidArgumentError(`the header ${lower} is the handshake's own`);
  }
}

function protocolsOf(subProtocols: WebsocketClientOptions["subProtocols"] = []): readonly string[] {
  const names = typeof subProtocols === "string" ? subProtocols.split(",").map((name) => name.trim()) : subProtocols;
  for (const [place, name] of names.entries()) {
    if (!TOKEN.test(name)) throw new InvalidArgumentError(`${JSON.stringify(name)} is no name of a sub-protocol`);
    if (names.indexOf(name) !== place) throw new InvalidArgumentError(`the sub-protocol ${name} is offered twice`);
  }
  return names;
}

function openerOf(url: URL, options: WebsocketClientOptions): Open {
  const { dnsOptions, dnsResolver, insecure, sslContext, sslEndpointIdAlg, localAddress, socketPath } = options;
  if (dnsOptions !== undefined && dnsResolver !== undefined) {
    throw new InvalidArgumentError("dnsResolver stands in place of dnsOptions; leave one of them out");
  }
  const isSecure = url.protocol === "wss:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const proxy = proxyOf(url.hostname, port, options);
  if (proxy !== undefined && socketPath !== undefined) {
    throw new InvalidArgumentError("socketPath has no meaning with proxyOptions; leave one of them out");
  }
  const target: Target = { origin: `${url.protocol}//${url.host}`, isSecure, hostname: url.hostname, port, proxy };
  const connection = resolveConnectionOptions({
    sslContext: insecure === true ? { rejectUnauthorized: false, ...sslContext } : sslContext,
    sslEndpointIdAlg,
    localAddress,
    socketPath,
  });
  const lookup = dnsResolver ? lookupWith(dnsResolver) : dnsOptions && dnsLookup(dnsOptions);
  return opener(target, connection, lookup);
}

/** The proxy on the way. Websockets go through a tunnel: what forwards requests does not forward an upgrade. */
function proxyOf(hostname: string, port: number, { proxyOptions }: WebsocketClientOptions): Proxy | undefined {
  if (proxyOptions === undefined) return undefined;
  if (proxyOptions.tunnel === false) {
    throw new InvalidArgumentError("a websocket needs a tunnel through its proxy; leave tunnel: false out");
  }
  const proxy = resolveProxy({ ...proxyOptions, tunnel: true });
  return isIgnored(proxy, hostname, port) ? undefined : proxy;
}
