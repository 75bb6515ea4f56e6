/** A request map as tables, for a reader. */

import { html, type Markup } from "./html.js";
import { showValue } from "./secrets.js";

/** The keys that Ring's SPEC has, in the order in which Ring lists them. */
const STANDARD = [
  "serverPort",
  "serverName",
  "remoteAddr",
  "uri",
  "queryString",
  "scheme",
  "requestMethod",
  "protocol",
  "contentType",
  "contentLength",
  "characterEncoding",
  "sslClientCert",
  "headers",
  "body",
];

type AnyMap = Readonly<Record<string, unknown>>;

function table(map: AnyMap, keys: readonly string[]): Markup {
  const rows = keys.map((key) => {
    const value = map[key];
    const cell = key === "headers" && isMap(value) ? table(value, Object.keys(value)) : showValue(key, value);
    return html`<tr><th scope="row">${key}</th><td>${cell}</td></tr>`;
  });
  return html`<table>${rows}</table>`;
}

const isMap = (value: unknown): value is AnyMap => Object.prototype.toString.call(value) === "[object Object]";

/** The keys of the SPEC in their order. Absent ones are left out, unless they are to be shown, too. */
export function standardTable(request: object, isAbsentShown: boolean): Markup {
  const map = request as AnyMap;
  return table(
    map,
    STANDARD.filter((key) => isAbsentShown || (map[key] !== undefined && map[key] !== null)),
  );
}

/** All other keys, sorted: what middleware has added. Undefined if there are none. */
export function otherTable(request: object): Markup | undefined {
  const keys = Object.keys(request).filter((key) => !STANDARD.includes(key));
  return keys.length === 0 ? undefined : table(request as AnyMap, keys.sort());
}
