/** Topics: what is published is put into the stream of every subscriber. Source: `manifold.bus`. */
export { type Bus, downstream, isActive, publish, subscribe, topicToSubscribers } from "./bus.js";
export type { Codec } from "./codec.js";
export { BusRefusedError, BusUnavailableError } from "./errors.js";
export { eventBus } from "./local.js";
export {
  type BusOverflow,
  type Gap,
  type RedisBus,
  type RedisBusOptions,
  type RedisBusStats,
  redisEventBus,
  type SubscribeOptions,
} from "./redis.js";
export type { IoRedisClient, NodeRedisClient, RedisClient } from "./redis-client.js";
