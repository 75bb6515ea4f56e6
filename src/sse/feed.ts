/** What responses of server-sent events are fed from. */

import type { Source } from "../stream/index.js";

/** Events that a client should have got, and did not. */
export interface EventGap {
  /**
   * - `"expired"`: what the client saw last is not kept any more. (A log over Redis says so too where nothing but that very
   *   event is gone.)
   * - `"unknown"`: the id is none of this log, which may have begun anew.
   * - `"slow"`: the client has read so slowly that what comes next for it is not kept any more.
   */
  readonly reason: "expired" | "unknown" | "slow";
  /** What the client has seen last; undefined where events have no ids. */
  readonly lastEventId: string | undefined;
  /** How many events, of all topics, it has missed; undefined where that is not known. */
  readonly missed: number | undefined;
}

/** What becomes of a client that is slower than the events, and more than may be kept for it. */
export type SlowClient =
  /** The oldest events that wait for it are left out, and it is told of the gap. */
  | "dropOldest"
  /** Its connection is cut; it may come back. */
  | "disconnect";

/** Who wants events, and which. */
export interface FeedRequest<Topic = string> {
  /** Undefined stands for all, where the feed has such a thing. */
  readonly topics: readonly Topic[] | undefined;
  /** What the client has seen last; undefined when it comes for the first time. */
  readonly lastEventId: string | undefined;
  /** Where a client begins that comes for the first time; undefined is the feed's own way. */
  readonly start: "now" | "oldest" | undefined;
  readonly overflow: SlowClient;
  /** Events that may wait for the client, where the feed keeps them for each one; undefined is the feed's own number. */
  readonly bound: number | undefined;
  /**
   * Reports a gap.
   *
   * @param position The id from which on nothing is missing.
   * @returns what the client is sent in place of what it has missed; undefined is nothing
   */
  tell(gap: EventGap, position?: string): Uint8Array | undefined;
  /** Cuts the connection. */
  cut(): void;
}

/** What one client reads. */
export interface FeedReader {
  /** Events as `encodeEvent` writes them, each in one piece; closed by the response when its client has gone. */
  readonly events: Source<Uint8Array>;
  /** The id of what was read, or passed over, last; undefined where events have no ids. */
  position(): string | undefined;
  /** Closes `events` after what is there to send: the server closes, and waits for it. @default `events` is closed */
  end?(): void;
}

/** Feeds any number of responses: {@link eventLog}, {@link redisEventLog}, {@link busEvents}, or one of your own. */
export interface EventFeed<Topic = string> {
  /** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it cannot give what is asked for */
  open(request: FeedRequest<Topic>): FeedReader;
}
