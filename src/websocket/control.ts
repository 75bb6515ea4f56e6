/** The control frames of a websocket: pings, and the close frame. */

import { Buffer } from "node:buffer";
import { Deferred } from "../deferred/core.js";
import { describe, InvalidArgumentError } from "../errors/index.js";
import { toFrame } from "./duplex.js";
import type { ControlledWebsocket, WebsocketDuplex, WebsocketMessage } from "./types.js";

const MAX_PING_PAYLOAD = 125;
const MAX_CLOSE_REASON = 123;

/**
 * Sends a ping and yields true when the answer comes, false if the connection is closed or closes before.
 *
 * Only one ping is on its way at a time: those asked for meanwhile are not sent, and the next pong answers all. A peer
 * that is held back, because nobody takes its messages, is not heard until it may go on.
 *
 * @param duplex What `websocketConnection` or `websocketClient` yielded.
 * @param deferred Realized and returned; made if absent.
 * @param payload Up to 125 bytes. @default none
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for a payload that is longer or not text or bytes.
 * @example
 * if (!(await timeout(websocketPing(duplex), 5000, false))) websocketClose(duplex, 4008, "no answer");
 * @see Source: `aleph.http/websocket-ping`.
 */
export function websocketPing(
  duplex: WebsocketDuplex,
  deferred: Deferred<boolean> = new Deferred<boolean>(),
  payload: WebsocketMessage = "",
): Deferred<boolean> {
  return websocketOf(duplex).ping(deferred, checkPingPayload(payload));
}

/**
 * Starts the closing handshake. What was put before is sent before; what the peer still sends can be taken.
 *
 * The peer has `closeTimeout` milliseconds to answer, then the connection is cut.
 *
 * @param statusCode 1000 to 1003, 1007 to 1014, 3000 to 4999; -1 or nothing for a close frame without code.
 * @param reason Up to 123 bytes; only with a code.
 * @param deferred Realized and returned; made if absent.
 * @returns a deferred of true if this call started the handshake, of false if the connection was closing or closed.
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for other codes and longer reasons; the
 *   connection stays as it is.
 * @example
 * websocketClose(duplex, 4001, "going away");
 * @see Source: `aleph.http/websocket-close!`. Differs: refuses the codes that must not be sent.
 */
export function websocketClose(
  duplex: WebsocketDuplex,
  statusCode = -1,
  reason = "",
  deferred: Deferred<boolean> = new Deferred<boolean>(),
): Deferred<boolean> {
  checkClose(statusCode, reason);
  deferred.success(websocketOf(duplex).closeWith(statusCode, reason));
  return deferred;
}

/** @throws {InvalidArgumentError} for close codes and reasons that must not be sent */
export function checkClose(statusCode: number, reason: string): void {
  if (statusCode === -1) {
    if (reason === "") return;
    throw new InvalidArgumentError(
      "a close frame without code has no reason; give a code too, 1000 for the normal one",
    );
  }
  if (!isCloseCode(statusCode)) {
    throw new InvalidArgumentError(
      `${statusCode} is no close code that may be sent; use 1000 to 1003, 1007 to 1014, 3000 to 4999, or -1 for none`,
    );
  }
  const bytes = Buffer.byteLength(reason);
  if (bytes > MAX_CLOSE_REASON) {
    throw new InvalidArgumentError(`the close reason has ${bytes} bytes; at most ${MAX_CLOSE_REASON} fit`);
  }
}

function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** @throws {InvalidArgumentError} for what does not fit into a ping or pong */
export function checkPingPayload(payload: unknown): WebsocketMessage {
  const frame = toFrame(payload);
  if (frame === undefined) throw new InvalidArgumentError(`${describe(payload)} is no ping payload; use text or bytes`);
  const bytes = Buffer.byteLength(frame);
  if (bytes <= MAX_PING_PAYLOAD) return frame;
  throw new InvalidArgumentError(`the ping payload has ${bytes} bytes; at most ${MAX_PING_PAYLOAD} fit`);
}

function websocketOf(duplex: WebsocketDuplex): ControlledWebsocket {
  const { ping, closeWith } = (duplex ?? {}) as Partial<ControlledWebsocket>;
  if (typeof ping === "function" && typeof closeWith === "function") return duplex as ControlledWebsocket;
  throw new InvalidArgumentError(
    `${describe(duplex)} is no websocket; pass what websocketConnection or websocketClient yielded`,
  );
}
