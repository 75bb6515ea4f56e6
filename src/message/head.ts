/** Status and headers of a response map: checked as a whole before anything of it reaches Node, then set at once. */
import type { ServerResponse } from "node:http";
import { describe } from "../errors/index.js";
import type { HeaderValue } from "../ring/types.js";
import { InvalidResponseError } from "./errors.js";
import type { Exchange } from "./exchange.js";

/** What was found right with a response map. */
export interface Head {
  readonly status: number;
  /** The headers to be sent, names and values in turns: none about framing, but for a content-length that may be sent. */
  readonly lines: readonly HeadLine[];
  /** The response's own content-length, in bytes. */
  readonly ownLength: number | undefined;
  readonly contentType: string | undefined;
  /** How the body is cut into pieces is the connection's business; a response that was fetched elsewhere may still say it. */
  readonly transferEncoding: HeaderValue | undefined;
}

/** A name, or what it says. */
export type HeadLine = HeaderValue;

/** Checks status and headers. @throws {InvalidResponseError} code `RING_INVALID_RESPONSE`. */
export function readHead(response: unknown, exchange: Exchange): Head {
  if (!isMap(response)) {
    throw new InvalidResponseError(
      exchange.route,
      `is ${describe(response)}; a handler answers with a map { status, headers, body }, or with null to pass the request on`,
    );
  }
  const status = response.status === undefined ? 200 : readStatus(response.status, exchange);
  const headers = response.headers === undefined ? {} : response.headers;
  if (!isMap(headers)) {
    throw new InvalidResponseError(
      exchange.route,
      `has ${describe(headers)} as headers; they are a plain object { name: value }`,
    );
  }
  const lines: HeadLine[] = [];
  const isWithoutLength = forbidsLength(status);
  let ownLength: number | undefined;
  let contentType: string | undefined;
  let transferEncoding: HeaderValue | undefined;
  for (const name of Object.keys(headers)) {
    const value = headers[name] as HeaderValue | undefined;
    if (value === undefined) continue;
    checkHeader(name, value, exchange);
    if (isNamed(name, "content-length")) {
      const length = readLength(value, exchange);
      if (isWithoutLength) continue;
      ownLength = length;
    } else if (isNamed(name, "content-type")) contentType = String(value);
    else if (isNamed(name, "transfer-encoding")) {
      transferEncoding = value;
      continue;
    }
    lines.push(name, value);
  }
  return { status, lines, ownLength, contentType, transferEncoding };
}

/** @param known In lower case. */
function isNamed(name: string, known: string): boolean {
  return name === known || (name.length === known.length && name.toLowerCase() === known);
}

/** A plain object, of whatever realm; or an instance that has one of the keys as its own. */
function isMap(x: unknown): x is Record<string, unknown> {
  if (x === null || typeof x !== "object" || Array.isArray(x)) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  if (prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  return Object.hasOwn(x, "status") && Object.hasOwn(x, "headers");
}

function readStatus(status: unknown, exchange: Exchange): number {
  const number = typeof status === "string" && /^\d{3}$/.test(status) ? Number(status) : status;
  if (typeof number === "number" && Number.isInteger(number) && number >= 100 && number <= 999) return number;
  const shown = typeof status === "number" || typeof status === "string" ? JSON.stringify(status) : describe(status);
  throw new InvalidResponseError(exchange.route, `has the status ${shown}; it is a whole number from 100 to 999`);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// What is neither a visible character, blank or tab of Latin-1 (RFC 9110, 5.5).
// oxlint-disable-next-line no-control-regex
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * The names that were found right, and a value of each, or nothing: most headers say the same again and again. Programs have
 * few names, but a client may have a say in some, and in the values.
 */
const rightLines = new Map<string, string>();
const MOST_NAMES = 1000;
/** In characters. */
const LONGEST_KEPT = 64;

function checkName(name: string, exchange: Exchange): void {
  if (!TOKEN.test(name)) {
    throw new InvalidResponseError(exchange.route, `has a header named ${JSON.stringify(name)}, which is no name`);
  }
  if (rightLines.size < MOST_NAMES) rightLines.set(name, "");
}

function checkHeader(name: string, value: unknown, exchange: Exchange): void {
  const right = rightLines.get(name);
  if (right === undefined) checkName(name, exchange);
  if (typeof value === "string") {
    if (value === right) return;
    checkText(name, value, exchange);
    if (right !== undefined && value.length <= LONGEST_KEPT) rightLines.set(name, value);
  } else if (Array.isArray(value)) for (const line of value) checkText(name, line, exchange);
  else if (typeof value !== "number") {
    throw new InvalidResponseError(
      exchange.route,
      `has ${describe(value)} as header "${name}"; it is a string, a number or an array of strings, or else left out`,
    );
  }
}

function checkText(name: string, value: unknown, exchange: Exchange): void {
  if (typeof value !== "string") {
    throw new InvalidResponseError(
      exchange.route,
      `has ${describe(value)} among the values of header "${name}"; they are strings`,
    );
  }
  if (UNSENDABLE.test(value)) {
    throw new InvalidResponseError(
      exchange.route,
      `has a character in header "${name}" that a header cannot hold (a line break, a control character, or one beyond Latin-1); encode it`,
    );
  }
}

function readLength(value: unknown, exchange: Exchange): number {
  const text = String(value);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidResponseError(
    exchange.route,
    `has the content-length ${JSON.stringify(text)}; it is a whole number of bytes`,
  );
}

/** Responses that end with their headers, whatever is in them (RFC 9110, 6.4.1 and 15.3.6). */
export function isBodiless(status: number, method: string | undefined): boolean {
  return method === "HEAD" || status === 304 || forbidsLength(status);
}

function forbidsLength(status: number): boolean {
  return status === 204 || status === 205 || status < 200;
}

/**
 * Puts status and headers on Node's response. What Express middleware has set there stays unless the response names it;
 * its cookies stay in any case.
 *
 * @param length Bytes of the body: what content-length will say; undefined leaves it to the response, or to chunks.
 */
export function applyHead(res: ServerResponse, { status, lines, ownLength }: Head, length: number | undefined): void {
  res.statusCode = status;
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string;
    const value = lines[i + 1] as HeaderValue;
    if (isNamed(name, "set-cookie")) addCookies(res, name, value);
    else res.setHeader(name, value);
  }
  if (ownLength === undefined) setLength(res, length);
}

/** A content-length that somebody set before was about another body. */
function setLength(res: ServerResponse, length: number | undefined): void {
  if (length !== undefined) res.setHeader("content-length", length);
  else if (res.hasHeader("content-length")) res.removeHeader("content-length");
}

function addCookies(res: ServerResponse, name: string, value: HeaderValue): void {
  const before = res.getHeader(name);
  const added = typeof value === "number" ? String(value) : value;
  res.setHeader(name, before === undefined ? added : [before, added].flat().map(String));
}
