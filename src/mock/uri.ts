/** URIs as tests write them, taken apart by RFC 3986. */

import { InvalidArgumentError } from "../errors/index.js";

/** The parts that a request is made of; the fragment and the user's name are no part of it. */
export interface UriParts {
  readonly scheme: string | undefined;
  /** Brackets of IPv6 included. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** Not decoded. */
  readonly path: string;
  /** Not decoded; without the "?". */
  readonly query: string | undefined;
}

/** RFC 3986, appendix B. */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(\d{0,5}))?$/;
// oxlint-disable-next-line no-control-regex -- none of them may stand in a URI
const ILLEGAL = /[\0- "<>\\^`{|}\x7F-\x9F\u2028\u2029]|%(?![0-9A-Fa-f]{2})/;
const BRACKET = /[[\]]/;

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for what must be escaped in a URI. */
export function parseUri(uri: string): UriParts {
  const illegal = ILLEGAL.exec(uri)?.[0];
  const [, scheme, authority, path = "", query] = PARTS.exec(uri) ?? [];
  const fault = illegal ?? BRACKET.exec(path)?.[0];
  if (fault !== undefined) {
    throw new InvalidArgumentError(`mock request: ${JSON.stringify(fault)} cannot stand in a URI; write it as %HH`);
  }
  const [isAuthority, host, port] = AUTHORITY.exec(authority?.slice(authority.lastIndexOf("@") + 1) ?? "") ?? [];
  if (isAuthority === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError(`mock request: ${JSON.stringify(authority)} is no host and port`);
  }
  return { scheme, host: host || undefined, port: port ? Number(port) : undefined, path, query };
}
