import { withHeader } from "../headers.js";
import type { Client, ClientRequest, Codec } from "../types.js";

/** "json" is short for "application/json"; a full media type is taken as it is. */
export function mediaTypeOf(name: string): string {
  return name.includes("/") ? name : `application/${name}`;
}

/** What of the `codecs` is for a media type, whatever its parameters. */
export function codecFor(mediaType: string, { codecs }: ClientRequest): Codec | undefined {
  if (codecs === undefined || codecs === null) return undefined;
  const wanted = (mediaType.split(";", 1)[0] ?? "").trim().toLowerCase();
  return Object.entries(codecs).find(([name]) => mediaTypeOf(name).toLowerCase() === wanted)?.[1];
}

/** The request with `contentType` and `characterEncoding` as its header. */
export function contentTypeRequest(request: ClientRequest): ClientRequest {
  const { contentType, characterEncoding } = request;
  if (contentType === undefined) return request;
  const suffix = characterEncoding === undefined ? "" : `; charset=${characterEncoding}`;
  return withHeader(request, "content-type", mediaTypeOf(contentType) + suffix);
}

/**
 * Client middleware: writes `contentType` and `characterEncoding` as a header.
 *
 * @example
 * await http.post(upstream, { contentType: "text/csv", characterEncoding: "utf-8", body: "a,b" });
 * @see Source: `aleph.http.client-middleware/wrap-content-type`.
 */
export function wrapContentType(client: Client): Client {
  return (request) => client(contentTypeRequest(request));
}
