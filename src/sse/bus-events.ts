/** Responses that are fed from a bus: several topics in one, an event encoded once for all clients. */

import type { Bus } from "../bus/index.js";
import { describe, InvalidArgumentError, logError } from "../errors/index.js";
import { checkCount, checkOptionNames, type OptionNames } from "../errors/options.js";
import { SharedBytes } from "../message/index.js";
import type { DRAINED, Failure, Taker, WAITING } from "../stream/core.js";
import { consume, type Description, type Source } from "../stream/index.js";
import { PushSource } from "../stream/push-source.js";
import { encodeEvent, type ServerSentEvent } from "./encode.js";
import type { EventFeed, FeedReader, FeedRequest } from "./feed.js";

/** How messages of a bus become events. */
export interface BusEventsOptions<Topic, T> {
  /** The event of a message; null leaves it out. @default the topic as its name, and the message as JSON (text as it is) */
  readonly toEvent?: ((message: T, topic: Topic) => ServerSentEvent | null) | undefined;
}

/** What has become of the events so far. */
export interface BusEventsStats {
  /** Responses that read. */
  readonly readers: number;
  /** Topics that are subscribed to. */
  readonly topics: number;
  /** Messages that could not be written as events. */
  readonly malformed: number;
  /** Events that were left out for clients that were too slow, counted for each of them. */
  readonly dropped: number;
  /** Clients that were cut off because they were too slow. */
  readonly disconnected: number;
}

/** A feed over a bus. */
export interface BusEvents<Topic> extends EventFeed<Topic> {
  /** How many read, and what has become of the messages. */
  stats(): BusEventsStats;
}

const OPTIONS: OptionNames<BusEventsOptions<never, never>> = { toEvent: true };

const DEFAULT_BOUND = 256;

/** A topic, with those who read it here. */
interface Channel {
  readonly messages: Source<unknown>;
  /** Replaced, never changed. */
  readers: readonly BusReader[];
}

class BusFeed<Topic, T> implements BusEvents<Topic> {
  readonly #bus: Bus<Topic, T>;
  readonly #toEvent: (message: T, topic: Topic) => ServerSentEvent | null;
  readonly #channels = new Map<Topic, Channel>();
  readonly #readers = new Set<BusReader>();
  #malformed = 0;
  #disconnected = 0;
  /** What readers that are gone have lost. */
  #dropped = 0;

  constructor(bus: Bus<Topic, T>, options: BusEventsOptions<Topic, T>) {
    checkOptionNames("busEvents", options, OPTIONS);
    this.#bus = bus;
    this.#toEvent = options.toEvent ?? defaultEvent;
  }

  open(request: FeedRequest<Topic>): FeedReader {
    const { topics = [], start, bound = DEFAULT_BOUND } = request;
    if (topics.length === 0) throw new InvalidArgumentError("sse: busEvents needs topics, one at least");
    if (start !== undefined) {
      throw new InvalidArgumentError("sse: start is for logs; a bus keeps nothing to start from");
    }
    checkCount("sse", "bound", bound, "events");
    const cut = (): void => {
      this.#disconnected++;
      request.cut();
    };
    const reader = new BusReader({ ...request, cut }, bound);
    this.#readers.add(reader);
    const wanted = [...new Set(topics)];
    for (const topic of wanted) this.#join(topic, reader);
    reader.onClosed(() => {
      this.#readers.delete(reader);
      this.#dropped += reader.dropped;
      for (const topic of wanted) this.#leave(topic, reader);
    });
    return reader;
  }

  #join(topic: Topic, reader: BusReader): void {
    const channel = this.#channels.get(topic);
    if (channel !== undefined) {
      channel.readers = [...channel.readers, reader];
      return;
    }
    const added: Channel = { messages: this.#bus.subscribe(topic), readers: [reader] };
    this.#channels.set(topic, added);
    consume((message) => this.#spread(message, topic, added), added.messages as Source<T>);
    // A bus that is closed, or has lost its server for good, ends the responses too.
    added.messages.onDrained(() => {
      for (const each of added.readers) each.close();
    });
  }

  #leave(topic: Topic, reader: BusReader): void {
    const channel = this.#channels.get(topic);
    if (channel === undefined) return;
    channel.readers = channel.readers.filter((other) => other !== reader);
    if (channel.readers.length > 0) return;
    this.#channels.delete(topic);
    channel.messages.close();
  }

  /** The one place where a message is written. */
  #spread(message: T, topic: Topic, { readers }: Channel): void {
    let bytes: SharedBytes;
    try {
      const event = this.#toEvent(message, topic);
      if (event === null) return;
      bytes = new SharedBytes(encodeEvent(event));
    } catch (error) {
      this.#malformed++;
      logError(error, "a message of a bus cannot be written as a server-sent event, and is left out");
      return;
    }
    for (const reader of readers) reader.accept(bytes);
  }

  stats(): BusEventsStats {
    return {
      readers: this.#readers.size,
      topics: this.#channels.size,
      malformed: this.#malformed,
      dropped: [...this.#readers].reduce((sum, { dropped }) => sum + dropped, this.#dropped),
      disconnected: this.#disconnected,
    };
  }
}

function defaultEvent(message: unknown, topic: unknown): ServerSentEvent {
  if (typeof topic !== "string") {
    throw new InvalidArgumentError(`busEvents: ${describe(topic)} is a topic, and no name of events; give toEvent`);
  }
  return { event: topic, data: typeof message === "string" ? message : JSON.stringify(message) };
}

type Client = Pick<FeedRequest, "overflow" | "tell" | "cut">;

/** What waits for one client. */
class BusReader extends PushSource<Uint8Array> implements FeedReader {
  readonly #request: Client;
  #told = 0;

  constructor(request: Client, bound: number) {
    super({
      type: "events of a bus",
      bound,
      overflow: "dropOldest",
      // They come from when it is opened.
      start: () => ({ stop: () => {} }),
    });
    this.#request = request;
  }

  get events(): this {
    return this;
  }

  position(): undefined {
    return undefined;
  }

  override accept(bytes: Uint8Array): boolean {
    if (this.#request.overflow === "dropOldest" || this.waiting < this.bound) return super.accept(bytes);
    this.drop();
    this.#request.cut();
    this.close();
    return false;
  }

  override poll(taker: Taker<Uint8Array> | null): Uint8Array | typeof WAITING | typeof DRAINED | Failure {
    const missed = this.dropped - this.#told;
    if (missed > 0 && !this.isDrained()) {
      this.#told = this.dropped;
      const notice = this.#request.tell({ reason: "slow", lastEventId: undefined, missed });
      if (notice !== undefined) return notice;
    }
    return super.poll(taker);
  }

  override description(): Description {
    return { ...super.description(), overflow: this.#request.overflow };
  }
}

/**
 * Makes a feed of a bus: `sse(request, { feed, topics: ["news", "prices"] })` sends what is published under any of the topics,
 * as one stream of events.
 *
 * A topic is subscribed to while at least one client here reads it, and its messages are encoded once for all of them. Nobody
 * who publishes waits for a client: `bound` events (256) wait for each; beyond that the oldest are left out and the client is
 * told by an event `gap`, or as `onGap` says, or with `overflow: "disconnect"` it is cut off. A bus has no memory: a client
 * that comes back has missed what was published meanwhile; `eventLog` and `redisEventLog` keep it. A message that cannot be
 * written is logged, counted and left out. When the bus is closed, so are the responses.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an unknown option; from `sse` without `topics`.
 * @example
 * const bus = eventBus<string, object>();
 * const feed = busEvents(bus);
 * app.get("/live", ring((request) => sse(request, { feed, topics: ["news", "prices"] }).response));
 * publish(bus, "prices", { cents: 250 });
 * @see Source: the README of Aleph, server-sent events, where one subscription of a bus is one body.
 */
export function busEvents<Topic, T>(bus: Bus<Topic, T>, options: BusEventsOptions<Topic, T> = {}): BusEvents<Topic> {
  return new BusFeed(bus, options);
}
