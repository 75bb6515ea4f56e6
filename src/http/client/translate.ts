/** What undici and Node fail with, as the kit's errors. */

import { InvalidArgumentError, RingError } from "../../errors/index.js";
import {
  ConnectionClosedError,
  MalformedResponseError,
  ResponseHeadTooLargeError,
  UnknownHostError,
} from "./errors.js";
import type { Target } from "./target.js";

interface Failure {
  readonly code?: unknown;
  readonly hostname?: unknown;
}

/** What connections, and streams of HTTP/2, fail with when the other side ends them. */
const CLOSED: ReadonlySet<unknown> = new Set([
  "UND_ERR_SOCKET",
  "UND_ERR_INFO",
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_STREAM_ERROR",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** Did the other side go away? */
export function isClosedByPeer(error: unknown): boolean {
  return CLOSED.has((error as Failure).code);
}

/**
 * @param when How far the request was: "before it answered".
 * @returns The error for the user; refused connections and faults of TLS stay what they are.
 */
export function translate(error: unknown, target: Target, when: string, maxHeaderSize: number): unknown {
  if (error instanceof RingError) return error;
  const { code, hostname } = (error ?? {}) as Failure;
  const { origin } = target;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "ENODATA":
    case "ESERVFAIL":
      return new UnknownHostError(typeof hostname === "string" ? hostname : target.hostname, error);
    case "UND_ERR_HEADERS_OVERFLOW":
      return new ResponseHeadTooLargeError(origin, maxHeaderSize, error);
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
    case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
      return new InvalidArgumentError(`the request cannot be sent: ${(error as Error).message}`, { cause: error });
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
    // Undici asserts what no server should do, such as to answer 101 where nobody asked for it.
    case "ERR_ASSERTION":
    case "ERR_HTTP2_ERROR":
      return new MalformedResponseError(origin, error);
    default:
      if ((error as Partial<Error>).name === "HTTPParserError") return new MalformedResponseError(origin, error);
      return isClosedByPeer(error) ? new ConnectionClosedError(origin, when, error) : error;
  }
}
