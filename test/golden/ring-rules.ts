/**
 * Where the kit does something else than Ring, on purpose. A rule looks at what a case does, never at its id; `expect` says
 * what the kit does instead, a rule without it leaves the case out.
 *
 * Besides, as everywhere in this project: errors have the kit's own classes and sentences, so of a recorded exception only
 * that there is one is compared, and its text where the case's own handler threw it.
 */

import type { Exchange, FunctionCase, Json, JsonMap, Thrown } from "./ring-cases.js";

export interface Rule<T> {
  readonly sentence: string;
  readonly applies: (it: T) => boolean;
  readonly expect?: (it: T) => T;
}

const refused: Thrown = { kind: "RingError" };

const forbidden: JsonMap = {
  status: 403,
  headers: { "Content-Type": "text/html" },
  body: { text: "<h1>Invalid anti-forgery token</h1>" },
};

type Headers = { readonly [name: string]: string | readonly string[] };
const headersOf = (response: JsonMap | null | undefined): Headers => (response?.["headers"] ?? {}) as Headers;
const cookiesOf = (response: JsonMap | null | undefined): JsonMap => (response?.["cookies"] ?? {}) as JsonMap;

const bodyOf = (result: Json | undefined): Json | undefined => (result as JsonMap | null | undefined)?.["body"];

const linesOf = (response: JsonMap | null | undefined): readonly string[] =>
  [headersOf(response)["Set-Cookie"] ?? []].flat();

export const exchangeRules: readonly Rule<Exchange>[] = [
  {
    sentence:
      'a "Set-Cookie" header that is a string stays whole, as the first line; Ring spreads it into its characters',
    applies: ({ handler, response }) =>
      Object.keys(cookiesOf(handler?.response)).length > 0 &&
      typeof headersOf(handler?.response)["Set-Cookie"] === "string" &&
      headersOf(response)["Set-Cookie"] !== undefined,
    expect: (exchange) => {
      const string = linesOf(exchange.handler?.response).join("");
      const lines = linesOf(exchange.response).slice(Array.from(string).length);
      const headers = { ...headersOf(exchange.response), "Set-Cookie": [string, ...lines] };
      return { ...exchange, response: { ...exchange.response, headers } };
    },
  },
  {
    sentence: "a cookie with a line break in it is refused; Ring sends it",
    applies: ({ handler, response }) =>
      Object.keys(cookiesOf(handler?.response)).length > 0 && linesOf(response).some((line) => /[\r\n]/.test(line)),
    expect: (exchange) => ({ ...exchange, throws: refused }),
  },
  {
    sentence: "an anti-forgery token that comes more than once is refused; Ring fails on the request",
    applies: ({ request, throws }) =>
      throws !== undefined &&
      [request?.["formParams"], request?.["multipartParams"]].some((fields) =>
        Array.isArray((fields as JsonMap | null | undefined)?.["__anti-forgery-token"]),
      ),
    expect: (exchange) => {
      const { throws: _, ...rest } = exchange;
      return { ...rest, response: forbidden };
    },
  },
];

export const functionRules: readonly Rule<FunctionCase>[] = [
  {
    sentence: "a content length beyond 2^53 - 1 is refused, as Ring refuses one beyond 2^63 - 1",
    applies: ({ fn, result }) => fn === "requestContentLength" && Object.hasOwn(Object(result), "bigint"),
    expect: (recorded) => ({ ...recorded, throws: refused }),
  },
  {
    sentence: "an array in a JSON body is an array, read at once; Ring gives a lazy sequence",
    applies: ({ fn, result }) => fn === "jsonBodyRequest" && Object.hasOwn(Object(bodyOf(result)), "seq"),
    expect: (recorded) => ({
      ...recorded,
      result: { ...(recorded.result as JsonMap), body: (bodyOf(recorded.result) as JsonMap)["seq"] as Json },
    }),
  },
];
