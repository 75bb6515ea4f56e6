import type { OnEncodingError } from "./piece-decoder.js";
import type { Type } from "./types.js";

/** What conversions can be told; each looks at what concerns it. */
export interface ConvertOptions {
  /** Charset between text and bytes. @default "utf-8" */
  readonly encoding?: string | undefined;
  /**
   * What becomes of bytes that are no text: `"report"` is an error (`RING_MALFORMED_TEXT`), `"ignore"` leaves them out,
   * `"replace"` puts U+FFFD in their place. In charsets other than UTF-8, UTF-16 and UTF-32, U+FFFD itself counts as such.
   *
   * @default "replace"
   */
  readonly onEncodingError?: OnEncodingError | undefined;
  /** Bytes in a chunk, where bytes are cut into chunks or read from a file. @default not cut; of a file 65536 */
  readonly chunkSize?: number | undefined;
  /** Bytes that wait inside a Node stream which a conversion makes (its `highWaterMark`). @default Node's */
  readonly bufferSize?: number | undefined;
  /** Largest number of bytes gathered from something asynchronous: more is an error, `RING_BODY_TOO_LARGE`. @default no limit */
  readonly maxBytes?: number | undefined;
  /** When a file is written: does it keep what it holds, with the new bytes after it? @default true */
  readonly append?: boolean | undefined;
  /** Is a `FileHandle` closed with the stream that is made of it? @default true */
  readonly close?: boolean | undefined;
  /** Type of what is converted, where the value does not tell: the elements of a stream. @default found out */
  readonly sourceType?: Type | undefined;
}
