import { type Deferred, isDeferrable, type Listener, toDeferred } from "../deferred/index.js";
import type { RingResponse } from "../ring/types.js";
import type { Exchange } from "./exchange.js";
import { respond } from "./response.js";

/**
 * Gives a request to a handler and its answer to the client: the one place that catches.
 *
 * An answer that is there at once is sent at once. null and undefined hand the request on; a throw, a rejection and an
 * answer that cannot be sent are raised on the exchange, once.
 */
export function serve<Req>(handler: (request: Req) => unknown, request: Req, exchange: Exchange): void {
  try {
    settle(exchange, handler(request));
  } catch (error) {
    exchange.raise(error);
  }
}

/** @throws what `respond` throws */
function settle(exchange: Exchange, answer: unknown): void {
  if (isDeferrable(answer)) (toDeferred(answer) as Deferred<unknown>).addListener(new LateAnswer(exchange));
  else if (exchange.isTakenOver) return;
  else if (answer === null || answer === undefined) exchange.handOn();
  else if (isWebsocket(answer) && !exchange.isOver) exchange.openWebsocket(answer);
  else respond(exchange, answer);
}

function isWebsocket(answer: unknown): answer is RingResponse {
  return typeof answer === "object" && answer !== null && "websocketListener" in answer;
}

class LateAnswer implements Listener<unknown> {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  onSuccess(answer: unknown): void {
    try {
      settle(this.#exchange, answer);
    } catch (error) {
      this.#exchange.raise(error);
    }
  }

  onError(error: unknown): void {
    this.#exchange.raise(error);
  }
}
