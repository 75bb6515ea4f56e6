/** Names of cookies that promise something: browsers take them only on certain conditions (RFC 6265bis, 4.1.3). */

import { InvalidArgumentError } from "../errors/index.js";
import type { CookieAttributes } from "./types.js";

/** Browsers heed the prefixes in any case. */
const PREFIX = /^__(?:Host|Secure)-/i;

/** Does the name begin with `__Host-` or `__Secure-`? */
export function hasPrefix(name: string): boolean {
  return name.startsWith("__") && PREFIX.test(name);
}

/**
 * Checks that browsers will take a cookie of this name.
 *
 * @param by The function whose cookie it is, for the error.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`.
 */
export function checkPrefix(by: string, name: string, { path, secure, domain }: CookieAttributes): void {
  if (!hasPrefix(name)) return;
  const isForHost = /^__host-/i.test(name);
  if (secure === true && (!isForHost || (path === "/" && !domain))) return;
  const demands = isForHost ? 'it is secure, has the path "/" and no domain' : "it is secure";
  throw new InvalidArgumentError(`${by}: browsers refuse the cookie "${name}" unless ${demands}; give it another name`);
}
