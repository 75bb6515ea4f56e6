/** Bytes that come in pieces, as text: a character may be split between two pieces. */

import { Buffer } from "node:buffer";
import { RingError } from "../errors/index.js";

/** What becomes of bytes that mean nothing: an error, nothing, or U+FFFD. */
export type OnEncodingError = "report" | "ignore" | "replace";

/** Decodes bytes that come in pieces. */
export interface PieceDecoder {
  write(piece: Uint8Array): string;
  /** What was kept back: a character that never got its other bytes. */
  end(): string;
}

/** Bytes mean nothing in their charset. Code `RING_MALFORMED_TEXT`. */
export class MalformedTextError extends RingError {
  constructor(charset: string) {
    super(
      "RING_MALFORMED_TEXT",
      `bytes are not text in ${charset}; name their charset as encoding, or set onEncodingError to "replace" or "ignore"`,
    );
  }
}

const FAULT = "\ufffd";
const NOTHING = Buffer.alloc(0);

/** How a charset decodes; a piece that ends where `cut` says can be decoded without knowing what follows. */
export interface Decoding {
  readonly name: string;
  readonly decode: (bytes: Buffer) => string;
  /** Decodes whole characters, if that can be done faster. @default decode */
  readonly makeFast?: (() => (whole: Buffer) => string) | undefined;
  /** How many of these bytes are whole characters. */
  cut(bytes: Buffer): number;
  /** U+FFFD as it is written in a charset that has it: where it stands, it is no fault. */
  readonly fault?: Buffer | undefined;
  /** Bytes of a code unit. @default 1 */
  readonly unit?: number | undefined;
}

/** Decodes whole characters as they become whole. */
export class CutDecoder implements PieceDecoder {
  readonly #decoding: Decoding;
  readonly #onFault: OnEncodingError;
  readonly #decodeWhole: (whole: Buffer) => string;
  #kept: Buffer = NOTHING;

  constructor(decoding: Decoding, onFault: OnEncodingError) {
    this.#decoding = decoding;
    this.#decodeWhole = decoding.makeFast?.() ?? decoding.decode;
    this.#onFault = onFault;
  }

  write(piece: Uint8Array): string {
    const bytes = this.#kept.length === 0 ? asBuffer(piece) : Buffer.concat([this.#kept, piece]);
    const whole = this.#decoding.cut(bytes);
    // A copy: whose bytes they are may use them again.
    this.#kept = whole === bytes.length ? NOTHING : Buffer.from(bytes.subarray(whole));
    return this.#decode(bytes.subarray(0, whole), this.#decodeWhole);
  }

  end(): string {
    const rest = this.#kept;
    this.#kept = NOTHING;
    return this.#decode(rest, this.#decoding.decode);
  }

  #decode(bytes: Buffer, decode: (bytes: Buffer) => string): string {
    if (bytes.length === 0) return "";
    const text = decode(bytes);
    if (this.#onFault === "replace" || !text.includes(FAULT)) return text;
    return withoutFaults(bytes, this.#decoding, this.#onFault);
  }
}

/** The text with U+FFFD only where the bytes say so. */
function withoutFaults(bytes: Buffer, decoding: Decoding, onFault: OnEncodingError): string {
  const { fault, unit = 1 } = decoding;
  const texts: string[] = [];
  let start = 0;
  for (let at = fault === undefined ? -1 : bytes.indexOf(fault); at !== -1; ) {
    const isAligned = at % unit === 0;
    if (isAligned) {
      texts.push(decoding.decode(bytes.subarray(start, at)));
      start = at + (fault as Buffer).length;
    }
    at = bytes.indexOf(fault as Buffer, isAligned ? start : at + 1);
  }
  texts.push(decoding.decode(bytes.subarray(start)));
  if (onFault === "report" && texts.some((text) => text.includes(FAULT))) throw new MalformedTextError(decoding.name);
  return texts.map((text) => text.replaceAll(FAULT, "")).join(FAULT);
}

/** Waits for the byte order mark, which says who decodes. */
export class MarkedDecoder implements PieceDecoder {
  readonly #length: number;
  /** Who decodes, and how many of these first bytes are the mark. */
  readonly #choose: (start: Buffer) => readonly [PieceDecoder, markLength: number];
  #chosen: PieceDecoder | undefined;
  #start: Buffer = NOTHING;

  constructor(length: number, choose: (start: Buffer) => readonly [PieceDecoder, markLength: number]) {
    this.#length = length;
    this.#choose = choose;
  }

  write(piece: Uint8Array): string {
    if (this.#chosen !== undefined) return this.#chosen.write(piece);
    this.#start = Buffer.concat([this.#start, piece]);
    return this.#start.length < this.#length ? "" : this.#begin();
  }

  end(): string {
    return this.#chosen === undefined ? this.#begin() + this.end() : this.#chosen.end();
  }

  #begin(): string {
    const [decoder, markLength] = this.#choose(this.#start);
    this.#chosen = decoder;
    return decoder.write(this.#start.subarray(markLength));
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whole characters of UTF-8: only what begins in the last three bytes can be cut off. */
export function cutUtf8(bytes: Buffer): number {
  const { length } = bytes;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const wanted = byte > 0xf4 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? length - back : length;
  }
  return length;
}

/** Whole characters of UTF-16: neither half a unit nor a high surrogate without its other half. */
export function cutUtf16(highByte: 0 | 1): (bytes: Buffer) => number {
  return (bytes) => {
    const whole = bytes.length & ~1;
    if (whole === 0) return 0;
    const last = bytes[whole - 2 + highByte] as number;
    return last >= 0xd8 && last < 0xdc ? whole - 2 : whole;
  };
}

export const cutUtf32 = (bytes: Buffer): number => bytes.length & ~3;

export const cutNowhere = (bytes: Buffer): number => bytes.length;

/**
 * Whole characters of a charset of iconv-lite, which does not say where they end, and whose decoders lose characters that are
 * split: after them, a decoder has nothing left to say at the end. A byte below 0x30 ends a character in all of them.
 */
export function cutWhereDone(
  makeDecoder: () => { write(bytes: Buffer): string; end(): string | undefined },
): (bytes: Buffer) => number {
  const isDone = (bytes: Buffer): boolean => {
    const decoder = makeDecoder();
    decoder.write(bytes);
    return (decoder.end() ?? "") === "";
  };
  return (bytes) => {
    let start = bytes.length;
    while (start > 0 && (bytes[start - 1] as number) >= 0x30) start--;
    let end = bytes.length;
    while (end > start && !isDone(bytes.subarray(start, end))) end--;
    return end;
  };
}
