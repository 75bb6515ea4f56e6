import { andThen } from "../../../deferred/index.js";
import { encodeMultipart } from "../multipart.js";
import { isFormData } from "../payload.js";
import type { Client, ClientRequest } from "../types.js";

/**
 * Client middleware: makes `multipart`, or a form as `body`, the body of the request; TRACE has none.
 *
 * @example
 * await http.post(upstream, {
 *   multipart: [
 *     { partName: "title", content: "A photo" },
 *     { partName: "photo", content: http.file("photo.jpg") },
 *   ],
 * });
 * @see Source: `:multipart` of `aleph.http`.
 */
export function wrapMultipart(client: Client): Client {
  return (request) => {
    const parts = request.multipart ?? (isFormData(request.body) ? request.body : undefined);
    if (parts === undefined || request.requestMethod?.toLowerCase() === "trace") return client(request);
    return andThen(encodeMultipart(parts, request.mimeSubtype), ({ body, length, contentType }) => {
      const { multipart: _, ...rest } = request;
      const encoded: ClientRequest = { ...rest, contentType, characterEncoding: undefined, body };
      return client(length === undefined ? encoded : { ...encoded, length });
    });
  };
}
