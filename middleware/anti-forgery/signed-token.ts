/** Anti-forgery tokens that are signed for a subject, or for a cookie sent along: nothing is kept on the server. */

import { createHmac } from "node:crypto";
import { currentClock } from "../../src/clock/index.js";
import { isSameText } from "../../src/ring/constant-time.js";
import { checkPrefix } from "../../src/ring/cookie-prefix.js";
import { Delay } from "../../src/ring/delay.js";
import { checkExpiry, keysOf, type Secrets } from "../../src/ring/secrets.js";
import { randomText } from "../../src/ring/secure-random.js";
import type { CookieAttributes, RingResponse } from "../../src/ring/types.js";
import type { Cookies } from "../cookies.js";
import type { Subject } from "./encrypted-token.js";
import type { AntiForgeryStrategy } from "./strategy.js";

/** How tokens are made that are signed, and not kept. */
export interface SignedTokenOptions<R = object> {
  /** Seconds that a token is good for, from when it is made. @default 7200 (two hours) */
  readonly expiryPeriod?: number | undefined;
  /** Whose tokens a request's are: the id of its user or session. @default nobody's: all go by the cookie */
  readonly getSubject?: ((request: R) => Subject) | undefined;
  /**
   * The cookie that tokens of requests without a subject go by; nobody but its own host can plant one of the default name.
   * @default "__Host-anti-forgery"
   */
  readonly cookieName?: string | undefined;
  /** Its attributes, on top of `path: "/"`, `secure: true`, `httpOnly: true` and `sameSite: "lax"`. */
  readonly cookieAttrs?: CookieAttributes | undefined;
}

const TWO_HOURS = 7200;
/** Bytes of randomness in the cookie, and in each token. */
const COOKIE_BYTES = 18;
const NONCE_BYTES = 9;
const COOKIE = /^[\w-]{24}$/;
const TOKEN = /^(\d{1,12})\.([\w-]{12})\.[\w-]{43}$/;

type MayHaveCookies = Partial<Cookies>;

/** A token to come, and the cookie it goes by if that is new. */
class SignedToken extends Delay<string> {
  readonly newCookie: string | undefined;

  constructor(make: () => string, newCookie: string | undefined) {
    super(make);
    this.newCookie = newCookie;
  }
}

const now = (): number => Math.floor(currentClock().now() / 1000);

/**
 * A strategy without state: each token is a random text and the time it expires, signed (HMAC-SHA256) together with the
 * subject of the request or, if it has none, with a random cookie that the first response sets (a double-submit cookie).
 * Subjects do not show in tokens. It stands inside `wrapCookies`.
 *
 * A token is good as long as it has not expired, for the same subject or the same cookie and no other. So forms from before
 * a login have to be loaded again after it.
 *
 * @param secret At least 16 bytes; several for rotation: the first one makes tokens, all are tried on what comes back.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a secret that is too short, a period that is
 *   none, or a cookie that browsers would refuse.
 * @example
 * const strategy = signedToken("sixteen bytes or more", { getSubject: ({ user }: { user?: string }) => user });
 * const app = wrapCookies(wrapAntiForgery(handler, { strategy }));
 * @see Source: none; the kit's own.
 */
export function signedToken<R = object>(
  secret: Secrets,
  options: SignedTokenOptions<R> = {},
): AntiForgeryStrategy<R & Cookies> {
  const keys = keysOf("signedToken", secret, (bytes) => bytes);
  const period = checkExpiry("signedToken", options.expiryPeriod ?? TWO_HOURS);
  const { getSubject, cookieName = "__Host-anti-forgery" } = options;
  const attributes = { path: "/", secure: true, httpOnly: true, sameSite: "lax", ...options.cookieAttrs } as const;
  checkPrefix("signedToken", cookieName, attributes);

  const subjectOf = (request: R): string | undefined => {
    const subject = getSubject?.(request);
    return subject === undefined || subject === null ? undefined : `${typeof subject} ${subject}`;
  };
  const cookieOf = (request: MayHaveCookies): string | undefined => {
    const value = request.cookies?.[cookieName]?.value;
    return typeof value === "string" && COOKIE.test(value) ? value : undefined;
  };
  const sign = (key: Buffer, expiry: string, nonce: string, owner: string): string => {
    const signature = createHmac("sha256", key).update(`${expiry}.${nonce}.${owner}`).digest("base64url");
    return `${expiry}.${nonce}.${signature}`;
  };
  return {
    validToken(request, token) {
      const [, expiry, nonce] = (typeof token === "string" && TOKEN.exec(token)) || [];
      const cookie = cookieOf(request);
      const owner = subjectOf(request) ?? (cookie && `cookie ${cookie}`);
      if (expiry === undefined || nonce === undefined || owner === undefined || Number(expiry) <= now()) return false;
      return keys.some((key) => isSameText(sign(key, expiry, nonce, owner), token));
    },
    getToken(request) {
      const subject = subjectOf(request);
      const cookie = subject === undefined ? cookieOf(request) : undefined;
      const newCookie = (subject ?? cookie) ? undefined : randomText(COOKIE_BYTES, "base64url");
      const owner = subject ?? `cookie ${cookie ?? newCookie}`;
      const make = (): string => {
        const expiry = String(now() + Math.ceil(period));
        return sign(keys[0], expiry, randomText(NONCE_BYTES, "base64url"), owner);
      };
      return new SignedToken(make, newCookie);
    },
    writeToken<Res extends RingResponse>(_request: R, response: Res, token: unknown): Res {
      const value = token instanceof SignedToken ? token.newCookie : undefined;
      if (value === undefined) return response;
      return { ...response, cookies: { ...response.cookies, [cookieName]: { value, ...attributes } } };
    },
  };
}
