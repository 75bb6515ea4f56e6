/** What the rest of the kit needs of bytes: bodies read and closed, charsets, files. The public list is index.ts. */
export { type Charset, charset, findCharset, type PieceEncoder, UnknownCharsetError, utf8 } from "./charset.js";
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
