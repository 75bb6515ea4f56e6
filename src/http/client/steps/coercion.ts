import type { Readable } from "node:stream";
import { type ByteBody, charset, isReadable, readBytes } from "../../../byte-streams/core.js";
import { type Awaitable, andThen } from "../../../deferred/index.js";
import { formDecodeMap } from "../../../ring/codec.js";
import { findContentTypeCharset } from "../../../ring/parsing.js";
import { isSource, type Source, toReadable, toWebReadable } from "../../../stream/index.js";
import { CoercionError } from "../errors.js";
import { isUnexceptionalStatus } from "../response.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";
import { codecFor, mediaTypeOf } from "./content-type.js";

const MAX_BYTES = 104_857_600;

type Body = Readable | ByteBody;

/** The charset of a response, of which there may be none that is known. */
function charsetOf(response: ClientResponse<unknown>): string {
  return findContentTypeCharset(response.headers["content-type"] ?? "") ?? "utf-8";
}

function readAs(response: ClientResponse<unknown>, request: ClientRequest): Awaitable<Uint8Array> {
  return readBytes(response.body as ByteBody, { maxBytes: request.maxBytes ?? MAX_BYTES });
}

function textOf(bytes: Uint8Array, encoding: string): string {
  return charset(encoding).decode(bytes);
}

/** Is JSON to be parsed, or is the text wanted? */
function isParsed(
  response: ClientResponse<unknown>,
  { coerce = "unexceptional", unexceptionalStatus }: ClientRequest,
): boolean {
  if (coerce === "always") return true;
  const isFine = (unexceptionalStatus ?? isUnexceptionalStatus)(response.status);
  return coerce === "exceptional" ? !isFine : isFine;
}

function asJson(bytes: Uint8Array, response: ClientResponse<unknown>, request: ClientRequest): unknown {
  const text = textOf(bytes, charsetOf(response));
  if (!isParsed(response, request)) return text;
  if (text === "") return null;
  try {
    return JSON.parse(text, request.jsonOpts?.reviver);
  } catch (cause) {
    throw new CoercionError("json", { ...response, body: text }, cause);
  }
}

const isJson = (contentType: string): boolean => /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
const isForm = (contentType: string): boolean => /^application\/x-www-form-urlencoded\b/i.test(contentType);

function convert(bytes: Uint8Array, as: string, response: ClientResponse<unknown>, request: ClientRequest): unknown {
  const contentType = response.headers["content-type"] ?? "";
  switch (as) {
    case "byteArray":
      return bytes;
    case "string":
      return textOf(bytes, charsetOf(response));
    case "json":
      return asJson(bytes, response, request);
    case "x-www-form-urlencoded":
      return formDecodeMap(textOf(bytes, charsetOf(response)), charsetOf(response));
    case "auto":
      if (codecFor(contentType, request)?.decode !== undefined) return decodeBy(contentType, bytes, response, request);
      if (isJson(contentType)) return asJson(bytes, response, request);
      return isForm(contentType)
        ? convert(bytes, "x-www-form-urlencoded", response, request)
        : textOf(bytes, charsetOf(response));
    default:
      return codecFor(mediaTypeOf(as), request)?.decode === undefined
        ? textOf(bytes, as)
        : decodeBy(mediaTypeOf(as), bytes, response, request);
  }
}

function decodeBy(
  mediaType: string,
  bytes: Uint8Array,
  response: ClientResponse<unknown>,
  request: ClientRequest,
): unknown {
  const encoding = charsetOf(response);
  try {
    return codecFor(mediaType, request)?.decode?.(bytes, encoding);
  } catch (cause) {
    throw new CoercionError(mediaType, { ...response, body: textOf(bytes, encoding) }, cause);
  }
}

/** Text as it comes; a character may be split between chunks. */
function reader(body: Body, encoding: string): AsyncIterable<string> {
  const decoder = charset(encoding).decoder();
  const chunks = isSource(body) ? toReadable(body) : (body as Readable);
  async function* pieces(): AsyncGenerator<string> {
    for await (const chunk of chunks) {
      const text = decoder.write(chunk as Uint8Array);
      if (text !== "") yield text;
    }
    const rest = decoder.end();
    if (rest !== "") yield rest;
  }
  return pieces();
}

/**
 * The response with its body as `as` says: "string", "byteArray", "json", "auto" (by its content type), "reader",
 * "x-www-form-urlencoded", "webStream", a media type of `codecs`, or the name of a charset. Text has the charset that the response names, else UTF-8. Without a body JSON is
 * null.
 *
 * @throws {CoercionError} code `RING_COERCION`, for JSON that is none; `RING_BODY_TOO_LARGE` beyond `maxBytes`;
 *   `RING_UNKNOWN_CHARSET`.
 */
export function coercionResponse(
  response: ClientResponse<unknown>,
  request: ClientRequest,
): Awaitable<ClientResponse<unknown>> {
  const { as = "stream" } = request;
  const { body } = response;
  if (as === "stream" || (!isReadable(body) && !isSource(body))) return response;
  // Not Node's `Readable.toWeb`: cancelled while something is buffered, it throws where nobody catches.
  if (as === "webStream") return { ...response, body: toWebReadable(body as Source<Uint8Array>) };
  if (as === "reader") return { ...response, body: reader(body as Body, charsetOf(response)) };
  return andThen(readAs(response, request), (bytes) => {
    const read: { -readonly [K in keyof ClientResponse<unknown>]: ClientResponse<unknown>[K] } = { ...response };
    read.body = convert(bytes, as, response, request);
    return read;
  });
}

/**
 * Client middleware: reads the body as `as` says.
 *
 * That is "string", "byteArray", "json", "auto" (by its content type), "reader", "x-www-form-urlencoded", "webStream", a media type
 * of `codecs`, or the name of a charset. Text has the charset that the response names, else UTF-8. Without a body JSON is null.
 *
 * @throws {CoercionError} later, code `RING_COERCION`, for JSON that is none; `RING_BODY_TOO_LARGE` beyond `maxBytes`;
 *   `RING_UNKNOWN_CHARSET`.
 *
 * @example
 * const { body } = await http.get(upstream, { as: "json", maxBytes: 1_000_000 });
 * @see Source: `aleph.http.client-middleware/coerce-response-body`.
 */
export function wrapCoercion(client: Client): Client {
  return (request) => andThen(client(request), (response) => coercionResponse(response, request));
}
