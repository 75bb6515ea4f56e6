/** A charset for text that names none. Source: `ring.middleware.default-charset`. */

import { andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { findHeaderName } from "../src/ring/headers.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

const TEXT = /text\/|application\/xml/;
const CHARSET = /;\s*charset=/;

/**
 * Adds the charset to a Content-Type, in any case, that is text or XML and names none.
 *
 * @example
 * defaultCharsetResponse({ headers: { "Content-Type": "text/html" } }, "utf-8").headers;
 * // => { "Content-Type": "text/html; charset=utf-8" }
 * @see Source: `ring.middleware.default-charset/default-charset-response`.
 */
export function defaultCharsetResponse<R extends RingResponse | null | undefined>(response: R, charset: string): R {
  const name = findHeaderName(response?.headers, "content-type");
  const type = name === undefined ? undefined : response?.headers?.[name];
  if (name === undefined || typeof type !== "string" || !TEXT.test(type) || CHARSET.test(type)) return response;
  return { ...response, headers: { ...response?.headers, [name]: `${type}; charset=${charset}` } } as R;
}

/**
 * Middleware: hands responses through {@link defaultCharsetResponse}; the adapter encodes them accordingly.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a charset that cannot stand in a header.
 * @example
 * const app = wrapDefaultCharset(handler, "utf-8");
 * @see Source: `ring.middleware.default-charset/wrap-default-charset`.
 */
export function wrapDefaultCharset<R extends RingRequest>(handler: Handler<R>, charset: string): Handler<R> {
  // oxlint-disable-next-line no-control-regex -- they would begin another parameter, or another header
  if (typeof charset !== "string" || /[\0-\x20;,\x7f]/.test(charset)) {
    throw new InvalidArgumentError('wrapDefaultCharset: give the name of a charset, such as "utf-8"');
  }
  const respond = (response: RingResponse | null | undefined) => defaultCharsetResponse(response, charset);
  return tagged("wrapDefaultCharset", handler, (request: R) => andThen(handler(request), respond));
}
