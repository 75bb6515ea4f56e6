/** The client's address as a proxy tells it. Source: `ring.middleware.proxy-headers`. */

import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/**
 * Takes `remoteAddr` from the last entry of the x-forwarded-for header, the one that the nearest proxy has written; without
 * the header the request stays as it is.
 *
 * @example
 * forwardedRemoteAddrRequest({ remoteAddr: "10.0.0.1", headers: { "x-forwarded-for": "6.6.6.6, 1.2.3.4" } }).remoteAddr; // => "1.2.3.4"
 * @see Source: `ring.middleware.proxy-headers/forwarded-remote-addr-request`.
 */
export function forwardedRemoteAddrRequest<R extends Partial<Pick<RingRequest, "headers" | "remoteAddr">>>(
  request: R,
): R {
  const forwarded = request.headers?.["x-forwarded-for"];
  if (forwarded === undefined || forwarded === null) return request;
  const remoteAddr = forwarded.slice(forwarded.lastIndexOf(",") + 1).trim();
  return remoteAddr === request.remoteAddr ? request : { ...request, remoteAddr };
}

/**
 * Middleware: hands the handler a request that went through {@link forwardedRemoteAddrRequest}.
 *
 * Only for an application behind a proxy that writes the header: others can send it, too, and say what they like. Under
 * Express, the setting "trust proxy" does the same for several proxies in a row.
 *
 * @example
 * const app = wrapForwardedRemoteAddr(handler);
 * @see Source: `ring.middleware.proxy-headers/wrap-forwarded-remote-addr`.
 */
export function wrapForwardedRemoteAddr<R extends RingRequest>(handler: Handler<R>): Handler<R> {
  return tagged("wrapForwardedRemoteAddr", handler, (request: R) => handler(forwardedRemoteAddrRequest(request)));
}
