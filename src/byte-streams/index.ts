/** Representations of bytes, each converted into every other. Source: `clj-commons.byte-streams`. */
export type { ByteSink } from "./byte-sink.js";
export type { ByteSource, TakeBytesOptions } from "./byte-source.js";
export { bytesEqual, type Compared, compareBytes } from "./compare.js";
export { AsynchronousConversionError, EndOfDataError, LineTooLongError } from "./conversion-errors.js";
export type { ConversionOptions } from "./conversions.js";
export {
  conversionCost,
  conversionPath,
  convert,
  convertSync,
  defConversion,
  possibleConversions,
} from "./convert.js";
export type { DataReader } from "./data-reader.js";
export { type ConversionEdge, type ConversionGraph, conversionGraph, toDot } from "./dot.js";
export type { ConvertOptions } from "./options.js";
export { MalformedTextError, type OnEncodingError } from "./piece-decoder.js";
export { formatBytes, printBytes, toHex } from "./print.js";
export {
  type Coming,
  type LineOptions,
  type Parts,
  type Read,
  toByteArray,
  toByteArrays,
  toByteBuffer,
  toByteBuffers,
  toByteSink,
  toByteSource,
  toCharSequence,
  toDataInputStream,
  toLineSeq,
  toReadable,
  toReadable as toInputStream,
  toReadableStream,
  toReadableStream as toReadableChannel,
  toReader,
  toString,
  toString as toText,
  toWritable,
  toWritable as toOutputStream,
  toWritableStream,
  toWritableStream as toWritableChannel,
  type Whole,
} from "./to.js";
export { defTransfer, devNull, isOptimizedTransfer, type TransferOptions, transfer } from "./transfer.js";
export {
  defType,
  seqOf,
  streamOf,
  type Type,
  type TypeKind,
  type Types,
  typeDescriptor,
  types,
  vectorOf,
} from "./types.js";
