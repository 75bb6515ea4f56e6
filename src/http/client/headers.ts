/** Headers of a request that is being made: looked up and set whatever case they are spelt in. */

import { InvalidArgumentError } from "../../errors/index.js";
import { findHeaderName } from "../../ring/headers.js";
import { mapToFill } from "../../ring/param-map.js";
import { draft } from "./draft.js";
import type { ClientHeaderValue, ClientRequest } from "./types.js";

/** The request with a header; one of that name, in any case, is replaced. */
export function withHeader(request: ClientRequest, name: string, value: ClientHeaderValue): ClientRequest {
  const { headers } = request;
  const spelt = findHeaderName(headers, name);
  const next = draft(request);
  next.headers = { ...headers, [spelt ?? name]: value };
  return next;
}

/** The request without the headers of these names (lower case). */
export function withoutHeaders<R extends ClientRequest>(request: R, names: ReadonlySet<string>): R {
  const { headers } = request;
  if (headers === undefined) return request;
  const kept = Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...request, headers: Object.fromEntries(kept) };
}

/** As they go out. @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a value that is none. */
export function headerLinesOf(headers: ClientRequest["headers"]): Record<string, string | string[]> {
  const lines = mapToFill<string | string[]>();
  if (headers === undefined || headers === null) return lines;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined) continue;
    if (value === null || (typeof value === "object" && !Array.isArray(value))) {
      throw new InvalidArgumentError(`the header ${JSON.stringify(name)} has no value that can be sent`);
    }
    lines[name] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return lines;
}
