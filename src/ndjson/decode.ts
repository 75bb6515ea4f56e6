/** Lines of JSON as values. */

import { isServerRequest } from "../byte-streams/close.js";
import { checkCount, checkOptionNames, type OptionNames } from "../errors/options.js";
import { type Expander, expanding, expandSource } from "../stream/core.js";
import type { Source, Sourceable } from "../stream/index.js";
import type { Transducer } from "../transducers/index.js";
import { InvalidJsonLineError, JsonLineTooLongError } from "./errors.js";

/** How lines are read. */
export interface DecodeNdjsonOptions<T = unknown> {
  /** Makes a value of the text of a line. @default `JSON.parse` */
  readonly parse?: ((text: string) => T) | undefined;
  /** Longest line, in characters (UTF-16 code units). @default 1_048_576 */
  readonly maxLineLength?: number | undefined;
  /**
   * Called with what is wrong with a line, its number on it, which is then left out; its text is not kept.
   *
   * @default the first such line is the end
   */
  readonly onBadLine?: ((error: InvalidJsonLineError | JsonLineTooLongError) => void) | undefined;
}

const OPTIONS: OptionNames<DecodeNdjsonOptions> = { parse: true, maxLineLength: true, onBadLine: true };

const MAX_LINE_LENGTH = 1_048_576;

class LineReader<T> implements Expander<Uint8Array | string, T> {
  readonly #parse: (text: string) => T;
  readonly #maxLineLength: number;
  readonly #onBadLine: ((error: InvalidJsonLineError | JsonLineTooLongError) => void) | undefined;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = 1;
  /** A line that has not ended. */
  #rest = "";
  /** Is it too long, so that what is left of it is passed over? */
  #isSkipping = false;

  constructor(options: DecodeNdjsonOptions<T>, who: string) {
    checkOptionNames(who, options, OPTIONS);
    const { parse = JSON.parse as (text: string) => T, maxLineLength = MAX_LINE_LENGTH, onBadLine } = options;
    this.#parse = (text) => parse(text);
    this.#maxLineLength = checkCount(who, "maxLineLength", maxLineLength, "characters");
    this.#onBadLine = onBadLine;
  }

  push(piece: Uint8Array | string, values: T[]): void {
    this.#add(typeof piece === "string" ? piece : this.#decoder.decode(piece, { stream: true }), values);
  }

  #add(text: string, values: T[]): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      this.#keep(text, start, end);
      start = end + 1;
      this.#endLine(values);
    }
    this.#keep(text, start, text.length);
  }

  /** The last line need not be ended. */
  end(values: T[]): void {
    this.#add(this.#decoder.decode(), values);
    this.#endLine(values);
  }

  #keep(text: string, start: number, end: number): void {
    if (this.#isSkipping) return;
    if (this.#rest.length + end - start <= this.#maxLineLength) {
      this.#rest += text.slice(start, end);
      return;
    }
    this.#rest = "";
    this.#isSkipping = true;
    this.#report(new JsonLineTooLongError(this.#line, this.#maxLineLength));
  }

  #endLine(values: T[]): void {
    const text = this.#line === 1 && this.#rest.startsWith("\ufeff") ? this.#rest.slice(1) : this.#rest;
    const isSkipping = this.#isSkipping;
    this.#rest = "";
    this.#isSkipping = false;
    if (!isSkipping && text.trim() !== "") this.#read(text, values);
    this.#line++;
  }

  #read(text: string, values: T[]): void {
    let value: T;
    try {
      value = this.#parse(text);
    } catch (error) {
      this.#report(new InvalidJsonLineError(this.#line, error));
      return;
    }
    values.push(value);
  }

  #report(error: InvalidJsonLineError | JsonLineTooLongError): void {
    if (this.#onBadLine === undefined) throw error;
    this.#onBadLine(error);
  }
}

/**
 * The values of lines of JSON, as they come: a line or a character may be split between two pieces.
 *
 * Empty lines are passed over, and the last one need not be ended. The body is read no faster than values are taken, and
 * closed when the source is; the rest of a request's is read and thrown away, so that the answer gets through.
 *
 * @param body Pieces of bytes, in UTF-8, or of text: the body of a request or of a client's response, say.
 * @returns a source. A take fails, behind the values before, with an `InvalidJsonLineError`, code `RING_INVALID_NDJSON`, a
 *   `JsonLineTooLongError`, code `RING_NDJSON_LINE_TOO_LONG`, both with the number of the line, or with what the body fails
 *   with; then the body is closed.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a wrong option.
 * @example
 * const values = decodeNdjson(['{"id":1}\n{"id"', ":2}"]);
 * await take(values); // => { id: 1 }
 * await take(values); // => { id: 2 }
 * @see Source: none in Aleph; https://github.com/ndjson/ndjson-spec.
 */
export function decodeNdjson<T = unknown>(
  body: Sourceable<Uint8Array | string>,
  options: DecodeNdjsonOptions<T> = {},
): Source<T> {
  return expandSource(body, new LineReader(options, "decodeNdjson"), "ndjson", isServerRequest(body));
}

/**
 * A transducer from pieces of lines of JSON to their values, as `decodeNdjson`; errors are thrown by its steps.
 *
 * @example
 * const values = transform(ndjsonDecoder(), ["1\n", "2\n"]);
 * await take(values); // => 1
 * @see Source: none in Aleph; https://github.com/ndjson/ndjson-spec.
 */
export function ndjsonDecoder<T = unknown>(options: DecodeNdjsonOptions<T> = {}): Transducer<Uint8Array | string, T> {
  return expanding(() => new LineReader(options, "ndjsonDecoder"));
}
