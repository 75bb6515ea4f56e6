import { type Awaitable, andThen, catchError } from "../../../deferred/index.js";
import { Cancellation } from "../cancellation.js";
import { RequestCancellationError } from "../errors.js";
import { isIdempotent } from "../exchange.js";
import { isReplayable } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

function isWorthRetrying(error: unknown, request: ClientRequest): boolean {
  const method = (request.method ?? request.requestMethod ?? "").toUpperCase();
  if (!isIdempotent(method) || !isReplayable(request)) return false;
  const { code } = error as { readonly code?: unknown };
  if (error instanceof RequestCancellationError || Cancellation.of(request)?.reason !== undefined) return false;
  // What is wrong with the request stays wrong.
  return code !== "RING_INVALID_ARGUMENT" && code !== "RING_NOT_CONVERTIBLE" && code !== "RING_POOL_CLOSED";
}

function attempt(client: Client, request: ClientRequest, count: number): Awaitable<ClientResponse<unknown>> {
  const response = client(request);
  const { retryHandler } = request;
  if (retryHandler === undefined) return response;
  return catchError(response as PromiseLike<ClientResponse<unknown>>, (error) => {
    if (!isWorthRetrying(error, request)) throw error;
    return andThen(retryHandler(error, count, request), (again) => {
      if (!again) throw error;
      return attempt(client, request, count + 1);
    });
  });
}

/**
 * Client middleware: asks `retryHandler`, with the error and how often it was asked, whether to try again after an I/O error.
 * Only idempotent methods with a body that can be sent again are.
 *
 * @example
 * await http.get(upstream, { retryHandler: (error, count) => count <= 3 });
 * @see Source: clj-http's `:retry-handler`.
 */
export function wrapRetry(client: Client): Client {
  return (request) => (request.retryHandler === undefined ? client(request) : attempt(client, request, 1));
}
