import { type ClockOptions, currentClock } from "../clock/index.js";
import { type Deferred, deferred, errorDeferred } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { exchangeBehind } from "../message/index.js";
import type { RingRequest, RingResponse } from "../ring/types.js";
import { stream } from "../stream/index.js";
import { encodeEvent, type ServerSentEvent } from "./encode.js";

export interface SseOptions extends ClockOptions {
  /**
   * Milliseconds between two comment lines that keep proxies from closing a silent connection, above 0; null sends none.
   * A client that does not keep up is sent none. The clock starts with the call. @default 15_000
   */
  readonly heartbeat?: number | null | undefined;
  /** How long the client waits before it comes back, in whole milliseconds. @default the client's own, a few seconds */
  readonly retry?: number | undefined;
}

/** A response of server-sent events, and the way to send them. */
export interface EventStream {
  /** What the handler answers with; its body is a stream. */
  readonly response: RingResponse;
  /** What the client has seen last, from its `last-event-id` header; undefined when it comes for the first time. */
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
 * Events wait until the connection takes them, in order; 16384 of them may wait, the next one closes the stream and is
 * logged. When the client goes away `closed` is realized at once, whether anything is being sent or not, and every send that
 * waits yields false. The response asks proxies and `compression` to pass it on as it is; with another `cache-control` it is
 * compressed and still not held back.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the heartbeat is not above 0.
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
export function sse(request: RingRequest, options: SseOptions = {}): EventStream {
  const { heartbeat = DEFAULT_HEARTBEAT, retry } = options;
  if (heartbeat !== null && !(heartbeat > 0)) {
    throw new InvalidArgumentError(`sse: heartbeat must be above 0 milliseconds, or null for none, not ${heartbeat}`);
  }
  const body = stream<string>();
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

  if (retry !== undefined) put(encodeEvent({ retry }));
  body.onClosed(() => {
    if (!isEnded) refuseWaiting();
    closed.success(true);
  });
  // Whoever writes the response closes the body when the client goes; this is for before it begins, and if it never does.
  exchangeBehind(request)?.onGone(() => {
    body.close();
    refuseWaiting();
  });
  if (heartbeat !== null) {
    // A put that would have to wait is withdrawn, so heartbeats never pile up behind a client that is slow.
    const cancel = currentClock(options).every(heartbeat, heartbeat, () => void body.tryPut(HEARTBEAT, 0));
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
    lastEventId: lastEventId(request),
    closed,
    send,
    comment: (text) => send({ comment: text }),
    close: () => {
      isEnded = true;
      body.close();
    },
  };
}

const BEYOND_LATIN_1 = /[^\0-\xff]/;

/** The header holds UTF-8 (WHATWG HTML, 9.2.3), which Node reads byte by byte as Latin-1. */
function lastEventId(request: RingRequest): string | undefined {
  const header = request.headers["last-event-id"];
  if (header === undefined || header === "") return undefined;
  if (BEYOND_LATIN_1.test(header)) return header;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(header, "latin1"));
  } catch {
    return header;
  }
}
