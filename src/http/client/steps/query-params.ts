import { InvalidArgumentError } from "../../../errors/index.js";
import { type FormValue, formEncode } from "../../../ring/codec.js";
import { findContentTypeCharset } from "../../../ring/parsing.js";
import type { Client, ClientRequest, Params, RequestOptions } from "../types.js";

type Style = NonNullable<RequestOptions["multiParamStyle"]>;

/** Parameters as the text of a query or form; lists as `multiParamStyle` says. */
export function encodeParams(params: Params, style: Style = "default", encoding = "utf-8"): string {
  const encoded = (value: FormValue): string => formEncode(value, encoding);
  const pairsOf = (name: string, value: FormValue): string[] => {
    if (!Array.isArray(value)) return [encoded({ [name]: value })];
    const elements = value as readonly FormValue[];
    switch (style) {
      case "default":
        return [encoded({ [name]: elements })].filter((pair) => pair !== "");
      case "array":
        return elements.map((element) => `${encoded(name)}[]=${encoded(element)}`);
      case "indexed":
        return elements.map((element, index) => `${encoded(name)}[${index}]=${encoded(element)}`);
      case "commaSeparated":
        return [`${encoded(name)}=${elements.map(encoded).join(",")}`];
      default:
        throw new InvalidArgumentError(
          `multiParamStyle ${JSON.stringify(style)} is none of default, array, indexed, commaSeparated`,
        );
    }
  };
  return Object.entries(params)
    .flatMap(([name, value]) => pairsOf(name, value))
    .join("&");
}

/** The request with its `queryParams` in its query, behind what is there. */
export function queryParamsRequest(request: ClientRequest): ClientRequest {
  const { queryParams } = request;
  if (queryParams === undefined || queryParams === null) return request;
  const { queryParams: _, queryString, ...rest } = request;
  const encoding = findContentTypeCharset(request.contentType ?? "");
  const added = encodeParams(queryParams, request.multiParamStyle, encoding);
  const both = [queryString ?? "", added].filter((text) => text !== "").join("&");
  return { ...rest, queryString: both };
}

/**
 * Client middleware: puts `queryParams` into the query, behind what is there.
 *
 * @example
 * await http.get(upstream, { queryParams: { q: "two words", tag: ["a", "b"] }, multiParamStyle: "array" });
 * @see Source: `aleph.http.client-middleware/wrap-query-params`.
 */
export function wrapQueryParams(client: Client): Client {
  return (request) => client(queryParamsRequest(request));
}
