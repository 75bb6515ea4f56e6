/**
 * A text that is sent to many, as bytes that nobody changes: encoded once, together with what HTTP/1 has around a chunk of a
 * body.
 */

import { Buffer } from "node:buffer";
export class SharedBytes extends Uint8Array {
  /** Slices are plain bytes, without a chunk. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array;
  }

  /** The whole chunk, of which these bytes are a part. */
  readonly chunk: Buffer;

  constructor(text: string) {
    const length = Buffer.byteLength(text);
    const size = `${length.toString(16)}\r\n`;
    // Outside of the pool: it may be kept for long.
    const chunk = Buffer.allocUnsafeSlow(size.length + length + 2);
    chunk.write(size, 0, "latin1");
    chunk.write(text, size.length);
    chunk.write("\r\n", size.length + length, "latin1");
    super(chunk.buffer, size.length, length);
    this.chunk = chunk;
  }
}
