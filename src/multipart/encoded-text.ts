/** Text in parameters of headers that is more than ASCII: encoded words (RFC 2047) and percent-encoded values (RFC 2231). */

import { Buffer } from "node:buffer";
import { findCharset } from "../byte-streams/core.js";

const HEX = /^[0-9A-Fa-f]{2}$/;

/** The bytes of a "Q" word; undefined if an escape is wrong. */
function quotedBytes(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "_") {
      bytes[length++] = 32;
    } else if (character === "=") {
      const digits = text.slice(at + 1, at + 3);
      if (!HEX.test(digits)) return undefined;
      bytes[length++] = Number.parseInt(digits, 16);
      at += 2;
    } else {
      const code = text.charCodeAt(at);
      bytes[length++] = code < 128 ? code : 63;
    }
  }
  return bytes.subarray(0, length);
}

const base64Bytes = (text: string): Buffer => Buffer.from(text.replace(/[^A-Za-z0-9+/=]+/g, ""), "base64");

const WORD = /^=\?([^?]*)\?([^?]*)\?(.*?)\?=/s;

/** What a word means; the word itself if it is no encoded one, undefined if it is one that cannot be read. */
function decodeWord(word: string): { readonly text: string; readonly wasEncoded: boolean } | undefined {
  const [, name, kind, encoded] = WORD.exec(word) ?? [];
  if (name === undefined || encoded === undefined) return { text: word, wasEncoded: false };
  if (encoded === "") return { text: "", wasEncoded: true };
  const bytes = kind === "B" ? base64Bytes(encoded) : kind === "Q" ? quotedBytes(encoded) : undefined;
  const charset = findCharset(name);
  return bytes && charset && { text: charset.decode(bytes), wasEncoded: true };
}

/**
 * Reads the encoded words of a text; blanks between two of them go. What follows a word without a blank goes, too, as in the
 * library below Ring. With a word that cannot be read, the whole text stays as it is.
 */
export function decodeWords(text: string): string {
  if (!text.includes("=?")) return text;
  let decoded = "";
  let blanks = "";
  let wasEncoded = false;
  for (const piece of text.match(/[ \t\r\n]+|[^ \t\r\n]+/g) ?? []) {
    if (/^[ \t\r\n]/.test(piece)) {
      blanks = piece;
      continue;
    }
    const word = decodeWord(piece);
    if (word === undefined) return text;
    if (!(wasEncoded && word.wasEncoded)) decoded += blanks;
    blanks = "";
    decoded += word.text;
    ({ wasEncoded } = word);
  }
  return decoded;
}

function digit(text: string, at: number): number {
  const value = Number.parseInt(text.charAt(at), 16);
  return Number.isNaN(value) ? 0 : value;
}

/** Reads `charset'language'percent-encoded`; a text that is not of this form, or of no charset, stays as it is. */
export function decodeExtended(text: string): string {
  const language = text.indexOf("'");
  const start = language === -1 ? -1 : text.indexOf("'", language + 1);
  if (start === -1) return text;
  const charset = findCharset(text.slice(0, language));
  if (charset === undefined) return text;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) !== "%") {
      bytes[length++] = text.charCodeAt(at);
      continue;
    }
    if (at + 2 >= text.length) break;
    bytes[length++] = digit(text, at + 1) * 16 + digit(text, at + 2);
    at += 2;
  }
  return charset.decode(bytes.subarray(0, length));
}
