/** The host that a client asked for, as it may be written into a URL: the Host header is the client's word, and no more. */

import { InvalidArgumentError, RingError } from "../errors/index.js";
import type { RingRequest } from "./types.js";

/** Which hosts a redirect may name. */
export interface HostOptions {
  /** The host of this application, with its port if that is not the scheme's own; the Host header is not looked at. */
  readonly host?: string | null | undefined;
  /**
   * Hosts that the Host header may name: `"example.com"` on any port, `"example.com:8080"` on this one, `".example.com"`
   * with all below it. @default any
   */
  readonly allowedHosts?: readonly string[] | null | undefined;
}

/** The Host header is missing, malformed or none of those allowed. Code `RING_INVALID_HOST`, status 400. */
export class InvalidHostError extends RingError {
  constructor(fault: string) {
    super("RING_INVALID_HOST", `the request's Host header ${fault}`, { status: 400 });
  }
}

/** The host that a request is for, "example.com" or "[::1]:8080"; undefined if nothing says so. */
export type HostOf = (request: Partial<Pick<RingRequest, "headers">>) => string | undefined;

// RFC 3986, 3.2.2, without escapes and sub-delimiters, which no host in use has; no user info, no blanks, no path.
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::(\d{0,5}))?$/i;

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  return match !== null && Number(match[1] ?? 0) <= 65_535;
}

const PORT = /:\d*$/;

/** The host without its port. */
export function hostName(host: string): string {
  return host.replace(PORT, "");
}

function checkHosts(by: string, hosts: readonly string[]): void {
  for (const text of hosts) {
    if (typeof text !== "string" || !isHost(text)) {
      throw new InvalidArgumentError(`${by}: ${JSON.stringify(text)} is no host; give a name, and a port after ":"`);
    }
  }
}

/**
 * Makes a predicate of a list of hosts: `"example.com"` is this one on any port, `"example.com:8080"` on this one,
 * `".example.com"` it and all below it.
 *
 * @param by The function whose option the list is, for its errors.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if one is no host.
 */
export function hostMatcher(by: string, hosts: readonly string[]): (host: string) => boolean {
  checkHosts(by, hosts);
  const entries = hosts.map((entry) => entry.toLowerCase());
  return (spelt) => {
    const host = spelt.toLowerCase();
    const name = hostName(host);
    return entries.some((entry) =>
      entry.startsWith(".") ? `.${name}`.endsWith(entry) : entry === (PORT.test(entry) ? host : name),
    );
  };
}

/**
 * Makes the function that tells a request's host; it throws {@link InvalidHostError} for one that is malformed or not
 * allowed.
 *
 * @param by The function whose options these are, for its errors.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if an option is no host.
 */
export function hostReader(by: string, { host, allowedHosts }: HostOptions): HostOf {
  if (host !== undefined && host !== null) {
    checkHosts(by, [host]);
    return () => host;
  }
  const isAllowed = hostMatcher(by, allowedHosts ?? []);
  const isAnyAllowed = allowedHosts === undefined || allowedHosts === null;
  return ({ headers }) => {
    const named = headers?.["host"];
    if (named === undefined || named === "") return undefined;
    if (!isHost(named)) throw new InvalidHostError("is malformed; send a host name, and a port after a colon");
    if (!isAnyAllowed && !isAllowed(named)) throw new InvalidHostError("names none of the allowedHosts");
    return named;
  };
}
