/** JSON in request bodies and as response bodies. Source: `ring.middleware.json` (ring-json). */

import { charset, checkMaxBytes, HttpFile, isReadable, MAX_BYTES, readText } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { BigDecimal } from "../src/ring/big-decimal.js";
import {
  isDeeper,
  JsonDepthError,
  type JsonObject,
  type JsonValue,
  mapKeys,
  type ParseJsonOptions,
  parseJson,
} from "../src/ring/json-parse.js";
import { jsonPieces, type WriteJsonOptions, writeJson } from "../src/ring/json-write.js";
import { mergeParams } from "../src/ring/param-map.js";
import { characterEncoding } from "../src/ring/request.js";
import { Seq } from "../src/ring/seq.js";
import { tagged } from "../src/ring/tag.js";
import type { DataResponse, Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { isSource } from "../src/stream/index.js";

export { BigDecimal } from "../src/ring/big-decimal.js";
export { JsonDepthError, type JsonObject, type JsonValue } from "../src/ring/json-parse.js";
export { NotJsonError } from "../src/ring/json-write.js";

/** What `wrapJsonBody` makes of a request: the data in place of the body. */
export interface JsonBody<B = unknown> {
  /**
   * The data that the body held: null for an empty one, the body as it was for a request that is not JSON. `B` is what
   * the handler says it is; nothing checks it.
   */
  readonly body: B;
}

/** A request whose body was replaced by data; see {@link JsonBody}. */
export type JsonRequest<B = unknown> = WithoutBody & JsonBody<B>;

type WithoutBody = Omit<RingRequest, "body">;

/** What `wrapJsonParams` adds to a request whose body is a JSON object. */
export interface JsonParams {
  /** The members of the object; without a prototype. Absent if the body was something else. */
  readonly jsonParams?: JsonObject | undefined;
  /** They, on top of what was there before. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** A response whose body may be data. */
export interface JsonResponse extends DataResponse {}

interface ReadJsonOptions {
  /** Makes the key of an object's member of its name. @default the name */
  readonly keyFn?: ((name: string) => string) | undefined;
  /** Keys are strings, whatever this says; for stacks ported from Clojure. */
  readonly keywords?: boolean | undefined;
  /**
   * Keep all digits of numbers with a point or an exponent: true makes a {@link BigDecimal} of them, a function what it
   * makes of their text, such as a number of a decimal library. @default false: the nearest double
   */
  readonly bigdecimals?: boolean | ((literal: string) => unknown) | undefined;
  /** Largest body read, in bytes; Infinity is no limit. @default 1_048_576 (1 MiB) */
  readonly maxBytes?: number | undefined;
  /** Arrays and objects inside each other, at most; Infinity is no limit. @default 1000 */
  readonly maxDepth?: number | undefined;
}

/** For {@link jsonBodyRequest} and {@link jsonParamsRequest}. */
export interface JsonRequestOptions extends ReadJsonOptions {}

/** For {@link wrapJsonBody} and {@link wrapJsonParams}. */
export interface JsonBodyOptions extends ReadJsonOptions {
  /** The answer to a body that is no JSON; null for none. @default 400, text/plain, "Malformed JSON in request body." */
  readonly malformedResponse?: RingResponse | null | undefined;
}

/** For {@link wrapJsonResponse} and {@link jsonResponse}. */
export interface JsonResponseOptions extends WriteJsonOptions {
  /**
   * Write the data bit by bit while it is sent, as fast as the client takes it, in pieces of about 16 KiB; its length is
   * then not known beforehand. @default false
   */
  readonly stream?: boolean | undefined;
}

type Unparsed = Partial<Pick<RingRequest, "headers" | "body" | "parsedBody">>;

const JSON_TYPE = /^application\/(?:json|.+\+json)/;
const MAX_DEPTH = 1000;

/** What is read of a request: nothing if it is not JSON, `value` undefined if it is malformed. */
interface Found {
  readonly value: JsonValue | undefined;
}

interface Reader extends ParseJsonOptions {
  readonly keyFn: ((name: string) => string) | undefined;
  readonly maxBytes: number;
}

function readerOf({ keyFn, bigdecimals, maxBytes, maxDepth = MAX_DEPTH }: ReadJsonOptions): Reader {
  if (!(maxDepth >= 1)) {
    throw new InvalidArgumentError(`maxDepth must be a number of levels from 1, or Infinity, not ${maxDepth}`);
  }
  const exact = (literal: string): BigDecimal => new BigDecimal(literal);
  return {
    keyFn,
    decimal: bigdecimals === true ? exact : bigdecimals === false ? undefined : bigdecimals,
    maxBytes: checkMaxBytes(maxBytes ?? MAX_BYTES),
    maxDepth,
  };
}

/** The data in the body; undefined if it is not JSON, or there is none. */
function readJson(request: Unparsed | null | undefined, reader: Reader): Awaitable<Found | undefined> {
  const type = request?.headers?.["content-type"];
  if (request === null || request === undefined || type === undefined || !JSON_TYPE.test(type)) return undefined;
  const { body, parsedBody } = request;
  if (body !== undefined && body !== null) {
    const { maxBytes } = reader;
    const text = readText(body, { encoding: characterEncoding(request) ?? "utf-8", maxBytes });
    return andThen(text, (text) => parsed(text, reader));
  }
  if (parsedBody === undefined) return undefined;
  // A parser of Express was here first: express.text, express.raw or express.json.
  if (typeof parsedBody === "string") return parsed(parsedBody, reader);
  if (ArrayBuffer.isView(parsedBody)) {
    const named = charset(characterEncoding(request) ?? "utf-8", 415);
    return parsed(named.decode(parsedBody as Uint8Array), reader);
  }
  if (isDeeper(parsedBody, reader.maxDepth)) throw new JsonDepthError(reader.maxDepth);
  return withKeys(parsedBody as JsonValue, reader);
}

const parsed = (text: string, reader: Reader): Found => withKeys(parseJson(text, reader), reader);

function withKeys(value: JsonValue | undefined, { keyFn }: Reader): Found {
  return { value: keyFn === undefined ? value : (mapKeys(value, keyFn) as JsonValue | undefined) };
}

/** A request like the one that was found to be JSON, with its data. */
type Filled = (request: Unparsed, value: JsonValue) => unknown;

/** The request as `fill` makes it of its data; as it was without any, null if that is malformed. */
function filled(request: Unparsed, found: Found | undefined, fill: Filled): unknown {
  if (found === undefined) return request;
  return found.value === undefined ? null : fill(request, found.value);
}

const withBody: Filled = (request, body) => ({ ...request, body });

const withParams: Filled = (request, value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof BigDecimal) {
    return request;
  }
  const jsonParams = mergeParams(value as JsonObject);
  const { params } = request as JsonParams;
  return { ...request, jsonParams, params: mergeParams<unknown>(params, jsonParams) };
};

/**
 * Puts the data that a JSON body holds in its place; the request as it is if its content-type does not begin with
 * `application/json` or `application/...+json`, or if it has no body; null if the body is malformed.
 *
 * The first value counts, what follows it is ignored; a blank body is null; control characters may stand in strings as
 * they are; integers beyond 2^53 are bigints. Objects are ordinary ones, in which `__proto__` is an own property: it does no
 * harm until code of yours assigns it to something. What a parser of Express has read is taken from `parsedBody`.
 *
 * @throws {BodyTooLargeError} code `RING_BODY_TOO_LARGE`, status 413; {@link JsonDepthError} code `RING_JSON_TOO_DEEP`,
 *   status 400; `UnknownCharsetError` code `RING_UNKNOWN_CHARSET`, status 415; `BodyAbortedError` code
 *   `RING_BODY_ABORTED`, status 400.
 * @example
 * const request = { headers: { "content-type": "application/json" }, body: '{"id": 12345678901234567890}' };
 * jsonBodyRequest(request); // => { ...request, body: { id: 12345678901234567890n } }
 * @see Source: `ring.middleware.json/json-body-request`. Differs: limits in bytes and depth; keys stay strings; arrays are
 *   read at once, so malformed ones are found.
 */
export function jsonBodyRequest<R extends Unparsed>(
  request: R,
  options?: JsonRequestOptions,
): Awaitable<(Omit<R, "body"> & JsonBody) | null>;
export function jsonBodyRequest(request: null | undefined, options?: JsonRequestOptions): null | undefined;
export function jsonBodyRequest(request: Unparsed | null | undefined, options: JsonRequestOptions = {}): unknown {
  return andThen(readJson(request, readerOf(options)), (found) => filled(request as Unparsed, found, withBody));
}

/**
 * Adds the members of a JSON object to `jsonParams` and, on top of what is there, to `params`; the request as it is if its
 * body is no JSON or other JSON; null if it is malformed.
 *
 * @throws as {@link jsonBodyRequest}, which says how JSON is read.
 * @example
 * const request = { headers: { "content-type": "application/json" }, body: '{"a": 1}', params: { b: "2" } };
 * (await jsonParamsRequest(request))?.params; // => { b: "2", a: 1 }
 * @see Source: `ring.middleware.json/json-params-request`. Differs as {@link jsonBodyRequest}.
 */
export function jsonParamsRequest<R extends Unparsed>(
  request: R,
  options?: JsonRequestOptions,
): Awaitable<(Omit<R, keyof JsonParams> & JsonParams) | null>;
export function jsonParamsRequest(request: null | undefined, options?: JsonRequestOptions): null | undefined;
export function jsonParamsRequest(request: Unparsed | null | undefined, options: JsonRequestOptions = {}): unknown {
  return andThen(readJson(request, readerOf(options)), (found) => filled(request as Unparsed, found, withParams));
}

const MALFORMED_RESPONSE: RingResponse = {
  status: 400,
  headers: { "Content-Type": "text/plain" },
  body: "Malformed JSON in request body.",
};

function wrapReading(name: string, handler: Handler<never>, options: JsonBodyOptions, fill: Filled): Handler<Unparsed> {
  const reader = readerOf(options);
  const { malformedResponse = MALFORMED_RESPONSE } = options;
  return tagged(name, handler, (request: Unparsed) =>
    andThen(readJson(request, reader), (found) => {
      const next = filled(request, found, fill);
      return next === null && found !== undefined ? malformedResponse : handler(next as never);
    }),
  );
}

/**
 * Middleware: hands the handler a request that went through {@link jsonBodyRequest}; a malformed body is answered with
 * `malformedResponse`. It may stand inside or outside of `wrapJsonResponse`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if a limit is none.
 * @example
 * const greet = (request) => ({ status: 200, body: `Hello, ${request.body.name}!` });
 * const app = wrapJsonBody(greet, { maxBytes: 10_000 });
 * @see Source: `ring.middleware.json/wrap-json-body`.
 */
export function wrapJsonBody<R extends object = JsonRequest, Res extends JsonResponse = RingResponse>(
  handler: Handler<R, Res>,
  options: JsonBodyOptions = {},
): Handler<Omit<R, "body"> & Pick<RingRequest, "body">, Res | RingResponse> {
  return wrapReading("wrapJsonBody", handler as Handler<never>, options, withBody);
}

/**
 * Middleware: hands the handler a request that went through {@link jsonParamsRequest}; a malformed body is answered with
 * `malformedResponse`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if a limit is none.
 * @example
 * const app = wrapJsonParams((request) => ({ status: 200, body: `Hello, ${request.params?.["name"]}!` }));
 * @see Source: `ring.middleware.json/wrap-json-params`.
 */
export function wrapJsonParams<R extends RingRequest, Res extends JsonResponse = RingResponse>(
  handler: Handler<R & JsonParams, Res>,
  options: JsonBodyOptions = {},
): Handler<Omit<R, keyof JsonParams>, Res | RingResponse> {
  return wrapReading("wrapJsonParams", handler as Handler<never>, options, withParams);
}

const isFunction = (x: unknown): boolean => typeof x === "function";

/** Is it data, and nothing that can be sent, or has to be awaited, as it is? */
function isData(body: unknown): body is object {
  if (typeof body !== "object" || body === null) return false;
  if (Array.isArray(body) || body instanceof Seq) return true;
  const like = body as Partial<Record<"next" | "then" | "getReader" | "stream", unknown>>;
  if (isFunction(like.next) || isFunction(like.then) || isFunction(like.getReader) || isReadable(body)) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  if (prototype === Object.prototype || prototype === null) return !(Symbol.asyncIterator in body);
  const isSent = ArrayBuffer.isView(body) || body instanceof HttpFile || isSource(body) || Symbol.asyncIterator in body;
  return !isSent && !NO_DATA.has(Object.prototype.toString.call(body));
}

const NO_DATA = new Set(
  ["ArrayBuffer", "SharedArrayBuffer", "Blob", "File", "URL", "Date", "Error", "RegExp"].map(
    (kind) => `[object ${kind}]`,
  ),
);

/**
 * Writes a body that is data (an array, a plain object, a Set, a Map, a `seq`, an instance of a class) as JSON, with the
 * content-type `application/json; charset=utf-8` unless a header named exactly "Content-Type" is there. Strings, bytes,
 * streams, files and everything else stay as they are.
 *
 * Sets and other iterables become arrays, Maps objects; dates are written in ISO 8601 to the second, bigints and
 * {@link BigDecimal}s as numbers with all their digits, bytes in base64, NaN and the infinities as strings; `toJSON` is
 * called where there is one; members that are undefined are left out.
 *
 * @throws {NotJsonError} code `RING_NOT_JSON`, for data that contains itself, and for functions, symbols and promises in
 *   it; with `stream` while the body is sent.
 * @example
 * jsonResponse({ status: 200, headers: {}, body: { id: 2n ** 64n, at: new Date(0) } });
 * // => { status: 200, headers: { "Content-Type": "application/json; charset=utf-8" }, body: '{"id":18446744073709551616,"at":"1970-01-01T00:00:00Z"}' }
 * @see Source: `ring.middleware.json/json-response`. Differs: `keyFn` sees all keys, which are strings here.
 */
export function jsonResponse(response: JsonResponse, options?: JsonResponseOptions): RingResponse;
export function jsonResponse(
  response: JsonResponse | null | undefined,
  options?: JsonResponseOptions,
): RingResponse | null | undefined;
export function jsonResponse(
  response: JsonResponse | null | undefined,
  options: JsonResponseOptions = {},
): RingResponse | null | undefined {
  const body = response?.body;
  if (response === null || response === undefined || !isData(body)) return response as RingResponse;
  const { headers } = response;
  return {
    ...response,
    headers:
      headers !== undefined && headers !== null && Object.hasOwn(headers, "Content-Type")
        ? headers
        : // In front of a content-type in another spelling, which thus is the one that is sent.
          { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: options.stream === true ? jsonPieces(body, options) : writeJson(body, options),
  };
}

/**
 * Middleware: hands responses through {@link jsonResponse}. It stands next to the handler, inside middleware that has to do
 * with bodies as they are sent.
 *
 * @example
 * const app = wrapJsonResponse((request) => ({ status: 200, headers: {}, body: { path: request.uri } }));
 * @see Source: `ring.middleware.json/wrap-json-response`.
 */
export function wrapJsonResponse<R extends object = RingRequest>(
  handler: Handler<R, JsonResponse>,
  options: JsonResponseOptions = {},
): Handler<R> {
  const { keyFn, pretty, escapeNonAscii, stream } = options;
  const resolved = { keyFn, pretty, escapeNonAscii, stream };
  return tagged("wrapJsonResponse", handler, (request: R) =>
    andThen(handler(request), (response) => jsonResponse(response, resolved)),
  );
}
