/**
 * Character sets by name, as Java has them: "UTF-16" is big-endian with a byte order mark and reads either order,
 * "ISO-8859-1" is that and not windows-1252, and a character that a charset lacks becomes "?".
 */

import { Buffer, isAscii } from "node:buffer";
import { TextDecoder } from "node:util";
import iconv, { type Encoding } from "iconv-lite";
import { RingError } from "../errors/index.js";
import {
  CutDecoder,
  cutNowhere,
  cutUtf8,
  cutUtf16,
  cutUtf32,
  cutWhereDone,
  type Decoding,
  MarkedDecoder,
  type OnEncodingError,
  type PieceDecoder,
} from "./piece-decoder.js";

export interface Charset {
  readonly name: string;
  encode(text: string): Buffer;
  /** Bytes that mean nothing become U+FFFD. */
  decode(bytes: Uint8Array): string;
  /** For text that comes in pieces: at most one byte order mark, and a character may be split between two pieces. */
  encoder(): PieceEncoder;
  /** For bytes that come in pieces: a character may be split between two. @param onFault @default "replace" */
  decoder(onFault?: OnEncodingError): PieceDecoder;
}

export interface PieceEncoder {
  write(piece: string): Buffer;
  /** What was kept back: half a character that never got its other half. */
  end(): Buffer;
}

/** No charset goes by this name. Code `RING_UNKNOWN_CHARSET`; status 415 where a request named it. */
export class UnknownCharsetError extends RingError {
  constructor(name: string, status?: number) {
    super("RING_UNKNOWN_CHARSET", `unknown charset ${JSON.stringify(name)}; use a registered name such as "utf-8"`, {
      status,
    });
  }
}

type Encode = (text: string) => Buffer;

class Pieces implements PieceEncoder {
  #encode: Encode;
  readonly #later: Encode;
  #kept = "";

  constructor(first: Encode, later: Encode) {
    this.#encode = first;
    this.#later = later;
  }

  write(piece: string): Buffer {
    const text = this.#kept + piece;
    if (text === "") return NOTHING;
    const last = text.charCodeAt(text.length - 1);
    const whole = last >= 0xd800 && last < 0xdc00 ? text.slice(0, -1) : text;
    this.#kept = text.slice(whole.length);
    return this.#flush(whole);
  }

  end(): Buffer {
    return this.#flush(this.#kept);
  }

  #flush(text: string): Buffer {
    if (text === "") return NOTHING;
    const bytes = this.#encode(text);
    this.#encode = this.#later;
    return bytes;
  }
}

const NOTHING = Buffer.alloc(0);

type MakeDecoder = (onFault: OnEncodingError) => PieceDecoder;

function charsetOf(
  name: string,
  encode: Encode,
  decode: (bytes: Buffer) => string,
  makeDecoder: MakeDecoder | Omit<Decoding, "name" | "decode">,
  encodeLater: Encode = encode,
): Charset {
  const make: MakeDecoder =
    typeof makeDecoder === "function"
      ? makeDecoder
      : (onFault) => new CutDecoder({ name, decode, ...makeDecoder }, onFault);
  return {
    name,
    encode,
    decode: (bytes) => decode(toBuffer(bytes)),
    encoder: () => new Pieces(encode, encodeLater),
    decoder: (onFault = "replace") => make(onFault),
  };
}

/** The same bytes as a Buffer, not a copy. */
export function toBuffer(bytes: ArrayBufferView): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** U+FFFD in UTF-8, as long as an encoded surrogate. */
const REPLACEMENT = Buffer.from("\ufffd");

/** An encoded surrogate is one fault to Java, three to WHATWG: each becomes one U+FFFD before decoding. */
function withoutSurrogates(bytes: Buffer): Buffer {
  let copy = bytes;
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    if (((bytes[at + 1] ?? 0) & 0xe0) !== 0xa0 || ((bytes[at + 2] ?? 0) & 0xc0) !== 0x80) continue;
    if (copy === bytes) copy = Buffer.from(bytes);
    copy.set(REPLACEMENT, at);
  }
  return copy;
}

/** Shorter pieces are not worth the call. */
const WORTH_IT = 512;

/**
 * Decodes whole characters of UTF-8: of ASCII alone as Latin-1, else by the decoder that keeps a state between pieces. Both
 * are a multiple faster than Buffer's own, which does the rest: short pieces, and those with faults.
 */
function fastUtf8(): (whole: Buffer) => string {
  let decoder: TextDecoder | undefined;
  return (whole) => {
    // What is broken off before a cut would be kept for the next piece.
    if (whole.length < WORTH_IT || cutUtf8(whole) < whole.length) return utf8.decode(whole);
    if (isAscii(whole)) return whole.toString("latin1");
    decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
    const text = decoder.decode(whole, { stream: true });
    return text.includes("\ufffd") ? utf8.decode(whole) : text;
  };
}

/** UTF-8. */
export const utf8: Charset = charsetOf(
  "utf-8",
  (text) => Buffer.from(text.replace(LONE_SURROGATES, "?"), "utf8"),
  (bytes) => {
    const text = bytes.toString("utf8");
    return text.includes("\ufffd") ? withoutSurrogates(bytes).toString("utf8") : text;
  },
  { cut: cutUtf8, fault: REPLACEMENT, makeFast: fastUtf8 },
);

const latin1 = charsetOf(
  "iso-8859-1",
  (text) => Buffer.from(text.replace(/[^\0-\xff]/gu, "?"), "latin1"),
  (bytes) => bytes.toString("latin1"),
  { cut: cutNowhere },
);

const ascii = charsetOf(
  "us-ascii",
  // oxlint-disable-next-line no-control-regex -- ASCII is what it says
  (text) => Buffer.from(text.replace(/[^\0-\x7f]/gu, "?"), "latin1"),
  (bytes) => bytes.toString("latin1").replace(/[^\0-\x7f]/g, "\ufffd"),
  { cut: cutNowhere },
);

const encodeLittle = (text: string): Buffer => Buffer.from(text.replace(LONE_SURROGATES, "\ufffd"), "utf16le");
const encodeBig = (text: string): Buffer => encodeLittle(text).swap16();
const little = new TextDecoder("utf-16le", { ignoreBOM: true });
const decodeLittle = (bytes: Buffer): string => little.decode(bytes);

function decodeBig(bytes: Buffer): string {
  const copy = Buffer.from(bytes);
  // Half a character at the end stays where it is, and is a fault in either order.
  copy.subarray(0, copy.length & ~1).swap16();
  return decodeLittle(copy);
}

const utf16be = charsetOf("utf-16be", encodeBig, decodeBig, {
  cut: cutUtf16(0),
  fault: Buffer.from([0xff, 0xfd]),
  unit: 2,
});
const utf16le = charsetOf("utf-16le", encodeLittle, decodeLittle, {
  cut: cutUtf16(1),
  fault: Buffer.from([0xfd, 0xff]),
  unit: 2,
});

const utf16 = charsetOf(
  "utf-16",
  (text) => (text === "" ? NOTHING : encodeBig(`\ufeff${text}`)),
  (bytes) => {
    const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE();
    if (mark === 0xfffe) return decodeLittle(bytes.subarray(2));
    return decodeBig(mark === 0xfeff ? bytes.subarray(2) : bytes);
  },
  (onFault) =>
    new MarkedDecoder(2, (start) => {
      const mark = start.length < 2 ? 0 : start.readUInt16BE();
      if (mark === 0xfffe) return [utf16le.decoder(onFault), 2];
      return [utf16be.decoder(onFault), mark === 0xfeff ? 2 : 0];
    }),
  encodeBig,
);

/** UTF-32 without a mark, of either order. */
function utf32Decoder(name: "utf-32be" | "utf-32le", fault: readonly number[], onFault: OnEncodingError): PieceDecoder {
  const decode = (bytes: Buffer): string => iconv.decode(bytes, name, KEEP);
  return new CutDecoder({ name, decode, cut: cutUtf32, fault: Buffer.from(fault), unit: 4 }, onFault);
}

/** A byte order mark that was not asked for is a character. */
const KEEP = { stripBOM: false };

const utf32 = charsetOf(
  "utf-32",
  (text) => iconv.encode(text, "utf-32be"),
  (bytes) => {
    const mark = bytes.length < 4 ? 0 : bytes.readUInt32BE();
    if (mark === 0xfffe0000) return iconv.decode(bytes.subarray(4), "utf-32le", KEEP);
    return iconv.decode(mark === 0xfeff ? bytes.subarray(4) : bytes, "utf-32be", KEEP);
  },
  (onFault) =>
    new MarkedDecoder(4, (start) => {
      const mark = start.length < 4 ? 0 : start.readUInt32BE();
      if (mark === 0xfffe0000) return [utf32Decoder("utf-32le", [0xfd, 0xff, 0, 0], onFault), 4];
      return [utf32Decoder("utf-32be", [0, 0, 0xff, 0xfd], onFault), mark === 0xfeff ? 4 : 0];
    }),
);

/** By name without case and punctuation; the rest is iconv-lite's, put here when it is first asked for. */
const known = new Map<string, Charset>();

// biome-ignore format: a table
for (const [charset, names] of [
  [utf8, "utf8 unicode11utf8"],
  [latin1, "iso88591 latin1 l1 88591 819 cp819 ibm819 isoir100 csisolatin1"],
  [ascii, "usascii ascii ascii7 iso646us 646 us cp367 ibm367 ansix341968 ansix341986 isoir6 csascii"],
  [utf16, "utf16 unicode unicodebig"],
  [utf16be, "utf16be xutf16be unicodebigunmarked iso10646ucs2"],
  [utf16le, "utf16le xutf16le unicodelittleunmarked"],
  [utf32, "utf32 iso10646ucs4"],
] as const) {
  for (const name of names.split(" ")) known.set(name, charset);
}

/** What iconv-lite calls encodings but are none of text to bytes, or not what Java means by the name. */
const REFUSED = new Set(["base64", "hex", "binary", "utf7", "utf7imap", "ucs2"]);

function fromIconv(name: string): Charset | undefined {
  const found = [name, name.replace(/^x/, "")].find((it) => !REFUSED.has(it) && iconv.encodingExists(it));
  if (found === undefined) return undefined;
  const encoding = found as Encoding;
  // A single-byte charset would answer "??" to a character of two code units.
  const split = iconv.encode("\u{1f600}", encoding).toString("latin1") === "??";
  return charsetOf(
    encoding,
    (text) => iconv.encode(split ? text.replace(/[\u{10000}-\u{10ffff}]/gu, "?") : text, encoding),
    (bytes) => iconv.decode(bytes, encoding, KEEP),
    // "a" takes four bytes in what is called ucs4 or utf-32be.
    { cut: iconv.encode("a", encoding).length === 4 ? cutUtf32 : cutWhereDone(() => iconv.getDecoder(encoding, KEEP)) },
  );
}

/** The charset of a name, or undefined. */
export function findCharset(name: string): Charset | undefined {
  if (name === "utf-8" || name === "UTF-8") return utf8;
  if (!/^[A-Za-z0-9][\w.:+-]*$/.test(name)) return undefined;
  const key = name.toLowerCase().replace(/:\d{4}$|[^0-9a-z]/g, "");
  const found = known.get(key) ?? fromIconv(key);
  // The names that lead here are finitely many, although clients choose them.
  if (found !== undefined) known.set(key, found);
  return found;
}

/**
 * The charset of a name; case and punctuation in it do not matter.
 *
 * @param status HTTP status for the error, where the name came from a request.
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`, if there is none.
 * @example
 * [...charset("ISO-8859-1").encode("é")]; // => [0xe9]
 */
export function charset(name: string, status?: number): Charset {
  const found = findCharset(name);
  if (found === undefined) throw new UnknownCharsetError(name, status);
  return found;
}
