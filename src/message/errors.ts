import { RingError } from "../errors/index.js";

/** The handler answered with something that is no response; nothing of it was sent. Code `RING_INVALID_RESPONSE`, status 500. */
export class InvalidResponseError extends RingError {
  /**
   * @param route Method and route (or path) of the request.
   * @param complaint What is wrong and what to do, as the end of the sentence "the response to GET / ...".
   */
  constructor(route: string, complaint: string, options: { readonly cause?: unknown } = {}) {
    super("RING_INVALID_RESPONSE", `the response to ${route} ${complaint}`, { status: 500, ...options });
  }
}

/** The body is not as long as the response's own content-length. Code `RING_CONTENT_LENGTH`. */
export class ContentLengthError extends RingError {
  constructor(route: string, declared: number, actual: string) {
    super(
      "RING_CONTENT_LENGTH",
      `the response to ${route} has a content-length of ${declared} bytes, but its body has ${actual}; leave the header out unless it is exact`,
    );
  }
}

/** The request map did not come from a server of Node's, so there is no raw request behind it. Code `RING_NO_EXCHANGE`. */
export class NoExchangeError extends RingError {
  constructor() {
    super(
      "RING_NO_EXCHANGE",
      "there is no server of Node's behind this request: it is a mock, came through toFetch, or was built anew instead of with { ...request, key: value }",
    );
  }
}
