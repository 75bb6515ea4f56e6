/** Topics: what is published is put into the stream of every subscriber. Source: `manifold.bus`. */

import { chainPrime, type Deferred, successDeferred, zipPrime } from "../deferred/index.js";
import { type Source, type Stream, sourceOnly, stream } from "../stream/index.js";

/** Where messages are published under topics. */
export interface Bus<Topic, T> {
  /** See {@link publish}. */
  publish(topic: Topic, message: T): Deferred<boolean>;
  /** See {@link subscribe}. */
  subscribe(topic: Topic): Source<T>;
  /** See {@link isActive}. */
  isActive(topic: Topic): boolean;
  /** See {@link downstream}. */
  downstream(topic: Topic): Stream<T>[];
  /** See {@link topicToSubscribers}. */
  topicToSubscribers(): Map<Topic, Stream<T>[]>;
}

/** The subscribers of one topic, under the topic as it was first given. */
interface Subscription<Topic, T> {
  readonly topic: Topic;
  /** Replaced, never changed: a publish goes to those who were there when it began. */
  subscribers: readonly Stream<T>[];
}

class LocalBus<Topic, T> implements Bus<Topic, T> {
  readonly #makeStream: () => Stream<T>;
  readonly #topics = new Map<unknown, Subscription<Topic, T>>();

  constructor(makeStream: () => Stream<T>) {
    this.#makeStream = makeStream;
  }

  publish(topic: Topic, message: T): Deferred<boolean> {
    const found = this.#topics.get(keyOf(topic));
    if (found === undefined) return successDeferred(false);
    const puts = found.subscribers.map((subscriber) => subscriber.put(message));
    return chainPrime(zipPrime(...puts), () => true) as Deferred<boolean>;
  }

  subscribe(topic: Topic): Source<T> {
    const key = keyOf(topic);
    const subscriber = this.#makeStream();
    const found = this.#topics.get(key);
    if (found === undefined) this.#topics.set(key, { topic, subscribers: [subscriber] });
    else found.subscribers = [...found.subscribers, subscriber];
    subscriber.onClosed(() => this.#unsubscribe(key, subscriber));
    return sourceOnly(subscriber);
  }

  #unsubscribe(key: unknown, subscriber: Stream<T>): void {
    const found = this.#topics.get(key);
    if (found === undefined) return;
    found.subscribers = found.subscribers.filter((other) => other !== subscriber);
    if (found.subscribers.length === 0) this.#topics.delete(key);
  }

  isActive(topic: Topic): boolean {
    return this.#topics.has(keyOf(topic));
  }

  downstream(topic: Topic): Stream<T>[] {
    return [...(this.#topics.get(keyOf(topic))?.subscribers ?? [])];
  }

  topicToSubscribers(): Map<Topic, Stream<T>[]> {
    return new Map([...this.#topics.values()].map(({ topic, subscribers }) => [topic, [...subscribers]]));
  }
}

/** Topics are compared by what they hold: an array or object stands for its contents. */
function keyOf(topic: unknown): unknown {
  return typeof topic === "object" && topic !== null ? `data:${canonical(topic)}` : topic;
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value}:${String(value)}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const record = value as Readonly<Record<string, unknown>>;
  const members = Object.keys(record).toSorted();
  return `{${members.map((name) => `${JSON.stringify(name)}=${canonical(record[name])}`).join(",")}}`;
}

/**
 * Makes a bus within this process.
 *
 * @param makeStream Makes the stream of each subscriber; a buffered one keeps slow subscribers from holding publishers back.
 *   @default an unbuffered stream
 * @example
 * const bus = eventBus<string, string>();
 * const news = subscribe(bus, "news");
 * publish(bus, "news", "hello");
 * await take(news); // => "hello"
 * @see Source: `manifold.bus/event-bus`.
 */
export function eventBus<Topic, T>(makeStream: () => Stream<T> = () => stream<T>()): Bus<Topic, T> {
  return new LocalBus(makeStream);
}

/**
 * Puts a message into the stream of every subscriber of a topic.
 *
 * @returns a deferred of true once all of them have accepted it, so a slow one holds the publisher back; of false, at once,
 *   if there is none.
 * @see Source: `manifold.bus/publish!`.
 */
export function publish<Topic, T>(bus: Bus<Topic, T>, topic: Topic, message: T): Deferred<boolean> {
  return bus.publish(topic, message);
}

/** A source of what is published under a topic; closing it ends the subscription. @see Source: `manifold.bus/subscribe`. */
export function subscribe<Topic, T>(bus: Bus<Topic, T>, topic: Topic): Source<T> {
  return bus.subscribe(topic);
}

/** Has the topic subscribers? @see Source: `manifold.bus/active?`. */
export function isActive<Topic>(bus: Bus<Topic, never>, topic: Topic): boolean {
  return bus.isActive(topic);
}

/** The streams of a topic's subscribers. @see Source: `manifold.bus/downstream`. */
export function downstream<Topic, T>(bus: Bus<Topic, T>, topic: Topic): Stream<T>[] {
  return bus.downstream(topic);
}

/** All topics that have subscribers, with their streams. @see Source: `manifold.bus/topic->subscribers`. */
export function topicToSubscribers<Topic, T>(bus: Bus<Topic, T>): Map<Topic, Stream<T>[]> {
  return bus.topicToSubscribers();
}
