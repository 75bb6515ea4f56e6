import { andThen } from "../../../deferred/index.js";
import type { Client, ClientResponse } from "../types.js";

/**
 * Client middleware: calls `requestInterceptor` and `responseInterceptor` for every exchange.
 *
 * @example
 * await http.get(upstream, {
 *   requestInterceptor: (request) => ({ ...request, headers: { ...request.headers, "x-request-id": id } }),
 * });
 * @see Source: clj-http's `:request-interceptor`, `:response-interceptor`.
 */
export function wrapInterceptors(client: Client): Client {
  return (request) => {
    const { requestInterceptor, responseInterceptor } = request;
    const sent = requestInterceptor === undefined ? request : requestInterceptor(request);
    const response = andThen(sent, client);
    if (responseInterceptor === undefined) return response;
    return andThen(response, (response) => responseInterceptor(response as ClientResponse, request));
  };
}
