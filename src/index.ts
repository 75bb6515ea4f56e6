/** Ring handlers inside Express. */
export {
  BodyAbortedError,
  BodyTooLargeError,
  FileRegionError,
  file,
  type HttpFile,
  UnknownCharsetError,
} from "./byte-streams/core.js";
export type { Awaitable } from "./deferred/index.js";
export {
  InvalidArgumentError,
  InvalidClaimError,
  type Logger,
  type LogLevel,
  NotConvertibleError,
  RingError,
  setLogger,
  TimeoutError,
} from "./errors/index.js";
export {
  attachWebsockets,
  expressOf,
  type ListeningExpressApp,
  type RingOptions,
  ring,
  type WebsocketHandler,
  type WebsocketRoute,
  websocketRoute,
  withExpressWs,
  withMessageClasses,
  withWebsockets,
  wrapExpress,
} from "./express/index.js";
export {
  BodyReadError,
  type FetchHandler,
  type FromFetchOptions,
  fromFetch,
  MethodNotSupportedError,
  type ToFetchOptions,
  toFetch,
} from "./fetch/index.js";
export {
  type AppOfMessages,
  abortSignal,
  ContentLengthError,
  closingSignal,
  InvalidResponseError,
  type MessageClasses,
  messageClasses,
  NoExchangeError,
  wrapRingAsyncHandler,
} from "./message/index.js";
export { getAll } from "./ring/headers.js";
export { type Pipe, pipe } from "./ring/pipe.js";
export {
  context,
  MalformedParameterError,
  type PathParams,
  type Routed,
  type RouteKey,
  type RouteMethod,
  type RouterOptions,
  type Routes,
  router,
  type Unrouted,
} from "./ring/router/index.js";
export { type Seq, seq } from "./ring/seq.js";
export type {
  AsyncHandler,
  Body,
  CookieAttributes,
  CookieValue,
  Handler,
  HeaderValue,
  RequestBody,
  RequestHeaders,
  ResponseCookie,
  ResponseHeaders,
  RingRequest,
  RingResponse,
  WebsocketListener,
  WebsocketListenerOptions,
  WebsocketSocket,
} from "./ring/types.js";
export { websocketConnection } from "./websocket/connection.js";
export { websocketClose, websocketPing } from "./websocket/control.js";
export {
  HandshakeTimeoutError,
  NotAWebsocketRequestError,
  OriginRefusedError,
  WebsocketClosedError,
  WebsocketRefusedError,
  WebsocketVersionError,
} from "./websocket/errors.js";
export type { HeartbeatOptions } from "./websocket/heartbeat.js";
export type { WebsocketOptions } from "./websocket/options.js";
export type { RawWebSocket } from "./websocket/raw-socket.js";
export type { UpgradeOptions } from "./websocket/route-upgrades.js";
export type { WebsocketClosing, WebsocketDuplex, WebsocketMessage } from "./websocket/types.js";
