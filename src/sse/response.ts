import { Buffer } from "node:buffer";
import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { type ClockOptions, currentClock } from "../clock/index.js";
import { type Deferred, deferred, errorDeferred } from "../deferred/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { checkChoice, checkOptionNames, type OptionNames } from "../errors/options.js";
import { exchangeBehind } from "../message/index.js";
import type { RingRequest, RingResponse } from "../ring/types.js";
import { toSource } from "../stream/index.js";
import { encodeEvent, type ServerSentEvent } from "./encode.js";
import { EventBody } from "./event-body.js";
import type { EventFeed, EventGap, FeedReader, FeedRequest, SlowClient } from "./feed.js";

/** How a response of server-sent events behaves, and what it is fed from. */
export interface SseOptions<Topic = string> extends ClockOptions {
  /**
   * Milliseconds between two comment lines that keep proxies from closing a silent connection, above 0; null sends none.
   * A client that does not keep up is sent none. The clock starts with the call. @default 15_000
   */
  readonly heartbeat?: number | null | undefined;
  /** How long the client waits before it comes back, in whole milliseconds. @default the client's own, a few seconds */
  readonly retry?: number | undefined;
  /** Sends by itself: what a log keeps and gets, `eventLog` and `redisEventLog`, or what is published on a bus, `busEvents`. */
  readonly feed?: EventFeed<Topic> | undefined;
  /**
   * Does the response end when its server begins to close, so that the client comes back to another one? Else the server waits
   * for its end, and cuts it off after `shutdownTimeout`. @default true with a feed, else false
   */
  readonly endsWithServer?: boolean | undefined;
  /** Which of the feed's events: names of events in a log, topics of a bus. @default all of a log; a bus needs some */
  readonly topics?: readonly Topic[] | undefined;
  /** What the client has seen last, where it says so otherwise than by its header: in the query, say. */
  readonly lastEventId?: string | undefined;
  /** Where a client begins in a log when it comes for the first time: with what comes, or with all that is kept. @default "now" */
  readonly start?: "now" | "oldest" | undefined;
  /** What becomes of a client too slow for the feed: it misses events and is told so, or is cut off. @default "dropOldest" */
  readonly overflow?: SlowClient | undefined;
  /** Events of a bus that may wait for the client. @default 256 */
  readonly bound?: number | undefined;
  /**
   * Called when the client has missed events of the feed. It gives the event that tells the client, or null for none.
   *
   * @default an event `gap` with the reason, and the number if it is known: `{"reason":"expired","missed":12}`
   */
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a callback that only counts returns nothing
  readonly onGap?: ((gap: EventGap) => ServerSentEvent | null | undefined | void) | undefined;
}

const OPTIONS: OptionNames<SseOptions> = {
  heartbeat: true,
  retry: true,
  clock: true,
  feed: true,
  endsWithServer: true,
  topics: true,
  lastEventId: true,
  start: true,
  overflow: true,
  bound: true,
  onGap: true,
};

/** Those that mean nothing without a feed. */
const FEED_OPTIONS = ["topics", "start", "overflow", "bound", "onGap"] as const;

/** A response of server-sent events, and the way to send them. */
export interface EventStream {
  /** What the handler answers with; its body is a stream. */
  readonly response: RingResponse;
  /** What the client has seen last, from its `last-event-id` header or the option; undefined when it comes for the first time. */
  readonly lastEventId: string | undefined;
  /** Yields true when no more events are accepted: the client has gone, or `close` was called. */
  readonly closed: Deferred<true>;
  /**
   * Sends an event.
   *
   * @returns a deferred of true once the connection has taken it, so who awaits it goes as fast as the client reads; of false
   *   if the client has gone before. It fails with an `InvalidEventError`, code `RING_INVALID_EVENT`, as `encodeEvent`.
   */
  send(event: ServerSentEvent): Deferred<boolean>;
  /** Sends a line that clients skip; answers as `send`. */
  comment(text: string): Deferred<boolean>;
  /** Ends the response after what was sent; browsers come back after a while. */
  close(): void;
}

const DEFAULT_HEARTBEAT = 15_000;

/** The shortest comment. */
const HEARTBEAT = ":\n\n";

/**
 * Makes a response of server-sent events.
 *
 * With a `feed` it sends by itself, each event as soon as the connection takes it; a client that comes back to a log gets what
 * it has missed. `send` adds events, in between. When the server begins to close, such a response ends after what is there to
 * send, and the client comes back to another server with the id of its last event; see `endsWithServer`.
 *
 * Events that are sent wait until the connection takes them, in order; 16384 of them may wait, the next one closes the stream
 * and is logged. When the client goes away `closed` is realized at once, whether anything is being sent or not, and every send
 * that waits yields false. The response asks proxies and `compression` to pass it on as it is; with another `cache-control` it
 * is compressed and still not held back.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a heartbeat that is not above 0, an unknown option, one
 *   that needs a feed and has none, or one that the feed does not have.
 * @throws {InvalidEventError} code `RING_INVALID_EVENT`, if `retry` is not a whole number of milliseconds.
 * @example
 * app.get("/prices", ring((request) => {
 *   const events = sse(request, { retry: 2000 });
 *   const prices = subscribe(bus, "prices");
 *   consumeAsync((price) => events.send({ event: "price", data: JSON.stringify(price) }), prices);
 *   chain(events.closed, () => prices.close());
 *   return events.response;
 * }));
 * @see Source: the README of Aleph, server-sent events. Differs: there, headers and event lines are written by hand.
 */
export function sse<Topic = string>(request: RingRequest, options: SseOptions<Topic> = {}): EventStream {
  checkOptions(options);
  const { heartbeat = DEFAULT_HEARTBEAT, retry, lastEventId = lastEventIdOf(request), feed } = options;
  const { endsWithServer = feed !== undefined } = options;
  const body = new EventBody();
  const closed = deferred<true>();
  const waiting = new Set<Deferred<boolean>>();
  let isEnded = false;

  const put = (text: string): Deferred<boolean> => {
    const accepted = body.put(text);
    if (accepted.isRealized) return accepted;
    waiting.add(accepted);
    const forget = (): void => void waiting.delete(accepted);
    return accepted.onRealized(forget, forget);
  };
  /** What waits in a closed stream could still be taken, but by nobody who would send it. */
  const refuseWaiting = (): void => {
    for (const accepted of waiting) accepted.success(false);
  };
  const send = (event: ServerSentEvent): Deferred<boolean> => {
    try {
      return put(encodeEvent(event));
    } catch (error) {
      return errorDeferred(error);
    }
  };
  const cut = (): void => {
    body.close();
    refuseWaiting();
    cutConnection(request);
  };

  if (retry !== undefined) put(encodeEvent({ retry }));
  body.onClosed(() => {
    if (!isEnded) refuseWaiting();
    closed.success(true);
  });
  const reader = feed?.open(feedRequest(options, lastEventId, cut));
  if (reader !== undefined) {
    body.follow(toSource(reader.events));
    body.onClosed(() => reader.events.close());
  }
  // Whoever writes the response closes the body when the client goes; this is for before it begins, and if it never does.
  const exchange = exchangeBehind(request);
  exchange?.onGone(() => {
    body.close();
    refuseWaiting();
  });
  if (endsWithServer) {
    exchange?.onClosing(() => {
      isEnded = true;
      if (reader === undefined) body.close();
      else endReader(reader);
    });
  }
  if (heartbeat !== null) {
    const beat = heartbeatOf(reader);
    // A put that would have to wait is withdrawn, so heartbeats never pile up behind a client that is slow.
    const cancel = currentClock(options).every(heartbeat, heartbeat, () => void body.tryPut(beat(), 0));
    body.onClosed(cancel);
  }
  return {
    response: {
      status: 200,
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      },
      body,
    },
    lastEventId,
    closed,
    send,
    comment: (text) => send({ comment: text }),
    close: () => {
      isEnded = true;
      body.close();
    },
  };
}

/** With it ends the response. */
function endReader(reader: FeedReader): void {
  if (reader.end === undefined) reader.events.close();
  else reader.end();
}

function checkOptions<Topic>(options: SseOptions<Topic>): void {
  checkOptionNames("sse", options, OPTIONS);
  const { heartbeat, feed, overflow = "dropOldest", start = "now" } = options;
  if (heartbeat !== null && heartbeat !== undefined && !(heartbeat > 0)) {
    throw new InvalidArgumentError(`sse: heartbeat must be above 0 milliseconds, or null for none, not ${heartbeat}`);
  }
  checkChoice("sse", "overflow", overflow, ["dropOldest", "disconnect"]);
  checkChoice("sse", "start", start, ["now", "oldest"]);
  const lonely = FEED_OPTIONS.find((name) => options[name] !== undefined);
  if (feed === undefined && lonely !== undefined) {
    throw new InvalidArgumentError(`sse: ${lonely} is about a feed, and there is none; give feed, or leave it out`);
  }
}

function feedRequest<Topic>(
  options: SseOptions<Topic>,
  lastEventId: string | undefined,
  cut: () => void,
): FeedRequest<Topic> {
  const { topics, start, overflow = "dropOldest", bound, onGap } = options;
  return { topics, lastEventId, start, overflow, bound, cut, tell: (gap, position) => gapNotice(gap, position, onGap) };
}

/** What a client is sent in place of what it has missed; it gets the position too, so that it is not told twice. */
function gapNotice(gap: EventGap, position: string | undefined, onGap: SseOptions["onGap"]): Uint8Array | undefined {
  const { reason, missed } = gap;
  const standard: ServerSentEvent = { event: "gap", data: JSON.stringify({ reason, missed }) };
  let event: ServerSentEvent | null = standard;
  try {
    const given = onGap?.(gap);
    if (given === null) event = position === undefined ? null : {};
    else event = given ?? standard;
    return event === null ? undefined : Buffer.from(encodeEvent({ id: position, ...event }));
  } catch (error) {
    logError(error, "onGap of a response of server-sent events failed; the client is told as by default");
    return Buffer.from(encodeEvent({ id: position, ...standard }));
  }
}

/** Of a feed with ids, a heartbeat carries the place that the client has come to, past events that are not for it. */
function heartbeatOf(reader: FeedReader | undefined): () => string {
  let told = reader?.position();
  return () => {
    const position = reader?.position();
    if (position === undefined || position === told) return HEARTBEAT;
    told = position;
    return encodeEvent({ id: position });
  };
}

/** Why a stream of HTTP/2 is reset (RFC 9113, section 7): nobody wants the rest. */
const CANCEL = 8;

/** Cuts the connection at once: what is written waits for a client that does not read. */
function cutConnection(request: RingRequest): void {
  const res = exchangeBehind(request)?.res as (ServerResponse & Partial<Http2ServerResponse>) | undefined;
  if (res?.stream === undefined) res?.destroy();
  else res.stream.close(CANCEL);
}

const BEYOND_LATIN_1 = /[^\0-\xff]/;

/** The header holds UTF-8 (WHATWG HTML, 9.2.3), which Node reads byte by byte as Latin-1. */
function lastEventIdOf(request: RingRequest): string | undefined {
  const header = request.headers["last-event-id"];
  if (header === undefined || header === "") return undefined;
  if (BEYOND_LATIN_1.test(header)) return header;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(header, "latin1"));
  } catch {
    return header;
  }
}
