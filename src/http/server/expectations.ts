import type { IncomingMessage, ServerResponse } from "node:http";
import { type Awaitable, isDeferrable, toDeferred } from "../../deferred/index.js";
import { toRequest } from "../../message/index.js";
import type { RingRequest, RingResponse } from "../../ring/types.js";
import type { ServerExchange } from "./exchange.js";
import type { ServerOptions } from "./options.js";

/** Decides about a request whose client waits for leave to send the body, and calls `accept` if it may. */
export function answerExpectation(
  exchange: ServerExchange,
  continueHandler: ServerOptions["continueHandler"],
  accept: () => void,
): void {
  const decide = (answer: boolean | RingResponse): void => {
    if (answer !== true) exchange.answer(answer === false ? { status: 417 } : bodiless(answer));
    else if (!exchange.isOver) {
      letContinue(exchange.req, exchange.res);
      accept();
    }
  };
  if (continueHandler === undefined) decide(true);
  else attempt(() => continueHandler(withoutBody(toRequest(exchange, exchange))), decide, exchange);
}

function attempt<T>(f: () => Awaitable<T>, use: (value: T) => void, exchange: ServerExchange): void {
  const fail = (error: unknown): void => exchange.raise(error);
  try {
    const value = f();
    if (isDeferrable(value)) toDeferred(value).onRealized(use as (value: unknown) => void, fail);
    else use(value as T);
  } catch (error) {
    fail(error);
  }
}

/** What was expected has happened, and is the handler's concern no more. */
function letContinue(req: IncomingMessage, res: ServerResponse): void {
  res.writeContinue();
  delete req.headers.expect;
}

/** The body is not there yet. */
function withoutBody(request: RingRequest): RingRequest {
  const { body, ...rest } = request;
  return body === undefined ? request : rest;
}

/** A body would not be read: the client is about to go. What is no response is left for the exchange to refuse. */
function bodiless(answer: RingResponse): RingResponse {
  return typeof answer === "object" && answer !== null ? { ...answer, body: undefined } : answer;
}
