/** Encodings of URLs and forms, and base64. Source: `ring.util.codec`. */

import { Buffer } from "node:buffer";
import { type Charset, charset, findCharset, utf8 } from "../byte-streams/core.js";
import { InvalidArgumentError, RingError } from "../errors/index.js";
import { addParam, emptyMap, type FlatParamMap, mapToFill } from "./param-map.js";

export type { FlatParamMap, ParamMap, ParamValue } from "./param-map.js";

const HEX = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`);

function escapeAll(text: string, charset: Charset): string {
  let escaped = "";
  for (const byte of charset.encode(text)) escaped += HEX[byte];
  return escaped;
}

/**
 * Writes every byte of the text as `%HH`.
 *
 * @param encoding Name of a charset. @default "utf-8"
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`.
 * @see Source: `ring.util.codec/percent-encode`.
 */
export function percentEncode(unencoded: string, encoding = "utf-8"): string {
  return escapeAll(unencoded, charset(encoding));
}

const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;

/**
 * Reads each run of `%HH` as bytes of a charset; everything else, bad escapes and "+" too, stays as it is.
 *
 * @see Source: `ring.util.codec/percent-decode`.
 */
export function percentDecode(encoded: string, encoding = "utf-8"): string {
  if (!encoded.includes("%")) return encoded;
  const named = charset(encoding);
  return encoded.replace(ESCAPES, (run) => named.decode(Buffer.from(run.replaceAll("%", ""), "hex")));
}

/**
 * Escapes what may not stand in a URL: all but letters, digits and `_ ~ . + -`.
 *
 * @example
 * urlEncode("a b+c"); // => "a%20b+c"
 * @see Source: `ring.util.codec/url-encode`.
 */
export function urlEncode(unencoded: string, encoding = "utf-8"): string {
  const named = charset(encoding);
  return unencoded.replace(/[^A-Za-z0-9_~.+-]+/g, (run) => escapeAll(run, named));
}

/** As `percentDecode`: a "+" stays a plus. @see Source: `ring.util.codec/url-decode`. */
export function urlDecode(encoded: string, encoding = "utf-8"): string {
  return percentDecode(encoded, encoding);
}

/** What can be written as a form: text, or a map of names to values. */
export type FormValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | readonly FormValue[]
  | ReadonlySet<FormValue>
  | { readonly [name: string]: FormValue };

const isSafeForm = /^[A-Za-z0-9.\-*_]*$/;

function encodeFormText(text: string, charset: Charset): string {
  if (isSafeForm.test(text)) return text;
  return text.replace(/[^A-Za-z0-9.\-*_ ]+/g, (run) => escapeAll(run, charset)).replaceAll(" ", "+");
}

type FormMap = { readonly [name: string]: FormValue };

// Not instanceof: a set may come from another realm.
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const isMap = (value: FormValue): value is FormMap => kindOf(value) === "Object";
const isSet = (value: FormValue): value is ReadonlySet<FormValue> => kindOf(value) === "Set";

function encodeFormValue(value: FormValue, charset: Charset): string {
  if (value === null || value === undefined) return "";
  if (!isMap(value)) return encodeFormText(String(value as string | number), charset);
  const pairs: string[] = [];
  for (const [name, inner] of Object.entries(value)) {
    const key = encodeFormText(name, charset);
    const pair = (element: FormValue): string => `${key}=${encodeFormValue(element, charset)}`;
    if (Array.isArray(inner)) pairs.push(...inner.map(pair));
    else if (isSet(inner)) pairs.push(...Array.from(inner, pair).sort());
    else pairs.push(pair(inner));
  }
  return pairs.join("&");
}

/**
 * Writes text, or a map, in the manner of HTML forms: a blank becomes "+", an array one pair for each element, a set its
 * pairs in order, null an empty value. A map inside a map is written into its value without further escaping.
 *
 * @param encoding Name of a charset. @default "utf-8"
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`.
 * @example
 * formEncode({ q: "a b", tag: ["x", "y"] }); // => "q=a+b&tag=x&tag=y"
 * @see Source: `ring.util.codec/form-encode`.
 */
export function formEncode(value: FormValue, encoding = "utf-8"): string {
  return encodeFormValue(value, charset(encoding));
}

const PLUS = 43;
const MINUS = 45;
const PERCENT = 37;
const AMPERSAND = 38;
const EQUALS = 61;

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The byte of an escape, or -1. Java reads the two characters as a number, which may have a sign. */
function escapedByte(text: string, at: number): number {
  const first = text.charCodeAt(at + 1);
  const high = first === PLUS || first === MINUS ? 0 : digit(first);
  const low = digit(text.charCodeAt(at + 2));
  if (high === -1 || low === -1 || (first === MINUS && low !== 0)) return -1;
  return high * 16 + low;
}

/** For runs of escapes up to this length; they are used up before the next one is read. */
const scratch = Buffer.alloc(256);

/** Text with a "+" or "%" in it; undefined if an escape is wrong. */
function decodeFormText(text: string, charset: Charset): string | undefined {
  let decoded = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === PLUS) {
      decoded += `${text.slice(from, at)} `;
      from = at + 1;
    } else if (code === PERCENT) {
      decoded += text.slice(from, at);
      let end = at + 3;
      while (end < text.length && text.charCodeAt(end) === PERCENT) end += 3;
      const count = (end - at) / 3;
      const bytes = count <= scratch.length ? scratch : Buffer.allocUnsafe(count);
      for (let index = 0; index < count; index++) {
        const byte = escapedByte(text, at + index * 3);
        if (byte === -1) return undefined;
        bytes[index] = byte;
      }
      // One character of ASCII is the usual case by far.
      const isAscii = count === 1 && charset === utf8 && (bytes[0] as number) < 0x80;
      decoded += isAscii ? String.fromCharCode(bytes[0] as number) : charset.decode(bytes.subarray(0, count));
      from = end;
      at = end - 1;
    }
  }
  return decoded + text.slice(from);
}

/**
 * Reads the text of a form: "+" is a blank, `%HH` a byte. Text with neither comes back as it is; undefined if an escape is
 * wrong or, with something to decode, the charset unknown.
 *
 * @see Source: `ring.util.codec/form-decode-str`.
 */
export function formDecodeStr(encoded: string, encoding = "utf-8"): string | undefined {
  if (!encoded.includes("%") && !encoded.includes("+")) return encoded;
  const named = findCharset(encoding);
  return named && decodeFormText(encoded, named);
}

/** A query string or a form has more pairs than may be read. Code `RING_TOO_MANY_PARAMETERS`, status 413. */
export class TooManyParametersError extends RingError {
  constructor(maxParameters: number) {
    super(
      "RING_TOO_MANY_PARAMETERS",
      `there are more than maxParameters (${maxParameters}) parameters; send fewer, or raise maxParameters where they are read`,
      { status: 413 },
    );
  }
}

/**
 * Reads a query string or a form: the values of a name that repeats become an array; a pair that cannot be decoded is left
 * out. The map has no prototype. Linear in time.
 *
 * @param encoding Name of a charset; an unknown one leaves out the pairs that have something to decode. @default "utf-8"
 * @param maxParameters Most pairs read. @default Infinity
 * @throws {TooManyParametersError} code `RING_TOO_MANY_PARAMETERS`, status 413.
 * @example
 * formDecodeMap("a=1&b=x+y&a=2"); // => { a: ["1", "2"], b: "x y" }
 * @see Source: `ring.util.codec/form-decode-map`.
 */
export function formDecodeMap(encoded: string, encoding = "utf-8", maxParameters: number = Infinity): FlatParamMap {
  if (encoded === "") return emptyMap();
  const params = mapToFill<string | string[]>();
  let count = 0;
  // Undefined is an unknown charset, null one that was not needed yet.
  let named: Charset | null | undefined = null;
  let start = 0;
  let equals = -1;
  let isSpecial = false;
  let isNameSpecial = false;
  for (let at = 0; at <= encoded.length; at++) {
    const code = at === encoded.length ? AMPERSAND : encoded.charCodeAt(at);
    if (code === PLUS || code === PERCENT) {
      isSpecial = true;
    } else if (code === EQUALS && equals === -1) {
      equals = at;
      isNameSpecial = isSpecial;
      isSpecial = false;
    } else if (code === AMPERSAND) {
      if (at > start) {
        if (++count > maxParameters) throw new TooManyParametersError(maxParameters);
        let name: string | undefined = encoded.slice(start, equals === -1 ? at : equals);
        let value: string | undefined = equals === -1 ? "" : encoded.slice(equals + 1, at);
        if (isSpecial || isNameSpecial) {
          if (named === null) named = findCharset(encoding);
          if (isNameSpecial || equals === -1) name = named && decodeFormText(name, named);
          if (isSpecial) value = named && decodeFormText(value, named);
        }
        if (name !== undefined && value !== undefined) addParam(params, name, value);
      }
      start = at + 1;
      equals = -1;
      isSpecial = false;
      isNameSpecial = false;
    }
  }
  return params;
}

/**
 * Reads a map if there is a "=" in it, else text.
 *
 * @see Source: `ring.util.codec/form-decode`.
 */
export function formDecode(encoded: string, encoding = "utf-8"): FlatParamMap | string | undefined {
  return encoded.includes("=") ? formDecodeMap(encoded, encoding) : formDecodeStr(encoded, encoding);
}

/**
 * A copy of the map in which the value joins the one that has its key: an array grows by it, another value becomes an
 * array of two; null, undefined and false are replaced.
 *
 * @example
 * assocConj({ a: "1" }, "a", "2"); // => { a: ["1", "2"] }
 * @see Source: `ring.util.codec/assoc-conj`.
 */
export function assocConj<V>(
  map: Readonly<Record<string, V>>,
  key: string,
  value: V,
): Record<string, V | readonly V[]> {
  const copy: Record<string, V | readonly V[]> = Object.assign(mapToFill<V>(), map);
  const present = copy[key];
  if (present === undefined || present === null || present === false) copy[key] = value;
  else copy[key] = Array.isArray(present) ? [...(present as V[]), value] : [present as V, value];
  return copy;
}

/** Writes bytes in base64, padded. @see Source: `ring.util.codec/base64-encode`. */
export function base64Encode(unencoded: Uint8Array): string {
  return Buffer.from(unencoded.buffer, unencoded.byteOffset, unencoded.byteLength).toString("base64");
}

/**
 * Reads base64, strictly: no blanks, no URL alphabet, nothing after the padding, which may be missing altogether.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for anything else.
 * @see Source: `ring.util.codec/base64-decode`.
 */
export function base64Decode(encoded: string): Uint8Array {
  const digits = encoded.endsWith("==") ? encoded.length - 2 : encoded.length - (encoded.endsWith("=") ? 1 : 0);
  const isComplete = encoded.length === digits || encoded.length % 4 === 0;
  if (!isComplete || digits % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(encoded.slice(0, digits))) {
    throw new InvalidArgumentError("base64Decode: not base64; letters, digits, + and / in groups of four are expected");
  }
  return Buffer.from(encoded, "base64");
}
