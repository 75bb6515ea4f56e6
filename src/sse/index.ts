/** Server-sent events. Source: the README of Aleph. */
export { encodeEvent, type ServerSentEvent } from "./encode.js";
export { InvalidEventError } from "./errors.js";
export { type EventStream, type SseOptions, sse } from "./response.js";
