/** Header lines as they come, as a map. */

import type { IncomingHttpHeaders } from "node:http";
import type { RawExchange } from "../../ring/exchange-symbol.js";
import { mapToFill } from "../../ring/param-map.js";

type Raw = readonly (Buffer | string)[];

/** By lower-case name; repeats joined by ",", `set-cookie` as a list. */
export function headerMap(raw: Raw): IncomingHttpHeaders {
  const headers = mapToFill<string | string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]).toLowerCase();
    const value = textOf(raw[at + 1]);
    const present = headers[name];
    if (name === "set-cookie") {
      if (present === undefined) headers[name] = [value];
      else (present as string[]).push(value);
    } else {
      headers[name] = present === undefined ? value : `${present as string},${value}`;
    }
  }
  return headers;
}

/** For `getAll`: the lines are made text only if somebody asks. */
export class RawHeaders implements RawExchange {
  readonly #raw: Raw;

  constructor(raw: Raw) {
    this.#raw = raw;
  }

  get rawHeaders(): readonly string[] {
    return this.#raw.map(textOf);
  }
}

function textOf(bytes: Buffer | string | undefined): string {
  return typeof bytes === "string" ? bytes : (bytes?.toString("latin1") ?? "");
}
