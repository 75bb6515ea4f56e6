/** The innermost client: sends a request whose address, headers and body are settled. */

import { type Awaitable, andThen } from "../../deferred/index.js";
import { InvalidArgumentError, logError } from "../../errors/index.js";
import { findHeaderName } from "../../ring/headers.js";
import { Cancellation } from "./cancellation.js";
import { Exchange } from "./exchange.js";
import { headerLinesOf } from "./headers.js";
import { type Payload, payloadOf } from "./payload.js";
import { defaultPool } from "./pool.js";
import { isForwarding, isIgnored, type Proxy, type ProxyOptions, resolveProxy } from "./proxy.js";
import type { Target } from "./target.js";
import type { ClientRequest, ClientResponse, WireRequest } from "./types.js";

/** Methods whose lack of a body is worth saying. */
const EXPECTS_BODY = new Set(["POST", "PUT", "PATCH"]);

/**
 * Sends a request as it is: the client under all middleware. It wants `scheme`, `host`, `uri` and `requestMethod`; of the
 * other options it heeds `port`, `queryString`, `headers`, `body`, `length`, `bodyEncoding`, `rawStream`, `onProgress`, the
 * timeouts and the pool.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place; everything else fails the deferred.
 * @example
 * const client = http.wrapUrl(http.wrapMethod(wire));
 * const response = await client({ url: upstream, method: "get" });
 */
export function wire(request: ClientRequest): Awaitable<ClientResponse<unknown>> {
  const pool = request.pool ?? defaultPool();
  const target = targetOf(request, proxyOf(request.proxyOptions, pool.options.proxy));
  const method = (request.requestMethod ?? "").toUpperCase();
  if (method === "") throw new InvalidArgumentError('a request needs a method, such as method: "get"');
  const isTrace = method === "TRACE";
  if (isTrace && (request.body ?? request.multipart) !== undefined) {
    logError(undefined, "a TRACE request has no body; the one it was given is left out", "warn");
  }
  return andThen(isTrace ? payloadOf({}) : payloadOf(request), (payload): Awaitable<ClientResponse<unknown>> => {
    const wireRequest = wireRequestOf(request, target, method, payload);
    const exchange = new Exchange(request, wireRequest, target, payload, pool, Cancellation.of(request));
    const response = exchange.start();
    if (request.saveRequest !== true && request.debugBody !== true) return response;
    return andThen(response, (response) => ({
      ...response,
      ...(request.saveRequest === true ? { request, wireRequest } : {}),
      ...(request.debugBody === true ? { requestBody: request.body } : {}),
    }));
  });
}

const proxies = new WeakMap<ProxyOptions, Proxy>();

/** A proxy of a request is resolved once for each object that describes it. */
function proxyOf(options: ProxyOptions | null | undefined, ofPool: Proxy | undefined): Proxy | undefined {
  if (options === undefined) return ofPool;
  if (options === null) return undefined;
  let proxy = proxies.get(options);
  if (proxy === undefined) {
    proxy = resolveProxy(options);
    proxies.set(options, proxy);
  }
  return proxy;
}

function targetOf(request: ClientRequest, proxy: Proxy | undefined): Target {
  const { scheme = "http" } = request;
  const hostname = request.host ?? request.serverName;
  const port = request.port ?? request.serverPort ?? (scheme === "https" ? 443 : 80);
  if (hostname === undefined || hostname === "") {
    throw new InvalidArgumentError("a request needs a host: give url, host or serverName");
  }
  const isDefault = port === (scheme === "https" ? 443 : 80);
  return {
    origin: `${scheme}://${hostname}${isDefault ? "" : `:${port}`}`,
    isSecure: scheme === "https",
    hostname,
    port,
    proxy: proxy === undefined || isIgnored(proxy, hostname, port) ? undefined : proxy,
  };
}

function wireRequestOf(request: ClientRequest, target: Target, method: string, payload: Payload): WireRequest {
  const { uri = "/", queryString } = request;
  const path = queryString === undefined || queryString === "" ? uri : `${uri}?${queryString}`;
  const headers = headerLinesOf(request.headers);
  const { length } = payload;
  if (length !== undefined && headers["transfer-encoding"] === undefined) {
    // However it was spelt by hand: there is one length of a body.
    const name = findHeaderName(headers, "content-length") ?? "content-length";
    if (length > 0 || EXPECTS_BODY.has(method)) headers[name] = String(length);
  }
  return { method, origin: target.origin, path: isForwarding(target) ? target.origin + path : path, headers };
}
