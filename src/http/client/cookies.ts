/** Cookies of the client, in a jar that knows whose they are. Source: `aleph.http.client-middleware`. */

import { Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";
import { InvalidArgumentError } from "../../errors/index.js";

/** A cookie. `maxAge` is seconds. */
export interface ClientCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: string | undefined;
  readonly path?: string | undefined;
  readonly maxAge?: number | undefined;
  readonly expires?: Date | undefined;
  readonly secure?: boolean | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly sameSite?: string | undefined;
  /** Does it belong to the one host that set it? Those with a domain belong to its subdomains too. */
  readonly hostOnly?: boolean | undefined;
}

/** Where a request goes. */
export interface CookieOrigin {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly path: string;
}

/** Keeps cookies. */
export interface CookieStore {
  /** All cookies; of those that `cookiesFor` gives, if it is there, nothing else is asked. */
  getCookies(): readonly ClientCookie[];
  /** Keeps cookies, in place of those with the same name, domain and path. */
  addCookies(cookies: readonly ClientCookie[]): void;
  /** Those to send to an origin, the most specific path first; instead of `getCookies` and the spec's judgement. */
  cookiesFor?(origin: CookieOrigin): readonly ClientCookie[];
  /** Keeps a `set-cookie` header if its origin may set it; instead of the spec's judgement. @returns it, if it was kept */
  setCookie?(line: string, origin: CookieOrigin): ClientCookie | undefined;
}

/** How cookies are read, written and judged. */
export interface CookieSpec {
  /** A `set-cookie` header; undefined if it is none. */
  parseCookie(text: string): ClientCookie | undefined;
  /** The `cookie` header. */
  writeCookies(cookies: readonly ClientCookie[]): string;
  /** Is the cookie for that origin? */
  matchCookieOrigin(origin: CookieOrigin, cookie: ClientCookie): boolean;
}

function urlOf({ host, port, isSecure, path }: CookieOrigin): string {
  return `${isSecure ? "https" : "http"}://${host}:${port}${path}`;
}

function fromJar(cookie: Cookie): ClientCookie {
  const { maxAge, expires } = cookie;
  return {
    name: cookie.key,
    value: cookie.value,
    ...(cookie.domain === null ? {} : { domain: cookie.domain }),
    ...(cookie.path === null ? {} : { path: cookie.path }),
    ...(typeof maxAge === "number" ? { maxAge } : {}),
    ...(typeof expires === "object" && expires !== null ? { expires } : {}),
    ...(cookie.secure ? { secure: true } : {}),
    ...(cookie.httpOnly ? { httpOnly: true } : {}),
    ...(cookie.sameSite === undefined ? {} : { sameSite: cookie.sameSite }),
    ...(cookie.hostOnly === true ? { hostOnly: true } : {}),
  };
}

function toJar(cookie: ClientCookie): Cookie {
  return new Cookie({
    key: cookie.name,
    value: cookie.value,
    domain: cookie.domain?.replace(/^\./, "") ?? null,
    path: cookie.path ?? null,
    ...(cookie.maxAge === undefined ? {} : { maxAge: cookie.maxAge }),
    ...(cookie.expires === undefined ? {} : { expires: cookie.expires }),
    secure: cookie.secure ?? false,
    httpOnly: cookie.httpOnly ?? false,
    ...(cookie.sameSite === undefined ? {} : { sameSite: cookie.sameSite }),
  });
}

/** Reads and writes cookies as RFC 6265 says, leniently. @see Source: `aleph.http.client-middleware/default-cookie-spec`. */
export const defaultCookieSpec: CookieSpec = {
  parseCookie(text) {
    const cookie = Cookie.parse(text, { loose: true });
    return cookie === undefined ? undefined : fromJar(cookie);
  },
  writeCookies(cookies) {
    return cookies.map(written).join("; ");
  },
  matchCookieOrigin({ host, isSecure, path }, cookie) {
    if (cookie.secure === true && !isSecure) return false;
    if (isExpired(cookie)) return false;
    return matchesDomain(host.toLowerCase(), cookie) && matchesPath(path, cookie.path ?? "/");
  },
};

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for one that would be more than one. */
function written({ name, value }: ClientCookie): string {
  if (/[=;\r\n\0]/.test(name) || /[;\r\n\0]/.test(value)) {
    throw new InvalidArgumentError(
      `the cookie ${JSON.stringify(name)} has a character that would end it; encode it, for example with encodeURIComponent`,
    );
  }
  return name === "" ? value : `${name}=${value}`;
}

function isExpired({ maxAge, expires }: ClientCookie): boolean {
  if (maxAge !== undefined) return maxAge <= 0;
  return expires !== undefined && expires.getTime() <= Date.now();
}

/** One without a domain matches no host: nobody knows whose it is. Cookies given by hand are not asked. */
function matchesDomain(host: string, { domain, hostOnly }: ClientCookie): boolean {
  if (domain === undefined) return false;
  const wanted = domain.replace(/^\./, "").toLowerCase();
  return host === wanted || (hostOnly !== true && host.endsWith(`.${wanted}`) && !/^[\d.]+$|:/.test(host));
}

function matchesPath(path: string, wanted: string): boolean {
  if (path === wanted) return true;
  return path.startsWith(wanted) && (wanted.endsWith("/") || path.charAt(wanted.length) === "/");
}

/**
 * Keeps cookies in memory, as RFC 6265 says: one without a domain goes back to the host that set it only, a domain must
 * cover that host and be no public suffix, `maxAge` is seconds. At most 180 cookies of a domain are kept, and 3,000 in all,
 * as in browsers: a tenth of them, those that have not been sent or set for the longest time, makes room for new ones.
 *
 * @param seed Cookies to begin with; each needs a domain.
 * @example
 * const cookieStore = inMemoryCookieStore();
 * await http.get(upstream, { cookieStore });
 * cookieStore.getCookies();
 * @see Source: `aleph.http.client-middleware/in-memory-cookie-store`. Differs: a limit.
 */
export function inMemoryCookieStore(seed: readonly ClientCookie[] = []): Required<CookieStore> {
  const store = new JarStore();
  store.addCookies(seed);
  return store;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Cookie>>>>;

function cookiesOf(paths: Paths | undefined): Cookie[] {
  return Object.values(paths ?? {}).flatMap((cookies) => Object.values(cookies));
}

type Index = Record<string, Record<string, Readonly<Record<string, Cookie>>>>;

/** The store keeps domains and paths whose cookies are gone. */
function dropEmpty(idx: Index): void {
  for (const [domain, paths] of Object.entries(idx)) {
    for (const path of Object.keys(paths)) dropIfEmpty(idx, domain, path);
  }
}

function dropIfEmpty(idx: Index, domain: string, path: string): void {
  const paths = idx[domain];
  if (paths === undefined || !isEmpty(paths[path])) return;
  delete paths[path];
  if (isEmpty(paths)) delete idx[domain];
}

function isEmpty(map: object | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0;
}

/** In milliseconds. */
function lastUse({ lastAccessed }: Cookie): number {
  return lastAccessed instanceof Date ? lastAccessed.getTime() : 0;
}

const MOST_OF_A_DOMAIN = 180;
const MOST = 3_000;

class JarStore implements Required<CookieStore> {
  readonly #kept = new MemoryCookieStore();
  readonly #jar = new CookieJar(this.#kept, { looseMode: true, allowSecureOnLocal: false });
  /** There are no more than these; perhaps fewer, as they go by themselves and are set again. */
  #atMost = 0;

  getCookies(): readonly ClientCookie[] {
    return (this.#jar.serializeSync()?.cookies ?? []).flatMap((one) => {
      const cookie = Cookie.fromJSON(one);
      return cookie === undefined ? [] : [fromJar(cookie)];
    });
  }

  addCookies(cookies: readonly ClientCookie[]): void {
    for (const cookie of cookies) {
      const host = cookie.domain?.replace(/^\./, "");
      if (host === undefined) continue;
      const made = toJar(cookie);
      if (cookie.hostOnly === true) made.domain = null;
      const url = `https://${host}${cookie.path ?? "/"}`;
      this.#keep(made, url);
    }
  }

  cookiesFor(origin: CookieOrigin): readonly ClientCookie[] {
    return this.#jar.getCookiesSync(urlOf(origin)).map(fromJar);
  }

  setCookie(line: string, origin: CookieOrigin): ClientCookie | undefined {
    // A cookie without a name that looks like one of those that only a host itself may set.
    if (/^\s*=\s*__(?:host|secure)-/i.test(line)) return undefined;
    // One without a name and a value would be sent as nothing but a semicolon; browsers ignore it (RFC 6265bis, 5.7).
    if (/^\s*=?\s*(?:;|$)/.test(line)) return undefined;
    const kept = this.#keep(line, urlOf(origin));
    return kept === undefined ? undefined : fromJar(kept);
  }

  #keep(cookie: Cookie | string, url: string): Cookie | undefined {
    const kept = this.#jar.setCookieSync(cookie, url, { ignoreError: true, loose: true });
    if (kept === undefined) return undefined;
    const { idx } = this.#kept;
    this.#limit(cookiesOf(idx[kept.domain ?? ""]), MOST_OF_A_DOMAIN, kept);
    if (++this.#atMost > MOST) {
      const all = Object.values(idx).flatMap(cookiesOf);
      this.#limit(all, MOST, kept);
      this.#atMost = Math.min(all.length, MOST);
      dropEmpty(idx);
    }
    return kept;
  }

  /** If there are more than so many, removes a tenth of them, but for the newest one. */
  #limit(cookies: Cookie[], most: number, newest: Cookie): void {
    if (cookies.length <= most) return;
    const unused = cookies
      .filter((one) => one !== newest)
      .sort((a, b) => lastUse(a) - lastUse(b) || a.creationIndex - b.creationIndex);
    for (const { domain, path, key } of unused.slice(0, most / 10)) {
      this.#kept.removeCookie(domain as string, path as string, key, () => {});
      dropIfEmpty(this.#kept.idx, domain as string, path as string);
    }
  }
}
