/** Values as lines of JSON. */

import { NotConvertibleError } from "../errors/index.js";
import { checkOptionNames, type OptionNames } from "../errors/options.js";
import type { ResponseHeaders, RingResponse } from "../ring/types.js";
import { type Expander, expandSource } from "../stream/core.js";
import type { Source, Sourceable } from "../stream/index.js";

/** How values are written. */
export interface EncodeNdjsonOptions<T> {
  /** Makes the JSON of a value, on one line. @default `JSON.stringify` */
  readonly stringify?: ((value: T) => string) | undefined;
}

/** How a response of lines is made. */
export interface NdjsonOptions<T> extends EncodeNdjsonOptions<T> {
  /** @default 200 */
  readonly status?: number | undefined;
  /** Added to the content-type; another one takes its place, whatever its case. */
  readonly headers?: ResponseHeaders | undefined;
}

const ENCODE_OPTIONS: OptionNames<EncodeNdjsonOptions<never>> = { stringify: true };
const OPTIONS: OptionNames<NdjsonOptions<never>> = { stringify: true, status: true, headers: true };

/** What the parts of one body are gathered to where all is there already, in characters. */
const CHUNK = 16_384;

function lineOf(text: string | undefined, value: unknown): string {
  if (text === undefined) throw new NotConvertibleError(value, "a line of JSON");
  if (/[\r\n]/.test(text)) throw new NotConvertibleError(value, "one line of JSON: stringify gives several");
  return `${text}\n`;
}

class LineWriter<T> implements Expander<T, string> {
  readonly #stringify: (value: T) => string | undefined;

  constructor({ stringify }: EncodeNdjsonOptions<T>) {
    this.#stringify = stringify ?? ((value) => JSON.stringify(value) as string | undefined);
  }

  push(value: T, lines: string[]): void {
    lines.push(lineOf(this.#stringify(value), value));
  }

  end(): void {}
}

/** Of what is there already, lines are gathered: each by itself would cost a write. */
function* gathered<T>(values: Iterable<T>, writer: LineWriter<T>): Generator<string, void> {
  let text = "";
  const lines: string[] = [];
  for (const value of values) {
    writer.push(value, lines);
    text += lines.pop() as string;
    if (text.length < CHUNK) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

function isIterable<T>(values: Sourceable<T>): values is Iterable<T> {
  return typeof (values as Partial<Iterable<T>>)[Symbol.iterator] === "function";
}

/**
 * Writes values as lines of JSON, as the body of a request, say: of what comes bit by bit each line is one message, of an array
 * or another iterable about 16 KiB of lines are.
 *
 * Values are taken no faster than lines are; closing it closes where they come from.
 *
 * @returns a source. A take fails with what the values fail with, with what `stringify` throws, or with a
 *   `NotConvertibleError`, code `RING_NOT_CONVERTIBLE`, for undefined, functions and symbols.
 * @example
 * await http.post(upstream, { body: encodeNdjson([{ id: 1 }, { id: 2 }]), contentType: "application/x-ndjson" });
 * @see Source: none in Aleph; https://github.com/ndjson/ndjson-spec.
 */
export function encodeNdjson<T>(values: Sourceable<T>, options: EncodeNdjsonOptions<T> = {}): Source<string> {
  checkOptionNames("encodeNdjson", options, ENCODE_OPTIONS);
  return lines(values, options);
}

function lines<T>(values: Sourceable<T>, options: EncodeNdjsonOptions<T>): Source<string> {
  const writer = new LineWriter(options);
  if (isIterable(values)) return expandSource(gathered(values, writer), PASS_ON, "ndjson");
  return expandSource(values, writer, "ndjson");
}

const PASS_ON: Expander<string, string> = {
  push: (text, texts) => void texts.push(text),
  end: () => {},
};

/**
 * Makes a response of lines of JSON, one for each value, with content-type `application/x-ndjson`.
 *
 * Values that come bit by bit (a stream, an async iterable, a Node or web stream of objects) are sent as they come, and taken
 * no faster than the client reads; when it goes away where they come from is closed. A failure in midway, of the values or of
 * one that is no JSON, cuts the connection, so that nobody takes half of it for the whole; an array that fails before
 * anything is sent is an error like any other, for `errorHandler` or Express.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an unknown option.
 * @example
 * app.get("/orders", ring(() => ndjson(rows)));
 * @see Source: none in Aleph; https://github.com/ndjson/ndjson-spec.
 */
export function ndjson<T>(values: Sourceable<T>, options: NdjsonOptions<T> = {}): RingResponse {
  checkOptionNames("ndjson", options, OPTIONS);
  const { status = 200, headers = {} } = options;
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  const type = isTyped ? {} : { "content-type": "application/x-ndjson" };
  // An iterator may fail before its first chunk, and is answered properly then; a stream's head goes out at once.
  const body = isIterable(values) ? gathered(values, new LineWriter(options)) : lines(values, options);
  return { status, headers: { ...type, ...headers }, body };
}
