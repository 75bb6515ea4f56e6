import { draft } from "../draft.js";
import type { Client, ClientRequest } from "../types.js";

/** The request with its method as `requestMethod`, in lower case. */
export function methodRequest(request: ClientRequest): ClientRequest {
  const method = request.method ?? request.requestMethod;
  if (method === undefined || method === request.requestMethod) return request;
  const next = draft(request);
  next.requestMethod = method.toLowerCase();
  next.method = undefined;
  return next;
}

/**
 * Client middleware: `method` stands for `requestMethod`, and goes before it.
 *
 * @example
 * await http.request({ url: upstream, method: "REPORT" });
 * @see Source: `aleph.http.client-middleware/wrap-method`.
 */
export function wrapMethod(client: Client): Client {
  return (request) => client(methodRequest(request));
}
