/** The parser of multipart bodies. */
export {
  InvalidFilenameError,
  InvalidPartHeadersError,
  MalformedMultipartError,
  MultipartError,
  MultipartLimitError,
} from "./errors.js";
export { type FormPart, type FormPartsOptions, formParts, MAX_PART_COUNT } from "./form-parts.js";
export { boundaryOf, type PartHeaders, parseParameters } from "./headers.js";
export { MAX_PART_HEADER_SIZE, MultipartReader, type MultipartReaderOptions } from "./reader.js";
export { removeTempFile, type WrittenFile, writeTempFile } from "./temp-file.js";
export type { Upload, UploadStore } from "./upload.js";
