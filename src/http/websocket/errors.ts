/** What can go wrong with a websocket that is asked for. */

import { RingError } from "../../errors/index.js";
import type { ClientResponseHeaders } from "../client/types.js";

/** An answer to a websocket handshake, as far as there was one. */
export interface HandshakeAnswer {
  readonly status?: number | undefined;
  readonly headers?: ClientResponseHeaders | undefined;
  /** Its first 16 KiB, as text. */
  readonly body?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The server's answer makes no websocket: another status than 101, or a handshake that is wrong. Code
 * `RING_WEBSOCKET_HANDSHAKE`; with what it answered.
 */
export class WebsocketHandshakeError extends RingError {
  readonly headers: ClientResponseHeaders;
  readonly body: string;

  constructor(origin: string, why: string, answer: HandshakeAnswer = {}) {
    const { status, headers = {}, body = "", cause } = answer;
    super("RING_WEBSOCKET_HANDSHAKE", `${origin} ${why}`, { status, cause });
    this.headers = headers;
    this.body = body;
  }

  override get isOfPeer(): boolean {
    return true;
  }
}

/** A message was put while there was no connection, or more wait than may be kept. Code `RING_WEBSOCKET_DISCONNECTED`. */
export class WebsocketDisconnectedError extends RingError {
  constructor(origin: string) {
    super(
      "RING_WEBSOCKET_DISCONNECTED",
      `there is no connection to ${origin}, or it is too slow; put the message again later, or use unsent: "keep"`,
    );
  }
}
