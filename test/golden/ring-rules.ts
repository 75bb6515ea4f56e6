/**
 * Where the kit does something else than Ring, on purpose. A rule looks at what a case does, never at its id; `expect` says
 * what the kit does instead, a rule without it leaves the case out.
 *
 * Besides, as everywhere in this project: errors have the kit's own classes and sentences, so of a recorded exception only
 * that there is one is compared, and its text where the case's own handler threw it.
 */

import { createHmac } from "node:crypto";
import { bytesOf } from "./fixtures.js";
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

/** The cookies that a request sends, in a header without quotes and escapes. */
const sentCookies = ({ request }: Exchange): readonly (readonly string[])[] => {
  const { cookie } = (request?.["headers"] ?? {}) as { readonly cookie?: string };
  return cookie === undefined ? [] : cookie.split("; ").map((pair) => pair.split(/=(.*)/, 2));
};

/** The names with a prefix that stand in the header, but never at the beginning of a cookie. */
const smuggledCookies = (request: JsonMap | null | undefined): readonly string[] => {
  const { cookie = "" } = (request?.["headers"] ?? {}) as { readonly cookie?: string };
  const begun = cookie.split(";").map((pair) => pair.trim().split("=", 1)[0]);
  const names = cookie.match(/__(?:Host|Secure)-[^=;,\s]*(?==)/gi) ?? [];
  return names.filter((name) => !begun.includes(name));
};

function withoutThrow<T extends { readonly throws?: Thrown }>(recorded: T): Omit<T, "throws"> {
  const { throws: _, ...rest } = recorded;
  return rest;
}

const isOnlyDashes = (value: Json | undefined): boolean => typeof value === "string" && /^(?:--)+$/.test(value);

/** The length of a line of Set-Cookie up to its attributes, with the session sealed in it: encrypted, signed, in base64. */
function sealedLength(line: string, session: Json | undefined): number {
  const padded = 16 * Math.floor(Buffer.byteLength(JSON.stringify(session) ?? "") / 16 + 1);
  return line.indexOf("=") + 1 + 4 * Math.ceil((16 + padded) / 3) + "--".length + 44;
}

/** Was it sealed with the key, as Ring seals? */
function isSealed(sealed: Json | undefined, options: Json | undefined): boolean {
  const { key } = (options ?? {}) as { readonly key?: Json };
  if (typeof sealed !== "string" || key === undefined) return false;
  const [data = "", mac] = sealed.split("--");
  const bytes = typeof key === "string" ? Buffer.from(key) : bytesOf(key as { base64: string });
  return mac === createHmac("sha256", bytes).update(Buffer.from(data, "base64")).digest("base64");
}

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
    sentence:
      "a name that begins with __Host- or __Secure- is one only where a cookie begins; Ring finds it inside of another, too",
    applies: ({ request, handlerSaw }) =>
      smuggledCookies(request).some((name) => cookiesOf(handlerSaw)[name] !== undefined),
    expect: (exchange) => {
      const smuggled = smuggledCookies(exchange.request);
      const kept = Object.entries(cookiesOf(exchange.handlerSaw)).filter(([name]) => !smuggled.includes(name));
      return { ...exchange, handlerSaw: { ...exchange.handlerSaw, cookies: Object.fromEntries(kept) } };
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
  {
    sentence: "a session cookie of nothing but dashes is no session; Ring stumbles over it",
    applies: (exchange) =>
      exchange.throws?.accidental === true && sentCookies(exchange).some(([, value]) => isOnlyDashes(value)),
    expect: (exchange) => {
      const cookies = Object.fromEntries(sentCookies(exchange).map(([name, value = ""]) => [name, { value }]));
      const handlerSaw = { cookies, session: {}, sessionKey: null };
      return { ...withoutThrow(exchange), handlerSaw, response: exchange.handler?.response ?? null };
    },
  },
  {
    sentence: "a sealed session beyond 4096 bytes is refused, as browsers drop its cookie; Ring sends it",
    applies: ({ handler, response }) =>
      linesOf(response).some(
        (line) => line.includes("={{any:sealed}}") && sealedLength(line, handler?.response?.["session"]) > 4096,
      ),
  },
];

type Calls = readonly (readonly Json[])[];

export const functionRules: readonly Rule<FunctionCase>[] = [
  {
    sentence: "a ping to a kept-alive listener without onPing is answered with a pong; in Ring with another ping",
    applies: ({ fn, args }) =>
      fn === "keepalive" && args[2] === false && (args[3] as Calls).some(([event]) => event === "onPing"),
    expect: (recorded) => {
      const result = recorded.result as JsonMap;
      // The socket's calls are those of the timer and those that answer, in the order of the events.
      const causes = (recorded.args[3] as Calls).filter(([event]) => event === "tick" || event === "onPing");
      const socketCalls = (result["socketCalls"] as Calls).map((call, index) =>
        causes[index]?.[0] === "onPing" ? ["pong", ...call.slice(1)] : call,
      );
      return { ...recorded, result: { ...result, socketCalls } };
    },
  },
  {
    sentence: "a session sealed by Ring is not read: EDN is in it, and JSON is expected",
    applies: ({ fn, args: [options, sealed] }) => fn === "cookieStoreRead" && isSealed(sealed, options),
  },
  {
    sentence: "a sealed session of nothing but dashes is no session; Ring stumbles over it",
    applies: ({ fn, args: [, sealed], throws }) =>
      fn === "cookieStoreRead" && throws?.accidental === true && isOnlyDashes(sealed),
    expect: (recorded) => ({ ...withoutThrow(recorded), result: null }),
  },
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
