/** How a pool makes its connections. */

import type { ConnectionOptions as TlsOptions } from "node:tls";
import { InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";
import { atLeast } from "./options.js";
import { type Proxy, type ProxyOptions, resolveProxy } from "./proxy.js";

/** How connections are made, and what is spoken on them. */
export interface ConnectionOptions {
  /** Certificates, keys, ciphers and what else `tls.connect` takes. */
  readonly sslContext?: TlsOptions | undefined;
  /** null: the name in the certificate is not checked. @default "HTTPS" */
  readonly sslEndpointIdAlg?: "HTTPS" | null | undefined;
  /** Accept every certificate. @default false */
  readonly insecure?: boolean | undefined;
  /** Local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Path of a unix domain socket, instead of the host of the URL. */
  readonly socketPath?: string | undefined;
  /** Bytes of a body that are received before somebody reads it. @default 65_536 */
  readonly responseBufferSize?: number | undefined;
  /** false: one request per connection. @default true */
  readonly keepAlive?: boolean | undefined;
  /** Milliseconds to establish a connection (DNS, TCP, TLS, proxy). @default 30_000 */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds until an idle connection is closed; 0 is never, unless the server says so. @default 0 */
  readonly idleTimeout?: number | undefined;
  /** Are bodies streams of the kit? @default false */
  readonly rawStream?: boolean | undefined;
  /** Most bytes of all headers of a response. @default 65_536 */
  readonly maxHeaderSize?: number | undefined;
  /** Protocols offered to servers over TLS. @default ["http1"] */
  readonly httpVersions?: readonly ("http1" | "http2")[] | undefined;
  /** Speak HTTP/2 over plain TCP. @default false */
  readonly forceH2c?: boolean | undefined;
  /** A proxy for all requests. */
  readonly proxyOptions?: ProxyOptions | undefined;
}

export interface ResolvedConnectionOptions {
  readonly tls: TlsOptions;
  readonly localAddress: string | undefined;
  readonly socketPath: string | undefined;
  readonly responseBufferSize: number;
  readonly keepAlive: boolean;
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly rawStream: boolean;
  readonly maxHeaderSize: number;
  readonly allowH2: boolean;
  readonly forceH2c: boolean;
  readonly proxy: Proxy | undefined;
}

const KNOWN: Record<keyof ConnectionOptions, true> = {
  sslContext: true,
  sslEndpointIdAlg: true,
  insecure: true,
  localAddress: true,
  socketPath: true,
  responseBufferSize: true,
  keepAlive: true,
  connectTimeout: true,
  idleTimeout: true,
  rawStream: true,
  maxHeaderSize: true,
  httpVersions: true,
  forceH2c: true,
  proxyOptions: true,
};

/** Fills in the defaults. @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function resolveConnectionOptions(options: ConnectionOptions): ResolvedConnectionOptions {
  checkOptionNames("connectionOptions", options, KNOWN);
  const { httpVersions = ["http1"], forceH2c = false, keepAlive = true, idleTimeout } = options;
  for (const version of httpVersions) {
    if (version !== "http1" && version !== "http2") {
      throw new InvalidArgumentError(`httpVersions may have "http1" and "http2", not ${JSON.stringify(version)}`);
    }
  }
  if (httpVersions.length === 0) throw new InvalidArgumentError(`httpVersions must name at least one version`);
  if (forceH2c && !httpVersions.includes("http2")) {
    throw new InvalidArgumentError(`forceH2c needs "http2" in httpVersions`);
  }
  if (!keepAlive && idleTimeout !== undefined && idleTimeout > 0) {
    throw new InvalidArgumentError("idleTimeout has no meaning with keepAlive: false; leave one of them out");
  }
  if (options.socketPath !== undefined && options.proxyOptions !== undefined) {
    throw new InvalidArgumentError("socketPath leads past every proxy; leave it or proxyOptions out");
  }
  return {
    tls: {
      ...options.sslContext,
      ...(options.insecure === true ? { rejectUnauthorized: false } : {}),
      ...(options.sslEndpointIdAlg === null ? { checkServerIdentity: () => undefined } : {}),
    },
    localAddress: options.localAddress,
    socketPath: options.socketPath,
    responseBufferSize: atLeast(0, "responseBufferSize", options.responseBufferSize ?? 65_536),
    keepAlive,
    connectTimeout: atLeast(0, "connectTimeout", options.connectTimeout ?? 30_000),
    idleTimeout: atLeast(0, "idleTimeout", idleTimeout ?? 0),
    rawStream: options.rawStream ?? false,
    maxHeaderSize: atLeast(1, "maxHeaderSize", options.maxHeaderSize ?? 65_536),
    allowH2: httpVersions.includes("http2"),
    forceH2c,
    proxy: options.proxyOptions === undefined ? undefined : resolveProxy(options.proxyOptions),
  };
}
