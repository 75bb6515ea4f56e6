/** Status and headers of a response map: checked as a whole before anything of it reaches Node, then set at once. */
import type { ServerResponse } from "node:http";
import { describe } from "../errors/index.js";
import type { HeaderValue } from "../ring/types.js";
import { InvalidResponseError } from "./errors.js";
import type { Exchange } from "./exchange.js";
import { type HeaderLine, headerLine } from "./header-line.js";

/** What was found right with a response map. */
export interface Head {
  readonly status: number;
  /** The headers to be sent: none about framing, but for a content-length that may be sent. */
  readonly lines: HeaderLine[];
  /** The response's own content-length, in bytes. */
  readonly ownLength: number | undefined;
  readonly contentType: string | undefined;
  /** How the body is cut into pieces is the connection's business; a response that was fetched elsewhere may still say it. */
  readonly transferEncoding: HeaderValue | undefined;
}

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
  const lines: HeaderLine[] = [];
  const isWithoutLength = forbidsLength(status);
  let ownLength: number | undefined;
  let contentType: string | undefined;
  let transferEncoding: HeaderValue | undefined;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined) continue;
    const line = headerLine(name, value, exchange);
    if (line.key === "content-length") {
      const length = readLength(value, exchange);
      if (ownLength !== undefined && length !== ownLength) throw twoLengths(ownLength, length, exchange);
      if (isWithoutLength || ownLength !== undefined) continue;
      ownLength = length;
    } else if (line.key === "content-type") contentType = String(line.value);
    else if (line.key === "transfer-encoding") {
      transferEncoding = line.value;
      continue;
    }
    lines.push(line);
  }
  return { status, lines, ownLength, contentType, transferEncoding };
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

function readLength(value: unknown, exchange: Exchange): number {
  const text = String(value);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidResponseError(
    exchange.route,
    `has the content-length ${JSON.stringify(text)}; it is a whole number of bytes`,
  );
}

function twoLengths(one: number, other: number, exchange: Exchange): InvalidResponseError {
  return new InvalidResponseError(
    exchange.route,
    `has two headers "content-length", in different case: ${one} and ${other}; leave one out`,
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
  for (const { name, key, value } of lines) {
    if (key === "set-cookie") addCookies(res, name, value);
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
