import { type Awaitable, andThen } from "../../../deferred/index.js";
import { parseUrl } from "../../../ring/parse-url.js";
import { BodyNotReplayableError, RedirectError } from "../errors.js";
import { withoutHeaders } from "../headers.js";
import { isReplayable } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";
import { isLimitAnError, methodOf, verdictOn } from "./redirect-strategy.js";
import { urlRequest } from "./url.js";

const MAX_REDIRECTS = 20;
const CREDENTIALS = new Set(["authorization", "proxy-authorization", "cookie"]);
/** The name of one server is no other's. */
const OF_THE_ORIGIN = new Set(["host"]);
const OF_THE_BODY = new Set([
  "content-type",
  "content-length",
  "content-encoding",
  "content-language",
  "transfer-encoding",
]);

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
  const isElsewhere = from.origin !== to.origin;
  if (isElsewhere) next = withoutHeaders(next, OF_THE_ORIGIN);
  if (!isElsewhere || request.keepCredentials === true) {
    // Those of the URL's user info, which the new URL does not have.
    const { basicAuth } = urlRequest(request);
    return basicAuth === undefined ? next : { basicAuth, ...next };
  }
  const { basicAuth: _a, oauthToken: _k, digestAuth: _d, cookies: _y, ...anonymous } = next;
  return withoutHeaders(anonymous, CREDENTIALS);
}

/** Why a redirect is not to be followed; undefined if it is. */
function faultOf(location: string, from: URL, request: ClientRequest, trace: readonly string[]): string | undefined {
  // It is not repeated here: it may hold a password, or a token.
  const to = parseUrl(location, from);
  if (to === undefined) return "a redirect leads to what is no URL; see the location of its response";
  if (request.allowRelativeRedirects === false && parseUrl(location) === undefined) {
    return "a redirect leads to a relative URL; allow it with allowRelativeRedirects";
  }
  if (to.protocol !== "http:" && to.protocol !== "https:") {
    return `a redirect leads to ${to.protocol}, which is neither http: nor https:`;
  }
  if (from.protocol === "https:" && to.protocol === "http:" && request.allowInsecureRedirects !== true) {
    return "a redirect leads from https to http; allow it with allowInsecureRedirects";
  }
  if (request.allowCircularRedirects === false && (trace.includes(to.href) || to.href === from.href)) {
    return "a redirect leads back to where it came from; allow it with allowCircularRedirects";
  }
  return undefined;
}

function follow(
  client: Client,
  request: ClientRequest,
  response: ClientResponse<unknown>,
  trace: readonly string[],
): Awaitable<ClientResponse<unknown>> {
  const traced = trace.length === 0 ? response : { ...response, traceRedirects: trace };
  const { method, changes } = verdictOn(traced, request);
  const location = changes?.url === undefined ? response.headers.location : String(changes.url);
  if (location === undefined || method === undefined) return traced;
  const { maxRedirects = MAX_REDIRECTS } = request;
  // Aleph counts so: one hop more than the limit says.
  if (trace.length > maxRedirects) {
    if (!isLimitAnError(request)) return traced;
    response.close();
    throw new RedirectError(`more than maxRedirects (${maxRedirects}) redirects`, traced);
  }
  const from = urlOf(request);
  const fault = faultOf(location, from, request, trace);
  if (fault !== undefined) {
    response.close();
    throw new RedirectError(fault, traced);
  }
  const to = new URL(location, from);
  const next = { ...nextRequest(request, from, to, method), ...changes, url: to.href };
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
 * Client middleware: follows redirects, see `followRedirects`, `maxRedirects`, `forceRedirects`, `redirectStrategy`.
 *
 * To another origin neither the `host` header nor credentials go with it (`authorization`, cookies given by hand, `basicAuth`, `oauthToken`,
 * `digestAuth`), unless `keepCredentials` says so; where the method becomes GET the body and its headers go; from https to http it is an
 * error, code `RING_REDIRECT`.
 *
 * @example
 * const { traceRedirects } = await http.get(upstream, { maxRedirects: 3 });
 * @see Source: `aleph.http.client-middleware/handle-redirects`.
 */
export function wrapRedirects(client: Client): Client {
  return (request) => exchange(client, request, []);
}
