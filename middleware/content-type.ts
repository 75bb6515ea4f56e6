/** A content-type by the file extension. Source: `ring.middleware.content-type`. */

import { asFile } from "../src/byte-streams/core.js";
import { andThen } from "../src/deferred/index.js";
import { headerOf } from "../src/ring/headers.js";
import { extMimeType, type MimeTypes } from "../src/ring/mime-type.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, HeaderValue, RingRequest, RingResponse } from "../src/ring/types.js";

/** Which content types there are. */
export interface ContentTypeOptions {
  /** Types by extension (lower case, without the dot), looked at before the known ones. */
  readonly mimeTypes?: MimeTypes | null | undefined;
}

/**
 * Adds a Content-Type to a response without one: by the extension of the request's `uri`, else of a body that is a file,
 * else `application/octet-stream`; whatever its status.
 *
 * @example
 * contentTypeResponse({ status: 200, headers: {} }, { uri: "/logo.png" }).headers; // => { "Content-Type": "image/png" }
 * @see Source: `ring.middleware.content-type/content-type-response`.
 */
export function contentTypeResponse<R extends RingResponse | null | undefined>(
  response: R,
  request: Pick<RingRequest, "uri">,
  options: ContentTypeOptions = {},
): R {
  if (response === null || response === undefined) return response;
  const present = headerOf(response.headers, "content-type");
  if (present !== undefined && present !== null) return response;
  const { mimeTypes } = options;
  const type =
    extMimeType(request.uri, mimeTypes) ??
    extMimeType(asFile(response.body)?.path ?? "", mimeTypes) ??
    "application/octet-stream";
  // V8 is slow to add a key to a copy that a spread has made, and fast to one that Object.assign has.
  const headers: Record<string, HeaderValue> = Object.assign({}, response.headers);
  headers["Content-Type"] = type;
  return { ...response, headers };
}

/**
 * Middleware: hands responses through {@link contentTypeResponse}.
 *
 * @example
 * const app = wrapContentType(handler, { mimeTypes: { md: "text/markdown" } });
 * @see Source: `ring.middleware.content-type/wrap-content-type`.
 */
export function wrapContentType<R extends RingRequest>(
  handler: Handler<R>,
  options: ContentTypeOptions = {},
): Handler<R> {
  const resolved: ContentTypeOptions = { mimeTypes: options.mimeTypes };
  return tagged("wrapContentType", handler, (request: R) =>
    andThen(handler(request), (response) => contentTypeResponse(response, request, resolved)),
  );
}
