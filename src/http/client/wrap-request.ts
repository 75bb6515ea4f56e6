/** The chain that requests go through, and how chains are made. Source: `aleph.http.client-middleware`. */

import { wrapAccept, wrapAcceptEncoding } from "./steps/accept.js";
import { wrapBasicAuth } from "./steps/basic-auth.js";
import { wrapCache } from "./steps/cache.js";
import { wrapCoercion } from "./steps/coercion.js";
import { wrapContentType } from "./steps/content-type.js";
import { wrapCookies } from "./steps/cookies.js";
import { wrapDebug } from "./steps/debug.js";
import { wrapDecompression } from "./steps/decompression.js";
import { wrapDigestAuth } from "./steps/digest-auth.js";
import { wrapExceptions } from "./steps/exceptions.js";
import { wrapFormParams } from "./steps/form-params.js";
import { wrapInterceptors } from "./steps/interceptors.js";
import { wrapLinks } from "./steps/links.js";
import { wrapMethod } from "./steps/method.js";
import { wrapMultipart } from "./steps/multipart.js";
import { wrapNestedParams } from "./steps/nested-params.js";
import { wrapOauth } from "./steps/oauth.js";
import { wrapQueryParams } from "./steps/query-params.js";
import { wrapRedirects } from "./steps/redirects.js";
import { wrapRetry } from "./steps/retry.js";
import { wrapUrl } from "./steps/url.js";
import { wrapValidation } from "./steps/validation.js";
import type { Client, ClientMiddleware } from "./types.js";

/** The steps of `wrapRequest`, the outermost first: what comes later is closer to the wire. */
export const defaultMiddleware: readonly ClientMiddleware[] = [
  wrapExceptions,
  wrapCoercion,
  wrapLinks,
  wrapRedirects,
  wrapRetry,
  wrapDigestAuth,
  wrapMethod,
  wrapUrl,
  wrapValidation,
  wrapNestedParams,
  wrapQueryParams,
  wrapFormParams,
  wrapMultipart,
  wrapBasicAuth,
  wrapOauth,
  wrapAccept,
  wrapAcceptEncoding,
  wrapContentType,
  wrapCookies,
  wrapDecompression,
  wrapCache,
  wrapInterceptors,
  wrapDebug,
];

/**
 * Client middleware: all steps of `defaultMiddleware`. It is what a pool without `middleware` uses.
 *
 * @example
 * const wrapTime = (client) => (request) => client({ ...request, headers: { ...request.headers, "x-time": String(Date.now()) } });
 * const pool = http.connectionPool({ middleware: (client) => wrapRequest(wrapTime(client)) });
 * @see Source: `aleph.http.client-middleware/wrap-request`.
 */
export function wrapRequest(client: Client): Client {
  return defaultMiddleware.reduceRight((inner, wrap) => wrap(inner), client);
}
