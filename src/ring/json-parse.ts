/** Reads JSON as Ring's parser (cheshire on Jackson) does, at the speed of `JSON.parse` wherever both agree. */

import { RingError } from "../errors/index.js";
import type { BigDecimal } from "./big-decimal.js";

/** What JSON text can become. */
export type JsonValue = null | boolean | number | bigint | string | BigDecimal | readonly JsonValue[] | JsonObject;

/** An object of JSON, with an ordinary prototype; `__proto__` is an own property of it like any other. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export interface ParseJsonOptions {
  /** Makes a value of the text of each number that has a point or an exponent; undefined for the nearest double. */
  readonly decimal?: ((literal: string) => unknown) | undefined;
  /** Arrays and objects inside each other; Infinity is no limit. */
  readonly maxDepth: number;
}

/** Arrays and objects are nested too deeply. Code `RING_JSON_TOO_DEEP`, status 400. */
export class JsonDepthError extends RingError {
  constructor(maxDepth: number) {
    super(
      "RING_JSON_TOO_DEEP",
      `JSON is nested deeper than maxDepth (${maxDepth} arrays and objects inside each other); raise maxDepth where it is read`,
      { status: 400 },
    );
  }
}

/** Digits enough for an integer that is exact only as a bigint; first in a way that is quickly gone through, then exactly. */
const MANY_DIGITS = /\d{16}/;
const BIG_INTEGER = /(?:^|[[:,\s])-?\d{16}/;
const MINUS_ZERO = /-0(?![.eE])/;
const DECIMAL = /\d[.eE]/;

/** May there be a number that `JSON.parse` reads in another way? Text in strings may look like one, too. */
function mayDiffer(text: string, decimal: ParseJsonOptions["decimal"]): boolean {
  if (MANY_DIGITS.test(text) && BIG_INTEGER.test(text)) return true;
  return (text.includes("-0") && MINUS_ZERO.test(text)) || (decimal !== undefined && DECIMAL.test(text));
}

/**
 * The first value in the text; null if there is nothing but blanks, undefined if it is malformed.
 *
 * What follows the first value is ignored. Control characters may stand in strings as they are. Integers beyond 2^53 are
 * bigints. Of two members of one name the last counts. Linear in time and not recursive, whatever a client sends.
 *
 * @throws {JsonDepthError} code `RING_JSON_TOO_DEEP`, status 400.
 */
export function parseJson(text: string, options: ParseJsonOptions): JsonValue | undefined {
  const { decimal, maxDepth } = options;
  if (!mayDiffer(text, decimal)) {
    const value = parseStrictly(text);
    if (value !== undefined) {
      // Every level takes two characters.
      if (text.length > 2 * maxDepth && isDeeper(value, maxDepth)) throw new JsonDepthError(maxDepth);
      return value;
    }
  }
  return new JsonParser(text, options).first();
}

/** What `JSON.parse` makes of it; undefined if it refuses. */
function parseStrictly(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Is a value nested deeper? Level by level, so that no depth is too much to find out. */
export function isDeeper(value: unknown, maxDepth: number): boolean {
  let level: object[] = isContainer(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    const next: object[] = [];
    for (const container of level) {
      if (Array.isArray(container)) {
        for (const inner of container) if (isContainer(inner)) next.push(inner);
      } else {
        for (const name in container) {
          const inner = (container as Record<string, unknown>)[name];
          if (isContainer(inner)) next.push(inner);
        }
      }
    }
    level = next;
  }
  return false;
}

/** Is it an array, or a map as JSON has them? Other objects (numbers with all their digits) are values. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A copy of parsed data in which every key of an object went through `keyFn`; of keys that become the same the last counts. */
export function mapKeys(value: unknown, keyFn: (key: string) => string): unknown {
  if (!isContainer(value)) return value;
  const empty = (container: object): object => (Array.isArray(container) ? [] : {});
  const copy = empty(value);
  const pending: (readonly [from: object, to: object])[] = [[value, copy]];
  const copied = (inner: unknown): unknown => {
    if (!isContainer(inner)) return inner;
    const to = empty(inner);
    pending.push([inner, to]);
    return to;
  };
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [from, to] = pair;
    if (Array.isArray(from)) for (const inner of from) (to as unknown[]).push(copied(inner));
    else {
      for (const [name, inner] of Object.entries(from)) {
        put(to as Record<string, unknown>, keyFn(name), copied(inner));
      }
    }
  }
  return copy;
}

/** Sets an own property, whatever its name. */
function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else object[name] = value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Nobody counts in exponents of so many digits; Java refuses them. */
const HUGE_EXPONENT = /[eE][+-]?\d{10}/;
const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;
const LITERALS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;
/** Code points that go on with a word; what is no word then is malformed. */
const IN_A_WORD = /[\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Sc}\p{Pc}]/u;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

interface Open {
  readonly container: unknown[] | Record<string, unknown>;
  /** The name under which the value to come belongs into an object. */
  name: string;
}

/** Stands for what cannot be read. */
const MALFORMED: unique symbol = Symbol("malformed");

class JsonParser {
  readonly #text: string;
  readonly #options: ParseJsonOptions;
  readonly #open: Open[] = [];
  #at = 0;

  constructor(text: string, options: ParseJsonOptions) {
    this.#text = text;
    this.#options = options;
  }

  first(): JsonValue | undefined {
    this.#skipBlanks();
    if (this.#at === this.#text.length) return null;
    for (;;) {
      let value = this.#begin();
      if (value === MALFORMED) return undefined;
      // Undefined: a container was opened, and its first value is next.
      while (value !== undefined) {
        const open = this.#open.at(-1);
        if (open === undefined) return value as JsonValue;
        if (Array.isArray(open.container)) open.container.push(value);
        else put(open.container, open.name, value);
        value = this.#continue(open);
        if (value === MALFORMED) return undefined;
      }
    }
  }

  /** A value that is there as a whole, or undefined after the opening of a container that has something in it. */
  #begin(): unknown {
    this.#skipBlanks();
    const start = this.#text.charAt(this.#at);
    if (start === '"') return this.#string();
    if (start === "{") return this.#enter({}, "}");
    if (start === "[") return this.#enter([], "]");
    return start === "-" || (start >= "0" && start <= "9") ? this.#number() : this.#word();
  }

  #enter(container: Open["container"], close: string): unknown {
    if (this.#open.length >= this.#options.maxDepth) throw new JsonDepthError(this.#options.maxDepth);
    this.#at++;
    this.#skipBlanks();
    if (this.#text.charAt(this.#at) === close) {
      this.#at++;
      return container;
    }
    const open = { container, name: "" };
    this.#open.push(open);
    return this.#name(open);
  }

  /** After a value inside a container: the container if it ends here, undefined if another value follows. */
  #continue(open: Open): unknown {
    this.#skipBlanks();
    const next = this.#text.charAt(this.#at++);
    if (next === ",") return this.#name(open);
    if (next !== (Array.isArray(open.container) ? "]" : "}")) return MALFORMED;
    this.#open.pop();
    return open.container;
  }

  /** Reads the name before the next value, if there is one in this container. */
  #name(open: Open): undefined | typeof MALFORMED {
    if (Array.isArray(open.container)) return undefined;
    this.#skipBlanks();
    if (this.#text.charAt(this.#at) !== '"') return MALFORMED;
    const name = this.#string();
    this.#skipBlanks();
    if (name === MALFORMED || this.#text.charAt(this.#at++) !== ":") return MALFORMED;
    open.name = name;
    return undefined;
  }

  #string(): string | typeof MALFORMED {
    let value = "";
    let quote = -1;
    for (let from = this.#at + 1; ; from = this.#at) {
      // Looked for once, not after every escape.
      if (quote < from) quote = this.#text.indexOf('"', from);
      if (quote === -1) return MALFORMED;
      const run = this.#text.slice(from, quote);
      const plain = run.indexOf("\\");
      if (plain === -1) {
        this.#at = quote + 1;
        return value + run;
      }
      this.#at = from + plain + 1;
      const escape = this.#text.charAt(this.#at++);
      const character = escape === "u" ? this.#codeUnit() : ESCAPES[escape];
      if (character === undefined) return MALFORMED;
      value += run.slice(0, plain) + character;
    }
  }

  #codeUnit(): string | undefined {
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[\da-fA-F]{4}$/.test(digits)) return undefined;
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): unknown {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) return MALFORMED;
    const literal = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    const next = this.#text.charAt(this.#at);
    // Inside a container only what may follow a value may follow; at the top a blank has to.
    if (this.#open.length === 0 && next !== "" && !isBlank(next.charCodeAt(0))) return MALFORMED;
    if (!/[.eE]/.test(literal)) return integer(literal);
    const { decimal } = this.#options;
    if (decimal === undefined) return Number(literal);
    return HUGE_EXPONENT.test(literal) ? MALFORMED : decimal(literal);
  }

  #word(): unknown {
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      const next = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 32);
      return next >= "0" && IN_A_WORD.test(next) ? MALFORMED : value;
    }
    return MALFORMED;
  }

  #skipBlanks(): void {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
  }
}

function integer(literal: string): number | bigint {
  const value = Number(literal);
  // No minus zero among the integers.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(literal);
}
