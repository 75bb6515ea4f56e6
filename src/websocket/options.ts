/** The options of a handshake: checked once, before anything is sent. */

import { type IncomingMessage, validateHeaderName, validateHeaderValue } from "node:http";
import type { Duplex } from "node:stream";
import type { Awaitable } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { checkOptionNames, type OptionNames } from "../errors/options.js";
import type { HeaderValue, ResponseHeaders, RingRequest, WebsocketListenerOptions } from "../ring/types.js";
import { checkPingPayload } from "./control.js";
import type { HeartbeatOptions } from "./heartbeat.js";
import type { RawWebSocket } from "./raw-socket.js";
import type { DuplexOptions } from "./types.js";

/** What both ends of a websocket can be told. */
export interface CommonOptions extends DuplexOptions {
  /** Bytes that one message may have, inflated; a longer one closes the connection with 1009. @default 1_048_576 (1 MiB) */
  readonly maxPayload?: number | undefined;
  /** Compress messages (permessage-deflate) if the other side can. @default false */
  readonly compression?: boolean | undefined;
  /** Is given the socket of `ws` and the connection under it, after the handshake and before anything is received. */
  readonly pipelineTransform?: ((websocket: RawWebSocket, connection: Duplex) => void) | undefined;
}

/** How a websocket is opened, and how it behaves. */
export interface WebsocketOptions extends CommonOptions {
  /** Added to the answer to the handshake. `sec-websocket-protocol` among them chooses the sub-protocol. */
  readonly headers?: ResponseHeaders | undefined;
  /**
   * The sub-protocols that are spoken here, best first: the first one that the client offers is agreed on. Or a function
   * that chooses one of those offered, or none. @default none is agreed on
   */
  readonly subProtocols?: readonly string[] | ((offered: readonly string[]) => string | undefined) | undefined;
  /** May extensions be negotiated? Compression is the only one, so false is refused together with it. @default as `compression` */
  readonly allowExtensions?: boolean | undefined;
  /**
   * The origins whose pages may connect, such as `"https://example.com"`, or a function that decides; others are answered
   * with 403. Clients that are no browsers send no origin: a list lets them in, a function is asked. @default all
   */
  readonly origins?: readonly string[] | ((origin: string | undefined, req: IncomingMessage) => boolean) | undefined;
  /** May this client connect? Asked after `origins`; another one is answered with 403. @default all may */
  readonly verify?: ((request: RingRequest) => Awaitable<boolean>) | undefined;
  /**
   * Milliseconds the handshake may take from the call on, with `verify`, and with middleware that saves a session; after
   * that the connection is cut. @default 30_000
   */
  readonly handshakeTimeout?: number | undefined;
}

export const MAX_PAYLOAD = 1_048_576;

export const HANDSHAKE_TIMEOUT = 30_000;

/** The names of the options that are about the handshake, which somebody else may have done. */
export const HANDSHAKE_OPTIONS = [
  "headers",
  "subProtocols",
  "maxPayload",
  "compression",
  "allowExtensions",
  "pipelineTransform",
  "origins",
  "verify",
  "handshakeTimeout",
] as const;

/** The names of those that are about what comes after it. */
export const DUPLEX_OPTIONS = ["rawStream", "heartbeats", "closeTimeout", "onPing", "onPong", "clock"] as const;

/** The names of those that a response with a listener can have. */
const LISTENER_OPTIONS: OptionNames<WebsocketListenerOptions> = {
  maxPayload: true,
  compression: true,
  heartbeats: true,
  closeTimeout: true,
  handshakeTimeout: true,
  origins: true,
  headers: true,
};

/** Where a response with a listener says what else can be said. */
const ELSEWHERE = {
  subProtocols: "websocketProtocol chooses one",
  onPing: "the listener has it",
  onPong: "the listener has it",
  verify: "answer with another response",
};

const HEARTBEAT_OPTIONS = ["sendAfterIdle", "payload", "timeout"];

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for what cannot work */
export function checkOptions(options: WebsocketOptions): void {
  checkOptionNames("a websocket", options, [...HANDSHAKE_OPTIONS, ...DUPLEX_OPTIONS]);
  checkNumber("handshakeTimeout", options.handshakeTimeout, "milliseconds");
  checkCompression("allowExtensions", options.allowExtensions, options.compression);
  checkCommon(options);
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for what cannot work */
export function checkListenerOptions(options: WebsocketListenerOptions): void {
  checkOptionNames("websocketOptions", options, LISTENER_OPTIONS, ELSEWHERE);
  checkNumber("handshakeTimeout", options.handshakeTimeout, "milliseconds");
  checkCommon(options);
}

/** Checks what both ends can be told, and the headers. */
export function checkCommon({
  headers = {},
  ...options
}: CommonOptions & { headers?: ResponseHeaders | undefined }): void {
  const { maxPayload, closeTimeout, heartbeats } = options;
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  checkNumber("maxPayload", maxPayload, "bytes");
  checkNumber("closeTimeout", closeTimeout, "milliseconds");
  if (heartbeats !== undefined) checkHeartbeats(heartbeats);
}

/** @param allows value of the option that allows extensions, whose name is that of the side */
export function checkCompression(name: string, allows: boolean | undefined, compression: boolean | undefined): void {
  if (compression !== true || allows !== false) return;
  throw new InvalidArgumentError(`compression is an extension of websockets, so it cannot go with ${name}: false`);
}

/** Lines of a header; a list is several. */
export function headerLines(value: HeaderValue): readonly string[] {
  return typeof value === "object" ? value : [String(value)];
}

function checkHeader(name: string, value: HeaderValue): void {
  try {
    validateHeaderName(name);
    for (const line of headerLines(value)) validateHeaderValue(name, line);
  } catch (cause) {
    throw new InvalidArgumentError(`the header ${JSON.stringify(name)} of a websocket cannot be sent`, { cause });
  }
}

function checkHeartbeats(heartbeats: HeartbeatOptions): void {
  checkOptionNames("heartbeats", heartbeats, HEARTBEAT_OPTIONS);
  const { sendAfterIdle, payload = "" } = heartbeats;
  checkPingPayload(payload);
  if (sendAfterIdle === undefined || (typeof sendAfterIdle === "number" && !Number.isNaN(sendAfterIdle))) return;
  throw new InvalidArgumentError(`heartbeats.sendAfterIdle is ${sendAfterIdle}; it is a number of milliseconds`);
}

export function checkNumber(name: string, value: number | undefined, unit: string): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new InvalidArgumentError(`${name} is ${value}; it is a whole number of ${unit} above 0`);
}
