/** What a websocket is to its users, and to those who make one. */

import type { IncomingHttpHeaders } from "node:http";
import type { ClockOptions } from "../clock/index.js";
import type { Deferred } from "../deferred/core.js";
import type { Stream } from "../stream/index.js";
import type { HeartbeatOptions } from "./heartbeat.js";
import type { RawMessage } from "./raw-socket.js";

/** Text is a string, binary is bytes. */
export type WebsocketMessage = string | Uint8Array;

/** How a websocket ended. */
export interface WebsocketClosing {
  /** The close code; 1005 if there was none, 1006 if the connection broke. */
  readonly code: number;
  readonly reason: string;
  /** Did both sides say goodbye? */
  readonly wasClean: boolean;
}

/**
 * A websocket as one stream: what is put into it is sent, what is taken from it was received.
 *
 * Receiving: 16 messages, or 1 MiB, are kept; then reading (and the inflating of compressed messages) stops until one is
 * taken, which in the end stops the sender. While it stands still nothing else of the peer is heard either: no pong, and not that it has gone.
 *
 * Sending: a put yields true at once while less than 16 KiB wait for the operating system, else when it has taken the
 * whole frame; false if the connection is closed or breaks before that. More than 16384 waiting puts cut the connection
 * and are logged. A message that is neither text nor bytes fails its put, code `RING_NOT_CONVERTIBLE`; the connection
 * stays open.
 *
 * Closing it sends a close frame without code at once, behind what was put before; messages received before can still be
 * taken, later ones are dropped.
 *
 * @see Source: the duplex of `aleph.http/websocket-connection`.
 */
export interface WebsocketDuplex extends Stream<WebsocketMessage> {
  /** Yields how it ended, once it has. */
  readonly closed: Deferred<WebsocketClosing>;
  /** The sub-protocol that was agreed on; "" if none was. */
  readonly protocol: string;
}

/** How a duplex is made. */
export interface DuplexOptions extends ClockOptions {
  /** Give text as bytes too, not decoded. @default false */
  readonly rawStream?: boolean | undefined;
  /** Pings on a quiet connection. @default none */
  readonly heartbeats?: HeartbeatOptions | undefined;
  /** Milliseconds the peer has to answer a close frame; after that the connection is cut. @default 10_000 */
  readonly closeTimeout?: number | undefined;
  /** Told of the pings of the peer, which have been answered already. */
  readonly onPing?: ((payload: Uint8Array) => void) | undefined;
  /** Told of the pongs of the peer, asked for or not. */
  readonly onPong?: ((payload: Uint8Array) => void) | undefined;
}

/** What a socket went through before it became a duplex. */
export interface WebsocketPast {
  readonly messages?: readonly RawMessage[];
  /** How it ended, if it has. */
  readonly code?: number;
  readonly reason?: string;
  /** The headers of the server's answer, by lower-case name. */
  readonly handshakeHeaders?: IncomingHttpHeaders;
}

/** A duplex whose control frames can be sent by `websocketPing` and `websocketClose`. */
export interface ControlledWebsocket extends WebsocketDuplex {
  /** Sends a ping, unless one is on its way; the next pong answers all. */
  ping(answer: Deferred<boolean>, payload: WebsocketMessage): Deferred<boolean>;
  /** Sends the close frame; -1 is no code. @returns false if it is closing or closed already */
  closeWith(code: number, reason: string): boolean;
}
