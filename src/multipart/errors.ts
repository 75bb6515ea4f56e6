/** What is wrong with an upload. */

import { RingError } from "../errors/index.js";

/**
 * An upload that is refused; the class that malformed input and limits share. A store of one's own refuses an upload by
 * throwing one: `wrapMultipartParams` then answers by its `errorHandler`.
 *
 * @example
 * throw new MultipartError("APP_FILE_TYPE", "only images may be uploaded", { status: 415 });
 */
export class MultipartError extends RingError {}

/** The body is not multipart as its content-type says. Code `RING_MULTIPART_MALFORMED`, status 400. */
export class MalformedMultipartError extends MultipartError {
  constructor(fault: string) {
    super("RING_MULTIPART_MALFORMED", `malformed multipart body: ${fault}`, { status: 400 });
  }
}

/** The body is larger than a limit. Code `RING_MULTIPART_LIMIT`, status 413. */
export class MultipartLimitError extends MultipartError {
  /** The option that it went beyond. */
  readonly limit: string;

  constructor(what: string, limit: string, value: number, unit: string) {
    super("RING_MULTIPART_LIMIT", `${what} than ${limit} (${value} ${unit}); send less, or raise ${limit}`, {
      status: 413,
    });
    this.limit = limit;
  }
}

/** A file name holds a NUL, which would end it for the system's calls. Code `RING_MULTIPART_FILENAME`, status 400. */
export class InvalidFilenameError extends RingError {
  constructor() {
    super("RING_MULTIPART_FILENAME", "the name of an uploaded file holds a NUL character", { status: 400 });
  }
}

/** The headers of a part mean nothing in their charset. Code `RING_MULTIPART_HEADERS`, status 400. */
export class InvalidPartHeadersError extends RingError {
  constructor(charset: string) {
    super("RING_MULTIPART_HEADERS", `the headers of a part are no lines of text in the charset ${charset}`, {
      status: 400,
    });
  }
}
