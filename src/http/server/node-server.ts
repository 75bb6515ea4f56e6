/** Node's own server, as the options want it. */

import type { EventEmitter } from "node:events";
import { createServer as createHttpServer, type ServerOptions as HttpOptions } from "node:http";
import { createServer as createHttp2Server, createSecureServer, type Settings } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { getDefaultHighWaterMark } from "node:stream";
import type { TLSSocket } from "node:tls";
import { InvalidArgumentError } from "../../errors/index.js";
import { messageClasses } from "../../message/index.js";
import { isExpress, type NodeServer, type ResolvedServerOptions } from "./options.js";
import { serveBoth } from "./preface.js";

/** Node's limit is one for the whole head, of which these are parts; what is between them is for it to refuse. */
const SLACK = 1_024;

/** Node would let one client of HTTP/2 have as many requests under way as it likes, and refuse websockets. */
const SETTINGS: Settings = { maxConcurrentStreams: 250, enableConnectProtocol: true };

/** How often Node looks for requests that take too long, in milliseconds. */
const LONGEST_CHECK = 30_000;

/** Node's server, and the one behind it that speaks HTTP/2: the same, another, or none. */
export interface NodeServers {
  readonly server: NodeServer;
  readonly http2: EventEmitter | undefined;
}

/** Makes Node's server; it does not listen yet, and nobody answers. @throws {InvalidArgumentError} if the key or certificate is bad */
export function nodeServers(options: ResolvedServerOptions): NodeServers {
  const servers = unlimited(options);
  const { server } = servers;
  server.setTimeout(options.idleTimeout);
  // Node would leave out what is beyond 2000 lines, and say nothing; their size is limited.
  if ("maxHeadersCount" in server) server.maxHeadersCount = 0;
  return servers;
}

function unlimited(options: ResolvedServerOptions): NodeServers {
  const { versions, http2Settings, isEncrypted } = options;
  if (isEncrypted) {
    const server = encrypted(options);
    return { server, http2: versions.has("http2") ? server : undefined };
  }
  if (!versions.has("http2")) return { server: createHttpServer(httpOptions(options)), http2: undefined };
  const http2 = createHttp2Server({ settings: { ...SETTINGS, ...http2Settings } });
  const server = versions.has("http1") ? serveBoth(createHttpServer(httpOptions(options)), http2) : http2;
  return { server, http2 };
}

function encrypted(options: ResolvedServerOptions): NodeServer {
  const { tls, http2Settings } = options;
  const http1 = httpOptions(options);
  try {
    const server = options.versions.has("http2")
      ? createSecureServer({
          ...tls?.options,
          settings: { ...SETTINGS, ...http2Settings },
          ...http1,
          allowHTTP1: true,
        })
      : createHttpsServer({ ...tls?.options, ...http1 });
    if (tls?.refusesBadCertificates === true) server.prependListener("secureConnection", refuseBadCertificate);
    // A server of HTTP/2 does not take these over from its options.
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize, connectionsCheckingInterval } = http1;
    const times = { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize, connectionsCheckingInterval };
    return Object.assign(server, times);
  } catch (cause) {
    throw new InvalidArgumentError(`sslContext cannot be used: ${(cause as Error).message}`, { cause });
  }
}

/** Shown of one's own accord, it has to be good: handlers trust `sslClientCert`. */
function refuseBadCertificate(socket: TLSSocket): void {
  if ("raw" in socket.getPeerCertificate() && !socket.authorized) socket.destroy();
}

function httpOptions(options: ResolvedServerOptions): HttpOptions {
  const { headersTimeout, requestTimeout, idleTimeout, keepAliveTimeout, requestBufferSize } = options;
  const times = [headersTimeout, requestTimeout].filter((time) => time > 0);
  return {
    headersTimeout,
    requestTimeout,
    // Node waits a second longer than this; the idle timeout must not.
    keepAliveTimeout: idleTimeout > 0 && idleTimeout <= keepAliveTimeout + 1_000 ? 0 : keepAliveTimeout,
    // Said by us: Node goes on to serve what comes behind such a request.
    requireHostHeader: false,
    maxHeaderSize: options.maxInitialLineLength + options.maxHeaderSize + SLACK,
    connectionsCheckingInterval: Math.max(10, Math.min(LONGEST_CHECK, ...times.map((time) => Math.ceil(time / 2)))),
    ...(isExpress(options.fallback) && messageClasses(options.fallback)),
    // A body that is waited for must find room in Node's buffer, with a byte to spare: a full one stops the connection.
    ...(requestBufferSize >= getDefaultHighWaterMark(false) && { highWaterMark: requestBufferSize + 1 }),
  };
}
