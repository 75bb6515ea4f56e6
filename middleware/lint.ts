/** Checks that request and response are as Ring's SPEC says. Source: `ring.middleware.lint`. */

import { HttpFile, isReadable } from "../src/byte-streams/core.js";
import { andThen } from "../src/deferred/index.js";
import { describe, RingError } from "../src/errors/index.js";
import { Seq } from "../src/ring/seq.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** A request or a response is not as the SPEC says. Code `RING_LINT`. */
export class LintError extends RingError {
  constructor(rule: string, value: string) {
    super("RING_LINT", `Ring lint error: specified ${rule}, but ${value} was not`);
  }
}

/** Short values in full, of others their kind. */
function shown(value: unknown): string {
  const isShort = typeof value === "string" && value.length <= 80;
  return isShort || typeof value === "number" || typeof value === "boolean" ? JSON.stringify(value) : describe(value);
}

type Check = readonly [rule: string, isMet: (value: unknown) => boolean];

function check(value: unknown, [rule, isMet]: Check, say = shown): void {
  if (!isMet(value)) throw new LintError(rule, say(value));
}

const isNone = (value: unknown): boolean => value === null || value === undefined;
const isText = (value: unknown): value is string => typeof value === "string";
// Not instanceof: values may come from another realm.
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const isMap = (value: unknown): value is Record<string, unknown> => kindOf(value) === "Object";
const isMethod = (name: string) => (value: unknown) => typeof (value as Record<string, unknown>)[name] === "function";

/** Bytes that come bit by bit: Node's streams, the web's, async iterables and streams of the kit. */
const isStream = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (isReadable(value) || isMethod("getReader")(value) || isMethod("take")(value) || Symbol.asyncIterator in value);

/** Elements that come one after the other; arrays and sets are data. */
const isSeq = (value: unknown): boolean =>
  value instanceof Seq || (typeof value === "object" && value !== null && isMethod("next")(value));

const isFile = (value: unknown): boolean =>
  value instanceof HttpFile || (kindOf(value) === "URL" && (value as URL).protocol === "file:");

const orNone = (isMet: (value: unknown) => boolean) => (value: unknown) => isNone(value) || isMet(value);

const REQUEST: Check = ["that the Ring request be a map", isMap];

const REQUEST_KEYS: readonly (readonly [key: string, ...Check])[] = [
  ["serverPort", "that serverPort be an integer", Number.isInteger],
  ["serverName", "that serverName be a string", isText],
  ["remoteAddr", "that remoteAddr be a string", isText],
  ["uri", 'that uri be a string starting with "/"', (value) => isText(value) && value.startsWith("/")],
  ["queryString", "that queryString be absent or a string", orNone(isText)],
  ["scheme", 'that scheme be "http" or "https"', (value) => value === "http" || value === "https"],
  [
    "requestMethod",
    "that requestMethod be a string in lower case",
    (value) => isText(value) && value === value.toLowerCase(),
  ],
  ["contentType", "that contentType be absent or a string", orNone(isText)],
  ["contentLength", "that contentLength be absent or an integer", orNone(Number.isInteger)],
  ["characterEncoding", "that characterEncoding be absent or a string", orNone(isText)],
  ["sslClientCert", "that sslClientCert be absent or a certificate", orNone((value) => isMap(value))],
  ["headers", "that headers be a map", isMap],
];

const LOWER_CASE: Check = ["that header names be in lower case", (name) => name === String(name).toLowerCase()];
const REQUEST_BODY: Check = ["that body be absent or a stream", orNone(isStream)];

/**
 * Gives back a request that is as Ring's SPEC says.
 *
 * @throws {LintError} code `RING_LINT`, with the first rule that is broken.
 * @see Source: `ring.middleware.lint`.
 */
export function lintRequest<R>(request: R): R {
  check(request, REQUEST);
  const map = request as Record<string, unknown>;
  for (const [key, ...rule] of REQUEST_KEYS) check(map[key], rule);
  for (const [name, value] of Object.entries(map["headers"] as object)) {
    check(name, LOWER_CASE);
    check(value, [`that the value of header ${JSON.stringify(name)} be a string`, isText], describe);
  }
  // What is in a body or a header is not for the log.
  check(map["body"], REQUEST_BODY, describe);
  return request;
}

const RESPONSE: Check = ["that the Ring response be a map", isMap];
const STATUS: Check = [
  "that status be an integer greater than or equal to 100",
  (value) => Number.isInteger(value) && (value as number) >= 100,
];
const HEADERS: Check = ["that headers be a map", isMap];
const RESPONSE_BODY: Check = [
  "that body be absent, a string, a sequence, a file or a stream",
  orNone((value) => isText(value) || isSeq(value) || isFile(value) || isStream(value) || kindOf(value) === "Blob"),
];

function isHeaderValue(value: unknown): boolean {
  if (isNone(value) || isText(value)) return true;
  const isCollection = Array.isArray(value) || kindOf(value) === "Set";
  return isCollection && [...(value as Iterable<unknown>)].every(isText);
}

/**
 * Gives back a response that is as Ring's SPEC says: a map with an integer status, a map of headers and, if it has one, a
 * body that can be sent; or a websocket response, whose listener is a map.
 *
 * @throws {LintError} code `RING_LINT`, with the first rule that is broken.
 * @see Source: `ring.middleware.lint`. Differs: websocket responses pass (there they have no status).
 */
export function lintResponse<R>(response: R): R {
  check(response, RESPONSE);
  const map = response as Record<string, unknown>;
  if (isMap(map["websocketListener"])) return response;
  check(map["status"], STATUS);
  check(map["headers"], HEADERS);
  for (const [name, value] of Object.entries(map["headers"] as object)) {
    check(
      value,
      [`that the value of header ${JSON.stringify(name)} be a string or a collection of strings`, isHeaderValue],
      describe,
    );
  }
  check(map["body"], RESPONSE_BODY, describe);
  return response;
}

/**
 * Middleware for development: fails on requests and responses that are not as Ring's SPEC says, and so on faults of the
 * middleware inside and outside of it.
 *
 * It holds responses to the SPEC as Ring's lint does, which is stricter than the adapter: status and headers must be there,
 * header values are strings, a body is no bytes, and null is no answer.
 *
 * @example
 * const app = wrapLint(() => ({ status: 200, body: "hello" }));
 * await app(request); // throws RING_LINT
 * @see Source: `ring.middleware.lint/wrap-lint`.
 */
export function wrapLint<R extends RingRequest, S extends RingResponse>(handler: Handler<R, S>): Handler<R, S> {
  return tagged("wrapLint", handler, (request: R) => andThen(handler(lintRequest(request)), lintResponse));
}
