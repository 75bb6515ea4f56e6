/** Headers of parts, and parameters in headers, as the library below Ring reads them (commons-fileupload). */

import type { Charset } from "../byte-streams/core.js";
import { decodeExtended, decodeWords } from "./encoded-text.js";
import { InvalidPartHeadersError } from "./errors.js";

/** Headers by lower-case name; of those that repeat, the first. Without prototype. */
export type PartHeaders = Readonly<Record<string, string>>;

/** A map without prototype, for names that clients choose. */
const emptyMap = <V>(): Record<string, V> => Object.create(null) as Record<string, V>;

/** Takes off what Java's `trim` does: everything up to the blank. */
export function trim(text: string): string {
  return trimWhere(text, (code) => code <= 32);
}

/**
 * Reads the lines of a part's head, up to its empty one: a line that begins with a blank goes on with the one before it, a
 * line without colon is skipped.
 *
 * @throws {InvalidPartHeadersError} code `RING_MULTIPART_HEADERS`, if there are no lines in this charset.
 */
export function parsePartHeaders(bytes: Buffer, charset: Charset): PartHeaders {
  const headers = emptyMap<string>();
  let line = "";
  const add = (): void => {
    const colon = line.indexOf(":");
    const name = colon === -1 ? "" : trim(line.slice(0, colon)).toLowerCase();
    if (colon !== -1 && headers[name] === undefined) headers[name] = trim(line.slice(colon + 1));
  };
  const lines = charset.decode(bytes).split("\r\n");
  if (lines.length === 1) throw new InvalidPartHeadersError(charset.name);
  for (const next of lines) {
    if (/^[ \t]/.test(next) && line !== "") {
      line += ` ${next.replace(/^[ \t]+/, "")}`;
      continue;
    }
    add();
    line = next;
    if (line === "") break;
  }
  return headers;
}

/** Where the value ends that begins here: at a separator outside of quotes. */
function valueEnd(text: string, from: number, separator: string): number {
  let isQuoted = false;
  let isEscaped = false;
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (!isQuoted && character === separator) return at;
    if (character === '"' && !isEscaped) isQuoted = !isQuoted;
    isEscaped = character === "\\" && !isEscaped;
  }
  return text.length;
}

/** Where the name ends that begins here. */
function nameEnd(text: string, from: number, separator: string): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== "=" && text.charAt(at) !== separator) at++;
  return at;
}

function unquote(token: string): string {
  return token.length > 1 && token.startsWith('"') && token.endsWith('"') ? token.slice(1, -1) : token;
}

/** A blank as Java knows them: the no-break ones are none. */
function isBlank(code: number): boolean {
  if (code < 128) return code === 32 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31);
  return /[^\S\u00a0\u2007\u202f\ufeff]/.test(String.fromCharCode(code));
}

function trimWhere(text: string, isOut: (code: number) => boolean): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOut(text.charCodeAt(start))) start++;
  while (end > start && isOut(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const trimBlanks = (text: string): string => trimWhere(text, isBlank);

/**
 * Reads `name=value` pairs: quotes go, backslashes stay, encoded text is read, of names that repeat the last one counts, and
 * of `name` and `name*`, too. A name without a value has null. Names are in lower case.
 */
export function parseParameters(text: string, separator: string): Readonly<Record<string, string | null>> {
  const parameters = emptyMap<string | null>();
  for (let at = 0; at < text.length; at++) {
    const end = nameEnd(text, at, separator);
    const name = trimBlanks(text.slice(at, end));
    let value: string | null = null;
    at = end;
    if (text.charAt(at) === "=") {
      const start = at + 1;
      at = valueEnd(text, start, separator);
      value = unquote(trimBlanks(text.slice(start, at))) || null;
    }
    if (name === "") continue;
    const isExtended = name.endsWith("*");
    if (value !== null) value = isExtended ? decodeExtended(value) : decodeWords(value);
    parameters[(isExtended ? name.slice(0, -1) : name).toLowerCase()] = value;
  }
  return parameters;
}

/** The boundary that a content-type names; its parameters are separated by what comes first, ";" or ",". */
export function boundaryOf(contentType: string): string | undefined {
  const comma = contentType.indexOf(",");
  const semicolon = contentType.indexOf(";");
  const separator = comma !== -1 && (semicolon === -1 || comma < semicolon) ? "," : ";";
  return parseParameters(contentType, separator)["boundary"] ?? undefined;
}
