/** Header fields of a map, found in whatever case they are spelt. */

import { EXCHANGE, type RawExchange } from "./exchange-symbol.js";

/** A map with headers: a request, or a response of a handler or of the client. */
export interface WithHeaders {
  readonly headers?: Readonly<Record<string, unknown>> | null | undefined;
  readonly [EXCHANGE]?: RawExchange | undefined;
}

/** The first header name that equals `name` ignoring case, as it is spelt; undefined without one. */
export function findHeaderName(headers: WithHeaders["headers"], name: string): string | undefined {
  if (headers === null || headers === undefined) return undefined;
  const wanted = name.toLowerCase();
  for (const spelt of Object.keys(headers)) {
    if (spelt.length === wanted.length && spelt.toLowerCase() === wanted) return spelt;
  }
  return undefined;
}

/** The value of the first header of that name, ignoring case; undefined without one. */
export function headerOf(headers: WithHeaders["headers"], name: string): unknown {
  const spelt = findHeaderName(headers, name);
  return spelt === undefined ? undefined : headers?.[spelt];
}

/**
 * The values of a header one by one, in any spelling of its name; empty without one.
 *
 * For a request that came over the wire they are the lines that were sent, unless the map's own value says something
 * else by now. A request without a raw exchange has what its map says, as one value.
 *
 * @example
 * getAll({ headers: { "Set-Cookie": ["a=1", "b=2"] } }, "set-cookie"); // => ["a=1", "b=2"]
 */
export function getAll(message: WithHeaders | null | undefined, name: string): readonly string[] {
  const headers = message?.headers;
  if (headers === null || headers === undefined) return [];
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (const [spelt, value] of Object.entries(headers)) {
    if (spelt.toLowerCase() !== wanted || value === null || value === undefined) continue;
    if (Array.isArray(value)) values.push(...value.map(String));
    else values.push(String(value as string | number));
  }
  const [joined] = values;
  const raw = message?.[EXCHANGE]?.rawHeaders;
  if (raw === undefined || joined === undefined || values.length > 1) return values;
  const lines = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === wanted);
  const separator = wanted === "cookie" ? ";" : ",";
  return lines.join(separator) === joined || lines.join(`${separator} `) === joined ? lines : values;
}
