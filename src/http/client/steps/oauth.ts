import { withHeader } from "../headers.js";
import type { Client, ClientRequest } from "../types.js";

/** The request with `oauthToken` as its `authorization`. */
export function oauthRequest(request: ClientRequest): ClientRequest {
  const { oauthToken } = request;
  return oauthToken === undefined ? request : withHeader(request, "authorization", `Bearer ${oauthToken}`);
}

/** Client middleware: writes `oauthToken` as a header, see {@link oauthRequest}. */
export function wrapOauth(client: Client): Client {
  return (request) => client(oauthRequest(request));
}
