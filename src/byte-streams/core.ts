/** What the rest of the kit needs of bytes: bodies read and closed, charsets, files. The public list is index.ts. */
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
export { abandon, closeBody, closeSource, isReadable, isServerRequest } from "./close.js";
export { CompressedBody, type Compression, type ContentCoding, compressionOf, type Uncompressed } from "./compress.js";
export { closeDescriptor, namesIn, readDescriptor, readIf, realPathIfThere, statIfThere } from "./disk.js";
export { Gathered } from "./gathered.js";
export { asFile, type FileRegion, FileRegionError, file, fileRegion, HttpFile, type SeenFile } from "./http-file.js";
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
export {
  FileChangedError,
  openSeen,
  readRegion,
  regionChunks,
  regionStream,
} from "./read-file.js";
