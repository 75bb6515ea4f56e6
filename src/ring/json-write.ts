/** Writes data as JSON as Ring's generator (cheshire on Jackson) does, at the speed of `JSON.stringify` wherever both agree. */

import { toBuffer } from "../byte-streams/charset.js";
import { isDeferrable } from "../deferred/index.js";
import { describe, RingError } from "../errors/index.js";
import { BigDecimal } from "./big-decimal.js";

export interface WriteJsonOptions {
  /** Makes the name of a member of its key. */
  readonly keyFn?: ((key: string) => string) | undefined;
  /** On several lines, in Jackson's manner. @default false */
  readonly pretty?: boolean | undefined;
  /** Everything beyond ASCII as `\uXXXX`. @default false */
  readonly escapeNonAscii?: boolean | undefined;
}

/** The data cannot be written as JSON. Code `RING_NOT_JSON`. */
export class NotJsonError extends RingError {
  constructor(what: string, path: string) {
    super("RING_NOT_JSON", `cannot write the data as JSON: ${what} at ${path}`);
  }
}

/**
 * The data as one text.
 *
 * Maps and objects become objects, arrays, sets and other iterables arrays; dates are written in ISO 8601 to the second,
 * bigints and `BigDecimal`s as numbers with all their digits, bytes in base64, NaN and the infinities as strings; `toJSON`
 * is called where there is one; members that are undefined are left out.
 *
 * @throws {NotJsonError} code `RING_NOT_JSON`, for data that contains itself, and for functions, symbols, promises.
 */
export function writeJson(value: unknown, options: WriteJsonOptions = {}): string {
  if (options.keyFn === undefined && options.pretty !== true && isPlain(value, 0)) {
    return spelled(JSON.stringify(value) ?? "null", options.escapeNonAscii === true);
  }
  let text = "";
  for (const piece of jsonPieces(value, options)) text += piece;
  return text;
}

/** As {@link writeJson}, in pieces of about 16 KiB, each made when it is asked for. */
export function jsonPieces(value: unknown, options: WriteJsonOptions = {}): Generator<string, void> {
  return new JsonWriter(options).pieces(value);
}

/** Beyond this depth it is not worth looking: data that contains itself has no end. */
const PLAIN_DEPTH = 200;

/** Does `JSON.stringify` write it as it is to be written? */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      return value === null || (depth < PLAIN_DEPTH && isPlainObject(value, depth + 1));
    default:
      return false;
  }
}

/** Was the object made by a literal, by `JSON.parse`, or without a prototype? */
function isLiteral(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function isPlainObject(object: object, depth: number): boolean {
  if (isLiteral(object)) {
    for (const name in object) if (!isPlain((object as Record<string, unknown>)[name], depth)) return false;
    return true;
  }
  if (Object.getPrototypeOf(object) !== Array.prototype) return false;
  for (const element of object as readonly unknown[]) if (!isPlain(element, depth)) return false;
  return true;
}

const ESCAPE = /\\(?:u[\da-f]{4}|[^])/g;
const NON_ASCII = /[\u0080-\uffff]/g;

/** `JSON.stringify` writes the digits of escapes in lower case, Jackson in upper case. */
function spelled(text: string, isAscii: boolean): string {
  const upper = text.includes("\\u")
    ? text.replace(ESCAPE, (escape) => (escape.length > 2 ? `\\u${escape.slice(2).toUpperCase()}` : escape))
    : text;
  return isAscii ? upper.replace(NON_ASCII, escapeUnit) : upper;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Characters in a piece, about. */
const PIECE = 16_384;

/** An array or object that is being written. */
interface Open {
  readonly data: object;
  /** The members of an object come as pairs. */
  readonly isObject: boolean;
  readonly entries: Iterator<unknown>;
  /** Where the value under way stands, for messages. */
  key: unknown;
  isEmpty: boolean;
}

type Convertible = { toJSON?: unknown; [Symbol.iterator]?: unknown };

const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

class JsonWriter {
  readonly #options: WriteJsonOptions;
  readonly #isPretty: boolean;
  readonly #stack: Open[] = [];
  readonly #under = new Set<object>();
  #text = "";
  /** Objects around what is being written; arrays do not indent. */
  #indent = 0;

  constructor(options: WriteJsonOptions) {
    this.#options = options;
    this.#isPretty = options.pretty === true;
  }

  *pieces(value: unknown): Generator<string, void> {
    const isAscii = this.#options.escapeNonAscii === true;
    try {
      this.#value(value, "");
      for (let open = this.#stack.at(-1); open !== undefined; open = this.#stack.at(-1)) {
        const step = open.entries.next();
        if (step.done === true) this.#close(open);
        else this.#entry(open, step.value);
        if (this.#text.length >= PIECE) yield spelled(this.#take(), isAscii);
      }
      yield spelled(this.#take(), isAscii);
    } finally {
      // Only if it did not come to its end: sequences may have something open.
      for (const { entries } of this.#stack.toReversed()) entries.return?.();
    }
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #entry(open: Open, entry: unknown): void {
    if (!open.isObject) {
      open.key = open.key === undefined ? 0 : (open.key as number) + 1;
      this.#separate(open);
      this.#value(entry, open.key as number);
      return;
    }
    const [key, value] = entry as readonly [unknown, unknown];
    if (value === undefined) return;
    open.key = key;
    this.#separate(open);
    const { keyFn } = this.#options;
    const name = this.#name(key);
    this.#text += JSON.stringify(keyFn === undefined ? name : keyFn(name));
    this.#text += this.#isPretty ? " : " : ":";
    this.#value(value, name);
  }

  /** Keys of Maps may be anything; what has a text of its own is a name. */
  #name(key: unknown): string {
    if (typeof key === "string") return key;
    if (key === null || key === undefined) return "";
    if (typeof key === "object" || typeof key === "symbol" || typeof key === "function") {
      throw this.#error(`${describe(key)} as the key of a Map`);
    }
    return String(key as number);
  }

  #separate(open: Open): void {
    if (!open.isEmpty) this.#text += ",";
    open.isEmpty = false;
    if (this.#isPretty) this.#text += open.isObject ? this.#newLine() : " ";
  }

  #newLine(): string {
    return `\n${"  ".repeat(this.#indent)}`;
  }

  #close(open: Open): void {
    this.#stack.pop();
    this.#under.delete(open.data);
    if (open.isObject) this.#indent--;
    if (this.#isPretty) this.#text += open.isObject && !open.isEmpty ? this.#newLine() : " ";
    this.#text += open.isObject ? "}" : "]";
  }

  #value(value: unknown, key: string | number): void {
    switch (typeof value) {
      case "string":
        this.#text += JSON.stringify(value);
        return;
      case "number":
        this.#text += Number.isFinite(value) ? String(value) : `"${value}"`;
        return;
      case "boolean":
      case "bigint":
        this.#text += String(value);
        return;
      case "undefined":
        this.#text += "null";
        return;
      case "object":
        if (value === null) this.#text += "null";
        else this.#object(value, key);
        return;
      default:
        throw this.#error(describe(value));
    }
  }

  #object(value: object & Convertible, key: string | number): void {
    const kind = kindOf(value);
    if (value instanceof BigDecimal) this.#text += String(value);
    else if (kind === "Date") this.#date(value as Date);
    else if (kind === "Uint8Array") this.#text += `"${toBuffer(value as Uint8Array).toString("base64")}"`;
    else if (typeof value.toJSON === "function") this.#converted(value.toJSON(String(key)), key);
    else this.#container(value, kind, key);
  }

  #container(value: object & Convertible, kind: string, key: string | number): void {
    if (isDeferrable(value)) throw this.#error(`${describe(value)}, which has to be awaited before,`);
    if (kind === "Map") this.#enter(value, true, (value as Map<unknown, unknown>).entries());
    else if (kind === "String" || kind === "Number" || kind === "Boolean") this.#value(value.valueOf(), key);
    else if (!isLiteral(value) && typeof value[Symbol.iterator] === "function") {
      this.#enter(value, false, (value as Iterable<unknown>)[Symbol.iterator]());
    } else this.#enter(value, true, Object.entries(value).values());
  }

  /** What `toJSON` gave is not asked for its own. */
  #converted(value: unknown, key: string | number): void {
    if (typeof value !== "object" || value === null) this.#value(value, key);
    else if (kindOf(value) === "Date") this.#date(value as Date);
    else this.#container(value, kindOf(value), key);
  }

  #date(date: Date): void {
    this.#text += Number.isNaN(date.getTime()) ? "null" : `"${date.toISOString().slice(0, -5)}Z"`;
  }

  #enter(data: object, isObject: boolean, entries: Iterator<unknown>): void {
    if (this.#under.has(data)) throw this.#error("data that contains itself");
    this.#under.add(data);
    this.#stack.push({ data, isObject, entries, key: undefined, isEmpty: true });
    this.#text += isObject ? "{" : "[";
    if (isObject) this.#indent++;
  }

  #error(what: string): NotJsonError {
    const keys = this.#stack.map(({ key }) => (typeof key === "string" ? key : `[${String(key)}]`));
    return new NotJsonError(what, keys.length === 0 ? "the top" : keys.join("."));
  }
}
