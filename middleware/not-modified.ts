/** 304 for what the client has already. Source: `ring.middleware.not-modified`. */

import { closeBody } from "../src/byte-streams/core.js";
import { andThen } from "../src/deferred/index.js";
import { headerOf } from "../src/ring/headers.js";
import { parseDate } from "../src/ring/http-date.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, ResponseHeaders, RingRequest, RingResponse } from "../src/ring/types.js";

type Validated = Partial<Pick<RingRequest, "requestMethod" | "headers">>;

/** A date header as text may be anything. */
const dateOf = (value: unknown): Date | undefined => (typeof value === "string" ? parseDate(value) : undefined);

function isModifiedLater(since: unknown, response: RingResponse): boolean {
  const seen = dateOf(since);
  const modified = dateOf(headerOf(response.headers, "last-modified"));
  return seen === undefined || modified === undefined || seen < modified;
}

function isCached(request: Validated, response: RingResponse): boolean {
  const known = headerOf(request.headers, "if-none-match");
  const since = headerOf(request.headers, "if-modified-since");
  const isKnown = typeof known === "string" && known === headerOf(response.headers, "etag");
  if (since === undefined || since === null) return isKnown;
  if (known === undefined || known === null) return !isModifiedLater(since, response);
  return isKnown && !isModifiedLater(since, response);
}

function withoutLength(headers: ResponseHeaders = {}): ResponseHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-length"));
}

/**
 * Answers 304 instead, without body and Content-Length, if the request is a GET or HEAD, the response a 200, and the
 * client's validators fit: `if-none-match` equals the ETag as a string, `if-modified-since` is not before Last-Modified;
 * both, if it sent both. A body that is open is closed.
 *
 * @example
 * notModifiedResponse({ status: 200, headers: { ETag: '"a"' } }, { requestMethod: "get", headers: { "if-none-match": '"a"' } });
 * // => { status: 304, headers: { ETag: '"a"' }, body: null }
 * @see Source: `ring.middleware.not-modified/not-modified-response`.
 */
export function notModifiedResponse<R extends RingResponse | null | undefined>(response: R, request: Validated): R {
  const { requestMethod } = request;
  if (response === null || response === undefined) return response;
  if ((requestMethod !== "get" && requestMethod !== "head") || (response.status ?? 200) !== 200) return response;
  if (!isCached(request, response)) return response;
  closeBody(response.body);
  return { ...response, status: 304, headers: withoutLength(response.headers), body: null };
}

/**
 * Middleware: hands responses through {@link notModifiedResponse}.
 *
 * @example
 * const app = wrapNotModified(() => ({ status: 200, headers: { ETag: version }, body: "hello" }));
 * @see Source: `ring.middleware.not-modified/wrap-not-modified`.
 */
export function wrapNotModified<R extends RingRequest>(handler: Handler<R>): Handler<R> {
  return tagged("wrapNotModified", handler, (request: R) =>
    andThen(handler(request), (response) => notModifiedResponse(response, request)),
  );
}
