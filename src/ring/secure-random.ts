/** Random bytes as text, fetched from the system in large lots. Source: `crypto.random`. */

import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";

const LOT = 8192;
const lot = Buffer.alloc(LOT);
let used = LOT;

/**
 * So many bytes from the system's secure generator, as text; none is ever given twice, nor kept.
 *
 * @see Source: `crypto.random/base64`, `/url-part`.
 */
export function randomText(bytes: number, encoding: "base64" | "base64url"): string {
  if (used + bytes > LOT) {
    randomFillSync(lot);
    used = 0;
  }
  const start = used;
  used += bytes;
  const text = lot.toString(encoding, start, used);
  lot.fill(0, start, used);
  return text;
}
