import { withHeader } from "../headers.js";
import type { Client, ClientRequest } from "../types.js";

/** The request with `oauthToken` as its `authorization`. */
export function oauthRequest(request: ClientRequest): ClientRequest {
  const { oauthToken } = request;
  return oauthToken === undefined ? request : withHeader(request, "authorization", `Bearer ${oauthToken}`);
}

/**
 * Client middleware: writes `oauthToken` as a header, as a bearer token.
 *
 * @example
 * await http.get(upstream, { oauthToken: "a token" });
 * @see Source: `aleph.http.client-middleware/wrap-oauth`.
 */
export function wrapOauth(client: Client): Client {
  return (request) => client(oauthRequest(request));
}
