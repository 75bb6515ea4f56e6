/** Compressed responses. Not in Ring itself; there are libraries like `ring.middleware.gzip`. */

import { type Awaitable, andThen } from "../src/deferred/index.js";
import {
  type CompressibleRequest,
  type CompressionOptions,
  compressedBy,
  compressionPlan,
} from "../src/ring/compression.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

export type { CompressionOptions, ContentCoding } from "../src/ring/compression.js";

/**
 * Compresses the body of a response whose content-type is worth it, in the coding that the client likes best, and adds
 * `Vary: Accept-Encoding`; a strong ETag becomes a weak one. Sent as they are: small bodies, what is compressed already, parts
 * (206), answers to HEAD, and what says `Cache-Control: no-transform`.
 *
 * A body that comes bit by bit stays one: it is read as fast as the client reads, and whenever there is nothing more for now
 * all that was said is sent, so events and messages do not wait for each other. It is closed when the client goes away.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if an option is wrong.
 * @example
 * const response = { status: 200, headers: { "Content-Type": "text/plain" }, body: "x".repeat(2000) };
 * compressionResponse(response, { headers: { "accept-encoding": "gzip" } }); // "Content-Encoding": "gzip"
 */
export function compressionResponse(
  response: RingResponse | null | undefined,
  request: CompressibleRequest,
  options: CompressionOptions = {},
): Awaitable<RingResponse | null | undefined> {
  return compressedBy(response, request, compressionPlan(options, "wrapCompression"));
}

/**
 * Middleware: hands responses through {@link compressionResponse}. It belongs outside of what makes responses, and inside of
 * `wrapNotModified` where handlers give strong ETags.
 *
 * Secrets that stand in one page with what a request can put there (a CSRF token beside a search word) can be guessed from
 * the length of the compressed page (BREACH). The encrypted anti-forgery tokens differ each time; for other secrets answer
 * such pages with `Cache-Control: no-transform`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if an option is wrong.
 * @example
 * const app = wrapCompression(handler, { threshold: 2048, encodings: ["gzip"] });
 */
export function wrapCompression<R extends RingRequest>(
  handler: Handler<R>,
  options: CompressionOptions = {},
): Handler<R> {
  const plan = compressionPlan(options, "wrapCompression");
  return tagged("wrapCompression", handler, (request: R) =>
    andThen(handler(request), (response) => compressedBy(response, request, plan)),
  );
}
