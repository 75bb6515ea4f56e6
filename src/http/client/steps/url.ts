import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { InvalidArgumentError } from "../../../errors/index.js";
import { parseUrl } from "../../../ring/parse-url.js";
import { draft } from "../draft.js";
import { portOf } from "../target.js";
import type { Client, ClientRequest } from "../types.js";

/**
 * The request with its `url` taken apart, and its host and path as they can be sent: international names in ASCII, illegal
 * characters escaped. User info becomes `basicAuth`, the fragment goes.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no absolute http or https URL.
 */
export function urlRequest(request: ClientRequest): ClientRequest {
  const { url } = request;
  return url === undefined ? addressRequest(request) : takenApart(request, parse(url));
}

function parse(url: string | URL): URL {
  const parsed = parseUrl(url);
  if (parsed === undefined) throw new InvalidArgumentError(`url must be absolute, such as "http://example.com/path"`);
  const { protocol, hostname } = parsed;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new InvalidArgumentError(`url must begin with http: or https:, not ${protocol}`);
  }
  if (hostname === "") throw new InvalidArgumentError("url must have a host");
  return parsed;
}

function takenApart(request: ClientRequest, url: URL): ClientRequest {
  const { search, username, password } = url;
  const next = draft(request);
  next.url = undefined;
  next.scheme = url.protocol === "https:" ? "https" : "http";
  next.host = url.hostname;
  next.port = portOf(url);
  next.uri = escapePath(url.pathname);
  next.queryString = search === "" ? undefined : escapePath(search.slice(1));
  if (username !== "" || password !== "") next.basicAuth = [decode(username), decode(password)];
  return next;
}

function addressRequest(request: ClientRequest): ClientRequest {
  const name = request.host ?? request.serverName;
  const { scheme, uri } = request;
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    throw new InvalidArgumentError(`scheme must be "http" or "https", not ${JSON.stringify(scheme)}`);
  }
  if (name === undefined || name === "")
    throw new InvalidArgumentError("a request needs a host: give url, host or serverName");
  const host = hostOf(name);
  if (host === "") throw new InvalidArgumentError(`the host ${JSON.stringify(name)} is no host name`);
  const path = uri === undefined || uri === "" ? "/" : escapePath(uri.startsWith("/") ? uri : `/${uri}`);
  const query = request.queryString;
  return { ...request, host, uri: path, queryString: query === undefined ? undefined : escapePath(query) };
}

/** As it stands in a URL; "" if it is no host, or more than one. */
function hostOf(name: string): string {
  const address = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  if (isIPv6(address) && !address.includes("%")) return `[${address}]`;
  return /[\s/\\?#@:[\]]/.test(name) ? "" : domainToASCII(name);
}

/** What may not stand in a path or query, but a "%" that begins an escape; the rest stays as it is. */
function escapePath(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be sent
  return text.replace(/[^\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e|]/gu, (character) =>
    character === "%" ? character : encodeURIComponent(toWellFormed(character)),
  );
}

function toWellFormed(text: string): string {
  return /^[\ud800-\udfff]$/u.test(text) ? "\ufffd" : text;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Client middleware: takes `url` apart.
 *
 * Its host and path become what can be sent: international names in ASCII, illegal characters escaped. User info becomes `basicAuth`,
 * the fragment goes.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no absolute http or https URL.
 *
 * @example
 * await http.get("http://ada:secret@example.com/a path?q=x");
 * @see Source: `aleph.http.client-middleware/wrap-url`.
 */
export function wrapUrl(client: Client): Client {
  return (request) => client(urlRequest(request));
}
