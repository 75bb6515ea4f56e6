/** Comparison that takes the same time wherever the difference is. Source: `crypto.equality`. */

import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";

/**
 * Are two texts the same, code unit by code unit? Takes as long as they are long, wherever they differ; that they differ in
 * length shows. Anything but two strings is unequal.
 *
 * @see Source: `crypto.equality/eq?`.
 */
export function isSameText(a: unknown, b: unknown): boolean {
  if (typeof a !== "string" || typeof b !== "string" || a.length !== b.length) return false;
  // Not UTF-8, in which all halves of characters are the same bytes.
  return timingSafeEqual(Buffer.from(a, "utf16le"), Buffer.from(b, "utf16le"));
}

/** Are two byte strings the same? As {@link isSameText}. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
