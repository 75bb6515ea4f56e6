/** Messages as bytes, and back. */

import { Buffer, isUtf8 } from "node:buffer";
import { NotConvertibleError } from "../errors/index.js";

/** How messages travel. */
export interface Codec<T> {
  /** A throw fails the publish. */
  encode(message: T): string | Uint8Array;
  /** A throw means that the message is malformed: it is reported and skipped. */
  decode(bytes: Uint8Array): T;
}

/** JSON in UTF-8: what JSON cannot hold is refused, what it changes (dates, say) arrives changed. */
export const jsonCodec: Codec<unknown> = {
  encode(message) {
    const text = JSON.stringify(message) as string | undefined;
    if (text === undefined) throw new NotConvertibleError(message, "JSON");
    return text;
  },
  decode(bytes) {
    if (!isUtf8(bytes)) throw new NotConvertibleError(bytes, "text: it is not UTF-8");
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as unknown;
  },
};

/** Bytes as they are. */
export const binaryCodec: Codec<Uint8Array> = {
  encode(message) {
    if (!(message instanceof Uint8Array)) throw new NotConvertibleError(message, "bytes");
    return message;
  },
  // A copy: what arrives is a part of a larger piece of memory, which it would keep alive.
  decode: (bytes) => new Uint8Array(bytes),
};
