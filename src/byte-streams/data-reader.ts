/** Numbers from bytes. Source: Java's `DataInputStream`. */

import { chain, type Deferred } from "../deferred/index.js";
import type { ByteSource } from "./byte-source.js";
import { toBuffer } from "./charset.js";
import { EndOfDataError } from "./conversion-errors.js";

/** Reads big-endian numbers, one after the other; beyond the end each read fails with `RING_END_OF_DATA`. */
export interface DataReader {
  readBytes(count: number): Deferred<Uint8Array>;
  readInt8(): Deferred<number>;
  readUint8(): Deferred<number>;
  readInt16(): Deferred<number>;
  readUint16(): Deferred<number>;
  readInt32(): Deferred<number>;
  readUint32(): Deferred<number>;
  readBigInt64(): Deferred<bigint>;
  readBigUint64(): Deferred<bigint>;
  readFloat32(): Deferred<number>;
  readFloat64(): Deferred<number>;
  /** Closes what the bytes come from. */
  close(): void;
}

/** Over a byte source. */
export class SourceDataReader implements DataReader {
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  readBytes(count: number): Deferred<Uint8Array> {
    return this.#read(count, (bytes) => bytes);
  }

  readInt8(): Deferred<number> {
    return this.#read(1, (bytes) => bytes.readInt8());
  }

  readUint8(): Deferred<number> {
    return this.#read(1, (bytes) => bytes.readUInt8());
  }

  readInt16(): Deferred<number> {
    return this.#read(2, (bytes) => bytes.readInt16BE());
  }

  readUint16(): Deferred<number> {
    return this.#read(2, (bytes) => bytes.readUInt16BE());
  }

  readInt32(): Deferred<number> {
    return this.#read(4, (bytes) => bytes.readInt32BE());
  }

  readUint32(): Deferred<number> {
    return this.#read(4, (bytes) => bytes.readUInt32BE());
  }

  readBigInt64(): Deferred<bigint> {
    return this.#read(8, (bytes) => bytes.readBigInt64BE());
  }

  readBigUint64(): Deferred<bigint> {
    return this.#read(8, (bytes) => bytes.readBigUInt64BE());
  }

  readFloat32(): Deferred<number> {
    return this.#read(4, (bytes) => bytes.readFloatBE());
  }

  readFloat64(): Deferred<number> {
    return this.#read(8, (bytes) => bytes.readDoubleBE());
  }

  close(): void {
    this.#source.close();
  }

  #read<T extends number | bigint | Uint8Array>(count: number, decode: (bytes: Buffer) => T): Deferred<T> {
    return chain(this.#source.takeBytes(count), (bytes) => {
      if (bytes === undefined || bytes.length < count) throw new EndOfDataError(count, bytes?.length ?? 0);
      return decode(toBuffer(bytes));
    }) as unknown as Deferred<T>;
  }
}
