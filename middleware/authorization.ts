/** The authorization header in its pieces. Source: `ring.middleware.authorization`. */

import { mapToFill } from "../src/ring/param-map.js";
import { isToken, parseValue } from "../src/ring/parsing.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/** What the header says: its scheme in lower case, and what follows it, as a token or as parameters; nothing is checked. */
export interface Credentials {
  /** "basic", "bearer", "digest", ... */
  readonly scheme: string;
  /** What follows the scheme, if it is one token: base64, a JWT. */
  readonly token?: string | undefined;
  /** What follows it otherwise, by names in lower case; a map without prototype. */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

/** What `wrapAuthorization` adds to a request that has the header. */
export interface Authorization {
  readonly authorization?: Credentials | undefined;
}

const TOKEN_68 = /^[\w.~+/-]+=*$/;
const BLANK = /[ \t-\r]/;

/** `name = value`, with blanks around the sign; undefined if it is not that. */
function parseParam(piece: string): readonly [name: string, value: string] | undefined {
  const equals = piece.indexOf("=");
  const name = trimEnd(piece.slice(0, Math.max(0, equals)));
  const value = isToken(name) ? parseValue(trimStart(piece.slice(equals + 1))) : undefined;
  return value === undefined ? undefined : [name.toLowerCase(), value];
}

function trimStart(text: string): string {
  let start = 0;
  while (BLANK.test(text.charAt(start))) start++;
  return text.slice(start);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Parameters between commas, which quotes do not protect; what is malformed is left out, of two with one name the first. */
function parseParams(text: string): Readonly<Record<string, string>> {
  const params = mapToFill<string>();
  const pieces = text.split(",");
  const last = pieces.length - 1;
  for (const [index, piece] of pieces.entries()) {
    // Blanks belong to the commas: there are none before the first piece and after the last.
    const trimmed = index === 0 ? piece : trimStart(piece);
    const [name, value] = parseParam(index === last ? trimmed : trimEnd(trimmed)) ?? [];
    if (name !== undefined && value !== undefined) params[name] = value;
  }
  return params;
}

function parseAuthorization(header: string): Credentials {
  const blank = header.search(BLANK);
  if (blank === -1) return { scheme: header.toLowerCase() };
  const scheme = header.slice(0, blank).toLowerCase();
  const rest = header.slice(blank + 1);
  if (rest === "") return { scheme };
  return TOKEN_68.test(rest) ? { scheme, token: rest } : { scheme, params: parseParams(rest) };
}

/**
 * Adds `authorization`, the header in its pieces, to a request that has the header, unless it is there already.
 *
 * Nothing is verified: that is the application's part, in constant time (`crypto.timingSafeEqual`).
 *
 * @example
 * authorizationRequest({ headers: { authorization: "Bearer abc" } }).authorization; // => { scheme: "bearer", token: "abc" }
 * @see Source: `ring.middleware.authorization/authorization-request`. Differs: the key is absent without the header.
 */
export function authorizationRequest<R extends Partial<Pick<RingRequest, "headers">> & Authorization>(
  request: R,
): R & Authorization {
  const header = request.headers?.["authorization"];
  if (request.authorization || header === undefined || header === null) return request;
  const authorization = parseAuthorization(header);
  return "authorization" in request ? { ...request, authorization } : { authorization, ...request };
}

/**
 * Middleware: hands the handler a request that went through {@link authorizationRequest}.
 *
 * @example
 * const app = wrapAuthorization((request) =>
 *   request.authorization?.scheme === "bearer" ? { status: 200 } : { status: 401, headers: { "WWW-Authenticate": "Bearer" } },
 * );
 * @see Source: `ring.middleware.authorization/wrap-authorization`.
 */
export function wrapAuthorization<R extends RingRequest>(
  handler: Handler<R & Authorization>,
): Handler<Omit<R, keyof Authorization>> {
  return tagged("wrapAuthorization", handler, (request: Omit<R, keyof Authorization>) =>
    handler(authorizationRequest(request as unknown as R & Authorization)),
  );
}
