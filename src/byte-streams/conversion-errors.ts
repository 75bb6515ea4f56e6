import { RingError } from "../errors/index.js";

/** The conversion has to wait, and was asked for synchronously. Code `RING_ASYNCHRONOUS_CONVERSION`. */
export class AsynchronousConversionError extends RingError {
  constructor(from: string, to: string) {
    super(
      "RING_ASYNCHRONOUS_CONVERSION",
      `${from} becomes ${to} only asynchronously; use convert, and await what it returns`,
    );
  }
}

/** Bytes ended before all that were asked for had come. Code `RING_END_OF_DATA`. */
export class EndOfDataError extends RingError {
  constructor(wanted: number, found: number) {
    super("RING_END_OF_DATA", `the data ended after ${found} of ${wanted} bytes that were to be read`);
  }
}

/** A line is longer than `maxLineLength`. Code `RING_LINE_TOO_LONG`. */
export class LineTooLongError extends RingError {
  constructor(maxLineLength: number) {
    super(
      "RING_LINE_TOO_LONG",
      `a line is longer than maxLineLength (${maxLineLength} characters); raise maxLineLength, or read the text with toReader`,
    );
  }
}
