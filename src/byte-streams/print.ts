/** Bytes for the eye. Source: `clj-commons.byte-streams/print-bytes`. */

import { type Awaitable, andThen } from "../deferred/index.js";
import { toBuffer } from "./charset.js";
import { convertTo } from "./conversions.js";
import { cut } from "./stages.js";
import type { Read } from "./to.js";
import { types } from "./types.js";

const PER_LINE = 16;

/**
 * The bytes as hexadecimal pairs, 16 a line, with their characters in ISO-8859-1 beside them: "." where there is none to see.
 *
 * @returns lines, each with its end; "" for no bytes.
 * @example
 * formatBytes("hi"); // => "68 69                                             hi\n"
 * @see Source: `clj-commons.byte-streams/print-bytes`. Differs: returns the text.
 */
export function formatBytes<X>(x: X): Read<X, string> {
  const all = convertTo(types.bytes, x, {});
  return andThen(all, (bytes) => cut(bytes, PER_LINE).map(lineOf).join("")) as Read<X, string>;
}

/**
 * Writes what {@link formatBytes} gives to the standard output.
 *
 * @example
 * await printBytes(createReadStream("package.json"));
 * @see Source: `clj-commons.byte-streams/print-bytes`.
 */
export function printBytes<X>(x: X): Read<X, void> {
  return andThen(formatBytes<unknown>(x), (text) => void process.stdout.write(text)) as Read<X, void>;
}

/**
 * The bytes as hexadecimal digits.
 *
 * @example
 * toHex("hi"); // => "6869"
 */
export function toHex<X>(x: X): Read<X, string> {
  const all: Awaitable<Uint8Array> = convertTo(types.bytes, x, {});
  return andThen(all, (bytes) => toBuffer(bytes).toString("hex")) as Read<X, string>;
}

function lineOf(bytes: Uint8Array): string {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  const groups = [pairs.slice(0, 8), pairs.slice(8)].map((group) => group.join(" ").padEnd(23));
  const characters = toBuffer(bytes).toString("latin1");
  return `${groups.join("  ")}  ${characters.replace(/[^\p{L}\x20-\x7e]/gu, ".")}\n`;
}
