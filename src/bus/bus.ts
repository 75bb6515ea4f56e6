/** What every event bus can do, and the functions over it. Source: `manifold.bus`. */

import type { Deferred } from "../deferred/index.js";
import type { Source, Stream } from "../stream/index.js";

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

/**
 * Puts a message into the stream of every subscriber of a topic.
 *
 * @returns a deferred of true once all of them have accepted it, so a slow one holds the publisher back; of false, at once,
 *   if there is none. What it means on a bus over several machines is told there: see `redisEventBus`.
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
export function isActive<Topic>(bus: Pick<Bus<Topic, unknown>, "isActive">, topic: Topic): boolean {
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
