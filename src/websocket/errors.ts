import { RingError, TimeoutError } from "../errors/index.js";

/** Why a request did not become a websocket: all of these the client knows, or has caused by leaving. */
export abstract class HandshakeError extends RingError {}

/**
 * A websocket was asked of a request that is no websocket handshake; it has been answered with 400. Code
 * `RING_NOT_A_WEBSOCKET_REQUEST`.
 */
export class NotAWebsocketRequestError extends HandshakeError {
  constructor(why: string) {
    super("RING_NOT_A_WEBSOCKET_REQUEST", `expected websocket request: ${why}`, { status: 400 });
  }
}

/** The client speaks another version of the protocol; it has been answered with 426. Code `RING_WEBSOCKET_VERSION`. */
export class WebsocketVersionError extends HandshakeError {
  constructor(version: string) {
    super("RING_WEBSOCKET_VERSION", `unsupported version ${JSON.stringify(version)} of the websocket protocol; 13 is`, {
      status: 426,
    });
  }
}

/** The page that asked is not among `origins`; it has been answered with 403. Code `RING_ORIGIN_REFUSED`. */
export class OriginRefusedError extends HandshakeError {
  constructor(origin: string | undefined) {
    super(
      "RING_ORIGIN_REFUSED",
      `a page of ${JSON.stringify(origin ?? "no origin")} asked for a websocket; add its origin to \`origins\` if it may`,
      { status: 403 },
    );
  }
}

/** The option `verify` did not let the client in; it has been answered with 403. Code `RING_WEBSOCKET_REFUSED`. */
export class WebsocketRefusedError extends HandshakeError {
  constructor() {
    super("RING_WEBSOCKET_REFUSED", "the option `verify` did not let the client in", { status: 403 });
  }
}

/** The handshake took longer than it may; the connection was cut. Code `RING_HANDSHAKE_TIMEOUT`. */
export class HandshakeTimeoutError extends TimeoutError {
  /** @param whose Which handshake it was: "with ws://example.com", say. */
  constructor(milliseconds: number, whose: string) {
    super(
      milliseconds,
      "RING_HANDSHAKE_TIMEOUT",
      `the websocket handshake ${whose} was not complete within handshakeTimeout (${milliseconds} milliseconds)`,
    );
  }
}

/** The connection was closed before the handshake, or before the message was sent. Code `RING_WEBSOCKET_CLOSED`. */
export class WebsocketClosedError extends HandshakeError {
  constructor(when: string) {
    super("RING_WEBSOCKET_CLOSED", `the websocket was closed before ${when}`);
  }
}
