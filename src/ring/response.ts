/** Helpers over response maps. Source: `ring.util.response`. */

import { findHeaderName, getAll, headerOf } from "./headers.js";
import { findContentTypeCharset } from "./parsing.js";
import type {
  CookieAttributes,
  CookieValue,
  DataResponse,
  HeaderValue,
  MadeResponse,
  ResponseCookie,
  ResponseHeaders,
  RingResponse,
} from "./types.js";

export {
  type FileResponse,
  type FileResponseOptions,
  fileResponse,
  type ResourceData,
  type ResourceResponseOptions,
  resourceData,
  resourceResponse,
  urlResponse,
} from "./file-response.js";
export type { DataResponse, MadeResponse };
export { getAll };

function make<B>(status: number, headers: ResponseHeaders, body: B): MadeResponse<B> {
  return { status, headers, body };
}

/** 200 with a body and no headers; the body may be data, if `wrapJsonResponse` writes it. @see Source: `ring.util.response/response`. */
export function response<B>(body: B): MadeResponse<B> {
  return make(200, {}, body);
}

/** 404. @see Source: `ring.util.response/not-found`. */
export function notFound<B>(body: B): MadeResponse<B> {
  return make(404, {}, body);
}

/** 400. @see Source: `ring.util.response/bad-request`. */
export function badRequest<B>(body: B): MadeResponse<B> {
  return make(400, {}, body);
}

/** 201 at a URL. @see Source: `ring.util.response/created`. */
export function created(url: string): MadeResponse<null>;
export function created<B>(url: string, body: B): MadeResponse<B>;
export function created(url: string, body: unknown = null): MadeResponse<unknown> {
  return make(201, { Location: url }, body);
}

const REDIRECTS = {
  "moved-permanently": 301,
  found: 302,
  "see-other": 303,
  "temporary-redirect": 307,
  "permanent-redirect": 308,
} as const;

/**
 * Sends the client to another URL.
 *
 * @param status A number, or its name. @default "found"
 * @example
 * redirect("/login", "see-other"); // => { status: 303, headers: { Location: "/login" }, body: "" }
 * @see Source: `ring.util.response/redirect`.
 */
export function redirect(url: string, status: number | keyof typeof REDIRECTS = "found"): MadeResponse<string> {
  return make(typeof status === "string" ? REDIRECTS[status] : status, { Location: url }, "");
}

/** 303 at a URL. @deprecated `redirect(url, "see-other")` @see Source: `ring.util.response/redirect-after-post`. */
export function redirectAfterPost(url: string): MadeResponse<string> {
  return redirect(url, "see-other");
}

/**
 * A response with a status and nothing else, or a copy of a response with another status.
 *
 * @example
 * status(204); // => { status: 204, headers: {}, body: null }
 * @see Source: `ring.util.response/status`.
 */
export function status(status: number): MadeResponse<null>;
export function status<R extends DataResponse>(
  response: R | null | undefined,
  status: number,
): Omit<R, "status"> & { readonly status: number };
export function status(first: number | DataResponse | null | undefined, second?: number): DataResponse {
  return typeof first === "number" ? make(first, {}, null) : { ...first, status: second };
}

/** A response of which only the headers have changed. */
export type WithHeadersChanged<R> = Omit<R, "headers"> & { readonly headers: ResponseHeaders };

/**
 * A copy of the response with a header under exactly this name; other spellings stay beside it.
 *
 * @param value A list is sent as several lines; null is an empty value, everything else its text.
 * @see Source: `ring.util.response/header`. Differs: a list stays one.
 */
export function header<R extends DataResponse>(
  response: R | null | undefined,
  name: string,
  value: HeaderValue | boolean | null | undefined,
): WithHeadersChanged<R> {
  const text = Array.isArray(value) ? (value as readonly string[]) : String(value ?? "");
  return { ...(response as R), headers: { ...response?.headers, [name]: text } };
}

/** A copy of the response with a content-type. @see Source: `ring.util.response/content-type`. */
export function contentType<R extends DataResponse>(
  response: R | null | undefined,
  type: string,
): WithHeadersChanged<R> {
  return header(response, "Content-Type", type);
}

/** The first header of that name, in any case: its name as it is spelt, and its value. @see Source: `ring.util.response/find-header`. */
export function findHeader(
  response: DataResponse | null | undefined,
  name: string,
): readonly [name: string, value: HeaderValue | undefined] | undefined {
  const spelt = findHeaderName(response?.headers, name);
  return spelt === undefined ? undefined : [spelt, response?.headers?.[spelt]];
}

/** The value of the first header of that name, in any case. @see Source: `ring.util.response/get-header`. */
export function getHeader(response: DataResponse | null | undefined, name: string): HeaderValue | undefined {
  return headerOf(response?.headers, name) as HeaderValue | undefined;
}

/**
 * A copy of the response in which a header, under the spelling it has, is what `f` makes of it.
 *
 * @param f Called with the value (undefined without one) and `rest`.
 * @example
 * updateHeader(response("hello"), "vary", (old) => (old === undefined ? "accept" : `${old}, accept`));
 * @see Source: `ring.util.response/update-header`.
 */
export function updateHeader<R extends DataResponse, A extends readonly unknown[]>(
  response: R | null | undefined,
  name: string,
  f: (value: HeaderValue | undefined, ...rest: A) => HeaderValue,
  ...rest: A
): WithHeadersChanged<R> {
  const spelt = findHeaderName(response?.headers, name) ?? name;
  const value = f(response?.headers?.[spelt], ...rest);
  return { ...(response as R), headers: { ...response?.headers, [spelt]: value } };
}

/**
 * A copy of the response whose content-type (`text/plain` without one) names this charset, and no other.
 *
 * @example
 * charset({ headers: { "Content-Type": "text/html" } }, "utf-8").headers; // => { "Content-Type": "text/html; charset=utf-8" }
 * @see Source: `ring.util.response/charset`.
 */
export function charset<R extends DataResponse>(
  response: R | null | undefined,
  charset: string,
): WithHeadersChanged<R> {
  return updateHeader(response, "Content-Type", (value) => {
    const type = String(value ?? "text/plain").replace(/;\s*charset=[^;]*/g, "");
    return `${type}; charset=${charset ?? ""}`;
  });
}

/** The charset that the response's content-type names. @see Source: `ring.util.response/get-charset`. */
export function getCharset(response: DataResponse | null | undefined): string | undefined {
  const type = getHeader(response, "Content-Type");
  return type === undefined || type === null ? undefined : findContentTypeCharset(String(type));
}

/**
 * A copy of the response with a cookie, for `wrapCookies` to write.
 *
 * @example
 * setCookie(response("hello"), "seen", "yes", { path: "/", maxAge: 3600 });
 * @see Source: `ring.util.response/set-cookie`.
 */
export function setCookie<R extends DataResponse>(
  response: R | null | undefined,
  name: string,
  value: CookieValue,
  attributes?: CookieAttributes,
): Omit<R, "cookies"> & { readonly cookies: Readonly<Record<string, ResponseCookie>> } {
  return { ...(response as R), cookies: { ...response?.cookies, [name]: { value, ...attributes } } };
}

/** Is it a response map: a whole number as status, and a map of headers? @see Source: `ring.util.response/response?`. */
export function isResponse(x: unknown): x is RingResponse {
  if (x === null || typeof x !== "object") return false;
  const { status, headers } = x as { status?: unknown; headers?: unknown };
  return Number.isInteger(status) && headers !== null && typeof headers === "object" && !Array.isArray(headers);
}
