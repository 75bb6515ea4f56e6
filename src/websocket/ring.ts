/** Ring's websockets: the socket that listeners are given, and the marks of requests and responses. */

import type { RingRequest, RingResponse, WebsocketSocket } from "../ring/types.js";

const NO_DATA = new Uint8Array(0);

/** Is the socket open? @see Source: `ring.websocket/open?`. */
export function isOpen(socket: WebsocketSocket): boolean {
  return socket.isOpen();
}

/**
 * Sends a message: a string as text, bytes as binary.
 *
 * @param succeed Called once the message is on its way; with it comes `fail`, called once if it cannot be sent.
 * @throws {WebsocketClosedError} code `RING_WEBSOCKET_CLOSED`, if the socket is closed and there is no `fail`.
 * @example
 * const listener = { onMessage: (socket, message) => send(socket, `you said ${message}`) };
 * @see Source: `ring.websocket/send`.
 */
export function send(
  socket: WebsocketSocket,
  message: string | Uint8Array,
  succeed?: () => void,
  fail?: (error: unknown) => void,
): void {
  if (succeed === undefined && fail === undefined) socket.send(message);
  else socket.send(message, succeed, fail);
}

/** Sends a ping, with up to 125 bytes of data. @see Source: `ring.websocket/ping`. */
export function ping(socket: WebsocketSocket, data: Uint8Array = NO_DATA): void {
  socket.ping(data);
}

/** Sends a pong, with up to 125 bytes of data. @see Source: `ring.websocket/pong`. */
export function pong(socket: WebsocketSocket, data: Uint8Array = NO_DATA): void {
  socket.pong(data);
}

/**
 * Closes the socket. Does nothing if it is closed already.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for codes that must not be sent and long reasons.
 * @see Source: `ring.websocket/close`.
 */
export function close(socket: WebsocketSocket, code = 1000, reason = "Normal Closure"): void {
  socket.close(code, reason);
}

/** Does the request ask for a websocket, over HTTP/1 or HTTP/2? @see Source: `ring.websocket/upgrade-request?`. */
export function isUpgradeRequest(request: Pick<RingRequest, "headers">): boolean {
  const { connection, upgrade } = request.headers;
  return connection !== undefined && /\bupgrade\b/i.test(connection) && upgrade?.toLowerCase() === "websocket";
}

/** The sub-protocols that the client offers; undefined without the header. @see Source: `ring.websocket/request-protocols`. */
export function requestProtocols(request: Pick<RingRequest, "headers">): string[] | undefined {
  const offered = request.headers["sec-websocket-protocol"];
  if (offered === undefined) return undefined;
  // Blanks around commas go, those at the ends stay. Not by a pattern: blanks without a comma would be tried over and over.
  const pieces = offered.split(",");
  const protocols = pieces.map((piece, index) => {
    const head = index === 0 ? piece : piece.trimStart();
    return index === pieces.length - 1 ? head : head.trimEnd();
  });
  while (protocols.length > 1 && protocols.at(-1) === "") protocols.pop();
  return protocols;
}

/** Does the response map have a listener (the key decides, not its value)? @see Source: `ring.websocket/websocket-response?`. */
export function isWebsocketResponse(response: RingResponse): boolean {
  return "websocketListener" in response;
}
