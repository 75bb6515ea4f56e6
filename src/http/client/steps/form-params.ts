import { InvalidArgumentError } from "../../../errors/index.js";
import type { Client, ClientRequest } from "../types.js";
import { codecFor, mediaTypeOf } from "./content-type.js";
import { encodeParams } from "./query-params.js";

const HAS_FORM = new Set(["post", "put", "patch", "delete"]);
const URLENCODED = "application/x-www-form-urlencoded";

/**
 * The request with its `formParams` as body: urlencoded, JSON, or what `codecs` can write, as its `contentType` says. Other methods than POST, PUT,
 * PATCH and DELETE have no form.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for another content type.
 */
export function formParamsRequest(request: ClientRequest): ClientRequest {
  const { formParams } = request;
  if (formParams === undefined || formParams === null || !HAS_FORM.has((request.requestMethod ?? "").toLowerCase())) {
    return request;
  }
  const { formParams: _, ...rest } = request;
  const contentType = request.contentType ?? URLENCODED;
  const mediaType = mediaTypeOf(contentType);
  if (mediaType.startsWith(URLENCODED)) {
    const encoding = request.formParamEncoding;
    const body = encodeParams(formParams, request.multiParamStyle, encoding);
    return { ...rest, contentType, characterEncoding: encoding ?? request.characterEncoding, body };
  }
  if (/^application\/(?:[\w.-]+\+)?json\b/i.test(mediaType)) {
    return { ...rest, contentType, body: JSON.stringify(formParams, request.jsonOpts?.replacer) };
  }
  const codec = codecFor(mediaType, request);
  if (codec?.encode !== undefined) return { ...rest, contentType, body: codec.encode(formParams) };
  throw new InvalidArgumentError(
    `formParams can be written as a form or as JSON, not as ${mediaType}; give a codec for it in codecs, or write the body yourself`,
  );
}

/**
 * Client middleware: makes `formParams` the body: urlencoded, JSON, or what `codecs` can write, as `contentType` says.
 *
 * Other methods than POST, PUT, PATCH and DELETE have no form.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for another content type.
 *
 * @example
 * await http.post(upstream, { formParams: { name: "Ada", tags: ["a", "b"] } });
 * await http.post(upstream, { formParams: { name: "Ada" }, contentType: "json" });
 * @see Source: `aleph.http.client-middleware/wrap-form-params`.
 */
export function wrapFormParams(client: Client): Client {
  return (request) => client(formParamsRequest(request));
}
