import { InvalidArgumentError } from "../../errors/index.js";
import { checkNumber } from "../../websocket/options.js";
import type { WebsocketClosing, WebsocketDuplex } from "../../websocket/types.js";
import type { BackoffOptions } from "./backoff.js";
import type { WebsocketClientOptions } from "./options.js";
import type { UnsentPolicy } from "./unsent.js";

/** A connection that has ended. */
export interface Disconnection extends WebsocketClosing {
  /** Messages whose puts yielded true and that the operating system had not taken. */
  readonly lost: number;
}

/** An attempt to come. */
export interface Retry {
  /** Milliseconds until then. */
  readonly delay: number;
  /** The failures in a row before it; 0 after a connection that was good. */
  readonly failures: number;
  /** Why the attempt before failed; undefined after a connection that has ended. */
  readonly error: unknown;
}

/** How a websocket is asked for again and again. Durations are milliseconds, sizes bytes. */
export interface ReconnectingWebsocketClientOptions extends WebsocketClientOptions {
  /** The waits between attempts. */
  readonly backoff?: BackoffOptions | undefined;
  /** Milliseconds that a connection must last to be a good one, which ends a row of failures. @default 5_000 */
  readonly stableAfter?: number | undefined;
  /** Failures in a row after which it gives up: attempts, and connections that were not good. @default no limit */
  readonly maxAttempts?: number | undefined;
  /**
   * The close codes after which it does not come back, or a function that decides.
   *
   * @default [1000, 1002, 1003, 1007, 1008, 1010]: the server is done with it, or it does something wrong
   */
  readonly finalCodes?: readonly number[] | ((code: number, reason: string) => boolean) | undefined;
  /**
   * The statuses of answers to a handshake after which it does not come back, or a function that decides.
   *
   * @default 400 to 499, without 408, 425 and 429
   */
  readonly finalStatuses?: readonly number[] | ((status: number) => boolean) | undefined;
  /**
   * What becomes of messages that are put while there is no connection, or that wait when it breaks: `"keep"` sends them
   * on the next one, and their puts wait for that; `"drop"` drops them, and their puts yield true (`dropped` counts them);
   * `"fail"` fails their puts, code `RING_WEBSOCKET_DISCONNECTED`.
   *
   * @default "keep"
   */
  readonly unsent?: UnsentPolicy | undefined;
  /** Messages that may wait, 16_000 at most; the puts of more yield false (`"drop"`, `"fail"`: as above). @default 8192 */
  readonly maxUnsent?: number | undefined;
  /** Bytes (of text: characters) of messages that may wait. @default 16_777_216 (16 MiB) */
  readonly maxUnsentBytes?: number | undefined;
  /**
   * Called with each new connection before anything else is sent on it or taken of it: to sign in, to subscribe again. What
   * waits is sent when it is through; when it fails, which is logged, the connection is closed with 1011, and that is a
   * failure.
   */
  readonly onConnect?: ((connection: WebsocketDuplex) => unknown) | undefined;
  /** Told when a connection has ended. */
  readonly onDisconnect?: ((disconnection: Disconnection) => void) | undefined;
  /** Told before each wait. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

export const RECONNECTING_OPTIONS: readonly string[] = [
  "backoff",
  "stableAfter",
  "maxAttempts",
  "finalCodes",
  "finalStatuses",
  "unsent",
  "maxUnsent",
  "maxUnsentBytes",
  "onConnect",
  "onDisconnect",
  "onRetry",
];

const FINAL_CODES = [1000, 1002, 1003, 1007, 1008, 1010];

/** The answers with 4xx after which the same handshake may work. */
const TEMPORARY = [408, 425, 429];

/** More would not fit into what may wait on one connection, which is given all of it in the end. */
const MOST_UNSENT = 16_000;

/** The options with their defaults. */
export interface Reconnecting {
  readonly stableAfter: number;
  readonly maxAttempts: number;
  readonly unsent: UnsentPolicy;
  readonly maxUnsent: number;
  readonly maxUnsentBytes: number;
  readonly isFinalCode: (code: number, reason: string) => boolean;
  readonly isFinalStatus: (status: number) => boolean;
}

/** Checks the options. @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function resolveReconnecting(options: ReconnectingWebsocketClientOptions): Reconnecting {
  const { unsent = "keep", finalCodes = FINAL_CODES, finalStatuses = isFinalStatus } = options;
  if (unsent !== "keep" && unsent !== "drop" && unsent !== "fail") {
    throw new InvalidArgumentError(`unsent is "keep", "drop" or "fail", not ${JSON.stringify(unsent)}`);
  }
  checkNumber("stableAfter", options.stableAfter, "milliseconds");
  checkNumber("maxAttempts", options.maxAttempts, "attempts");
  checkNumber("maxUnsent", options.maxUnsent, "messages");
  checkNumber("maxUnsentBytes", options.maxUnsentBytes, "bytes");
  if ((options.maxUnsent ?? 0) > MOST_UNSENT) {
    throw new InvalidArgumentError(`maxUnsent is ${options.maxUnsent}; it is ${MOST_UNSENT} messages at most`);
  }
  return {
    stableAfter: options.stableAfter ?? 5_000,
    maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
    unsent,
    maxUnsent: options.maxUnsent ?? 8192,
    maxUnsentBytes: options.maxUnsentBytes ?? 16_777_216,
    isFinalCode: typeof finalCodes === "function" ? finalCodes : (code) => finalCodes.includes(code),
    isFinalStatus: typeof finalStatuses === "function" ? finalStatuses : (status) => finalStatuses.includes(status),
  };
}

function isFinalStatus(status: number): boolean {
  return status >= 400 && status < 500 && !TEMPORARY.includes(status);
}
