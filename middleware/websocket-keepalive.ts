/** Pings that keep websockets from being closed as idle. Source: `ring.websocket.keepalive`. */

import { type Cancel, type Clock, type ClockOptions, currentClock } from "../src/clock/index.js";
import { andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse, WebsocketListener, WebsocketSocket } from "../src/ring/types.js";

export interface WebsocketKeepaliveOptions extends ClockOptions {
  /** Milliseconds between two pings; the first is sent this long after the opening. @default 20_000 */
  readonly period?: number | undefined;
}

const NO_DATA = new Uint8Array(0);

/** The options, checked and with their defaults. */
interface Resolved {
  readonly period: number;
  readonly clock: Clock;
}

function resolve({ period = 20_000, clock }: WebsocketKeepaliveOptions): Resolved {
  if (!Number.isFinite(period) || period <= 0) {
    throw new InvalidArgumentError(`wrapWebsocketKeepalive: period must be milliseconds above 0, not ${period}`);
  }
  return { period, clock: currentClock({ clock }) };
}

/** The listener with a timer for each of its sockets. What it does not listen to stays the server's to answer. */
function keptAlive(listener: WebsocketListener, { period, clock }: Resolved): WebsocketListener {
  const timers = new WeakMap<WebsocketSocket, Cancel>();
  return {
    onOpen: (socket) => {
      const ping = (): void => socket.ping(NO_DATA);
      timers.set(socket, clock.every(period, period, ping));
      return listener.onOpen?.(socket);
    },
    ...(listener.onMessage && { onMessage: (socket, message) => listener.onMessage?.(socket, message) }),
    ...(listener.onPing && { onPing: (socket, data) => listener.onPing?.(socket, data) }),
    ...(listener.onPong && { onPong: (socket, data) => listener.onPong?.(socket, data) }),
    ...(listener.onError && { onError: (socket, error) => listener.onError?.(socket, error) }),
    onClose: (socket, code, reason) => {
      timers.get(socket)?.();
      return listener.onClose?.(socket, code, reason);
    },
  };
}

/**
 * Lets a websocket response send pings for as long as its socket is open; other responses stay as they are.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if `period` is no time.
 * @see Source: `ring.websocket.keepalive/websocket-keepalive-response`. Differs: no executor but a clock; a listener
 *   without `onPing` leaves pings to the server, which answers with a pong (there the answer is another ping).
 */
export function websocketKeepaliveResponse<R extends RingResponse | null | undefined>(
  response: R,
  options: WebsocketKeepaliveOptions = {},
): R {
  return kept(response, resolve(options));
}

function kept<R extends RingResponse | null | undefined>(response: R, options: Resolved): R {
  const listener = response?.websocketListener;
  if (response === null || response === undefined || listener === null || typeof listener !== "object") return response;
  return { ...response, websocketListener: keptAlive(listener, options) };
}

/**
 * Middleware: websockets that the handler opens are pinged every `period`, so that proxies do not close them as idle.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if `period` is no time.
 * @example
 * const echo = { onMessage: (socket, message) => socket.send(message) };
 * const app = wrapWebsocketKeepalive(() => ({ websocketListener: echo }), { period: 30_000 });
 * @see Source: `ring.websocket.keepalive/wrap-websocket-keepalive`.
 */
export function wrapWebsocketKeepalive<R extends RingRequest>(
  handler: Handler<R>,
  options: WebsocketKeepaliveOptions = {},
): Handler<R> {
  const resolved = resolve(options);
  return tagged("wrapWebsocketKeepalive", handler, (request: R) =>
    andThen(handler(request), (response) => kept(response, resolved)),
  );
}
