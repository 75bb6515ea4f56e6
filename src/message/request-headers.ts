import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RequestHeaders } from "../ring/types.js";
import { isHttp2 } from "./http2.js";

/**
 * The header fields as Ring's SPEC has them: fields of one name joined by "," (cookie by ";").
 *
 * Node's own map is the source, since Express middleware may have changed it; only names that came more than once are
 * joined anew, because Node drops the repeats of some and joins others differently.
 */
export function requestHeaders(req: IncomingMessage): RequestHeaders {
  const headers: IncomingHttpHeaders = isHttp2(req) ? withoutPseudoHeaders(req.headers) : { ...req.headers };
  if (headers["set-cookie"] !== undefined) headers["set-cookie"] = headers["set-cookie"].join(",") as never;
  const repeated = repeatedNames(req.rawHeaders);
  if (repeated !== null) for (const [name, values] of linesOf(repeated, req.rawHeaders)) join(headers, name, values);
  return headers as RequestHeaders;
}

/** As {@link requestHeaders}, straight from the lines as they came: for requests that nobody has had a hand in. */
export function untouchedHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const size = sizeOfNames(rawHeaders);
  const known = knownNames.get(size);
  if (known !== undefined && areOf(rawHeaders, known)) return byKnownNames(rawHeaders, known);
  const headers = byNewNames(rawHeaders);
  if (size <= LONGEST_KNOWN) rememberNames(size, rawHeaders, Object.keys(headers));
  return headers;
}

/** The names of some request's header lines, no two of them the same. */
interface Names {
  readonly asSent: readonly string[];
  /** In lower case, as the keys that they are. */
  readonly keys: readonly string[];
}

/**
 * The names of the last request of which they were so long. Clients send the same ones in the same order, again and again; to
 * compare them takes a fraction of the time that it takes to make keys of them.
 */
const knownNames = new Map<number, Names>();

const MOST_KNOWN = 256;

/** Characters. What is longer is rare, and would be kept. */
const LONGEST_KNOWN = 1024;

function sizeOfNames(rawHeaders: readonly string[]): number {
  let size = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) size += (rawHeaders[i] as string).length;
  return size;
}

function areOf(rawHeaders: readonly string[], { asSent }: Names): boolean {
  if (rawHeaders.length !== 2 * asSent.length) return false;
  for (let i = 0; i < asSent.length; i++) if (rawHeaders[2 * i] !== asSent[i]) return false;
  return true;
}

function byKnownNames(rawHeaders: readonly string[], { keys }: Names): RequestHeaders {
  const headers: Record<string, string> = {};
  for (let i = 0; i < keys.length; i++) headers[keys[i] as string] = rawHeaders[2 * i + 1] as string;
  return headers;
}

function byNewNames(rawHeaders: readonly string[]): RequestHeaders {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const before: unknown = headers[name];
    // Else it is nothing, or of the prototype.
    headers[name] = typeof before === "string" ? `${before}${name === "cookie" ? ";" : ","}${value}` : value;
  }
  return headers;
}

/** Unless names came twice, or are numbers, which are keys in another order. */
function rememberNames(size: number, rawHeaders: readonly string[], keys: readonly string[]): void {
  const asSent = rawHeaders.filter((_, i) => i % 2 === 0);
  if (asSent.length !== keys.length || !keys.every((key, i) => key === asSent[i]?.toLowerCase())) return;
  if (knownNames.size >= MOST_KNOWN) knownNames.clear();
  knownNames.set(size, { asSent, keys });
}

/** Up to this many header lines, comparing each with each is cheaper than keeping a set. */
const FEW_LINES = 24;

/** The names that stand on more than one line, in lower case; null if, as nearly always, there are none. */
function repeatedNames(rawHeaders: readonly string[]): Set<string> | null {
  return rawHeaders.length <= 2 * FEW_LINES ? repeatsAmongFew(rawHeaders) : repeatsAmongMany(rawHeaders);
}

function repeatsAmongFew(rawHeaders: readonly string[]): Set<string> | null {
  let repeated: Set<string> | null = null;
  for (let i = 2; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    for (let j = 0; j < i; j += 2) {
      const other = rawHeaders[j] as string;
      if (name.length !== other.length) continue;
      if (name !== other && name.toLowerCase() !== other.toLowerCase()) continue;
      repeated ??= new Set();
      repeated.add(name.toLowerCase());
    }
  }
  return repeated;
}

function repeatsAmongMany(rawHeaders: readonly string[]): Set<string> | null {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (seen.has(name)) repeated.add(name);
    else seen.add(name);
  }
  return repeated.size === 0 ? null : repeated;
}

/** The values of these names, read in one go: there may be many of them. */
function linesOf(names: ReadonlySet<string>, rawHeaders: readonly string[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!names.has(name)) continue;
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [rawHeaders[i + 1] as string]);
    else known.push(rawHeaders[i + 1] as string);
  }
  return lines;
}

function join(headers: Record<string, unknown>, name: string, values: readonly string[]): void {
  // What Node makes of them: joined in its way, or the first one. Anything else was put there by middleware and stays.
  const byNode = [values.join(name === "cookie" ? "; " : ", "), values[0], values.join(",")];
  if (byNode.includes(headers[name] as string)) headers[name] = values.join(name === "cookie" ? ";" : ",");
}

/** HTTP/2 sends method, path, scheme and host as fields that begin with ":"; the host becomes the field it was. */
function withoutPseudoHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const fields: Record<string, string | string[] | undefined> = {};
  const authority = headers[":authority"];
  if (typeof authority === "string") fields["host"] = authority;
  for (const name of Object.keys(headers)) {
    if (name.charCodeAt(0) !== COLON) fields[name] = headers[name];
  }
  return fields;
}

const COLON = 58;
