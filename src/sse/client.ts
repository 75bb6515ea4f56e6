/** An event source that comes back. */

import { Buffer } from "node:buffer";
import { type Cancel, type Clock, currentClock } from "../clock/index.js";
import { Deferred, SUCCESS } from "../deferred/core.js";
import { logError, type RingError, TimeoutError } from "../errors/index.js";
import { cancelRequest, request } from "../http/client/request.js";
import type { ClientResponse } from "../http/client/types.js";
import { type Puller, PullSource } from "../stream/core.js";
import type { Description, Source } from "../stream/index.js";
import {
  checkEventSourceOptions,
  type EventSourceLoss,
  type EventSourceOptions,
  type EventSourceStream,
} from "./client-options.js";
import { EventParser, type ReceivedEvent } from "./decode.js";
import { EventSourceContentTypeError, EventSourceLostError, EventSourceStatusError } from "./errors.js";

export type {
  EventSourceLoss,
  EventSourceOptions,
  EventSourceRequest,
  EventSourceStream,
} from "./client-options.js";

const RETRY_DELAY = 1000;
const MAX_RETRY_DELAY = 60_000;
const JITTER = 0.3;
/** The longest wait that a server can ask for. */
const DAY = 86_400_000;

/** Errors that the same request will meet again. */
const FINAL = new Set([
  "RING_INVALID_ARGUMENT",
  "RING_REQUEST_CANCELLED",
  "RING_POOL_CLOSED",
  "RING_REDIRECT",
  "RING_BODY_NOT_REPLAYABLE",
]);

const END: unique symbol = Symbol("end");

type Step = IteratorResult<ReceivedEvent, undefined>;
type Response = ClientResponse<Source<Uint8Array>>;

/** One connection after the other, read only while somebody asks. */
class Connections implements Puller<ReceivedEvent> {
  state: EventSourceStream["state"] = "connecting";
  readonly #url: string | URL;
  readonly #options: EventSourceOptions;
  readonly #clock: Clock;
  #parser: EventParser;
  #events: ReceivedEvent[] = [];
  #next = 0;
  /** Who asked, while there is no event. */
  #asked: Deferred<Step> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #requested: Deferred<Response> | undefined;
  #response: Response | undefined;
  #isReading = false;
  #failures = 0;
  /** What the server has asked for. */
  #retry: number | undefined;
  #cancelTimer: Cancel = () => {};

  constructor(url: string | URL, options: EventSourceOptions) {
    checkEventSourceOptions(url, options);
    this.#url = url;
    this.#options = options;
    this.#clock = currentClock(options);
    this.#parser = this.#newParser(options.lastEventId ?? "");
  }

  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  #newParser(lastEventId: string): EventParser {
    const { maxLineLength, maxEventLength, onComment } = this.#options;
    const onRetry = (milliseconds: number): void => {
      this.#retry = Math.min(milliseconds, DAY);
    };
    return new EventParser({ maxLineLength, maxEventLength, onComment, lastEventId, onRetry }, "eventSource");
  }

  // --- giving

  next(): Step | Deferred<Step> {
    if (this.#next < this.#events.length) return { done: false, value: this.#events[this.#next++] as ReceivedEvent };
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.state === "closed") return { done: true, value: undefined };
    const asked = new Deferred<Step>();
    this.#asked = asked;
    this.#read();
    return asked;
  }

  #answer(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    this.#asked = undefined;
    try {
      const step = this.next();
      if (step instanceof Deferred)
        step.onRealized(
          (value) => asked.success(value),
          (error) => asked.error(error),
        );
      else asked.success(step);
    } catch (error) {
      asked.error(error);
    }
  }

  // --- connecting

  connect(): void {
    const { request: asked = {} } = this.#options;
    this.#parser = this.#newParser(this.lastEventId);
    const requested = request({
      requestMethod: "get",
      ...asked,
      url: this.#url,
      headers: { accept: "text/event-stream", "cache-control": "no-cache", ...asked.headers, ...this.#lastIdHeader() },
      rawStream: true,
      throwExceptions: false,
    }) as Deferred<Response>;
    this.#requested = requested;
    this.#cancelTimer = this.#whenIdle((error) => {
      this.#requested = undefined;
      cancelRequest(requested);
      this.#onFailure(error, false);
    });
    const isCurrent = (): boolean => this.#requested === requested;
    requested.onRealized(
      (response) => {
        if (isCurrent()) this.#onResponse(response);
        else response.close();
      },
      (error: unknown) => {
        if (!isCurrent() || this.state === "closed") return;
        this.#cancelTimer();
        this.#onFailure(error, FINAL.has((error as Partial<RingError>).code ?? ""));
      },
    );
  }

  #whenIdle(f: (error: TimeoutError) => void): Cancel {
    const { idleTimeout } = this.#options;
    if (idleTimeout === undefined) return () => {};
    const message = `nothing came from the event source for idleTimeout (${idleTimeout} milliseconds)`;
    return this.#clock.in(idleTimeout, () => f(new TimeoutError(idleTimeout, "RING_TIMEOUT", message)));
  }

  /** In UTF-8, byte by byte. */
  #lastIdHeader(): { readonly "last-event-id"?: string } {
    return this.lastEventId === "" ? {} : { "last-event-id": Buffer.from(this.lastEventId).toString("latin1") };
  }

  #onResponse(response: Response): void {
    this.#cancelTimer();
    const { status, headers } = response;
    const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
    if (this.state !== "closed" && status === 200 && type === "text/event-stream") {
      this.#open(response);
      return;
    }
    response.close();
    if (this.state === "closed") return;
    if (status === 204) this.#finish();
    else if (status !== 200) {
      const isFinal = this.#options.retryStatuses?.includes(status) !== true;
      this.#onFailure(new EventSourceStatusError(status), isFinal);
    } else this.#onFailure(new EventSourceContentTypeError(type), true);
  }

  #open(response: Response): void {
    this.state = "open";
    this.#failures = 0;
    this.#response = response;
    this.#call(() => this.#options.onOpen?.(response));
    if (this.#asked !== undefined) this.#read();
  }

  // --- reading

  #read(): void {
    const response = this.#response;
    if (response === undefined || this.#isReading) return;
    this.#isReading = true;
    for (;;) {
      const taken = response.body.take<typeof END>(END);
      if (taken.stage !== SUCCESS) {
        this.#await(response, taken);
        return;
      }
      if (!this.#accept(response, taken.result as Uint8Array | typeof END)) return;
    }
  }

  #await(response: Response, taken: Deferred<Uint8Array | typeof END>): void {
    this.#cancelTimer = this.#whenIdle((error) => this.#onLoss(error));
    taken.onRealized(
      (piece) => {
        if (this.#response !== response) return;
        this.#cancelTimer();
        if (!this.#accept(response, piece)) return;
        this.#isReading = false;
        this.#read();
      },
      (error: unknown) => {
        if (this.#response === response) this.#onLoss(error);
      },
    );
  }

  /** @returns whether more has to be read */
  #accept(response: Response, piece: Uint8Array | typeof END): boolean {
    if (piece === END) {
      this.#onLoss(undefined);
      return false;
    }
    this.#events = [];
    this.#next = 0;
    try {
      this.#parser.push(piece, this.#events);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (this.#events.length === 0) return this.#response === response;
    this.#isReading = false;
    this.#answer();
    return false;
  }

  // --- coming back

  #onLoss(error: unknown): void {
    this.#release();
    this.state = "connecting";
    this.#retryIn(error);
  }

  #onFailure(error: unknown, isFinal: boolean): void {
    this.#failures++;
    const { maxFailures = Number.POSITIVE_INFINITY } = this.#options;
    if (isFinal) this.#fail(error);
    else if (this.#failures >= maxFailures) this.#fail(new EventSourceLostError(maxFailures, error));
    else this.#retryIn(error);
  }

  #retryIn(error: unknown): void {
    const failures = this.#failures;
    const delay = this.#delay();
    const loss: EventSourceLoss = { error, failures, delay };
    this.#cancelTimer = this.#clock.in(delay, () => this.connect());
    this.#call(() => this.#options.onLoss?.(loss));
  }

  #delay(): number {
    const { retryDelay = RETRY_DELAY, maxRetryDelay = MAX_RETRY_DELAY, jitter = JITTER } = this.#options;
    const first = this.#retry ?? retryDelay;
    const delay = Math.max(first, Math.min(maxRetryDelay, first * 2 ** Math.max(0, this.#failures - 1)));
    return Math.round(delay * (1 + jitter * Math.random()));
  }

  // --- ending

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#finish();
  }

  #finish(): void {
    this.#release();
    this.state = "closed";
    this.#answer();
  }

  /** Closed from outside. */
  cancel(): void {
    this.#finish();
    if (this.#requested !== undefined) cancelRequest(this.#requested);
  }

  #release(): void {
    this.#cancelTimer();
    this.#isReading = false;
    const response = this.#response;
    // First, as the body ends within the call.
    this.#response = undefined;
    response?.close();
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      logError(error, "error in a callback of an event source");
    }
  }
}

class ReconnectingSource extends PullSource<ReceivedEvent> implements EventSourceStream {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    super(connections, "event source");
    this.#connections = connections;
  }

  get state(): EventSourceStream["state"] {
    return this.#connections.state;
  }

  get lastEventId(): string {
    return this.#connections.lastEventId;
  }

  override description(): Description {
    return { ...super.description(), state: this.state, lastEventId: this.lastEventId };
  }
}

/**
 * Connects to a stream of server-sent events, and gives its events; when the connection is lost, it comes back with the last
 * id, so that a server that keeps its events goes on where it was.
 *
 * It connects at once, and reads no faster than events are taken: a reader that takes none holds the server back, and does not
 * notice that the connection is lost. A connection that ends, in order or not, is followed by another one after a wait that
 * the server's `retry` or `retryDelay` says, that doubles with each attempt that fails, and is lengthened at random. Status
 * 204 ends the source, and so does `close`. A long-lived connection counts among those of its pool (8 to a host by default).
 *
 * @returns a source. A take fails, and it is the end: with an `EventSourceStatusError`, code `RING_EVENT_SOURCE_STATUS`, for a
 *   status that is not 200 (and not among `retryStatuses`); an `EventSourceContentTypeError`, code
 *   `RING_EVENT_SOURCE_CONTENT_TYPE`, for what is no `text/event-stream`; an `EventSourceLostError`, code
 *   `RING_EVENT_SOURCE_LOST`, after `maxFailures`; `RING_EVENT_LINE_TOO_LONG`, `RING_EVENT_TOO_LARGE`; or what the request
 *   fails with and will again (`RING_REDIRECT`, a wrong option, its `signal`).
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a wrong option, or a URL that is none.
 * @example
 * const events = eventSource("http://localhost:3000/news", { request: { oauthToken: "..." }, retryStatuses: [502, 503] });
 * for await (const { event, data, id } of events) console.log(id, event, data);
 * @see Source: WHATWG HTML, 9.2; Aleph has none.
 */
export function eventSource(url: string | URL, options: EventSourceOptions = {}): EventSourceStream {
  const connections = new Connections(url, options);
  connections.connect();
  return new ReconnectingSource(connections);
}
