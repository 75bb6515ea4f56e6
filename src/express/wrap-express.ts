import type { Request, RequestHandler, Response } from "express";
import { type Awaitable, andThen, type Deferred, deferred } from "../deferred/index.js";
import { describe, InvalidArgumentError, logError } from "../errors/index.js";
import { type Exchange, exchangeOf, wasRead } from "../message/index.js";
import { tagged } from "../ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../ring/types.js";

/** How a run through the middleware ended. */
const THROUGH = true;
const ANSWERED = false;
type Outcome = typeof THROUGH | typeof ANSWERED;

/**
 * Middleware: runs Express (or Connect) middleware before the handler, in the order given, on the request's own `req` and
 * `res`.
 *
 * What it sets on `res` goes out with the handler's response; what it hangs on `req` (`session`, `user`) is there through
 * `expressOf(request).req`; a body that it parses becomes `parsedBody`. If it answers by itself (a rate limit, a static
 * file) the handler is not called, and the answer of the stack is null; so it is if it leaves with `next("route")` or
 * `next("router")`. `next(error)`, a throw and a rejection fail the stack. Middleware that never calls `next` is waited for until the
 * response is complete or the client goes away.
 *
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for what is no function, and for middleware with
 *   four parameters, which handles errors: catch them in a Ring middleware, or leave them to the app.
 * @throws {NoExchangeError} on a request, code `RING_NO_EXCHANGE`, if there is no server behind it (a mock).
 * @example
 * app.use(ring(wrapExpress(handler, helmet(), cors())));
 */
export function wrapExpress<Req extends RingRequest, Res = RingResponse>(
  handler: Handler<Req, Res>,
  ...middleware: readonly RequestHandler[]
): Handler<Req, Res> {
  middleware.forEach(checkMiddleware);
  return tagged("wrapExpress", handler, (request: Req) => {
    const exchange = exchangeOf(request);
    return andThen(runFrom(0, middleware, exchange), (outcome) =>
      outcome === THROUGH ? handler(afterParsers(request, exchange)) : null,
    );
  });
}

function checkMiddleware(middleware: unknown, place: number): void {
  if (typeof middleware !== "function") {
    throw new InvalidArgumentError(`wrapExpress: argument ${place + 2} is ${describe(middleware)}, not middleware`);
  }
  if (middleware.length === 4) {
    throw new InvalidArgumentError(
      `wrapExpress: argument ${place + 2} handles errors (it has four parameters), and no errors come this way; give it to app.use, or catch in a Ring middleware`,
    );
  }
}

function runFrom(place: number, middleware: readonly RequestHandler[], exchange: Exchange): Awaitable<Outcome> {
  for (let i = place; i < middleware.length; i++) {
    const outcome = new Step(exchange).run(middleware[i] as RequestHandler);
    // Middleware that calls `next` at once costs no deferred, and no stack.
    if (outcome === ANSWERED) return ANSWERED;
    if (outcome !== THROUGH) {
      return andThen(outcome, (late) => (late === THROUGH ? runFrom(i + 1, middleware, exchange) : ANSWERED));
    }
  }
  return THROUGH;
}

/** One middleware at work: ends with its first call of `next`, its failure, or the end of the response. */
class Step {
  readonly #exchange: Exchange;
  #outcome: Outcome | undefined;
  #failure: { readonly error: unknown } | undefined;
  #late: Deferred<Outcome> | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  run(middleware: RequestHandler): Awaitable<Outcome> {
    const { req, res } = this.#exchange;
    try {
      const result: unknown = middleware(req as Request, res as Response, this.#next);
      // What it returns counts for nothing unless it is the failure of an async function.
      (result as Partial<Promise<unknown>> | undefined)?.catch?.(this.#fail);
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#outcome !== undefined) return this.#outcome;
    if (res.writableEnded || this.#exchange.isGone) return ANSWERED;
    const late = deferred<Outcome>();
    this.#late = late;
    const forget = this.#exchange.onGone(() => this.#end(ANSWERED));
    late.onRealized(forget, forget);
    return late;
  }

  readonly #next = (error?: unknown): void => {
    if (error === "route" || error === "router") this.#end(ANSWERED);
    else if (error) this.#fail(error);
    else this.#end(THROUGH);
  };

  #end(outcome: Outcome): void {
    if (this.#outcome !== undefined || this.#failure !== undefined) return;
    this.#outcome = outcome;
    this.#late?.success(outcome);
  }

  readonly #fail = (error: unknown): void => {
    if (this.#outcome !== undefined || this.#failure !== undefined) {
      logError(error, "middleware failed after it had called next");
      return;
    }
    this.#failure = { error };
    this.#late?.error(error);
  };
}

/** The request map after body parsers: if one has read the body since the map was made, what it made of it. */
function afterParsers<Req extends RingRequest>(request: Req, { req }: Exchange): Req {
  if (request.body !== req || !wasRead(req)) return request;
  const { body: _read, ...rest } = request;
  const parsed = (req as Request).body as unknown;
  if (parsed === undefined) return req.readableEnded ? (rest as unknown as Req) : request;
  return { ...rest, parsedBody: parsed } as unknown as Req;
}
