/** HTTPS only: the redirect, the header that makes it last, and the scheme behind a proxy. Source: `ring.middleware.ssl`. */

import { InvalidArgumentError } from "../src/errors/index.js";
import { withHeaders, wrapFixedHeader } from "../src/ring/fixed-headers.js";
import { type HostOf, type HostOptions, hostName, hostReader, InvalidHostError } from "../src/ring/host.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

export { type HostOptions, InvalidHostError };

const FORWARDED_PROTO = "x-forwarded-proto";

function withForwardedScheme<R extends Partial<Pick<RingRequest, "scheme" | "headers">>>(request: R, name: string): R {
  if (request.scheme === undefined || request.scheme === null) {
    throw new InvalidArgumentError("forwardedSchemeRequest: the request has no scheme");
  }
  const scheme = request.headers?.[name]?.toLowerCase();
  if ((scheme !== "http" && scheme !== "https") || scheme === request.scheme) return request;
  return { ...request, scheme };
}

/**
 * Takes `scheme` from a header that a proxy has set; anything but "http" and "https", in any case, changes nothing.
 *
 * @param header Its name, in any case. @default "x-forwarded-proto"
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a request without a scheme.
 * @example
 * forwardedSchemeRequest({ scheme: "http", headers: { "x-forwarded-proto": "https" } }).scheme; // => "https"
 * @see Source: `ring.middleware.ssl/forwarded-scheme-request`.
 */
export function forwardedSchemeRequest<R extends Partial<Pick<RingRequest, "scheme" | "headers">>>(
  request: R,
  header: string = FORWARDED_PROTO,
): R {
  return withForwardedScheme(request, header.toLowerCase());
}

/**
 * Middleware: hands the handler a request that went through {@link forwardedSchemeRequest}; it belongs outside
 * {@link wrapSslRedirect}.
 *
 * Only for an application behind a proxy that writes the header: others can send it, too. Under Express, the setting "trust
 * proxy" does the same.
 *
 * @example
 * const app = wrapForwardedScheme(wrapSslRedirect(handler));
 * @see Source: `ring.middleware.ssl/wrap-forwarded-scheme`.
 */
export function wrapForwardedScheme<R extends RingRequest>(
  handler: Handler<R>,
  header: string | null = FORWARDED_PROTO,
): Handler<R> {
  const name = (header ?? FORWARDED_PROTO).toLowerCase();
  return tagged("wrapForwardedScheme", handler, (request: R) => handler(withForwardedScheme(request, name)));
}

export interface SslRedirectOptions extends HostOptions {
  /** The port of HTTPS, from 1 to 65535. @default HTTPS's own, and none in the URL */
  readonly sslPort?: number | null | undefined;
}

type Redirected = Partial<Pick<RingRequest, "scheme" | "requestMethod" | "headers" | "uri" | "queryString">>;

interface ResolvedRedirect {
  readonly hostOf: HostOf;
  readonly port: string;
}

function resolveRedirect({ sslPort, ...host }: SslRedirectOptions): ResolvedRedirect {
  const hostOf = hostReader("wrapSslRedirect", host);
  if (sslPort === undefined || sslPort === null) return { hostOf, port: "" };
  if (!Number.isInteger(sslPort) || sslPort < 1 || sslPort > 65_535) {
    throw new InvalidArgumentError("wrapSslRedirect: sslPort must be a whole number from 1 to 65535");
  }
  return { hostOf, port: `:${sslPort}` };
}

const TO_OWN_PORT = resolveRedirect({});

function redirectToSsl(request: Redirected, { hostOf, port }: ResolvedRedirect): RingResponse {
  const { scheme, requestMethod, uri, queryString } = request;
  if (scheme !== "http" && scheme !== "https") {
    throw new InvalidArgumentError(`sslRedirectResponse: a request by ${scheme} has no counterpart in https`);
  }
  const host = hostOf(request);
  if (host === undefined) throw new InvalidHostError("is missing; send one");
  const path = uri?.startsWith("/") ? uri : "/";
  const [target] = (queryString === undefined || queryString === null ? path : `${path}?${queryString}`).split("#", 1);
  const status = requestMethod === "get" || requestMethod === "head" ? 301 : 307;
  return { status, headers: { Location: `https://${hostName(host)}${port}${target}` }, body: "" };
}

/**
 * The redirect to the same URL under https: 301 for GET and HEAD, 307 for other methods; its host is that of the Host header,
 * without the port, or of the option `host`.
 *
 * @throws {InvalidHostError} code `RING_INVALID_HOST`, status 400, for a Host header that is missing, malformed or none of
 *   `allowedHosts`; {@link InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a scheme other than http.
 * @example
 * sslRedirectResponse({ requestMethod: "get", scheme: "http", uri: "/a", headers: { host: "example.com:8080" } });
 * // => { status: 301, headers: { Location: "https://example.com/a" }, body: "" }
 * @see Source: `ring.middleware.ssl/ssl-redirect-response`. Differs: the Host header is checked.
 */
export function sslRedirectResponse(request: Redirected, options?: SslRedirectOptions): RingResponse {
  return redirectToSsl(request, options === undefined ? TO_OWN_PORT : resolveRedirect(options));
}

/**
 * Middleware: answers every request whose scheme is not https by {@link sslRedirectResponse}; the handler gets the others.
 *
 * The Host header is what the client says; a 301 is kept. Say which hosts are yours, by `host` or `allowedHosts`. Behind a
 * proxy that ends TLS it needs {@link wrapForwardedScheme} outside, or clients are redirected for ever.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a port or host that is none.
 * @example
 * const app = wrapSslRedirect(handler, { sslPort: 8443, allowedHosts: ["example.com"] });
 * @see Source: `ring.middleware.ssl/wrap-ssl-redirect`.
 */
export function wrapSslRedirect<R extends RingRequest>(
  handler: Handler<R>,
  options: SslRedirectOptions = {},
): Handler<R> {
  const resolved = resolveRedirect(options);
  return tagged("wrapSslRedirect", handler, (request: R) =>
    request.scheme === "https" ? handler(request) : redirectToSsl(request, resolved),
  );
}

/** What browsers are told about HTTPS. */
export interface HstsOptions {
  /** Seconds for which a browser comes by https only. @default 31_536_000 (a year) */
  readonly maxAge?: number | null | undefined;
  /** Are the hosts below this one meant, too? @default true */
  readonly includeSubdomains?: boolean | null | undefined;
}

function hstsValue(options: HstsOptions): string {
  const maxAge = options.maxAge === undefined ? 31_536_000 : options.maxAge;
  if (maxAge !== null && !(Number.isSafeInteger(maxAge) && maxAge >= 0)) {
    throw new InvalidArgumentError("wrapHsts: maxAge must be a whole number of seconds from 0");
  }
  const subdomains = options.includeSubdomains === undefined || options.includeSubdomains;
  return `max-age=${maxAge ?? ""}${subdomains ? "; includeSubDomains" : ""}`;
}

/**
 * Puts Strict-Transport-Security on a response; one that it has is replaced.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a `maxAge` that is none.
 * @example
 * hstsResponse({ headers: {} }, { maxAge: 600 }).headers; // => { "Strict-Transport-Security": "max-age=600; includeSubDomains" }
 * @see Source: `ring.middleware.ssl/hsts-response`.
 */
export function hstsResponse<R extends RingResponse | null | undefined>(response: R, options: HstsOptions = {}): R {
  return withHeaders(response, { "Strict-Transport-Security": hstsValue(options) });
}

/**
 * Middleware: hands responses through {@link hstsResponse}, so that browsers come by https from then on. They hold on to it
 * for `maxAge`, whatever becomes of the certificate, and heed it only where it came by https.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a `maxAge` that is none.
 * @example
 * const app = wrapHsts(handler, { maxAge: 86_400, includeSubdomains: false });
 * @see Source: `ring.middleware.ssl/wrap-hsts`.
 */
export function wrapHsts<R extends RingRequest>(handler: Handler<R>, options: HstsOptions = {}): Handler<R> {
  return wrapFixedHeader("wrapHsts", handler, "Strict-Transport-Security", hstsValue(options));
}
