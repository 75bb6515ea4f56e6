/** Strings of response bodies as bytes, in the charset that the response's content-type names. */
import { Buffer } from "node:buffer";
import { type Charset, findCharset, utf8 } from "../byte-streams/charset.js";
import { NotConvertibleError } from "../errors/index.js";
import { findContentTypeCharset } from "../ring/parsing.js";
import { remembering } from "./remembering.js";

/** What nearly every content-type looks like: nothing to look up. */
const IN_UTF8 = /^[^;]+(?:; ?charset=utf-8)?$/i;

/** The name of the charset of a content-type, if it is worth a look. */
function charsetName(contentType: string | undefined): string | undefined {
  return contentType === undefined || IN_UTF8.test(contentType) ? undefined : findContentTypeCharset(contentType);
}

/** The charset that a content-type names, UTF-8 if it names none; the name itself if there is no such charset. */
export const charsetOf: (contentType: string | undefined) => Charset | string = remembering((contentType) => {
  const name = charsetName(contentType);
  return name === undefined ? utf8 : (findCharset(name) ?? name);
});

/** A text that comes in pieces, as it is written: one byte order mark, and characters may be split between pieces. */
export interface TextPieces {
  write(piece: string): string | Uint8Array;
  /** What was kept back for the other half of a character. */
  end(): string | Uint8Array;
}

export function textPieces(charset: Charset): TextPieces {
  return charset === utf8 ? new Utf8Pieces() : charset.encoder();
}

/**
 * A chunk of a body as it is written: bytes, or text that Node encodes.
 *
 * @param isText Is everything that is not bytes sent as text? Otherwise it is an error.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`.
 */
export function chunkBytes(chunk: unknown, text: TextPieces, isText: boolean): string | Uint8Array {
  if (typeof chunk === "string") return text.write(chunk);
  if (chunk === null || chunk === undefined) return "";
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return Buffer.from(chunk);
  if (isText) return text.write(String(chunk as number));
  throw new NotConvertibleError(chunk, "bytes, as a part of a body");
}

/** Node encodes such strings itself; all there is to do is to keep the halves of a character together. */
class Utf8Pieces implements TextPieces {
  #half = "";

  write(piece: string): string {
    const text = this.#half + piece;
    const last = text.charCodeAt(text.length - 1);
    const endsInHalf = last >= 0xd800 && last <= 0xdbff;
    this.#half = endsInHalf ? text.slice(-1) : "";
    return endsInHalf ? text.slice(0, -1) : text;
  }

  end(): string {
    return this.#half;
  }
}
