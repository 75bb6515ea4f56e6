/** Diagnostics: requests, websockets and calls of the client, over `node:diagnostics_channel`. */
export { subscribe } from "./channels.js";
export type { ClientEvent, DiagnosticsEvents, RequestEvent, WatchedWebsocket, WebsocketEvent } from "./events.js";
