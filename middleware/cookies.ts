/** Cookies: read from the request's header, written as Set-Cookie. Source: `ring.middleware.cookies`. */

import { andThen } from "../src/deferred/index.js";
import { RingError } from "../src/errors/index.js";
import { formDecodeStr, formEncode } from "../src/ring/codec.js";
import { hasPrefix } from "../src/ring/cookie-prefix.js";
import { copyOf } from "../src/ring/copy.js";
import { formatDate } from "../src/ring/http-date.js";
import { calling, isHandedOver, taking } from "../src/ring/ownership.js";
import { emptyMap, mapToFill } from "../src/ring/param-map.js";
import { isTokenCode } from "../src/ring/parsing.js";
import { tagged } from "../src/ring/tag.js";
import type {
  CookieAttributes,
  CookieValue,
  Handler,
  ResponseCookie,
  RingRequest,
  RingResponse,
} from "../src/ring/types.js";

/** A cookie that the client sent. */
export interface RequestCookie {
  readonly value: string;
}

/** What `wrapCookies` adds to a request; a map without prototype. */
export interface Cookies {
  readonly cookies: Readonly<Record<string, RequestCookie>>;
}

/** How the values of cookies are read and written. */
export interface CookiesOptions {
  /** Makes a value of what stands in the header; null or undefined drops the cookie. @default `formDecodeStr` */
  readonly decoder?: ((value: string) => string | null | undefined) | undefined;
  /** Writes a name and its value, as `name=value`. @default `formEncode` */
  readonly encoder?: ((pair: Readonly<Record<string, CookieValue>>) => string) | undefined;
}

/** A cookie of a response cannot be written. Code `RING_INVALID_COOKIE`. */
export class InvalidCookieError extends RingError {
  constructor(cookie: string, fault: string) {
    super("RING_INVALID_COOKIE", `cookie ${JSON.stringify(cookie)}: ${fault}`);
  }
}

const QUOTE = 34;

/** RFC 6265: printable ASCII without blank, quote, comma, semicolon and backslash. */
const OCTETS = Uint8Array.from({ length: 128 }, (_, code) => {
  return code > 32 && code < 127 && !'",;\\'.includes(String.fromCharCode(code)) ? 1 : 0;
});

function octetsEnd(header: string, from: number): number {
  let at = from;
  while (at < header.length && OCTETS[header.charCodeAt(at)] === 1) at++;
  return at;
}

const SEMICOLON = 59;

/** Does a cookie begin here, as browsers separate them: after a semicolon, or with the header? */
function isCookieStart(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header.charCodeAt(before) === 32 || header.charCodeAt(before) === 9)) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

/**
 * Finds every `name=value` in the header and skips what does not fit, in linear time: a name is the token that ends at
 * the "=", a value what follows in cookie octets, in quotes or not.
 *
 * A name that promises who has set the cookie (`__Host-`) counts only where a cookie begins: inside of one, as in
 * `a=b __Host-c=d`, others may have put it there.
 */
function parseCookies(
  header: string,
  decode: NonNullable<CookiesOptions["decoder"]>,
): Readonly<Record<string, RequestCookie>> {
  const cookies = mapToFill<RequestCookie>();
  let free = 0;
  for (let equals = header.indexOf("="); equals !== -1; equals = header.indexOf("=", free)) {
    let start = equals;
    while (start > free && isTokenCode(header.charCodeAt(start - 1))) start--;
    free = equals + 1;
    if (start === equals) continue;
    let from = free;
    let end = octetsEnd(header, from);
    free = end;
    if (header.charCodeAt(from) === QUOTE) {
      const close = octetsEnd(header, from + 1);
      if (header.charCodeAt(close) === QUOTE) {
        from++;
        end = close;
        free = close + 1;
      }
    }
    const value = decode(header.slice(from, end));
    if (value === null || value === undefined) continue;
    const name = header.slice(start, equals);
    if (!hasPrefix(name) || isCookieStart(header, start)) cookies[name] = { value };
  }
  return cookies;
}

/**
 * Adds `cookies`, each a map with its `value`, unless they are there already; never fails, whatever the header holds.
 *
 * @example
 * cookiesRequest({ headers: { cookie: "a=b; c=d+e" } }).cookies; // => { a: { value: "b" }, c: { value: "d e" } }
 * @see Source: `ring.middleware.cookies/cookies-request`. Differs: `__Host-` and `__Secure-` inside of another cookie are
 *   no names.
 */
export function cookiesRequest<R extends Partial<RingRequest> & Partial<Cookies>>(
  request: R,
  options?: CookiesOptions,
): Omit<R, keyof Cookies> & Cookies;
export function cookiesRequest(request: null | undefined, options?: CookiesOptions): null | undefined;
export function cookiesRequest(
  request: (Partial<RingRequest> & Partial<Cookies>) | null | undefined,
  options: CookiesOptions = {},
): unknown {
  return withCookies(request, options, false);
}

/** @param isOwn May they be added in place? */
function withCookies(
  request: (Partial<RingRequest> & Partial<Cookies>) | null | undefined,
  options: CookiesOptions,
  isOwn: boolean,
): unknown {
  if (request === null || request === undefined || request.cookies) return request;
  const header = request.headers?.["cookie"];
  const cookies = header === undefined ? emptyMap() : parseCookies(header, options.decoder ?? formDecodeStr);
  const own: { cookies?: unknown } = isOwn ? request : copyOf(request);
  own.cookies = cookies;
  return own;
}

const NAMES: Readonly<Record<keyof CookieAttributes, string>> = {
  path: "Path",
  domain: "Domain",
  maxAge: "Max-Age",
  expires: "Expires",
  secure: "Secure",
  httpOnly: "HttpOnly",
  sameSite: "SameSite",
  partitioned: "Partitioned",
};

const SAME_SITE: Readonly<Record<string, string>> = { strict: "Strict", lax: "Lax", none: "None" };

/** The attributes whose values have a form of their own: their text, or undefined if it cannot be. */
const TEXTS: Partial<Record<string, (value: unknown) => string | undefined>> = {
  maxAge: (value) => (Number.isSafeInteger(value) ? String(value) : undefined),
  expires: (value) => (typeof value === "string" ? value : isDate(value) ? formatDate(value) : undefined),
  sameSite: (value) => (typeof value === "string" && Object.hasOwn(SAME_SITE, value) ? SAME_SITE[value] : undefined),
};

const EXPECTED: Readonly<Record<string, string>> = {
  maxAge: "a whole number of seconds",
  expires: "a Date or a string",
  sameSite: '"strict", "lax" or "none"',
};

// Not instanceof: a date may come from another realm.
const isDate = (value: unknown): value is Date => Object.prototype.toString.call(value) === "[object Date]";

function writeAttribute(cookie: string, name: string, value: unknown): string {
  if (!Object.hasOwn(NAMES, name)) {
    throw new InvalidCookieError(
      cookie,
      `there is no attribute ${JSON.stringify(name)}; use ${Object.keys(NAMES).join(", ")}`,
    );
  }
  const written = NAMES[name as keyof CookieAttributes];
  const special = TEXTS[name];
  if (special === undefined && (value === true || value === false)) return value ? `; ${written}` : "";
  const text = special === undefined ? String((value as string | number | null) ?? "") : special(value);
  if (text === undefined) throw new InvalidCookieError(cookie, `${name} must be ${EXPECTED[name]}`);
  if (text.includes(";")) throw new InvalidCookieError(cookie, `${name} must not contain ";"`);
  return `; ${written}=${text}`;
}

function isCookieMap(cookie: ResponseCookie | undefined): cookie is { readonly value: CookieValue } & CookieAttributes {
  return typeof cookie === "object" && cookie !== null && !Array.isArray(cookie);
}

function writeCookie(
  name: string,
  cookie: ResponseCookie | undefined,
  encode: NonNullable<CookiesOptions["encoder"]>,
): string {
  let line: string;
  if (isCookieMap(cookie)) {
    const { value, ...attributes } = cookie;
    line = encode({ [name]: value });
    for (const [attribute, value] of Object.entries(attributes)) {
      if (value !== undefined) line += writeAttribute(name, attribute, value);
    }
  } else {
    line = encode({ [name]: cookie ?? null });
  }
  // oxlint-disable-next-line no-control-regex -- they would begin another header, or cut this one short
  if (/[\r\n\0]/.test(line)) throw new InvalidCookieError(name, "a line break or NUL in it cannot be sent; encode it");
  return line;
}

/**
 * Writes the `cookies` of a response as lines of its "Set-Cookie" header, after those that are there.
 *
 * Name and value are form-encoded; attributes follow in the order of the map, `true` as their bare name, `false` not at
 * all.
 *
 * @throws {InvalidCookieError} code `RING_INVALID_COOKIE`, for an unknown attribute or a value it cannot have, for ";" in an
 *   attribute, and for a line break or NUL anywhere.
 * @example
 * cookiesResponse({ status: 200, headers: {}, cookies: { a: { value: "b c", path: "/", httpOnly: true } } });
 * // => { status: 200, headers: { "Set-Cookie": ["a=b+c; Path=/; HttpOnly"] } }
 * @see Source: `ring.middleware.cookies/cookies-response`. Differs: line breaks are refused, and a header that is a string
 *   stays whole.
 */
export function cookiesResponse(response: RingResponse, options?: CookiesOptions): RingResponse;
export function cookiesResponse(
  response: RingResponse | null | undefined,
  options?: CookiesOptions,
): RingResponse | null | undefined;
export function cookiesResponse(
  response: RingResponse | null | undefined,
  options: CookiesOptions = {},
): RingResponse | null | undefined {
  if (response?.cookies === null || response?.cookies === undefined) return response;
  const { cookies, ...rest } = response;
  const encode = options.encoder ?? formEncode;
  const present = rest.headers?.["Set-Cookie"] ?? [];
  const lines = Array.isArray(present) ? [...(present as readonly string[])] : [String(present)];
  for (const [name, cookie] of Object.entries(cookies)) lines.push(writeCookie(name, cookie, encode));
  return { ...rest, headers: Object.assign({}, rest.headers, { "Set-Cookie": lines }) };
}

/**
 * Middleware: hands the handler a request that went through {@link cookiesRequest}, and its response through
 * {@link cookiesResponse}.
 *
 * @example
 * const app = wrapCookies((request) => ({ status: 200, body: "", cookies: { visits: { value: 1, path: "/" } } }));
 * @see Source: `ring.middleware.cookies/wrap-cookies`.
 */
export function wrapCookies<R extends RingRequest>(
  handler: Handler<R & Cookies>,
  options: CookiesOptions = {},
): Handler<Omit<R, keyof Cookies>> {
  const resolved: CookiesOptions = { decoder: options.decoder, encoder: options.encoder };
  const write = (response: RingResponse | null | undefined) => cookiesResponse(response, resolved);
  const call = calling(handler);
  const wrapped = (request: Omit<R, keyof Cookies>) => {
    const isOwn = isHandedOver(request);
    const own = withCookies(request as unknown as R, resolved, isOwn);
    return andThen(call(own as R & Cookies, isOwn || own !== request), write);
  };
  return tagged("wrapCookies", handler, taking(wrapped));
}
