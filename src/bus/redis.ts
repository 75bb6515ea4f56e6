/** A bus over several processes and machines, by Redis. */

import { Buffer } from "node:buffer";
import { type Clock, type ClockOptions, currentClock } from "../clock/index.js";
import { type Deferred, errorDeferred, successDeferred } from "../deferred/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { checkMilliseconds, checkOptionNames, type OptionNames } from "../errors/options.js";
import { type Source, type Stream, sourceOnly } from "../stream/index.js";
import type { Bus } from "./bus.js";
import { binaryCodec, type Codec, jsonCodec } from "./codec.js";
import { BusUnavailableError } from "./errors.js";
import { Publications } from "./publications.js";
import { linkOf, type RedisClient } from "./redis-client.js";
import { type ChannelGap, Subscriptions } from "./redis-subscriptions.js";
import { checkOptions, type SubscribeOptions, Subscriber } from "./subscriber.js";

export type { BusOverflow, SubscribeOptions } from "./subscriber.js";

/** A time in which messages were missed, as the connection was lost. */
export interface Gap<Topic> {
  /**
   * What was published before it was not missed: the connection has answered to what it was asked then. In milliseconds on the
   * clock of the bus; it may be `checkInterval` before the loss.
   */
  readonly since: number;
  /** When all subscriptions were in force again. */
  readonly until: number;
  /** What was subscribed to all the while. */
  readonly topics: readonly Topic[];
}

/** How a bus over Redis works. */
export interface RedisBusOptions<Topic, T> extends SubscribeOptions, ClockOptions {
  /** What the names of the channels begin with, to keep buses apart. @default "" */
  readonly prefix?: string | undefined;
  /** The name of a topic; topics with the same name are the same. @default topics are strings, and their own names */
  readonly topicName?: ((topic: Topic) => string) | undefined;
  /** How messages travel: as JSON, as the bytes that they are, or by functions of yours. @default "json" */
  readonly codec?: "json" | "binary" | Codec<T> | undefined;
  /** Milliseconds that a publish may wait for the connection, or for an answer. @default 5000 */
  readonly publishTimeout?: number | undefined;
  /**
   * Milliseconds between two questions whether the connection of the subscriptions still works. If one is not answered before
   * the next is due, the connection is given up for a new one, so it takes twice as long at most to find that Redis, or the
   * network, has gone without a word. @default 5000
   */
  readonly checkInterval?: number | undefined;
  /** Called when the connection of the subscriptions is back: what was published meanwhile is lost. */
  readonly onGap?: ((gap: Gap<Topic>) => void) | undefined;
}

/** What a bus has done so far. */
export interface RedisBusStats {
  /** Publishes that yielded true or false: Redis has accepted the message. */
  readonly published: number;
  /** Publishes that failed: Redis has refused the message, or it was not reached, or has not answered, so it may have arrived. */
  readonly failed: number;
  /** Publishes that wait: for the connection, or for room at a subscriber that blocks. */
  readonly waiting: number;
  /** Messages that have arrived for subscribers of this bus. */
  readonly received: number;
  /** Messages that have arrived, and could not be decoded. */
  readonly malformed: number;
  /** Messages that found no room, counted for each subscriber. */
  readonly dropped: number;
  /** How often the connection of the subscriptions was lost and came back. */
  readonly gaps: number;
}

/** A bus that reaches the subscribers of other processes too. */
export interface RedisBus<Topic, T> extends Bus<Topic, T> {
  /** As `subscribe`, with a bound and a policy of its own. */
  subscribe(topic: Topic, options?: SubscribeOptions): Source<T>;
  /**
   * When does a subscription of this bus to the topic take effect?
   *
   * @returns a deferred of true once Redis has confirmed it: what is published anywhere from then on arrives; of false if
   *   there is none, or it ended before.
   */
  whenSubscribed(topic: Topic): Deferred<boolean>;
  /** What the bus has done so far. */
  stats(): RedisBusStats;
  /** Ends all subscriptions, their connection, and what waits to be published. The client that was given stays open. */
  close(): void;
}

/** A channel of Redis, with those who subscribe to it here. */
interface Channel<Topic, T> {
  readonly topic: Topic;
  /** Replaced, never changed: a message goes to those who were there when it came. */
  subscribers: readonly Subscriber<T>[];
}

const OPTIONS: OptionNames<RedisBusOptions<never, never>> = {
  bound: true,
  overflow: true,
  clock: true,
  prefix: true,
  topicName: true,
  codec: true,
  publishTimeout: true,
  checkInterval: true,
  onGap: true,
};

const DEFAULT_PUBLISH_TIMEOUT = 5000;
const DEFAULT_CHECK_INTERVAL = 5000;

class PubSubBus<Topic, T> implements RedisBus<Topic, T> {
  readonly #options: RedisBusOptions<Topic, T>;
  readonly #codec: Codec<T>;
  readonly #clock: Clock;
  readonly #subscriptions: Subscriptions;
  readonly #publications: Publications;
  /** The channels that are subscribed to. */
  readonly #channels = new Map<string, Channel<Topic, T>>();
  #closed = false;
  #received = 0;
  #malformed = 0;
  #gaps = 0;
  /** What subscribers that are gone have dropped. */
  #dropped = 0;

  constructor(client: RedisClient, options: RedisBusOptions<Topic, T>) {
    const { publishTimeout = DEFAULT_PUBLISH_TIMEOUT, checkInterval = DEFAULT_CHECK_INTERVAL } = options;
    checkOptionNames("redisEventBus", options, OPTIONS);
    checkMilliseconds("redisEventBus", "publishTimeout", publishTimeout);
    checkMilliseconds("redisEventBus", "checkInterval", checkInterval);
    checkOptions(options, "redisEventBus");
    const link = linkOf(client);
    this.#options = options;
    this.#codec = codecOf(options.codec ?? "json");
    this.#clock = currentClock(options);
    this.#subscriptions = new Subscriptions(
      link,
      {
        onMessage: (name, payload) => this.#receive(name, payload),
        onInForce: (name) => this.#publications.advance(name),
        onLost: () => this.#publications.forgetEchoes(),
        onGap: (gap) => this.#tellGap(gap),
        onFailed: (name, error) => this.#channels.get(name)?.subscribers.forEach((each) => each.fail(error)),
      },
      this.#clock,
      checkInterval,
    );
    this.#publications = new Publications(link, {
      clock: this.#clock,
      timeout: publishTimeout,
      receiversOf: (name) => this.#channels.get(name)?.subscribers ?? [],
      isReachable: (name) => !this.#channels.has(name) || this.#subscriptions.isInForce(name),
      unreachableSince: () => this.#subscriptions.lostSince,
    });
  }

  publish(topic: Topic, message: T): Deferred<boolean> {
    if (this.#closed) return errorDeferred(closedError());
    try {
      const name = this.#nameOf(topic);
      return this.#publications.publish(name, toBuffer(this.#codec.encode(message)));
    } catch (error) {
      return errorDeferred(error);
    }
  }

  subscribe(topic: Topic, options: SubscribeOptions = {}): Source<T> {
    if (this.#closed) throw closedError();
    const name = this.#nameOf(topic);
    const { bound = this.#options.bound, overflow = this.#options.overflow } = options;
    const subscriber = new Subscriber<T>(topic, { bound, overflow }, () => this.#publications.advance(name));
    this.#subscriptions.want(name);
    const channel = this.#channels.get(name);
    if (channel === undefined) this.#channels.set(name, { topic, subscribers: [subscriber] });
    else channel.subscribers = [...channel.subscribers, subscriber];
    subscriber.onClosed(() => this.#unsubscribe(name, subscriber));
    return sourceOnly(subscriber);
  }

  #unsubscribe(name: string, subscriber: Subscriber<T>): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    this.#dropped += subscriber.dropped;
    channel.subscribers = channel.subscribers.filter((other) => other !== subscriber);
    if (channel.subscribers.length === 0) {
      this.#channels.delete(name);
      this.#subscriptions.unwant(name);
    }
    this.#publications.advance(name);
  }

  isActive(topic: Topic): boolean {
    return this.#channels.has(this.#nameOf(topic));
  }

  downstream(topic: Topic): Stream<T>[] {
    return [...(this.#channels.get(this.#nameOf(topic))?.subscribers ?? [])];
  }

  topicToSubscribers(): Map<Topic, Stream<T>[]> {
    return new Map([...this.#channels.values()].map(({ topic, subscribers }) => [topic, [...subscribers]]));
  }

  whenSubscribed(topic: Topic): Deferred<boolean> {
    return this.#subscriptions.confirmed(this.#nameOf(topic)) ?? successDeferred(false);
  }

  stats(): RedisBusStats {
    const live = [...this.#channels.values()].flatMap(({ subscribers }) => subscribers);
    return {
      published: this.#publications.published,
      failed: this.#publications.failed,
      waiting: this.#publications.waiting,
      received: this.#received,
      malformed: this.#malformed,
      dropped: live.reduce((sum, { dropped }) => sum + dropped, this.#dropped),
      gaps: this.#gaps,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#subscriptions.end();
    for (const { subscribers } of this.#channels.values()) for (const subscriber of subscribers) subscriber.close();
    this.#publications.end(closedError());
  }

  #nameOf(topic: Topic): string {
    const { prefix = "", topicName } = this.#options;
    const name: unknown = topicName === undefined ? topic : topicName(topic);
    if (typeof name === "string") return prefix + name;
    throw new InvalidArgumentError(`redisEventBus: a topic must be a string, or topicName make one of it`);
  }

  #receive(name: string, payload: Buffer): void {
    const channel = this.#channels.get(name);
    // The last subscriber may have gone while it was on its way.
    if (channel === undefined) return;
    const { subscribers } = channel;
    const reserved = this.#publications.arrived(name, payload);
    let message: T;
    try {
      message = this.#codec.decode(payload);
    } catch (error) {
      this.#malformed++;
      this.#publications.advance(name);
      logError(error, `a message on the channel ${name} cannot be decoded, and is skipped`);
      return;
    }
    this.#received++;
    for (const subscriber of subscribers) subscriber.arrive(message, reserved.includes(subscriber));
    // Whoever waited for it has taken no place of those that wait.
    this.#publications.advance(name);
  }

  #tellGap({ since, until, channels }: ChannelGap): void {
    this.#gaps++;
    const topics = channels.map((name) => (this.#channels.get(name) as Channel<Topic, T>).topic);
    try {
      this.#options.onGap?.({ since, until, topics });
    } catch (error) {
      logError(error, "error in onGap of a Redis bus");
    }
  }
}

function closedError(): BusUnavailableError {
  return new BusUnavailableError("the bus is closed; publish and subscribe before that, or on another bus");
}

function codecOf<T>(codec: "json" | "binary" | Codec<T>): Codec<T> {
  if (codec === "json") return jsonCodec as Codec<T>;
  if (codec === "binary") return binaryCodec as Codec<unknown> as Codec<T>;
  if (typeof codec?.encode === "function" && typeof codec.decode === "function") return codec;
  throw new InvalidArgumentError('redisEventBus: codec must be "json", "binary", or an object with encode and decode');
}

/** A copy, as it may have to wait, and the publisher's memory be used again meanwhile. */
function toBuffer(encoded: string | Uint8Array): Buffer {
  return typeof encoded === "string" ? Buffer.from(encoded) : Buffer.from(encoded);
}

/**
 * Makes a bus over Redis pub/sub: what is published reaches the subscribers of every process that uses the same server and
 * prefix, and programs of any kind that subscribe to the channels themselves.
 *
 * It does what pub/sub can do, and no more: a message goes to those who are subscribed at that moment. While the
 * connection of the subscriptions is lost, messages are missed; when it is back, they are in force again and `onGap` tells
 * how long: of what was published anywhere, a subscriber has missed nothing that is not told so, or counted as `dropped` or
 * `malformed`. The client's own options say how it connects again, and how it finds that its own connection, on which is
 * published, has died in silence (`socketTimeout` and `pingInterval` of `redis`, `socketTimeout` of `ioredis`).
 *
 * - `publish` yields true once Redis has accepted the message and it had a subscriber anywhere (in a cluster: on the same
 *   node), false if there was none. It waits for the connection, and for subscriptions of this bus to the topic that are
 *   not in force yet, so that they get the message; after `publishTimeout` it fails with a `BusUnavailableError`, code
 *   `RING_BUS_UNAVAILABLE`. The messages of a topic are sent in order, at most 16384 wait. An error that Redis answers
 *   with is a `BusRefusedError`, code `RING_BUS_REFUSED`.
 * - `subscribe` works at once; `whenSubscribed` tells when Redis has confirmed it. A subscriber that is slow holds up nobody:
 *   `bound` messages wait for it, then `overflow` decides. `"dropOldest"` and `"dropNewest"` count what they drop, see
 *   `stats` and the source's description. `"fail"` ends the subscription: what waits can still be taken, then one take
 *   fails, code `RING_OVERFLOW`. `"block"` lets publishers **on this bus** wait until there is room, and loses nothing of
 *   theirs; other processes cannot be held up over pub/sub, so what they publish meanwhile is dropped and counted.
 * - `isActive`, `downstream` and `topicToSubscribers` tell of the subscribers of this bus only.
 * - A message that cannot be decoded is logged, counted and skipped.
 *
 * @param client A connected client of the package `redis` (6 or later), or of `ioredis`. It publishes; for subscriptions it
 *   is duplicated. It stays its owner's, who listens to its errors and closes it.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a client without the methods of one, or a wrong option.
 * @example
 * const client = await createClient({ url: "redis://localhost" }).on("error", console.error).connect();
 * const bus = redisEventBus<string, { id: number }>(client, { prefix: "shop:" });
 * consume((order) => console.log(order.id), subscribe(bus, "orders"));
 * await publish(bus, "orders", { id: 7 }); // true, if a process anywhere has subscribed
 * @see Source: `manifold.bus/event-bus`, which is within one process.
 */
export function redisEventBus<Topic = string>(
  client: RedisClient,
  options: RedisBusOptions<Topic, Uint8Array> & { readonly codec: "binary" },
): RedisBus<Topic, Uint8Array>;
export function redisEventBus<Topic = string, T = unknown>(
  client: RedisClient,
  options?: RedisBusOptions<Topic, T>,
): RedisBus<Topic, T>;
export function redisEventBus<Topic, T>(
  client: RedisClient,
  options: RedisBusOptions<Topic, T> = {},
): RedisBus<Topic, T> {
  return new PubSubBus(client, options);
}
