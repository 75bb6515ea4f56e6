import { andThen } from "../../../deferred/index.js";
import { isSecretName, maskQuery } from "../../../errors/secret-names.js";
import { bytesOf } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

/** Headers whose values are URLs, or hold them. */
const URLS = new Set(["location", "content-location", "referer", "link"]);

/** Without user info, and with the secrets of its query masked. */
function shownUrls(text: string): string {
  return text
    .replace(/\/\/[^/?#@\s]*@/g, "//")
    .replace(/\?([^#<>\s]*)/g, (_whole, query: string) => `?${maskQuery(query)}`);
}

function linesOf(sign: string, headers: ClientRequest["headers"] | ClientResponse["headers"]): string[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (isSecretName(name)) return [`${sign} ${name}: (not shown)`];
    const isUrl = URLS.has(name.toLowerCase());
    return [value].flat().map((one) => `${sign} ${name}: ${isUrl ? shownUrls(String(one)) : String(one)}`);
  });
}

function bodyLines({ body, debugBody }: ClientRequest): string[] {
  if (debugBody !== true || body === undefined || body === null) return [];
  if (typeof body === "string") return [">", ...body.split("\n").map((line) => `> ${line}`)];
  const bytes = bytesOf(body);
  return [">", bytes === undefined ? "> (a stream or a file)" : `> (${bytes.length} bytes)`];
}

function requestLines(request: ClientRequest): string[] {
  const { scheme = "http", host, port, uri = "/", queryString, requestMethod = "" } = request;
  const query = queryString === undefined || queryString === "" ? "" : `?${maskQuery(queryString)}`;
  const address = `${scheme}://${host}${port === undefined ? "" : `:${port}`}${uri}${query}`;
  return [`> ${requestMethod.toUpperCase()} ${address}`, ...linesOf(">", request.headers), ...bodyLines(request)];
}

/**
 * Client middleware: with `debug`, prints each request as it goes out, and the head of its response; with `debugBody`, the
 * request's body too, if it is text. Credentials and cookies are not shown, nor what has the
 * name of a secret, in headers (`x-api-key`) or in the query (`access_token`). A body is shown as it is.
 *
 * @example
 * const lines = [];
 * await http.get(upstream, { debug: (text) => lines.push(text) });
 * @see Source: clj-http's `:debug`, `:debug-body`.
 */
export function wrapDebug(client: Client): Client {
  return (request) => {
    const { debug } = request;
    if (debug === undefined || debug === false) return client(request);
    const print = debug === true ? (text: string): void => console.log(text) : debug;
    print(requestLines(request).join("\n"));
    return andThen(client(request), (response) => {
      print([`< ${response.status} ${response.reasonPhrase}`, ...linesOf("<", response.headers)].join("\n"));
      return response;
    });
  };
}
