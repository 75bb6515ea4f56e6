import { RingError } from "../errors/index.js";

/** A line is no JSON. Code `RING_INVALID_NDJSON`, status 400. */
export class InvalidJsonLineError extends RingError {
  /** Which line, from 1. */
  readonly line: number;

  constructor(line: number, cause: unknown) {
    super("RING_INVALID_NDJSON", `line ${line} is no JSON; have it mended, or give onBadLine to leave such lines out`, {
      status: 400,
      cause,
    });
    this.line = line;
  }
}

/** A line is longer than may be. Code `RING_NDJSON_LINE_TOO_LONG`, status 413. */
export class JsonLineTooLongError extends RingError {
  /** Which line, from 1. */
  readonly line: number;

  constructor(line: number, maxLineLength: number) {
    super(
      "RING_NDJSON_LINE_TOO_LONG",
      `line ${line} is longer than maxLineLength (${maxLineLength} characters); raise it, or send shorter ones`,
      { status: 413 },
    );
    this.line = line;
  }
}
