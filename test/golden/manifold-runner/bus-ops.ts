/** Ops on event buses. */
import type { Deferred } from "../../../src/deferred/index.js";
import { kit, stream } from "./kit.js";
import type { Ops } from "./ops.js";
import type { Json } from "./program.js";
import { decode } from "./values.js";
import { found, type World } from "./world.js";

const bus = (world: World, name: string): unknown => found(world.buses, name);

export const busOps = {
  bus: (world, name: string, options: { buffer?: number } = {}) =>
    void world.buses.set(
      name,
      kit("bus", "eventBus")(() => stream("stream", options.buffer ?? 0)),
    ),
  subscribe: (world, name: string, busName: string, topic: Json) =>
    void world.streams.set(name, kit("bus", "subscribe")(bus(world, busName), topic) as object),
  publish: (world, name: string, busName: string, topic: Json, value: Json) =>
    void world.deferreds.set(
      name,
      kit("bus", "publish")(bus(world, busName), topic, decode(world, value)) as Deferred<unknown>,
    ),
  isActive: (world, name: string, topic: Json) => kit("bus", "isActive")(bus(world, name), topic),
  topicCounts: (world, name: string) => {
    const subscribers = kit("bus", "topicToSubscribers")(bus(world, name)) as ReadonlyMap<unknown, readonly unknown[]>;
    return Object.fromEntries([...subscribers].map(([topic, streams]) => [String(topic), streams.length]));
  },
  busDownstream: (world, name: string, topic: Json) =>
    (kit("bus", "downstream")(bus(world, name), topic) as readonly unknown[]).length,
} satisfies Ops;
