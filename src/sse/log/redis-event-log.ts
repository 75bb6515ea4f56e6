/** A log of events over several processes and machines, in a stream of Redis. */

import { type Clock, type ClockOptions, currentClock } from "../../clock/index.js";
import { type Deferred, deferred, errorDeferred, toDeferred } from "../../deferred/index.js";
import { InvalidArgumentError, logError } from "../../errors/index.js";
import { checkCount, checkMilliseconds, checkOptionNames, type OptionNames } from "../../errors/options.js";
import { encodeEvent } from "../encode.js";
import { EventLogClosedError, EventLogUnavailableError } from "../errors.js";
import type { FeedReader, FeedRequest } from "../feed.js";
import { checkNewEvent, type NewEvent, toBytes, topicOf } from "./encoding.js";
import { checkRequest, DEFAULT_MAX_BYTES, DEFAULT_MAX_EVENTS, type EventLog, type EventLogStats } from "./event-log.js";
import { type Archive, type Beginning, LogReader, type Page } from "./reader.js";
import { Readers } from "./readers.js";
import { type CommandLink, commandLinkOf, type RedisCommandClient } from "./redis-link.js";
import { BEGINNING, compareStreamIds, isStreamId, type RedisEntry, RedisStream } from "./redis-stream.js";
import { EventRing, type LoggedEvent } from "./ring.js";
import { Tail } from "./tail.js";

/** How a log in Redis works. */
export interface RedisEventLogOptions extends ClockOptions {
  /** The key of the stream: the same in every process of the log. */
  readonly key: string;
  /** Events that Redis keeps, about so many, as it drops them by the hundred. @default 10_000 */
  readonly maxEvents?: number | undefined;
  /** Milliseconds that Redis keeps an event, counted by its own clock. @default no limit */
  readonly maxAge?: number | undefined;
  /** Milliseconds that an append may take, the wait for a connection included. @default 5000 */
  readonly appendTimeout?: number | undefined;
  /** Events that this process keeps to spare Redis the question. @default 1000 */
  readonly maxCachedEvents?: number | undefined;
  /** Bytes of these events, as they are sent. @default 8_388_608 (8 MiB) */
  readonly maxCachedBytes?: number | undefined;
}

/** What this process has done so far; `kept` and `bytes` are what it keeps itself. */
export interface RedisEventLogStats extends EventLogStats {
  /** Entries of the stream that are no events. */
  readonly malformed: number;
  /** How often the connection was lost on which new events come. */
  readonly interruptions: number;
  /** Responses that were ended because Redis did not answer what their clients had missed. */
  readonly failures: number;
}

/** A log that all processes share. */
export interface RedisEventLog extends EventLog {
  /** What this process has appended, how many read here, and how it gets on with Redis. */
  stats(): RedisEventLogStats;
  /**
   * Begins to read, which otherwise the first response does.
   *
   * @returns a deferred of true once new events come in here; of false if the log is closed before
   */
  whenReady(): Deferred<boolean>;
}

const OPTIONS: OptionNames<RedisEventLogOptions> = {
  key: true,
  maxEvents: true,
  maxAge: true,
  appendTimeout: true,
  maxCachedEvents: true,
  maxCachedBytes: true,
  clock: true,
};

const DEFAULT_KEPT = 10_000;
const DEFAULT_TIMEOUT = 5000;

/** Entries that are asked for at a time. */
const PAGE = 100;

/** The names of an entry's fields. */
const EVENT = "event";
const DATA = "data";

class StreamLog implements RedisEventLog, Archive {
  readonly compare: typeof compareStreamIds = compareStreamIds;
  readonly #link: CommandLink;
  readonly #stream: RedisStream;
  readonly #clock: Clock;
  readonly #limits: { readonly maxEvents: number; readonly maxAge: number; readonly appendTimeout: number };
  readonly #ring: EventRing;
  readonly #tail: Tail;
  readonly #readers = new Readers();
  #appended = 0;
  #malformed = 0;
  #failures = 0;
  #isClosed = false;

  constructor(client: RedisCommandClient, options: RedisEventLogOptions) {
    checkOptionNames("redisEventLog", options, OPTIONS);
    const {
      key,
      maxEvents = DEFAULT_KEPT,
      maxAge = Number.POSITIVE_INFINITY,
      appendTimeout = DEFAULT_TIMEOUT,
      maxCachedEvents = DEFAULT_MAX_EVENTS,
      maxCachedBytes = DEFAULT_MAX_BYTES,
    } = options;
    if (typeof key !== "string" || key === "") {
      throw new InvalidArgumentError("redisEventLog: key must be the name of a stream of Redis");
    }
    checkCount("redisEventLog", "maxEvents", maxEvents, "events");
    checkMilliseconds("redisEventLog", "maxAge", maxAge);
    checkMilliseconds("redisEventLog", "appendTimeout", appendTimeout);
    checkCount("redisEventLog", "maxCachedEvents", maxCachedEvents, "events");
    checkCount("redisEventLog", "maxCachedBytes", maxCachedBytes, "bytes");
    this.#link = commandLinkOf(client);
    this.#stream = new RedisStream(key);
    this.#clock = currentClock(options);
    this.#limits = { maxEvents, maxAge, appendTimeout };
    // Redis says what is too old.
    const limits = { maxEvents: maxCachedEvents, maxBytes: maxCachedBytes, maxAge: Number.POSITIVE_INFINITY };
    this.#ring = new EventRing(BEGINNING, limits);
    this.#tail = new Tail(this.#stream, this.#ring, this.#clock, (entry) => this.#toEvent(entry));
  }

  // --- writing

  append(event: NewEvent): Deferred<string> {
    if (this.#isClosed) return errorDeferred(new EventLogClosedError());
    try {
      checkNewEvent(event);
      // What cannot be written must not get into the stream, where every process would stumble over it.
      encodeEvent(event);
    } catch (error) {
      return errorDeferred(error);
    }
    const fields = event.event === undefined ? [DATA, event.data] : [EVENT, event.event, DATA, event.data];
    return this.#withinTime(this.#stream.append(this.#link, this.#limits.maxEvents, fields));
  }

  #withinTime(appending: PromiseLike<string>): Deferred<string> {
    const { appendTimeout, maxAge } = this.#limits;
    const result = deferred<string>();
    const cancel = this.#clock.in(appendTimeout, () => {
      const message = `Redis has not answered for appendTimeout (${appendTimeout} milliseconds); the event may be appended or not`;
      result.error(new EventLogUnavailableError(message));
    });
    appending.then(
      (id) => {
        cancel();
        this.#appended++;
        if (Number.isFinite(maxAge)) this.#dropOld();
        result.success(id);
      },
      (error: unknown) => {
        cancel();
        const why = this.#link.isReady
          ? `Redis refuses an event: ${String((error as Partial<Error> | null)?.message)}`
          : "the connection was lost while an event was appended; it may be there or not";
        result.error(new EventLogUnavailableError(why, error));
      },
    );
    return result;
  }

  #dropOld(): void {
    // Fails with the connection only; the next one drops more.
    this.#stream.trim(this.#link, this.#clock.now() - this.#limits.maxAge).then(undefined, () => {});
  }

  // --- reading

  open(request: FeedRequest): FeedReader {
    checkRequest(request);
    const reader = new LogReader(this.#ring, this, this.#readers.counting(request));
    if (this.#isClosed) {
      reader.close();
      return reader;
    }
    this.#readers.add(reader);
    this.whenReady().onRealized(
      (isReady) => {
        if (isReady) reader.begin(this.#beginningOf(request));
      },
      () => {},
    );
    return reader;
  }

  whenReady(): Deferred<boolean> {
    this.#tail.start(this.#link);
    return this.#tail.placed;
  }

  #beginningOf({ lastEventId, start }: FeedRequest): Beginning {
    if (lastEventId === undefined) {
      return start === "oldest" ? { id: BEGINNING } : { id: this.#ring.newestId, index: this.#ring.next };
    }
    if (isStreamId(lastEventId)) return { id: lastEventId };
    return { id: BEGINNING, gap: { reason: "unknown", lastEventId, missed: undefined } };
  }

  after(id: string): Deferred<Page> {
    return toDeferred(this.#pageAfter(id));
  }

  /** The entry of the id itself is asked for, too: while it is there, so is everything after it. */
  async #pageAfter(id: string): Promise<Page> {
    const { maxAge } = this.#limits;
    if (Number.isFinite(maxAge)) await this.#stream.trim(this.#link, this.#clock.now() - maxAge);
    const entries = await this.#stream.range(this.#link, id, PAGE + 1);
    const events = entries.map((entry) => this.#toEvent(entry));
    if (entries[0]?.[0] === id) return { events: events.slice(1) };
    if (id === BEGINNING) return { events };
    const newest = await this.#stream.newestId(this.#link);
    const order = compareStreamIds(id, newest);
    if (order === 0 && events.length === 0) return { events };
    if (order <= 0) return { events, gap: "expired", newest: events.length === 0 ? newest : undefined };
    // The stream has never come that far: it is another one.
    const all = (await this.#stream.range(this.#link, BEGINNING, PAGE)).map((entry) => this.#toEvent(entry));
    return { events: all, gap: "unknown", newest: all.length === 0 ? newest : undefined };
  }

  failed(_error: unknown): void {
    this.#failures++;
  }

  #toEvent([id, fields]: RedisEntry): LoggedEvent {
    const event: NewEvent = { event: valueOf(fields, EVENT), data: valueOf(fields, DATA) as string };
    const time = this.#clock.now();
    try {
      checkNewEvent(event);
      return { id, topic: topicOf(event), bytes: toBytes({ ...event, id }), time };
    } catch (error) {
      this.#malformed++;
      logError(error, "an entry of the stream of a log is no event, and is left out");
      // Clients hear of its place, no more.
      return { id, topic: "", bytes: toBytes({ id }), time };
    }
  }

  stats(): RedisEventLogStats {
    const { length: kept, bytes } = this.#ring;
    const { interruptions } = this.#tail;
    const counts = { appended: this.#appended, malformed: this.#malformed, failures: this.#failures, interruptions };
    return { ...counts, kept, bytes, ...this.#readers.stats() };
  }

  close(): void {
    this.#isClosed = true;
    this.#tail.end();
    this.#readers.close();
  }
}

function valueOf(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

/**
 * Makes a log of events in a stream of Redis, for all processes that use the same key: whichever of them a client comes back
 * to replays what it has missed.
 *
 * It does what `eventLog` does, and differs in this:
 *
 * - `append` yields the id once Redis has the event. It fails with an `EventLogUnavailableError`, code
 *   `RING_EVENT_LOG_UNAVAILABLE`, if Redis refuses it, or does not answer within `appendTimeout`; then the event may be there
 *   or not. What Redis has lost itself, killed without persistence, clients are told as a gap when they are served next.
 * - A process reads new events on one connection of its own, whatever the number of clients, and encodes each once. While
 *   that is lost, clients wait, and get what came meanwhile when it is back. Clients that have been away for longer than
 *   the process's own memory are served from Redis, page by page, as fast as they read; if that fails, the response ends, so
 *   that they come again.
 * - A gap does not say how many events were missed. It is told also where nothing but the client's very last event is gone.
 * - Ids are those of Redis, times with numbers; other programs may `XADD` to the stream, fields `event` and `data`.
 *
 * @param client A connected client of the package `redis` (6 or later), or of `ioredis`. It appends, and asks what is not in
 *   memory; for new events it is duplicated. It stays its owner's, who listens to its errors and closes it.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a client without the methods of one, or a wrong option.
 * @example
 * const client = await createClient({ url: "redis://localhost" }).on("error", console.error).connect();
 * const log = redisEventLog(client, { key: "news", maxEvents: 5000 });
 * app.get("/news", ring((request) => sse(request, { feed: log }).response));
 * await log.append({ event: "news", data: "It rains." });
 * @see Source: WHATWG HTML, 9.2.4, `Last-Event-ID`; Aleph has none.
 */
export function redisEventLog(client: RedisCommandClient, options: RedisEventLogOptions): RedisEventLog {
  return new StreamLog(client, options);
}
