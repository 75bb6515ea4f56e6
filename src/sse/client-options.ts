import type { ClockOptions } from "../clock/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { checkMilliseconds, checkOptionNames, type OptionNames } from "../errors/options.js";
import type { ClientResponse, RequestOptions } from "../http/client/types.js";
import { parseUrl } from "../ring/parse-url.js";
import type { Source } from "../stream/index.js";
import type { DecodeEventsOptions, ReceivedEvent } from "./decode.js";

/** How the stream is asked for: all that the client can do, but what becomes of the body. A body must be one that can be sent again. */
export type EventSourceRequest = Omit<RequestOptions, "url" | "as" | "rawStream" | "coerce" | "throwExceptions">;

/** A connection that was lost, or that did not come about. */
export interface EventSourceLoss {
  /** Why; undefined if the server has ended the stream in order. */
  readonly error: unknown;
  /** Attempts that have failed one after the other, this one included; 0 if the stream was open. */
  readonly failures: number;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
}

/** How an event source behaves. Durations are milliseconds. */
export interface EventSourceOptions extends ClockOptions, Omit<DecodeEventsOptions, "onRetry"> {
  /** Headers, credentials, redirects, proxies, the pool ... for every attempt. @default a GET */
  readonly request?: EventSourceRequest | undefined;
  /** Wait before the first attempt to come back; the server's `retry` takes its place, up to a day. @default 1000 */
  readonly retryDelay?: number | undefined;
  /** Longest wait; it doubles with each attempt that fails. The server's `retry` may be longer. @default 60_000 */
  readonly maxRetryDelay?: number | undefined;
  /** By which part a wait is lengthened at most, at random, so that not all come at once: 0 to 1. @default 0.3 */
  readonly jitter?: number | undefined;
  /** Attempts that may fail one after the other before it gives up. @default no limit */
  readonly maxFailures?: number | undefined;
  /** Statuses to come back after, as a proxy gives them while its server restarts: `[502, 503]`. @default none, as in browsers */
  readonly retryStatuses?: readonly number[] | undefined;
  /**
   * Longest silence, heartbeats are none, before a connection is given up for a new one; the wait for its answer is one, too.
   * Without it a server that has gone without a word (a cut cable) is waited for until the system gives up, or for ever.
   *
   * @default no limit
   */
  readonly idleTimeout?: number | undefined;
  /** Called when a stream is open, with its response. */
  readonly onOpen?: ((response: ClientResponse<unknown>) => void) | undefined;
  /** Called when it has to come back. */
  readonly onLoss?: ((loss: EventSourceLoss) => void) | undefined;
}

/** The events of a server, over all connections that it takes. */
export interface EventSourceStream extends Source<ReceivedEvent> {
  /** Connecting, or waiting to; open; or ended for good. */
  readonly state: "connecting" | "open" | "closed";
  /** What it would come back with; "" if there was no id yet. */
  readonly lastEventId: string;
}

const OPTIONS: OptionNames<EventSourceOptions> = {
  request: true,
  retryDelay: true,
  maxRetryDelay: true,
  jitter: true,
  maxFailures: true,
  retryStatuses: true,
  idleTimeout: true,
  onOpen: true,
  onLoss: true,
  onComment: true,
  maxLineLength: true,
  maxEventLength: true,
  lastEventId: true,
  clock: true,
};

/** What the source decides itself. */
const OWN = ["url", "as", "rawStream", "coerce", "throwExceptions"];

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT` */
export function checkEventSourceOptions(url: string | URL, options: EventSourceOptions): void {
  checkOptionNames("eventSource", options, OPTIONS);
  const { request = {}, retryDelay = 1, maxRetryDelay = 1, jitter = 0, maxFailures = 1, idleTimeout = 1 } = options;
  if (parseUrl(url) === undefined) throw new InvalidArgumentError("eventSource: url must be an absolute URL");
  const own = OWN.find((name) => Object.hasOwn(request, name));
  if (own !== undefined) throw new InvalidArgumentError(`eventSource: request has ${own}, which is not to choose here`);
  checkMilliseconds("eventSource", "retryDelay", retryDelay);
  checkMilliseconds("eventSource", "maxRetryDelay", maxRetryDelay);
  checkMilliseconds("eventSource", "idleTimeout", idleTimeout);
  if (!(jitter >= 0 && jitter <= 1)) {
    throw new InvalidArgumentError(`eventSource: jitter must be a part of the wait, 0 to 1, not ${jitter}`);
  }
  if (!(maxFailures > 0)) {
    throw new InvalidArgumentError(`eventSource: maxFailures must be a number of attempts above 0, not ${maxFailures}`);
  }
}
