import { deferred, error as fail, success } from "../deferred/index.js";
import { tagged } from "../ring/tag.js";
import type { AsyncHandler, Handler, RingResponse } from "../ring/types.js";

/**
 * Makes a handler of a three-argument one: its answer is a deferred of what it responds.
 *
 * The first call of `respond` or `raise` counts, later ones do nothing; a throw of the handler is a `raise`.
 *
 * @example
 * const handler = wrapRingAsyncHandler((request, respond, raise) => {
 *   readFile("notes.txt", (error, text) => (error ? raise(error) : respond({ status: 200, headers: {}, body: text })));
 * });
 * @see Source: `aleph.http/wrap-ring-async-handler`.
 */
export function wrapRingAsyncHandler<Req, Res = RingResponse>(handler: AsyncHandler<Req, Res>): Handler<Req, Res> {
  return tagged("wrapRingAsyncHandler", handler, (request: Req) => {
    const response = deferred<Res | null | undefined>();
    try {
      handler(
        request,
        (value) => void success(response, value),
        (error) => void fail(response, error),
      );
    } catch (error) {
      fail(response, error);
    }
    return response;
  });
}
