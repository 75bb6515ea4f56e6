import { withHeader } from "../headers.js";
import type { Client, ClientRequest } from "../types.js";
import { mediaTypeOf } from "./content-type.js";

/** The request with `accept` as its header. */
export function acceptRequest(request: ClientRequest): ClientRequest {
  return request.accept === undefined ? request : withHeader(request, "accept", mediaTypeOf(request.accept));
}

/** The request with `acceptEncoding` as its header. */
export function acceptEncodingRequest(request: ClientRequest): ClientRequest {
  const { acceptEncoding } = request;
  if (acceptEncoding === undefined) return request;
  const value = typeof acceptEncoding === "string" ? acceptEncoding : acceptEncoding.join(", ");
  return withHeader(request, "accept-encoding", value);
}

/**
 * Client middleware: writes `accept` as a header.
 *
 * @example
 * await http.get(upstream, { accept: "json", as: "json" });
 * @see Source: `aleph.http.client-middleware/wrap-accept`.
 */
export function wrapAccept(client: Client): Client {
  return (request) => client(acceptRequest(request));
}

/**
 * Client middleware: writes `acceptEncoding` as a header.
 *
 * @example
 * await http.get(upstream, { acceptEncoding: ["zstd"], decompressBody: false });
 * @see Source: `aleph.http.client-middleware/wrap-accept-encoding`.
 */
export function wrapAcceptEncoding(client: Client): Client {
  return (request) => client(acceptEncodingRequest(request));
}
