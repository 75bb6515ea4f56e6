import { RingError } from "../errors/index.js";

/** The server of a bus could not be reached in time, or not any more. Code `RING_BUS_UNAVAILABLE`, status 503. */
export class BusUnavailableError extends RingError {
  constructor(message: string, cause?: unknown) {
    super("RING_BUS_UNAVAILABLE", message, { status: 503, cause });
  }
}

/** The server of a bus has answered with an error, for lack of a permission say. Code `RING_BUS_REFUSED`. */
export class BusRefusedError extends RingError {
  constructor(what: string, cause: unknown) {
    super("RING_BUS_REFUSED", `Redis refuses ${what}: ${String((cause as Partial<Error>)?.message ?? cause)}`, {
      cause,
    });
  }
}
