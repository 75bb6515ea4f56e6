/** Bytes and text that come in pieces, and wait. */

import { Buffer } from "node:buffer";

/** Pieces of fewer bytes are copied together. */
const SMALL = 1024;
const BLOCK_SIZE = 16_384;

const NOTHING = Buffer.alloc(0);

/**
 * A queue of bytes. Small pieces are copied together, so that what waits takes about as much memory as it has bytes: a client
 * chooses the sizes of its pieces, and one of a single byte would take two hundred. The first piece, and large ones, are not
 * copied.
 */
export class Gathered {
  #pieces: Buffer[] = [];
  #length = 0;
  /** Where small pieces go; what is in it follows the others. */
  #block = NOTHING;
  #used = 0;

  /** Bytes in it. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const isFirst = this.#length === 0;
    this.#length += piece.length;
    if (isFirst || piece.length >= SMALL) {
      this.#endPiece();
      this.#pieces.push(piece);
      return;
    }
    if (piece.length > this.#block.length - this.#used) {
      this.#endPiece();
      this.#block = Buffer.allocUnsafe(BLOCK_SIZE);
    }
    this.#used += piece.copy(this.#block, this.#used);
  }

  /** Takes the bytes that came first, however many are in one piece; undefined if there are none. */
  shift(): Buffer | undefined {
    if (this.#pieces.length === 0) this.#endPiece();
    const piece = this.#pieces.shift();
    this.#length -= piece?.length ?? 0;
    return piece;
  }

  /** All bytes. They stay, and are not copied if they came as one piece. */
  whole(): Buffer {
    this.#endPiece();
    const [first = NOTHING, second] = this.#pieces;
    return second === undefined ? first : this.copy();
  }

  /** A copy of all bytes, which does not keep alive the larger buffer that a piece may be part of. */
  copy(): Buffer {
    this.#endPiece();
    return Buffer.concat(this.#pieces, this.#length);
  }

  /** What has been copied together becomes a piece; the rest of the block is for the next one. */
  #endPiece(): void {
    if (this.#used === 0) return;
    this.#pieces.push(this.#block.subarray(0, this.#used));
    this.#block = this.#block.subarray(this.#used);
    this.#used = 0;
  }
}

/** Pieces of text that are joined together. */
const MANY = 1024;

/** Text in pieces. Many of them are joined as they come, as a string of one character takes sixteen bytes and more. */
export class GatheredPieces {
  #joined: string[] = [];
  #pieces: string[] = [];
  #length = 0;

  /** UTF-16 code units in it. */
  get length(): number {
    return this.#length;
  }

  add(piece: string): void {
    this.#length += piece.length;
    if (this.#pieces.push(piece) < MANY) return;
    this.#joined.push(this.#pieces.join(""));
    this.#pieces = [];
  }

  /** All of it; nothing stays. */
  take(): string {
    const whole = [...this.#joined, ...this.#pieces].join("");
    this.#joined = [];
    this.#pieces = [];
    this.#length = 0;
    return whole;
  }
}
