/** The length of a body, where it can be told beforehand. Source: `ring.middleware.content-length`. */

import { asFile, charset, fileRegion, type HttpFile, utf8 } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { headerOf } from "../src/ring/headers.js";
import { getCharset } from "../src/ring/response.js";
import { tagged } from "../src/ring/tag.js";
import type { Body, Handler, HeaderValue, RingRequest, RingResponse } from "../src/ring/types.js";

/** Its size on disk; a file that is not there has none. */
async function fileSize(body: HttpFile): Promise<number> {
  try {
    return (await fileRegion(body)).length;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return 0;
    throw error;
  }
}

function textSize(text: string, response: RingResponse): number | undefined {
  const name = getCharset(response);
  if (name === undefined) return undefined;
  const found = charset(name);
  return found === utf8 ? Buffer.byteLength(text) : found.encode(text).length;
}

/**
 * The size of a body in bytes, or undefined if it is not known beforehand: of bytes and blobs theirs; of a file the size on
 * disk, which takes a look at it; of nothing 0; of a text only if the response's content-type names a charset.
 *
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`.
 * @example
 * bodySizeInBytes("é", { headers: { "Content-Type": "text/plain; charset=utf-8" } }); // => 2
 * @see Source: `ring.middleware.content-length/body-size-in-bytes`. Differs: the kinds of bodies are a fixed list.
 */
export function bodySizeInBytes(body: Body, response: RingResponse): Awaitable<number | undefined> {
  if (body === null || body === undefined) return 0;
  if (typeof body === "string") return textSize(body, response);
  if (ArrayBuffer.isView(body)) return body.byteLength;
  const kind = Object.prototype.toString.call(body);
  if (kind === "[object ArrayBuffer]") return (body as ArrayBuffer).byteLength;
  if (kind === "[object Blob]" || kind === "[object File]") return (body as Blob).size;
  const found = asFile(body);
  return found === undefined ? undefined : (found.length ?? fileSize(found));
}

/**
 * Adds the Content-Length of a body whose size is known beforehand ({@link bodySizeInBytes}), unless the response has one.
 *
 * Answers at once unless the body is a file that has to be looked at. The adapter tells the length of such bodies itself;
 * this is for middleware further out that wants to see it.
 *
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`, for a text in a charset that does not exist.
 * @example
 * contentLengthResponse({ status: 204, headers: {} }); // => { status: 204, headers: { "Content-Length": "0" } }
 * @see Source: `ring.middleware.content-length/content-length-response`.
 */
export function contentLengthResponse<R extends RingResponse | null | undefined>(response: R): Awaitable<R> {
  if (response === null || response === undefined) return response;
  const present = headerOf(response.headers, "content-length");
  if (present !== undefined && present !== null) return response;
  return andThen(bodySizeInBytes(response.body, response), (size) => {
    if (size === undefined) return response;
    // V8 is slow to add a key to a copy that a spread has made, and fast to one that Object.assign has.
    const headers: Record<string, HeaderValue> = Object.assign({}, response.headers);
    headers["Content-Length"] = String(size);
    return { ...response, headers };
  });
}

/**
 * Middleware: hands responses through {@link contentLengthResponse}.
 *
 * @example
 * const app = wrapContentLength(handler);
 * @see Source: `ring.middleware.content-length/wrap-content-length`.
 */
export function wrapContentLength<R extends RingRequest>(handler: Handler<R>): Handler<R> {
  return tagged("wrapContentLength", handler, (request: R) => andThen(handler(request), contentLengthResponse));
}
