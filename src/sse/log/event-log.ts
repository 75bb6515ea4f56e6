/** A log of events within one process. */

import { randomBytes } from "node:crypto";
import { type Clock, type ClockOptions, currentClock } from "../../clock/index.js";
import { type Deferred, errorDeferred, successDeferred } from "../../deferred/index.js";
import { InvalidArgumentError } from "../../errors/index.js";
import { checkCount, checkMilliseconds, checkOptionNames, type OptionNames } from "../../errors/options.js";
import { EventLogClosedError } from "../errors.js";
import type { EventFeed, FeedRequest } from "../feed.js";
import { checkNewEvent, type NewEvent, toBytes, topicOf } from "./encoding.js";
import { type Beginning, LogReader } from "./reader.js";
import { Readers } from "./readers.js";
import { EventRing } from "./ring.js";

/** How much a log keeps. What is beyond any of the limits is dropped, the oldest first. */
export interface EventLogOptions extends ClockOptions {
  /** Events that are kept, at least 1. @default 1000 */
  readonly maxEvents?: number | undefined;
  /** Bytes of events, as they are sent, that are kept. @default 8_388_608 (8 MiB) */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that an event is kept. @default no limit */
  readonly maxAge?: number | undefined;
}

/** What a log has done so far. */
export interface EventLogStats {
  /** Events that were appended here. */
  readonly appended: number;
  /** Events in memory. */
  readonly kept: number;
  /** Bytes of the events in memory, as they are sent. */
  readonly bytes: number;
  /** Responses that read. */
  readonly readers: number;
  /** Clients that were told that they have missed events. */
  readonly gaps: number;
  /** Events, of all topics, that they have missed, as far as their number is known. */
  readonly missed: number;
  /** Clients that were cut off because they were too slow. */
  readonly disconnected: number;
}

/** Keeps events for those who come back, and feeds any number of responses. */
export interface EventLog extends EventFeed {
  /**
   * Appends an event.
   *
   * @returns a deferred of its id. It fails with an `InvalidEventError`, code `RING_INVALID_EVENT`, if it cannot be written,
   *   with an `EventLogClosedError`, code `RING_EVENT_LOG_CLOSED`, after `close`; over Redis also as told there.
   */
  append(event: NewEvent): Deferred<string>;
  /** What is kept, and how many read. */
  stats(): EventLogStats;
  /** Ends the log and all responses that it feeds. */
  close(): void;
}

export const DEFAULT_MAX_EVENTS = 1000;
export const DEFAULT_MAX_BYTES = 8_388_608;

const OPTIONS: OptionNames<EventLogOptions> = { maxEvents: true, maxBytes: true, maxAge: true, clock: true };

/** Every number of a log stands for one event; the name of the log keeps those of another apart. */
class MemoryLog implements EventLog {
  readonly #clock: Clock;
  readonly #name = randomBytes(6).toString("base64url").replaceAll("-", "_");
  readonly #ring: EventRing;
  readonly #readers = new Readers();
  #appended = 0;
  #isClosed = false;

  constructor(options: EventLogOptions) {
    checkOptionNames("eventLog", options, OPTIONS);
    const { maxEvents = DEFAULT_MAX_EVENTS, maxBytes = DEFAULT_MAX_BYTES, maxAge = Number.POSITIVE_INFINITY } = options;
    checkCount("eventLog", "maxEvents", maxEvents, "events");
    checkCount("eventLog", "maxBytes", maxBytes, "bytes");
    checkMilliseconds("eventLog", "maxAge", maxAge);
    this.#clock = currentClock(options);
    this.#ring = new EventRing(this.#idOf(0), { maxEvents, maxBytes, maxAge });
  }

  #idOf(number: number): string {
    return `${this.#name}-${number}`;
  }

  append(event: NewEvent): Deferred<string> {
    if (this.#isClosed) return errorDeferred(new EventLogClosedError());
    try {
      checkNewEvent(event);
      const id = this.#idOf(this.#appended + 1);
      const bytes = toBytes({ ...event, id });
      this.#appended++;
      this.#ring.push({ id, topic: topicOf(event), bytes, time: this.#clock.now() });
      return successDeferred(id);
    } catch (error) {
      return errorDeferred(error);
    }
  }

  open(request: FeedRequest): LogReader {
    checkRequest(request);
    const reader = new LogReader(this.#ring, undefined, this.#readers.counting(request));
    if (this.#isClosed) reader.close();
    else this.#readers.add(reader);
    this.#ring.trim(this.#clock.now());
    reader.begin(this.#beginningOf(request));
    return reader;
  }

  #beginningOf({ lastEventId, start }: FeedRequest): Beginning {
    const { first, next, since, newestId } = this.#ring;
    const oldest = { id: since, index: first };
    if (lastEventId === undefined) return start === "oldest" ? oldest : { id: newestId, index: next };
    const seen = this.#numberOf(lastEventId);
    if (seen === undefined || seen > this.#appended) {
      return { ...oldest, gap: { reason: "unknown", lastEventId, missed: undefined } };
    }
    // The event of a number has the index below it, so the number is the index of what comes next.
    if (seen >= first) return { id: lastEventId, index: seen };
    return { ...oldest, gap: { reason: "expired", lastEventId, missed: first - seen } };
  }

  #numberOf(id: string): number | undefined {
    const prefix = `${this.#name}-`;
    const digits = id.slice(prefix.length);
    return id.startsWith(prefix) && /^(0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : undefined;
  }

  stats(): EventLogStats {
    const { length, bytes } = this.#ring;
    return { appended: this.#appended, kept: length, bytes, ...this.#readers.stats() };
  }

  close(): void {
    this.#isClosed = true;
    this.#readers.close();
  }
}

/** @throws {InvalidArgumentError} for what a log does not have */
export function checkRequest({ bound }: FeedRequest): void {
  if (bound === undefined) return;
  throw new InvalidArgumentError("sse: bound is for busEvents; a log keeps events for all clients together");
}

/**
 * Makes a log of events in memory: responses that are fed from it (`sse(request, { feed: log })`) send what is appended, and
 * a client that comes back gets what it has missed, in order, once.
 *
 * Each event gets an id, which the client gives back as `last-event-id`. What the log keeps has limits; a client whose last
 * event is not kept any more, or is of another log (that of a process before this one), is told by an event `gap`, or as
 * `onGap` says, and then gets all that is kept. An event is encoded once for all clients; a client that reads slowly takes
 * no memory beyond its connection's, and misses, as told, what is dropped before it gets there.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a wrong option.
 * @example
 * const log = eventLog({ maxEvents: 500, maxAge: 600_000 });
 * app.get("/news", ring((request) => sse(request, { feed: log }).response));
 * log.append({ event: "news", data: "It rains." });
 * @see Source: WHATWG HTML, 9.2.4, `Last-Event-ID`; Aleph has none.
 */
export function eventLog(options: EventLogOptions = {}): EventLog {
  return new MemoryLog(options);
}
