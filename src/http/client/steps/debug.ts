import { andThen } from "../../../deferred/index.js";
import { bytesOf } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

/** Headers whose values are nobody's business, not even a log's. */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

function linesOf(sign: string, headers: ClientRequest["headers"] | ClientResponse["headers"]): string[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = SECRET.has(name.toLowerCase()) ? ["(not shown)"] : [value].flat();
    return values.map((one) => `${sign} ${name}: ${String(one)}`);
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
  const query = queryString === undefined || queryString === "" ? "" : `?${queryString}`;
  const address = `${scheme}://${host}${port === undefined ? "" : `:${port}`}${uri}${query}`;
  return [`> ${requestMethod.toUpperCase()} ${address}`, ...linesOf(">", request.headers), ...bodyLines(request)];
}

/**
 * Client middleware: with `debug`, prints each request as it goes out, and the head of its response; with `debugBody`, the
 * request's body too, if it is text. Credentials and cookies are not shown.
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
