/**
 * Where the kit does something else than Ring, on purpose. A rule looks at what a case does, never at its id; `expect` says
 * what the kit does instead, a rule without it leaves the case out.
 *
 * Besides, as everywhere in this project: errors have the kit's own classes and sentences, so of a recorded exception only
 * that there is one is compared, and its text where the case's own handler threw it.
 */

import type { Exchange, FunctionCase, JsonMap, Thrown } from "./ring-cases.js";

export interface Rule<T> {
  readonly sentence: string;
  readonly applies: (it: T) => boolean;
  readonly expect?: (it: T) => T;
}

const refused: Thrown = { kind: "RingError" };

type Headers = { readonly [name: string]: string | readonly string[] };
const headersOf = (response: JsonMap | null | undefined): Headers => (response?.["headers"] ?? {}) as Headers;
const cookiesOf = (response: JsonMap | null | undefined): JsonMap => (response?.["cookies"] ?? {}) as JsonMap;

const linesOf = (response: JsonMap | null | undefined): readonly string[] =>
  [headersOf(response)["Set-Cookie"] ?? []].flat();

const locationOf = (response: JsonMap | null | undefined): string | undefined => {
  const [, value] = Object.entries(headersOf(response)).find(([name]) => name.toLowerCase() === "location") ?? [];
  return typeof value === "string" ? value : undefined;
};

const hostOf = ({ request }: Exchange): string => {
  const headers = (request?.["headers"] ?? {}) as JsonMap;
  return typeof headers["host"] === "string" ? headers["host"] : "";
};

/** Did middleware, not the handler, write this Location? */
const isLocationMade = ({ handler, response }: Exchange): boolean =>
  locationOf(response) !== undefined && locationOf(response) !== locationOf(handler?.response);

const withLocation = (exchange: Exchange, location: string): Exchange => {
  const headers = Object.entries(headersOf(exchange.response)).map(
    ([name, value]) => [name, name.toLowerCase() === "location" ? location : value] as const,
  );
  return { ...exchange, response: { ...exchange.response, headers: Object.fromEntries(headers) } };
};

export const exchangeRules: readonly Rule<Exchange>[] = [
  {
    sentence: "a redirect to https without a Host header to go by is refused; Ring's leads to a host named by the path",
    applies: (exchange) =>
      isLocationMade(exchange) &&
      exchange.handlerSaw === null &&
      /^https:\/(?!\/)/.test(locationOf(exchange.response) ?? ""),
    expect: (exchange) => ({ ...exchange, throws: refused }),
  },
  {
    sentence: "a relative Location stays so without a Host header to go by; Ring makes a URL without host of it",
    applies: (exchange) =>
      isLocationMade(exchange) &&
      exchange.handlerSaw !== null &&
      hostOf(exchange) === "" &&
      /^https?:\/(?!\/)/.test(locationOf(exchange.response) ?? ""),
    expect: (exchange) => withLocation(exchange, locationOf(exchange.handler?.response) ?? ""),
  },
  {
    sentence: "a Host header that is not a host and a port is not written into a Location but refused",
    applies: (exchange) =>
      isLocationMade(exchange) &&
      hostOf(exchange) !== "" &&
      !/^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?$/.test(hostOf(exchange)),
    expect: (exchange) => ({ ...exchange, throws: refused }),
  },
  {
    sentence:
      'a Location such as "///path", whose host is empty, is a path of the same host; Ring makes "http:/path" of it',
    applies: (exchange) =>
      isLocationMade(exchange) &&
      hostOf(exchange) !== "" &&
      /^\s*\/\/(?:[/?#]|\s*$)/.test(locationOf(exchange.handler?.response) ?? "") &&
      /^https?:\/(?!\/)/.test(locationOf(exchange.response) ?? ""),
    expect: (exchange) => {
      const [scheme] = (locationOf(exchange.response) ?? "").split(":", 1);
      const path = locationOf(exchange.handler?.response)?.trim() ?? "";
      return withLocation(exchange, `${scheme}://${hostOf(exchange)}${path}`);
    },
  },
  {
    sentence: "a Location with a line break in it is refused; Ring sends it",
    applies: ({ response }) =>
      [201, 301, 302, 303, 307].includes(Number(response?.["status"])) && /[\r\n]/.test(locationOf(response) ?? ""),
    expect: (exchange) => ({ ...exchange, throws: refused }),
  },
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
];

export const functionRules: readonly Rule<FunctionCase>[] = [
  {
    sentence: "a content length beyond 2^53 - 1 is refused, as Ring refuses one beyond 2^63 - 1",
    applies: ({ fn, result }) => fn === "requestContentLength" && Object.hasOwn(Object(result), "bigint"),
    expect: (recorded) => ({ ...recorded, throws: refused }),
  },
];
