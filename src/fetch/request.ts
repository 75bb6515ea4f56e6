import { EXCHANGE } from "../ring/exchange-symbol.js";
import type { RequestHeaders, RingRequest } from "../ring/types.js";
import type { FetchExchange } from "./exchange.js";

type Draft = { -readonly [K in keyof RingRequest]: RingRequest[K] } & { [EXCHANGE]: FetchExchange };

/** Reads a `Request` of fetch into a request map. */
export function toRequest(exchange: FetchExchange, request: Request, remoteAddr: string): RingRequest {
  const url = new URL(request.url);
  const scheme = url.protocol.slice(0, -1) as "http" | "https";
  const headers = headersOf(request);
  const map: Draft = {
    // What the client asked for: nobody tells the port that the connection came in on.
    serverPort: url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port),
    serverName: url.hostname,
    remoteAddr,
    uri: url.pathname,
    scheme,
    requestMethod: request.method.toLowerCase(),
    protocol: "HTTP/1.1",
    headers,
    [EXCHANGE]: exchange,
  };
  const query = queryOf(request.url);
  if (query !== undefined) map.queryString = query;
  const { body } = request;
  if (body !== null && headers["content-length"] !== "0") map.body = body as RingRequest["body"];
  return map;
}

/** What follows the first question mark; a `URL` does not tell an empty query from none. */
function queryOf(url: string): string | undefined {
  const [beforeFragment = ""] = url.split("#", 1);
  const question = beforeFragment.indexOf("?");
  return question === -1 ? undefined : beforeFragment.slice(question + 1);
}

function headersOf(request: Request): RequestHeaders {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of request.headers) headers[name] = value;
  return headers;
}
