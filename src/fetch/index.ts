/** Ring handlers as fetch handlers, and back. */
export { BodyReadError, type FromFetchOptions, fromFetch, MethodNotSupportedError } from "./from-fetch.js";
export { type FetchHandler, type ToFetchOptions, toFetch } from "./to-fetch.js";
