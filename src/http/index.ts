/** The HTTP server and client; websockets and files with them. Source: `aleph.http`. */
export { file, type HttpFile } from "../byte-streams/core.js";
export { getAll } from "../ring/headers.js";
export { websocketConnection } from "../websocket/connection.js";
export { websocketClose, websocketPing } from "../websocket/control.js";
export { type HttpCache, type HttpCacheOptions, httpCache } from "./client/cache/http-cache.js";
export {
  type CachedResponse,
  type CacheStore,
  type MemoryCacheStore,
  type MemoryCacheStoreOptions,
  memoryCacheStore,
} from "./client/cache/store.js";
export { type ClientDefaults, client, type HttpClient } from "./client/client.js";
export type { ConnectionOptions } from "./client/connection-options.js";
export {
  type ClientCookie,
  type CookieOrigin,
  type CookieSpec,
  type CookieStore,
  defaultCookieSpec,
  inMemoryCookieStore,
} from "./client/cookies.js";
export {
  BodyNotReplayableError,
  BodyUnreadError,
  CoercionError,
  ConnectionClosedError,
  ConnectionTimeoutError,
  MalformedResponseError,
  PoolClosedError,
  PoolQueueFullError,
  PoolTimeoutError,
  ProxyConnectionTimeoutError,
  ProxyError,
  ReadTimeoutError,
  RedirectError,
  RequestCancellationError,
  RequestTimeoutError,
  ResponseHeadTooLargeError,
  StatusError,
  UnknownHostError,
} from "./client/errors.js";
export type { DnsOptions, DnsResolver } from "./client/lookup.js";
export type { Part } from "./client/multipart.js";
export { type ConnectionPool, connectionPool, type PoolOptions } from "./client/pool.js";
export { type ProxyOptions, proxyFromEnvironment } from "./client/proxy.js";
export {
  cancelRequest,
  copy,
  delete,
  get,
  head,
  move,
  options,
  patch,
  post,
  put,
  request,
  trace,
  type Verb,
} from "./client/request.js";
export {
  isClientError,
  isConflict,
  isMissing,
  isRedirect,
  isServerError,
  isSuccess,
  isUnexceptionalStatus,
} from "./client/response.js";
export { withAdditionalMiddleware, withConnectionPool, withMiddleware } from "./client/scope.js";
export {
  type HostStats,
  type PoolStats,
  type Quantiles,
  registerConnectionStatsCallback,
  type StatsCallback,
  unregisterConnectionStatsCallback,
} from "./client/stats.js";
export { wrapAccept, wrapAcceptEncoding } from "./client/steps/accept.js";
export { wrapBasicAuth } from "./client/steps/basic-auth.js";
export { wrapCache } from "./client/steps/cache.js";
export { wrapCoercion } from "./client/steps/coercion.js";
export { wrapContentType } from "./client/steps/content-type.js";
export { wrapCookies } from "./client/steps/cookies.js";
export { wrapDebug } from "./client/steps/debug.js";
export { wrapDecompression } from "./client/steps/decompression.js";
export { wrapDigestAuth } from "./client/steps/digest-auth.js";
export { wrapExceptions } from "./client/steps/exceptions.js";
export { wrapFormParams } from "./client/steps/form-params.js";
export { wrapInterceptors } from "./client/steps/interceptors.js";
export { wrapLinks } from "./client/steps/links.js";
export { wrapMethod } from "./client/steps/method.js";
export { wrapMultipart } from "./client/steps/multipart.js";
export { wrapNestedParams } from "./client/steps/nested-params.js";
export { wrapOauth } from "./client/steps/oauth.js";
export { wrapQueryParams } from "./client/steps/query-params.js";
export { wrapRedirects } from "./client/steps/redirects.js";
export { wrapRetry } from "./client/steps/retry.js";
export { wrapUrl } from "./client/steps/url.js";
export { wrapValidation } from "./client/steps/validation.js";
export type {
  As,
  Asked,
  BodyOf,
  Client,
  ClientBody,
  ClientHeaderValue,
  ClientMiddleware,
  ClientRequest,
  ClientResponse,
  ClientResponseHeaders,
  Codec,
  JsonOptions,
  Link,
  Params,
  Progress,
  RedirectStrategy,
  RequestOptions,
  WireRequest,
} from "./client/types.js";
export { wire } from "./client/wire.js";
export { defaultMiddleware, wrapRequest } from "./client/wrap-request.js";
export {
  type Cleanup,
  type DecodedField,
  type DecodedFile,
  type DecodedPart,
  type DecodeRequestOptions,
  decodeRequest,
} from "./decode-request.js";
export { mountInFront } from "./server/mount.js";
export type {
  Fallback,
  GoAway,
  HandlerOptions,
  LimiterOptions,
  NodeServer,
  ServerOptions,
  SocketAddress,
} from "./server/options.js";
export { h2Exception, isWritable, ringRequestSslSession, StreamResetError } from "./server/request-state.js";
export { port, Server, startServer, waitForClose } from "./server/server.js";
export type { HttpVersion, SslContext } from "./server/tls.js";
export type { BackoffOptions } from "./websocket/backoff.js";
export { websocketClient } from "./websocket/client.js";
export { WebsocketDisconnectedError, WebsocketHandshakeError } from "./websocket/errors.js";
export type { WebsocketClientOptions } from "./websocket/options.js";
export {
  type ReconnectingClosing,
  type ReconnectingWebsocket,
  reconnectingWebsocketClient,
} from "./websocket/reconnecting.js";
export type { Disconnection, ReconnectingWebsocketClientOptions, Retry } from "./websocket/reconnecting-options.js";
export type { UnsentPolicy } from "./websocket/unsent.js";
