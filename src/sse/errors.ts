import { RingError } from "../errors/index.js";

/** A server-sent event cannot be written so that clients read what was meant. Code `RING_INVALID_EVENT`. */
export class InvalidEventError extends RingError {
  /** @param complaint What is wrong and what to do, as the end of the sentence "a server-sent event ...". */
  constructor(complaint: string) {
    super("RING_INVALID_EVENT", `a server-sent event ${complaint}`);
  }
}
