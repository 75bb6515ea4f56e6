/** Rows of JSON, one on each line: `application/x-ndjson`. */
export { type DecodeNdjsonOptions, decodeNdjson, ndjsonDecoder } from "./decode.js";
export { type EncodeNdjsonOptions, encodeNdjson, type NdjsonOptions, ndjson } from "./encode.js";
export { InvalidJsonLineError, JsonLineTooLongError } from "./errors.js";
