import { InvalidArgumentError } from "../../../errors/index.js";
import type { FormValue } from "../../../ring/codec.js";
import type { Client, ClientRequest, Params } from "../types.js";

const isMap = (value: FormValue): value is Params => Object.prototype.toString.call(value) === "[object Object]";

function flatten(params: Params): Params {
  if (!Object.values(params).some(isMap)) return params;
  return Object.fromEntries(Object.entries(params).flatMap(([name, value]) => pairsOf(name, value)));
}

function pairsOf(name: string, value: FormValue): [string, FormValue][] {
  if (!isMap(value)) return [[name, value]];
  return Object.entries(value).flatMap(([inner, deeper]) => pairsOf(`${name}[${inner}]`, deeper));
}

function isUrlencoded({ contentType }: ClientRequest): boolean {
  return contentType === undefined || /x-www-form-urlencoded/i.test(contentType);
}

/**
 * The request with maps inside `queryParams` and `formParams` written as names: `{ a: { b: 1 } }` is `{ "a[b]": 1 }`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for `flattenNestedKeys` together with one of the flags.
 */
export function nestedParamsRequest(request: ClientRequest): ClientRequest {
  const { queryParams, formParams, ignoreNestedQueryString, flattenNestedFormParams, flattenNestedKeys } = request;
  if (queryParams === undefined && formParams === undefined) return request;
  if (flattenNestedKeys !== undefined && (ignoreNestedQueryString ?? flattenNestedFormParams) !== undefined) {
    throw new InvalidArgumentError(
      "flattenNestedKeys stands in place of ignoreNestedQueryString and flattenNestedFormParams; give one or the other",
    );
  }
  const flattensQuery = flattenNestedKeys?.includes("queryParams") ?? ignoreNestedQueryString !== true;
  const flattensForm = flattenNestedKeys?.includes("formParams") ?? flattenNestedFormParams ?? isUrlencoded(request);
  return {
    ...request,
    ...(flattensQuery && queryParams !== undefined ? { queryParams: flatten(queryParams) } : {}),
    ...(flattensForm && formParams !== undefined ? { formParams: flatten(formParams) } : {}),
  };
}

/**
 * Client middleware: flattens nested parameters: `{ a: { b: 1 } }` in `queryParams` and `formParams` is `{ "a[b]": 1 }`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for `flattenNestedKeys` together with one of the flags.
 *
 * @example
 * await http.get(upstream, { queryParams: { filter: { name: "ada" } } });
 * @see Source: `aleph.http.client-middleware/wrap-nested-params`.
 */
export function wrapNestedParams(client: Client): Client {
  return (request) => client(nestedParamsRequest(request));
}
