/** Where a request goes: the key under which the pool keeps connections. */

import type { Proxy } from "./proxy.js";

export interface Target {
  /** "https://example.com", with the port where it is not the scheme's. */
  readonly origin: string;
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** The proxy on the way, if there is one. */
  readonly proxy: Proxy | undefined;
}

/**
 * A text as a URL; undefined if it is none. Not by `URL.canParse`, which in Node 20, once it is compiled, takes some with
 * characters beyond ASCII for none; and without Node's error, which repeats the text, and the password in it.
 */
export function parseUrl(text: string | URL, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Connections of one key may be used for each other's requests. */
export function keyOf(target: Target): string {
  return target.proxy === undefined ? target.origin : `${target.origin} via ${target.proxy.key}`;
}

/** The port of a URL, also where it is the scheme's own. */
export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}
