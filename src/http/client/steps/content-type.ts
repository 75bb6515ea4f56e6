import { withHeader } from "../headers.js";
import type { Client, ClientRequest } from "../types.js";

/** "json" is short for "application/json"; a full media type is taken as it is. */
export function mediaTypeOf(name: string): string {
  return name.includes("/") ? name : `application/${name}`;
}

/** The request with `contentType` and `characterEncoding` as its header. */
export function contentTypeRequest(request: ClientRequest): ClientRequest {
  const { contentType, characterEncoding } = request;
  if (contentType === undefined) return request;
  const suffix = characterEncoding === undefined ? "" : `; charset=${characterEncoding}`;
  return withHeader(request, "content-type", mediaTypeOf(contentType) + suffix);
}

/** Client middleware: writes `contentType` as a header, see {@link contentTypeRequest}. */
export function wrapContentType(client: Client): Client {
  return (request) => client(contentTypeRequest(request));
}
