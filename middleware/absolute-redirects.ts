/** Redirects by absolute URLs. Source: `ring.middleware.absolute-redirects`. */

import { andThen } from "../src/deferred/index.js";
import { RingError } from "../src/errors/index.js";
import { findHeaderName } from "../src/ring/headers.js";
import { type HostOf, type HostOptions, hostMatcher, hostReader, InvalidHostError } from "../src/ring/host.js";
import { parseUrl } from "../src/ring/parse-url.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { formatUrl, isPort, portOf, resolveReference, schemeOf, trimUrl, type UrlParts } from "../src/ring/url.js";

export { type HostOptions, InvalidHostError };

export interface AbsoluteRedirectsOptions extends HostOptions {
  /** Schemes besides http, https, ftp, file, jar and mailto that a Location may have: those of native applications. @default none */
  readonly schemes?: readonly string[] | null | undefined;
  /**
   * Hosts, written as in `allowedHosts`, that a Location may lead to besides the request's own; a redirect to any other, as
   * a browser reads it, is refused. @default any
   */
  readonly allowedTargets?: readonly string[] | null | undefined;
}

/** A handler redirects to where it may not. Code `RING_INVALID_REDIRECT`. */
export class InvalidRedirectError extends RingError {
  constructor(fault: string) {
    super("RING_INVALID_REDIRECT", `a redirect's Location ${fault}`);
  }
}

type Redirected = Partial<Pick<RingRequest, "scheme" | "headers" | "uri" | "queryString">>;

interface Resolved {
  readonly hostOf: HostOf;
  readonly schemes: ReadonlySet<string>;
  readonly isTarget: ((host: string) => boolean) | undefined;
}

const SCHEMES = ["http", "https", "ftp", "file", "jar", "mailto"];

function resolveOptions({ schemes, allowedTargets, ...host }: AbsoluteRedirectsOptions): Resolved {
  return {
    hostOf: hostReader("wrapAbsoluteRedirects", host),
    schemes: new Set([...SCHEMES, ...(schemes ?? []).map((scheme) => scheme.toLowerCase())]),
    isTarget: allowedTargets ? hostMatcher("wrapAbsoluteRedirects", allowedTargets) : undefined,
  };
}

const DEFAULTS = resolveOptions({});

function isMadeAbsolute(status: number | undefined): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 201;
}

/** The URL that the client asked for; undefined if it said no host. */
function requestParts(request: Redirected, hostOf: HostOf): UrlParts | undefined {
  const { scheme, uri, queryString } = request;
  if (scheme !== "http" && scheme !== "https") {
    throw new InvalidRedirectError(`cannot be made absolute for a request whose scheme is ${JSON.stringify(scheme)}`);
  }
  const authority = hostOf(request);
  if (authority === undefined) return undefined;
  const whole = uri?.startsWith("/") ? uri : "/";
  const hash = whole.indexOf("#");
  return hash === -1
    ? { scheme, authority, path: whole, query: queryString ?? undefined }
    : { scheme, authority, path: whole.slice(0, hash), fragment: whole.slice(hash + 1) };
}

function absoluteUrl(location: string, request: Redirected, { hostOf, schemes }: Resolved): string {
  const reference = trimUrl(location);
  const scheme = schemeOf(reference);
  if (scheme !== undefined && !schemes.has(scheme)) {
    throw new InvalidRedirectError(
      `has the scheme ${JSON.stringify(scheme)}; name it in the schemes of wrapAbsoluteRedirects if that is meant`,
    );
  }
  if (!isPort(portOf(reference) ?? "")) throw new InvalidRedirectError("has a port that is no number");
  if (scheme !== undefined) return location;
  const base = requestParts(request, hostOf);
  return base === undefined ? location : formatUrl(resolveReference(base, reference));
}

// oxlint-disable-next-line no-control-regex -- what would end the header, or hide in it
const UNPRINTABLE = /[\0-\x08\x0a-\x1f\x7f]/;

/** Can it be sent, and does a browser that follows it stay with the request's host, or go to an allowed one? */
function checkLocation(location: string, request: Redirected, { hostOf, isTarget }: Resolved): void {
  if (UNPRINTABLE.test(location)) throw new InvalidRedirectError("has a line break or control character; encode it");
  if (isTarget === undefined) return;
  const own = `${request.scheme}://${hostOf(request) ?? "localhost"}/`;
  const target = parseUrl(location, own);
  const isWeb = target?.protocol === "http:" || target?.protocol === "https:";
  if (target !== undefined && isWeb && (target.host === new URL(own).host || isTarget(target.host))) return;
  throw new InvalidRedirectError("leads to a host that is none of the allowedTargets");
}

function withAbsoluteLocation<R extends RingResponse | null | undefined>(
  response: R,
  request: Redirected,
  resolved: Resolved,
): R {
  if (response === null || response === undefined) return response;
  const isMade = isMadeAbsolute(response.status);
  // Ring leaves 308 as it is, but browsers follow it as they do the others.
  if (!isMade && !(response.status === 308 && resolved.isTarget !== undefined)) return response;
  const name = findHeaderName(response.headers, "location");
  const location = name === undefined ? undefined : response.headers?.[name];
  if (name === undefined || location === undefined) return response;
  if (typeof location !== "string") {
    // A parameter that came twice is an array, which would be sent as it is.
    if (resolved.isTarget === undefined) return response;
    throw new InvalidRedirectError("is not one text, so it cannot be told where it leads");
  }
  if (!isMade) {
    checkLocation(location, request, resolved);
    return response;
  }
  const absolute = absoluteUrl(location, request, resolved);
  checkLocation(absolute, request, resolved);
  return absolute === location ? response : { ...response, headers: { ...response.headers, [name]: absolute } };
}

/**
 * Makes the Location of a 201, 301, 302, 303 or 307 absolute: one that is relative is resolved against the URL the client
 * asked for, by its Host header or the option `host`. A request that names no host keeps it relative.
 *
 * @throws {InvalidHostError} code `RING_INVALID_HOST`, status 400, if the Host header is needed and malformed, or none of
 *   `allowedHosts`; {@link InvalidRedirectError} code `RING_INVALID_REDIRECT`, for a scheme such as `javascript:`, for a line
 *   break, and for a host beyond `allowedTargets`.
 * @example
 * const asked = { scheme: "http", uri: "/a/b", headers: { host: "example.com" } } as const;
 * absoluteRedirectsResponse({ status: 302, headers: { Location: "../c" } }, asked).headers; // => { Location: "http://example.com/c" }
 * @see Source: `ring.middleware.absolute-redirects/absolute-redirects-response`. Differs: the Host header is checked;
 *   `///path` stays with the host.
 */
export function absoluteRedirectsResponse<R extends RingResponse | null | undefined>(
  response: R,
  request: Redirected,
  options?: AbsoluteRedirectsOptions,
): R {
  return withAbsoluteLocation(response, request, options === undefined ? DEFAULTS : resolveOptions(options));
}

/**
 * Middleware: hands responses through {@link absoluteRedirectsResponse}.
 *
 * The Host header is what the client says. Where answers are cached, or links to them sent to others, say which hosts are
 * yours, by `host` or `allowedHosts`. Where a handler redirects to what a client sent, say how far, by `allowedTargets`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a host that is none.
 * @example
 * const app = wrapAbsoluteRedirects(handler, { allowedHosts: ["example.com", "localhost"], allowedTargets: [".example.com"] });
 * @see Source: `ring.middleware.absolute-redirects/wrap-absolute-redirects`.
 */
export function wrapAbsoluteRedirects<R extends RingRequest>(
  handler: Handler<R>,
  options: AbsoluteRedirectsOptions = {},
): Handler<R> {
  const resolved = resolveOptions(options);
  return tagged("wrapAbsoluteRedirects", handler, (request: R) =>
    andThen(handler(request), (response) => withAbsoluteLocation(response, request, resolved)),
  );
}
