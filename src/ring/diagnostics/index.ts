/** Diagnostics: requests, websockets and calls of the client, over `node:diagnostics_channel`. */
export { keepAsyncContext } from "./async-context.js";
export { subscribe } from "./channels.js";
export type { ClientEvent, DiagnosticsEvents, RequestEvent, WatchedWebsocket, WebsocketEvent } from "./events.js";
