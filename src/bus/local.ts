/** A bus within one process. */

import { chainPrime, type Deferred, successDeferred, zipPrime } from "../deferred/index.js";
import { type Source, type Stream, sourceOnly, stream } from "../stream/index.js";
import type { Bus } from "./bus.js";

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
