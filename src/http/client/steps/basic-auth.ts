import { Buffer } from "node:buffer";
import { withHeader } from "../headers.js";
import type { Client, ClientRequest } from "../types.js";

/**
 * The request with `basicAuth` as its `authorization`: "user:password", or a list of the two. Null and an empty list are no
 * name and no password.
 */
export function basicAuthRequest(request: ClientRequest): ClientRequest {
  const { basicAuth } = request;
  if (basicAuth === undefined) return request;
  const text = typeof basicAuth === "string" ? basicAuth : [basicAuth?.[0] ?? "", basicAuth?.[1] ?? ""].join(":");
  return withHeader(request, "authorization", `Basic ${Buffer.from(text).toString("base64")}`);
}

/**
 * Client middleware: writes `basicAuth` as a header.
 *
 * It is "user:password", or a list of the two; null and an empty list are no name and no password.
 *
 * @example
 * await http.get(upstream, { basicAuth: ["ada", "a password"] });
 * @see Source: `aleph.http.client-middleware/wrap-basic-auth`.
 */
export function wrapBasicAuth(client: Client): Client {
  return (request) => client(basicAuthRequest(request));
}
