/** Parameters from the query string and from an urlencoded body. Source: `ring.middleware.params`. */

import { charset, checkMaxBytes, MAX_BYTES, readText } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { type FlatParamMap, formDecodeMap, type ParamMap } from "../src/ring/codec.js";
import { copyOf } from "../src/ring/copy.js";
import { calling, isHandedOver, taking } from "../src/ring/ownership.js";
import { emptyMap, mapToFill, mergeParams } from "../src/ring/param-map.js";
import { characterEncoding, isUrlencodedForm } from "../src/ring/request.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/** What `wrapParams` adds to a request; maps without prototype. */
export interface Params {
  /** From the query string; empty without one. */
  readonly queryParams: FlatParamMap;
  /** From the body, if it is a form; nested only where Express's extended parser made it so. */
  readonly formParams: ParamMap;
  /** Both, the query on top, over those that were there before. */
  readonly params: ParamMap;
}

/** How parameters are read, and how much of them. */
export interface ParamsOptions {
  /** Charset of form and query. @default the one the request's content-type names, else "utf-8" */
  readonly encoding?: string | null | undefined;
  /** Largest form read, in bytes; Infinity is no limit. @default 1_048_576 (1 MiB) */
  readonly maxBytes?: number | undefined;
  /** Most pairs read of a form, and most of a query; Infinity is no limit. @default 1000 */
  readonly maxParameters?: number | undefined;
}

type Limits = Pick<ParamsOptions, "maxBytes" | "maxParameters">;

/** The default of `maxParameters`, which is that of Express's parsers. */
const MAX_PARAMETERS = 1000;

/** A request that may have parameters already: what is there is not read again. */
type Unparsed = Partial<RingRequest> & Partial<Params>;
type WithParams<R> = Omit<R, keyof Params> & Params;

/** The form in the body; undefined if it is none. */
function readForm(request: Unparsed, encoding: string, limits: Limits): Awaitable<ParamMap | undefined> {
  if (!isUrlencodedForm(request)) return undefined;
  const maxBytes = limits.maxBytes ?? MAX_BYTES;
  const maxParameters = limits.maxParameters ?? MAX_PARAMETERS;
  const { body, parsedBody } = request;
  if (body !== undefined && body !== null) {
    return andThen(readText(body, { encoding, maxBytes }), (form) => formDecodeMap(form, encoding, maxParameters));
  }
  // A parser of Express was here first: express.urlencoded, express.text or express.raw.
  if (typeof parsedBody === "string") return formDecodeMap(parsedBody, encoding, maxParameters);
  if (ArrayBuffer.isView(parsedBody)) {
    return formDecodeMap(charset(encoding, 415).decode(parsedBody as Uint8Array), encoding, maxParameters);
  }
  return Object.assign(mapToFill<string>(), parsedBody);
}

/**
 * Adds the decoded query string to `queryParams` and `params`, over what is there.
 *
 * @throws {TooManyParametersError} code `RING_TOO_MANY_PARAMETERS`, status 413.
 * @see Source: `ring.middleware.params/assoc-query-params`. Differs: a limit.
 */
export function assocQueryParams<R extends Unparsed>(
  request: R,
  encoding: string,
  options?: Pick<ParamsOptions, "maxParameters">,
): R & Omit<Params, "formParams">;
export function assocQueryParams(request: null | undefined, encoding: string): null | undefined;
export function assocQueryParams(
  request: Unparsed | null | undefined,
  encoding: string,
  options: Pick<ParamsOptions, "maxParameters"> = {},
): unknown {
  if (request === null || request === undefined) return request;
  const query = formDecodeMap(request.queryString ?? "", encoding, options.maxParameters ?? MAX_PARAMETERS);
  return {
    ...request,
    queryParams: mergeParams(request.queryParams, query),
    params: mergeParams(request.params, query),
  };
}

/**
 * Adds the decoded body, if it is an urlencoded form, to `formParams` and `params`, over what is there.
 *
 * @throws as {@link paramsRequest}.
 * @see Source: `ring.middleware.params/assoc-form-params`. Differs: limits.
 */
export function assocFormParams<R extends Unparsed>(
  request: R,
  encoding: string,
  options?: Limits,
): Awaitable<R & Omit<Params, "queryParams">>;
export function assocFormParams(request: null | undefined, encoding: string): null | undefined;
export function assocFormParams(request: Unparsed | null | undefined, encoding: string, options: Limits = {}): unknown {
  if (request === null || request === undefined) return request;
  return andThen(readForm(request, encoding, options), (form) => ({
    ...request,
    formParams: mergeParams(request.formParams, form),
    params: mergeParams(request.params, form),
  }));
}

/**
 * Adds `formParams`, `queryParams` and `params` to a request; the half that is there already is left alone.
 *
 * Answers at once unless a body has to be read. A body that Express's parser has read is taken from `parsedBody`.
 *
 * @throws {BodyTooLargeError} code `RING_BODY_TOO_LARGE`, status 413, for a form over `maxBytes`;
 *   `TooManyParametersError` code `RING_TOO_MANY_PARAMETERS`, status 413; `UnknownCharsetError`
 *   code `RING_UNKNOWN_CHARSET`, status 415, for a form in a charset that does not exist; `BodyAbortedError` code
 *   `RING_BODY_ABORTED`, status 400. A pair that cannot be decoded is left out.
 * @example
 * (await paramsRequest({ queryString: "a=1&b=2&a=3" })).params; // => { a: ["1", "3"], b: "2" }
 * @see Source: `ring.middleware.params/params-request`. Differs: limits.
 */
export function paramsRequest<R extends Unparsed>(request: R, options?: ParamsOptions): Awaitable<WithParams<R>>;
export function paramsRequest(request: null | undefined, options?: ParamsOptions): null | undefined;
export function paramsRequest(request: Unparsed | null | undefined, options: ParamsOptions = {}): unknown {
  return withParams(request, options, false);
}

/** @param isOwn May they be added in place? */
function withParams(request: Unparsed | null | undefined, options: ParamsOptions, isOwn: boolean): unknown {
  if (request === null || request === undefined) return request;
  const encoding = options.encoding ?? characterEncoding(request) ?? "utf-8";
  const { formParams, queryParams } = request;
  if (formParams && queryParams) return request;
  const form = formParams ? undefined : readForm(request, encoding, options);
  // Most requests have none, and take no detour.
  if (form === undefined) return addParams(request, undefined, encoding, options, isOwn);
  return andThen(form, (form) => addParams(request, form, encoding, options, isOwn));
}

function addParams(
  request: Unparsed,
  form: ParamMap | undefined,
  encoding: string,
  options: ParamsOptions,
  isOwn: boolean,
): object {
  const { formParams, queryParams, params } = request;
  const maxParameters = options.maxParameters ?? MAX_PARAMETERS;
  const query = queryParams ? undefined : formDecodeMap(request.queryString ?? "", encoding, maxParameters);
  const own: { -readonly [Key in keyof Params]?: Params[Key] } = isOwn ? request : copyOf(request);
  own.formParams = formParams ?? form ?? emptyMap();
  own.queryParams = queryParams ?? query ?? emptyMap();
  own.params = mergeParams(params, form, query);
  return own;
}

/**
 * Middleware: hands the handler a request that went through {@link paramsRequest}.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if `maxBytes` or `maxParameters` is no limit.
 * @example
 * const app = wrapParams((request) => ({ status: 200, body: `hello ${request.params.name}` }));
 * @see Source: `ring.middleware.params/wrap-params`.
 */
export function wrapParams<R extends RingRequest>(
  handler: Handler<R & Params>,
  options: ParamsOptions = {},
): Handler<Omit<R, keyof Params>> {
  const { encoding } = options;
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const maxParameters = options.maxParameters ?? MAX_PARAMETERS;
  if (!(maxParameters >= 0)) {
    throw new InvalidArgumentError(`maxParameters must be a number from 0, or Infinity, not ${maxParameters}`);
  }
  const resolved: ParamsOptions = { encoding, maxBytes: checkMaxBytes(maxBytes), maxParameters };
  const call = calling(handler);
  const wrapped = (request: Omit<R, keyof Params>) => {
    const isOwn = isHandedOver(request);
    const own = withParams(request as unknown as R, resolved, isOwn) as Awaitable<R & Params>;
    if (own === (request as unknown)) return call(own as R & Params, isOwn);
    return andThen(own, (own) => call(own, isOwn || own !== (request as unknown)));
  };
  return tagged("wrapParams", handler, taking(wrapped));
}
