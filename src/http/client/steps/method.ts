import type { Client, ClientRequest } from "../types.js";

/** The request with its method as `requestMethod`, in lower case. */
export function methodRequest(request: ClientRequest): ClientRequest {
  const method = request.method ?? request.requestMethod;
  if (method === undefined || method === request.requestMethod) return request;
  return { ...request, requestMethod: method.toLowerCase(), method: undefined };
}

/** Client middleware: `method` stands for `requestMethod`, and goes before it. */
export function wrapMethod(client: Client): Client {
  return (request) => client(methodRequest(request));
}
