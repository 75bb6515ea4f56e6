/** Strings of response bodies as bytes, in the charset that the response's content-type names. */
import iconv from "iconv-lite";

const CHARSET = /;(?:.*\s)?charset=(?:"((?:\\.|[^"])*)"|([\w!#$%&'*+\-.^`|~]+))\s*(?:;|$)/i;

/** The charset a content-type names; UTF-8 if it names none. */
export function charsetOf(contentType: string | undefined): string {
  if (contentType === undefined) return "utf-8";
  const found = CHARSET.exec(contentType);
  return found?.[1] ?? found?.[2] ?? "utf-8";
}

export function isUtf8(charset: string): boolean {
  return /^utf-?8$/i.test(charset);
}

export function isKnownCharset(charset: string): boolean {
  return isUtf8(charset) || iconv.encodingExists(charset);
}

/** Encodes a whole text; characters that the charset lacks become "?". */
export function encodeText(text: string, charset: string): Uint8Array {
  if (isUtf8(charset)) return Buffer.from(text, "utf8");
  const encoder = textEncoder(charset);
  return Buffer.concat([encoder.write(text), encoder.end()].map((part) => Buffer.from(part as Uint8Array)));
}

/** Encodes a text that comes in pieces: one byte order mark, and characters may be split between pieces. */
export interface TextEncoding {
  /** What can be sent of the text so far; a string stands for itself in UTF-8. */
  write(text: string): string | Uint8Array;
  end(): string | Uint8Array;
}

/** @param charset one that `isKnownCharset` knows */
export function textEncoder(charset: string): TextEncoding {
  if (isUtf8(charset)) return new Utf8();
  const marked = /^utf-?16$/i.test(charset);
  const encoder = iconv.getEncoder(marked ? "utf-16be" : charset, { addBOM: marked });
  return { write: (text) => encoder.write(text), end: () => encoder.end() ?? "" };
}

/** Node encodes strings itself; all there is to do is to keep the halves of a character together. */
class Utf8 implements TextEncoding {
  #half = "";

  write(text: string): string {
    const whole = this.#half + text;
    const last = whole.charCodeAt(whole.length - 1);
    const endsInHalf = last >= 0xd800 && last <= 0xdbff;
    this.#half = endsInHalf ? whole.slice(-1) : "";
    return endsInHalf ? whole.slice(0, -1) : whole;
  }

  end(): string {
    return this.#half;
  }
}
