/** Ring handlers inside Express. */
export { file, type HttpFile } from "./byte-streams/index.js";
export type { Awaitable } from "./deferred/index.js";
export { expressOf, type RingOptions, ring, wrapExpress } from "./express/index.js";
export {
  abortSignal,
  ContentLengthError,
  InvalidResponseError,
  NoExchangeError,
  wrapRingAsyncHandler,
} from "./message/index.js";
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
  WebsocketSocket,
} from "./ring/types.js";
