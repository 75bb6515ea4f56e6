import { type Awaitable, andThen } from "../../../deferred/index.js";
import { BodyNotReplayableError, RedirectError } from "../errors.js";
import { withoutHeaders } from "../headers.js";
import { isReplayable } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";
import { urlRequest } from "./url.js";

const MAX_REDIRECTS = 20;
const CREDENTIALS = new Set(["authorization", "proxy-authorization", "cookie"]);
const OF_THE_BODY = new Set([
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "transfer-encoding",
]);

function methodOf(request: ClientRequest): string {
  return (request.method ?? request.requestMethod ?? "get").toLowerCase();
}

/** The method of the next request; undefined if there is to be none. */
function nextMethod(status: number, request: ClientRequest): string | undefined {
  const method = methodOf(request);
  const isSafe = method === "get" || method === "head";
  switch (status) {
    case 301:
    case 302:
      return isSafe ? method : request.forceRedirects === true ? "get" : undefined;
    case 303:
      return method === "head" ? "head" : "get";
    case 307:
    case 308:
      return isSafe || request.forceRedirects === true ? method : undefined;
    default:
      return undefined;
  }
}

function urlOf(request: ClientRequest): URL {
  const { scheme, host, port, uri, queryString } = urlRequest(request);
  const query = queryString === undefined || queryString === "" ? "" : `?${queryString}`;
  return new URL(`${scheme ?? "http"}://${host}${port === undefined ? "" : `:${port}`}${uri ?? "/"}${query}`);
}

/** The request to the place a response points to: only what may be sent there is left of it. */
function nextRequest(request: ClientRequest, from: URL, to: URL, method: string): ClientRequest {
  const { serverName: _s, serverPort: _p, host: _h, port: _o, scheme: _c, uri: _u, ...rest } = request;
  const { queryString: _q, queryParams: _n, method: _m, ...kept } = rest;
  let next: ClientRequest = { ...kept, url: to.href, requestMethod: method };
  if (method !== methodOf(request)) {
    const {
      body: _b,
      formParams: _f,
      multipart: _x,
      contentType: _t,
      characterEncoding: _e,
      length: _l,
      ...bare
    } = next;
    next = withoutHeaders(bare, OF_THE_BODY);
  }
  if (from.origin === to.origin || request.keepCredentials === true) {
    // Those of the URL's user info, which the new URL does not have.
    const { basicAuth } = urlRequest(request);
    return basicAuth === undefined ? next : { basicAuth, ...next };
  }
  const { basicAuth: _a, oauthToken: _k, digestAuth: _d, cookies: _y, ...anonymous } = next;
  return withoutHeaders(anonymous, CREDENTIALS);
}

function follow(
  client: Client,
  request: ClientRequest,
  response: ClientResponse<unknown>,
  trace: readonly string[],
): Awaitable<ClientResponse<unknown>> {
  const traced = trace.length === 0 ? response : { ...response, traceRedirects: trace };
  const { location } = response.headers;
  const method = nextMethod(response.status, request);
  if (request.followRedirects === false || location === undefined || method === undefined) return traced;
  const { maxRedirects = MAX_REDIRECTS } = request;
  // Aleph counts so: one hop more than the limit says.
  if (trace.length > maxRedirects) {
    if (request.throwExceptions !== true) return traced;
    response.close();
    throw new RedirectError(`more than maxRedirects (${maxRedirects}) redirects`, traced);
  }
  const from = urlOf(request);
  if (!URL.canParse(location, from.href)) {
    response.close();
    throw new RedirectError(`a redirect leads to ${JSON.stringify(location)}, which is no URL`, traced);
  }
  const to = new URL(location, from);
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    response.close();
    throw new RedirectError(`a redirect leads to ${to.protocol}, which is neither http: nor https:`, traced);
  }
  if (from.protocol === "https:" && to.protocol === "http:" && request.allowInsecureRedirects !== true) {
    response.close();
    throw new RedirectError("a redirect leads from https to http; allow it with allowInsecureRedirects", traced);
  }
  const next = nextRequest(request, from, to, method);
  if (method === methodOf(request) && !isReplayable(next)) {
    response.close();
    throw new BodyNotReplayableError(`a redirect with status ${response.status} asks for the body again`);
  }
  response.close();
  return exchange(client, next, [...trace, to.href]);
}

function exchange(
  client: Client,
  request: ClientRequest,
  trace: readonly string[],
): Awaitable<ClientResponse<unknown>> {
  return andThen(client(request), (response) => follow(client, request, response, trace));
}

/**
 * Client middleware: follows redirects, see `followRedirects`, `maxRedirects`, `forceRedirects`.
 *
 * To another origin no credentials go with it (`authorization`, cookies given by hand, `basicAuth`, `oauthToken`,
 * `digestAuth`), unless `keepCredentials` says so; where the method becomes GET the body and its headers go; from https to http it is an
 * error, code `RING_REDIRECT`.
 */
export function wrapRedirects(client: Client): Client {
  return (request) => exchange(client, request, []);
}
