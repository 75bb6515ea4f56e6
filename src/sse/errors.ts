import { RingError } from "../errors/index.js";

/** A server-sent event cannot be written so that clients read what was meant. Code `RING_INVALID_EVENT`. */
export class InvalidEventError extends RingError {
  /** @param complaint What is wrong and what to do, as the end of the sentence "a server-sent event ...". */
  constructor(complaint: string) {
    super("RING_INVALID_EVENT", `a server-sent event ${complaint}`);
  }
}

/** A log of events was closed. Code `RING_EVENT_LOG_CLOSED`, status 503. */
export class EventLogClosedError extends RingError {
  constructor() {
    super("RING_EVENT_LOG_CLOSED", "the log of events is closed; append before that, or to another one", {
      status: 503,
    });
  }
}

/** The server of a log of events could not be reached in time, or has answered with an error. Code `RING_EVENT_LOG_UNAVAILABLE`, status 503. */
export class EventLogUnavailableError extends RingError {
  constructor(message: string, cause?: unknown) {
    super("RING_EVENT_LOG_UNAVAILABLE", message, { status: 503, cause });
  }
}

/** A line of an event stream is longer than may be. Code `RING_EVENT_LINE_TOO_LONG`. */
export class EventLineTooLongError extends RingError {
  constructor(maxLineLength: number) {
    super(
      "RING_EVENT_LINE_TOO_LONG",
      `a line of an event stream is longer than maxLineLength (${maxLineLength} characters); raise it, or send less`,
    );
  }
}

/** The data of an event are longer than may be. Code `RING_EVENT_TOO_LARGE`. */
export class EventTooLargeError extends RingError {
  constructor(maxEventLength: number) {
    super(
      "RING_EVENT_TOO_LARGE",
      `the data of an event are longer than maxEventLength (${maxEventLength} characters); raise it, or send less`,
    );
  }
}
