import type { NextFunction, Request, RequestHandler, Response } from "express";
import { announce, serve, toRequest, wrapRingAsyncHandler } from "../message/index.js";
import { areRequestsWatched } from "../ring/diagnostics/requests.js";
import { calling } from "../ring/ownership.js";
import { labelled } from "../ring/tag.js";
import type { AsyncHandler, Handler } from "../ring/types.js";
import { ExpressExchange, expressFacts } from "./exchange.js";

/** How a handler is called. */
export interface RingOptions {
  /** Does the handler take three arguments, `(request, respond, raise)`? @default false */
  readonly async?: boolean | undefined;
}

/**
 * Makes Express middleware of a Ring handler, for `app.use`, `app.get` and their like, on apps and routers at any depth.
 *
 * The handler gets a request map and answers with a response map, or a deferred or promise of one; an answer that is
 * there at once is sent in the same tick. null or undefined means "not mine": the next middleware has its turn. A throw,
 * a rejection, and an answer that is no response go to Express's error handlers, before anything of it is sent.
 *
 * Under Express the request has, besides the keys of Ring's SPEC, where there is anything to say: `context` (the path of
 * the mount), `pathInfo` (the path inside it), `routeParams`, and `parsedBody` in place of a body that a parser has read.
 * Headers and cookies that middleware has set on Express's response stay, unless the response map names the same header.
 * A content-length is added where it is known and left alone where it is given; a transfer-encoding is not taken over.
 *
 * Bodies are sent as fast as the client reads. When it goes away, the body is closed and `abortSignal(request)` fires; an
 * answer that comes later is dropped. A body that fails after its first chunk cuts the connection.
 *
 * @example
 * app.get("/hello/:name", ring((request) => ({ status: 200, headers: {}, body: `Hello ${request.routeParams?.name}` })));
 * app.use("/legacy", ring((request, respond, raise) => respond(null), { async: true }));
 * @see Source: `ring.adapter.jetty/run-jetty`, `aleph.http/start-server`.
 */
export function ring(handler: Handler, options?: RingOptions & { readonly async?: false | undefined }): RequestHandler;
export function ring(handler: AsyncHandler, options: RingOptions & { readonly async: true }): RequestHandler;
export function ring(handler: Handler | AsyncHandler, options: RingOptions = {}): RequestHandler {
  const answer = options.async === true ? wrapRingAsyncHandler(handler as AsyncHandler) : (handler as Handler);
  const call = calling(answer);
  const handOver: Handler = (request) => call(request, true);
  return labelled("ring", answer, (req: Request, res: Response, next: NextFunction) => {
    const exchange = new ExpressExchange(req, res, next);
    const request = toRequest(exchange, expressFacts(req));
    announce(exchange, request, answer);
    // Who watches requests may keep them.
    serve(areRequestsWatched() ? answer : handOver, request, exchange);
  });
}
