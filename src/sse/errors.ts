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

/** An event source was answered with another status than 200. Code `RING_EVENT_SOURCE_STATUS`; `status` is that of the answer. */
export class EventSourceStatusError extends RingError {
  constructor(status: number) {
    super(
      "RING_EVENT_SOURCE_STATUS",
      `the event source was answered with status ${status}; name it in retryStatuses to come back after it`,
      { status },
    );
  }

  override get isOfPeer(): boolean {
    return true;
  }
}

/** What an event source was answered with is no event stream. Code `RING_EVENT_SOURCE_CONTENT_TYPE`. */
export class EventSourceContentTypeError extends RingError {
  constructor(type: string | undefined) {
    const found = type === undefined ? "no content-type" : `the content-type ${JSON.stringify(type)}`;
    super(
      "RING_EVENT_SOURCE_CONTENT_TYPE",
      `the event source was answered with ${found}; it must be text/event-stream`,
    );
  }
}

/** An event source has given up. Code `RING_EVENT_SOURCE_LOST`; `cause` is the last failure. */
export class EventSourceLostError extends RingError {
  constructor(maxFailures: number, cause: unknown) {
    super("RING_EVENT_SOURCE_LOST", `the event source could not be reached ${maxFailures} times (maxFailures)`, {
      cause,
    });
  }
}
