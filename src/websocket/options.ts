/** The options of a handshake: checked once, before anything is sent. */

import { type IncomingMessage, validateHeaderName, validateHeaderValue } from "node:http";
import { InvalidArgumentError } from "../errors/index.js";
import type { HeaderValue, ResponseHeaders } from "../ring/types.js";
import { checkPingPayload } from "./control.js";
import type { DuplexOptions } from "./duplex.js";
import type { HeartbeatOptions } from "./heartbeat.js";

/** How a websocket is opened, and how it behaves. */
export interface WebsocketOptions extends DuplexOptions {
  /** Added to the answer to the handshake. `sec-websocket-protocol` among them chooses the sub-protocol. */
  readonly headers?: ResponseHeaders | undefined;
  /**
   * The sub-protocols that are spoken here, best first: the first one that the client offers is agreed on. Or a function
   * that chooses one of those offered, or none. @default none is agreed on
   */
  readonly subProtocols?: readonly string[] | ((offered: readonly string[]) => string | undefined) | undefined;
  /** Bytes that one message may have; a longer one closes the connection with 1009. @default 1_048_576 (1 MiB) */
  readonly maxPayload?: number | undefined;
  /** Compress messages (permessage-deflate) if the client can. @default false */
  readonly compression?: boolean | undefined;
  /**
   * The origins whose pages may connect, such as `"https://example.com"`, or a function that decides; others are answered
   * with 403. Clients that are no browsers send no origin: a list lets them in, a function is asked. @default all
   */
  readonly origins?: readonly string[] | ((origin: string | undefined, req: IncomingMessage) => boolean) | undefined;
}

export const MAX_PAYLOAD = 1_048_576;

/** The names of the options that are about the handshake, which somebody else may have done. */
export const HANDSHAKE_OPTIONS = ["headers", "subProtocols", "maxPayload", "compression", "origins"] as const;

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for what cannot work */
export function checkOptions(options: WebsocketOptions): void {
  const { headers = {}, maxPayload, closeTimeout, heartbeats } = options;
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  checkNumber("maxPayload", maxPayload, "bytes");
  checkNumber("closeTimeout", closeTimeout, "milliseconds");
  if (heartbeats !== undefined) checkHeartbeats(heartbeats);
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

function checkHeartbeats({ sendAfterIdle, payload = "" }: HeartbeatOptions): void {
  checkPingPayload(payload);
  if (typeof sendAfterIdle === "number" && !Number.isNaN(sendAfterIdle)) return;
  throw new InvalidArgumentError(`heartbeats.sendAfterIdle is ${sendAfterIdle}; it is a number of milliseconds`);
}

function checkNumber(name: string, value: number | undefined, unit: string): void {
  if (value === undefined || (Number.isInteger(value) && value > 0)) return;
  throw new InvalidArgumentError(`${name} is ${value}; it is a whole number of ${unit} above 0`);
}
