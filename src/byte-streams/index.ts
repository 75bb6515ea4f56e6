/** Representations of bytes. Source: `clj-commons.byte-streams`. */
export {
  type Charset,
  charset,
  findCharset,
  type PieceEncoder,
  toBuffer,
  UnknownCharsetError,
  utf8,
} from "./charset.js";
export { type ByteChunks, readChunks } from "./chunks.js";
export { closeBody, isReadable } from "./close.js";
export { type FileRegion, FileRegionError, file, fileRegion, HttpFile } from "./http-file.js";
export {
  BodyAbortedError,
  BodyTooLargeError,
  type ByteBody,
  checkMaxBytes,
  MAX_BYTES,
  type ReadBytesOptions,
  type ReadTextOptions,
  readBytes,
  readText,
} from "./read.js";
