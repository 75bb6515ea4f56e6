/** The headers of responses, checked, in the form in which HTTP/1 sends them. */
import { describe } from "../errors/index.js";
import type { HeaderValue } from "../ring/types.js";
import { InvalidResponseError } from "./errors.js";
import type { Exchange } from "./exchange.js";

/** What Node has to see: it decides by them how the body is cut and whether the connection stays, or would add its own. */
const NODES_BUSINESS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "expect",
  "keep-alive",
  "trailer",
  "transfer-encoding",
]);

/** A header of a response, of a name and a value that are right. */
export class HeaderLine {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  readonly value: HeaderValue;
  /** The line as it is sent; undefined if Node has to write it. */
  readonly text: string | undefined;

  constructor(name: string, key: string, value: HeaderValue, text = `${name}: ${String(value)}\r\n`) {
    this.name = name;
    this.key = key;
    this.value = value;
    this.text = typeof value === "object" || NODES_BUSINESS.has(key) ? undefined : text;
  }
}

/**
 * A line of each name that was found right, the last one if it was short: most headers say the same again and again. Programs
 * have few names, but a client may have a say in some, and in the values.
 */
const known = new Map<string, HeaderLine>();
const MOST_NAMES = 1000;
/** In characters. */
const LONGEST_KEPT = 64;

/** Checks a header. @throws {InvalidResponseError} code `RING_INVALID_RESPONSE`. */
export function headerLine(name: string, value: unknown, exchange: Exchange): HeaderLine {
  const last = known.get(name);
  if (last !== undefined && value === last.value) return last;
  const key = last?.key ?? newName(name, exchange);
  checkValue(name, value, exchange);
  if (last === undefined || typeof value !== "string" || value.length > LONGEST_KEPT) {
    return new HeaderLine(name, key, value as HeaderValue);
  }
  const line = lineToKeep(name, key, value);
  known.set(name, line);
  return line;
}

/** Checks a name. Values are kept from its second use on. @returns the name in lower case */
function newName(name: string, exchange: Exchange): string {
  checkName(name, exchange);
  const key = name.toLowerCase();
  if (known.size < MOST_NAMES && name.length <= LONGEST_KEPT) known.set(name, new HeaderLine(name, key, ""));
  return key;
}

/**
 * A line with the value as V8 keeps names: a constant of the program stays the same, and is compared at once; one that was cut
 * from a large text does not keep that in memory.
 */
function lineToKeep(name: string, key: string, value: string): HeaderLine {
  const [own = value] = Object.keys({ [value]: true });
  return new HeaderLine(name, key, own, [name, ": ", own, "\r\n"].join(""));
}

const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// What is neither a visible character, blank or tab of Latin-1 (RFC 9110, 5.5).
// oxlint-disable-next-line no-control-regex
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

function checkName(name: string, exchange: Exchange): void {
  if (TOKEN.test(name)) return;
  throw new InvalidResponseError(exchange.route, `has a header named ${JSON.stringify(name)}, which is no name`);
}

function checkValue(name: string, value: unknown, exchange: Exchange): void {
  if (typeof value === "string") checkText(name, value, exchange);
  else if (Array.isArray(value)) for (const line of value) checkText(name, line, exchange);
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
