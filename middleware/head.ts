/** HEAD as GET without the body. Source: `ring.middleware.head`. */

import { closeBody } from "../src/byte-streams/core.js";
import { andThen } from "../src/deferred/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

type Method = Partial<Pick<RingRequest, "requestMethod">>;

/** A HEAD request as a GET; others as they are. @see Source: `ring.middleware.head/head-request`. */
export function headRequest<R extends Method>(request: R): R {
  return request.requestMethod === "head" ? { ...request, requestMethod: "get" } : request;
}

/**
 * Takes the body off the answer to a HEAD request; one that is open is closed.
 *
 * @see Source: `ring.middleware.head/head-response`. Differs: the body is closed.
 */
export function headResponse<R extends RingResponse | null | undefined>(response: R, request: Method): R {
  if (response === null || response === undefined || request.requestMethod !== "head") return response;
  closeBody(response.body);
  return { ...response, body: null };
}

/**
 * Middleware: the handler sees GET for HEAD, the client gets the same headers without the body.
 *
 * @example
 * const app = wrapHead(handler);
 * @see Source: `ring.middleware.head/wrap-head`.
 */
export function wrapHead<R extends RingRequest>(handler: Handler<R>): Handler<R> {
  return tagged("wrapHead", handler, (request: R) =>
    andThen(handler(headRequest(request)), (response) => headResponse(response, request)),
  );
}
