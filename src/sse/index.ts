/** Server-sent events. Source: the README of Aleph. */
export { type BusEvents, type BusEventsOptions, type BusEventsStats, busEvents } from "./bus-events.js";
export {
  type EventSourceLoss,
  type EventSourceOptions,
  type EventSourceRequest,
  type EventSourceStream,
  eventSource,
} from "./client.js";
export { type DecodeEventsOptions, decodeEvents, eventDecoder, parseEvents, type ReceivedEvent } from "./decode.js";
export { encodeEvent, type ServerSentEvent } from "./encode.js";
export {
  EventLineTooLongError,
  EventLogClosedError,
  EventLogUnavailableError,
  EventSourceContentTypeError,
  EventSourceLostError,
  EventSourceStatusError,
  EventTooLargeError,
  InvalidEventError,
} from "./errors.js";
export type { EventFeed, EventGap, FeedReader, FeedRequest, SlowClient } from "./feed.js";
export type { NewEvent } from "./log/encoding.js";
export { type EventLog, type EventLogOptions, type EventLogStats, eventLog } from "./log/event-log.js";
export {
  type RedisEventLog,
  type RedisEventLogOptions,
  type RedisEventLogStats,
  redisEventLog,
} from "./log/redis-event-log.js";
export type { IoRedisCommands, NodeRedisCommands, RedisCommandClient } from "./log/redis-link.js";
export { type EventStream, type SseOptions, sse } from "./response.js";
