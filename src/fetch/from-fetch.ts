import { type Awaitable, andThen } from "../deferred/index.js";
import { describe, RingError } from "../errors/index.js";
import { checkOptionNames } from "../errors/options.js";
import { abortSignal, exchangeBehind, InvalidResponseError, webBody } from "../message/index.js";
import { InvalidHostError } from "../ring/host.js";
import { parseUrl } from "../ring/parse-url.js";
import { tagged } from "../ring/tag.js";
import type { Handler, HeaderValue, RingRequest, RingResponse } from "../ring/types.js";

/** What becomes of a fetch handler's answers. */
export interface FromFetchOptions {
  /** Is a 404 "not mine", so that whatever comes after the handler has its turn? @default false */
  readonly passNotFound?: boolean | undefined;
}

/** Fetch has no such requests. Code `RING_METHOD_NOT_SUPPORTED`, status 501. */
export class MethodNotSupportedError extends RingError {
  constructor(method: string) {
    super("RING_METHOD_NOT_SUPPORTED", `a Request of fetch cannot have the method ${method}; route it elsewhere`, {
      status: 501,
    });
  }
}

/** A parser has read the body that a fetch handler should get. Code `RING_BODY_READ`, status 500. */
export class BodyReadError extends RingError {
  constructor(route: string) {
    super("RING_BODY_READ", `the body of ${route} was read by a parser before fromFetch; mount it above the parser`, {
      status: 500,
    });
  }
}

/**
 * Makes a Ring handler of a fetch handler, `(Request) => Response`: a Hono app, a route of Next.js or of a worker.
 *
 * The `Request` has the URL that the client asked for (scheme, Host header, path and query), its headers, its body as a web
 * stream, read from the client as fast as the handler reads it, and a signal that fires when the client goes away. A GET or
 * HEAD has no body there, whatever was sent. The handler's second argument is the request map, for what a `Request` has no
 * place for (`remoteAddr`, `session`, `routeParams`); in Hono it is `c.env`.
 *
 * The body of the `Response` is sent as fast as the client reads, and cancelled when it goes away. null and undefined mean
 * "not mine", as in Ring. A network error (`Response.error()`) and what is no `Response` are errors, `RING_INVALID_RESPONSE`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that there is not. A request fails with
 *   `RING_INVALID_HOST`, status 400, if its Host header makes no URL; `RING_METHOD_NOT_SUPPORTED`, status 501, for CONNECT,
 *   TRACE and TRACK; `RING_BODY_READ`, status 500, if a parser has read its body.
 * @example
 * const hello = fromFetch((request) => new Response(`hello ${new URL(request.url).pathname}`));
 * app.use("/edge", ring(hello));
 */
export function fromFetch(
  fetchHandler: (request: Request, map: RingRequest) => Awaitable<Response | null | undefined>,
  options: FromFetchOptions = {},
): Handler {
  checkOptionNames("fromFetch", options, ["passNotFound"]);
  const { passNotFound = false } = options;
  return tagged("fromFetch", fetchHandler, (map: RingRequest) =>
    andThen(fetchHandler(toFetchRequest(map), map), (response) => toMap(response, map, passNotFound)),
  );
}

/** What the constructor of `Request` refuses. */
const REFUSED = new Set(["connect", "trace", "track"]);

function toFetchRequest(map: RingRequest): Request {
  const { requestMethod } = map;
  const method = requestMethod.toUpperCase();
  if (REFUSED.has(requestMethod)) throw new MethodNotSupportedError(method);
  const headers = new Headers();
  for (const [name, value] of Object.entries(map.headers)) if (value !== undefined) headers.set(name, value);
  const exchange = exchangeBehind(map);
  const init: RequestInit & { duplex?: "half" } = { method, headers };
  if (exchange !== undefined) init.signal = abortSignal(map);
  if (method !== "GET" && method !== "HEAD") {
    if (map.parsedBody !== undefined && map.body === undefined) throw new BodyReadError(routeOf(map));
    if (map.body !== undefined) {
      init.body = webBody(map.body, exchange ?? {}) as NonNullable<RequestInit["body"]>;
      init.duplex = "half";
    }
  }
  return new Request(urlOf(map), init);
}

/** The URL that the client asked for. @throws {InvalidHostError} code `RING_INVALID_HOST`, status 400. */
function urlOf({ scheme, serverName, serverPort, headers, uri, queryString }: RingRequest): string {
  const host = headers["host"] ?? `${serverName.includes(":") ? `[${serverName}]` : serverName}:${serverPort}`;
  const protocol = scheme === "https" || scheme === "wss" ? "https" : "http";
  const base = `${protocol}://${host}`;
  // What may follow a host in a URL, or stand before it, is not part of one.
  if (/[/?#@\\\s]/.test(host) || parseUrl(base) === undefined)
    throw new InvalidHostError("makes no URL; send a host name");
  const path = uri.startsWith("/") ? uri : `/${uri}`;
  return queryString === undefined ? `${base}${path}` : `${base}${path}?${queryString}`;
}

function routeOf({ requestMethod, uri }: RingRequest): string {
  return `${requestMethod.toUpperCase()} ${uri}`;
}

function toMap(
  response: Response | null | undefined,
  map: RingRequest,
  passNotFound: boolean,
): RingResponse | null | undefined {
  if (response === null || response === undefined) return null;
  if (!isResponse(response)) {
    const what = `is ${describe(response)} of a fetch handler, which answers with a Response, or with null to pass the request on`;
    throw new InvalidResponseError(routeOf(map), what);
  }
  if (response.type === "error") {
    throw new InvalidResponseError(routeOf(map), "is a network error, which has no status; answer with one");
  }
  if (passNotFound && response.status === 404) {
    void response.body?.cancel();
    return null;
  }
  return { status: response.status, headers: headersOf(response), body: response.body as RingResponse["body"] };
}

/** Not instanceof: there are several classes of them. */
function isResponse(x: unknown): x is Response {
  if (typeof x !== "object" || x === null) return false;
  const { status, headers } = x as Partial<Record<"status" | "headers", unknown>>;
  return typeof status === "number" && typeof (headers as Partial<Headers> | undefined)?.getSetCookie === "function";
}

function headersOf({ headers }: Response): Record<string, HeaderValue> {
  const found: Record<string, HeaderValue> = Object.create(null);
  for (const [name, value] of headers) found[name] = name === "set-cookie" ? headers.getSetCookie() : value;
  return found;
}
