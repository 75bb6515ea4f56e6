import { andThen } from "../../../deferred/index.js";
import { findHeaderName } from "../../../ring/headers.js";
import { type ClientCookie, type CookieOrigin, type CookieSpec, defaultCookieSpec } from "../cookies.js";
import { withHeader } from "../headers.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

function originOf(request: ClientRequest): CookieOrigin {
  const isSecure = request.scheme === "https";
  return {
    host: request.host ?? request.serverName ?? "",
    port: request.port ?? request.serverPort ?? (isSecure ? 443 : 80),
    isSecure,
    path: request.uri ?? "/",
  };
}

function given(cookies: ClientRequest["cookies"]): readonly ClientCookie[] {
  if (cookies === undefined || cookies === null) return [];
  if (Array.isArray(cookies)) return cookies as readonly ClientCookie[];
  return Object.entries(cookies).map(([name, value]) =>
    typeof value === "string" ? { name, value } : { ...(value as ClientCookie), name },
  );
}

function stored(request: ClientRequest, spec: CookieSpec): readonly ClientCookie[] {
  const { cookieStore } = request;
  if (cookieStore === undefined) return [];
  const origin = originOf(request);
  if (cookieStore.cookiesFor !== undefined) return cookieStore.cookiesFor(origin);
  const matching = cookieStore.getCookies().filter((cookie) => spec.matchCookieOrigin(origin, cookie));
  return oneOfEachName(matching);
}

/** The most specific path first; of one name that one only. */
function oneOfEachName(cookies: readonly ClientCookie[]): readonly ClientCookie[] {
  const byPath = cookies.toSorted((a, b) => (b.path ?? "/").length - (a.path ?? "/").length);
  const names = new Set<string>();
  return byPath.filter(({ name }) => !names.has(name) && names.add(name));
}

/** The request with its cookies as header: those given, else those of its store; a `cookie` header is left alone. */
export function cookiesRequest(request: ClientRequest): ClientRequest {
  if (request.cookies === undefined && request.cookieStore === undefined) return request;
  if (findHeaderName(request.headers, "cookie") !== undefined) return request;
  const spec = request.cookieSpec ?? defaultCookieSpec;
  const own = given(request.cookies);
  const cookies = own.length > 0 ? own : oneOfEachName(stored(request, spec));
  return cookies.length === 0 ? request : withHeader(request, "cookie", spec.writeCookies(cookies));
}

/** Keeps the cookies of a response in the request's store, and lists them in the response. */
export function cookiesResponse<B>(response: ClientResponse<B>, request: ClientRequest): ClientResponse<B> {
  const { cookieStore } = request;
  const lines = response.headers["set-cookie"];
  if (cookieStore === undefined || lines === undefined) return response;
  const spec = request.cookieSpec ?? defaultCookieSpec;
  const origin = originOf(request);
  const cookies = lines.flatMap((line): ClientCookie[] => {
    if (cookieStore.setCookie !== undefined) return one(cookieStore.setCookie(line, origin));
    const parsed = spec.parseCookie(line);
    if (parsed === undefined) return [];
    const cookie = {
      hostOnly: parsed.domain === undefined,
      domain: origin.host,
      path: defaultPath(origin.path),
      ...parsed,
    };
    // Whoever may not be sent a cookie may not set it either.
    const here = { ...origin, isSecure: true, path: cookie.path ?? "/" };
    const isExpired = cookie.maxAge !== undefined && cookie.maxAge <= 0;
    if (!isExpired && !spec.matchCookieOrigin(here, cookie)) return [];
    cookieStore.addCookies([cookie]);
    return [cookie];
  });
  return { ...response, cookies: [...(response.cookies ?? []), ...cookies] };
}

function one<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** RFC 6265, 5.1.4. */
function defaultPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/**
 * Client middleware: sends and keeps cookies.
 *
 * A request has those it is given, else those of its store; a `cookie` header is left alone. Those of the response are kept in the
 * store, and listed in the response.
 *
 * @example
 * const cookieStore = http.inMemoryCookieStore();
 * await http.post(upstream, { cookieStore, formParams: { user: "ada" } });
 * const { cookies } = await http.get(upstream, { cookieStore });
 * @see Source: `aleph.http.client-middleware/wrap-cookies`.
 */
export function wrapCookies(client: Client): Client {
  return (request) => {
    const sent = cookiesRequest(request);
    if (request.cookieStore === undefined) return client(sent);
    return andThen(client(sent), (response) => cookiesResponse(response, request));
  };
}
