/** Helpers over request maps. Source: `ring.util.request`. */

import {
  type ByteBody,
  fileRegion,
  HttpFile,
  type ReadBytesOptions,
  readText,
  regionStream,
} from "../byte-streams/core.js";
import { type Awaitable, andThen } from "../deferred/index.js";
import { InvalidArgumentError, NotConvertibleError, RingError } from "../errors/index.js";
import { findContentTypeCharset } from "./parsing.js";
import { Seq } from "./seq.js";
import type { RingRequest } from "./types.js";

export { getAll } from "./headers.js";

/** A request map, or as much of one as there is. */
type Has<K extends keyof RingRequest> = { readonly [P in K]?: RingRequest[P] | null | undefined };

/**
 * The URL that the client asked for, by the Host header; nothing takes its place if it is missing.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, without a scheme.
 * @example
 * requestUrl({ scheme: "http", headers: { host: "example.com" }, uri: "/a", queryString: "b=c" }); // => "http://example.com/a?b=c"
 * @see Source: `ring.util.request/request-url`.
 */
export function requestUrl(request: Has<"scheme" | "headers" | "uri" | "queryString">): string {
  const { scheme, headers, uri, queryString } = request;
  if (scheme === undefined || scheme === null) throw new InvalidArgumentError("requestUrl: the request has no scheme");
  const query = queryString === undefined || queryString === null ? "" : `?${queryString}`;
  return `${scheme}://${headers?.["host"] ?? ""}${uri ?? ""}${query}`;
}

/** The media type of the body: the content-type header up to the first ";", as it is written. @see Source: `ring.util.request/content-type`. */
export function contentType(request: Has<"headers">): string | undefined {
  const value = request.headers?.["content-type"];
  if (value === undefined) return undefined;
  const end = value.indexOf(";");
  return end === -1 ? value : value.slice(0, end);
}

/** The content-length header of a request is no number. Code `RING_CONTENT_LENGTH`, status 400. */
export class ContentLengthError extends RingError {
  constructor() {
    super("RING_CONTENT_LENGTH", "the content-length header is not a whole number of bytes; send one up to 2^53 - 1", {
      status: 400,
    });
  }
}

/**
 * The content-length header as a number of bytes; undefined without one.
 *
 * @throws {ContentLengthError} code `RING_CONTENT_LENGTH`, status 400, if it is no whole number, or beyond 2^53 - 1.
 * @see Source: `ring.util.request/content-length`.
 */
export function contentLength(request: Has<"headers">): number | undefined {
  const value = request.headers?.["content-length"];
  if (value === undefined) return undefined;
  const length = Number(value);
  if (!/^[+-]?\d+$/.test(value) || !Number.isSafeInteger(length)) throw new ContentLengthError();
  return length;
}

/** The charset that the content-type header names; undefined without one. @see Source: `ring.util.request/character-encoding`. */
export function characterEncoding(request: Has<"headers">): string | undefined {
  const value = request.headers?.["content-type"];
  return value === undefined || value === null ? undefined : findContentTypeCharset(value);
}

/**
 * Is the body a form of the kind `application/x-www-form-urlencoded`? Anything that begins like that counts, in that case.
 *
 * @see Source: `ring.util.request/urlencoded-form?`.
 */
export function isUrlencodedForm(request: Has<"headers">): boolean {
  return request.headers?.["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
}

/** What `bodyString` can read. */
export type TextBody = ByteBody | HttpFile | Iterable<unknown>;

/**
 * Reads the body as text in UTF-8: a string answers at once, a sequence as its elements joined, a file or a stream later;
 * undefined without a body.
 *
 * @throws what `readText` throws: `RING_BODY_TOO_LARGE`, status 413, over `maxBytes`; `RING_NOT_CONVERTIBLE` for bytes and
 *   anything else.
 * @see Source: `ring.util.request/body-string`. Differs: a limit in bytes.
 */
export function bodyString(
  request: { readonly body?: TextBody | null | undefined },
  options: ReadBytesOptions = {},
): Awaitable<string | undefined> {
  const { body } = request;
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") return readText(body, options);
  if (body instanceof HttpFile) return andThen(fileRegion(body), (region) => readText(regionStream(region), options));
  if (ArrayBuffer.isView(body)) throw new NotConvertibleError(body, "text; decode bytes with a TextDecoder");
  return readText(body instanceof Seq ? [...body].map(String).join("") : (body as ByteBody), options);
}

/** The path inside the mount; the whole one without a mount. @see Source: `ring.util.request/path-info`. */
export function pathInfo<R extends Has<"pathInfo" | "uri">>(request: R): R["uri"] | string {
  return request.pathInfo ?? request.uri;
}

/** Does the path begin with the context? A plain prefix: "/foobar" is in "/foo". @see Source: `ring.util.request/in-context?`. */
export function inContext(request: { readonly uri: string }, context: string): boolean {
  return request.uri.startsWith(context);
}

/**
 * A copy of the request for what is mounted under `context`; `pathInfo` is the rest of the path, counted from `uri`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the path does not begin with the context.
 * @see Source: `ring.util.request/set-context`.
 */
export function setContext<R extends { readonly uri: string }>(
  request: R,
  context: string,
): R & { readonly context: string; readonly pathInfo: string } {
  if (!inContext(request, context)) {
    throw new InvalidArgumentError(
      "setContext: the request's path does not begin with the context; ask inContext first",
    );
  }
  return { ...request, context, pathInfo: request.uri.slice(context.length) };
}
