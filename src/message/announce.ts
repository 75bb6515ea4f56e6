import { areRequestsWatched, requestEnded, requestStarted } from "../ring/diagnostics/requests.js";
import type { Handler, RingRequest } from "../ring/types.js";
import type { Exchange } from "./exchange.js";
import { isHttp2 } from "./http2.js";

/** Tells those who watch that a request comes to a handler, and later that it is over. Nobody else pays for it. */
export function announce(exchange: Exchange, request: RingRequest, handler: Handler<never>): void {
  if (!areRequestsWatched()) return;
  if (requestStarted(exchange, request, handler, exchange.pattern) === undefined) return;
  const forget = exchange.onGone(() => requestEnded(exchange, exchange.status, exchange.isAnswered));
  endings.set(exchange.identity, forget);
}

const endings = new WeakMap<object, () => void>();

/** The request has become a websocket: it is over, whatever becomes of that. */
export function announceUpgrade(exchange: Exchange): void {
  endings.get(exchange.identity)?.();
  // Over HTTP/2 there is no status for it (RFC 8441, 5).
  requestEnded(exchange, isHttp2(exchange.req) ? 200 : 101, true);
}
