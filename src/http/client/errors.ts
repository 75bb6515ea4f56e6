/** What can go wrong with a request, a class and a code for each. */

import { RingError, TimeoutError } from "../../errors/index.js";
import type { ClientResponse } from "./types.js";

/** The pool had no connection to give within `poolTimeout`. Code `RING_POOL_TIMEOUT`. */
export class PoolTimeoutError extends TimeoutError {
  constructor(milliseconds: number, origin: string) {
    super(
      milliseconds,
      "RING_POOL_TIMEOUT",
      `no connection to ${origin} was free within poolTimeout (${milliseconds} milliseconds); read or close bodies, or raise connectionsPerHost`,
    );
  }
}

/** No connection was established in time. Code `RING_CONNECTION_TIMEOUT`. */
export class ConnectionTimeoutError extends TimeoutError {
  constructor(milliseconds: number, origin: string, cause?: unknown) {
    super(
      milliseconds,
      "RING_CONNECTION_TIMEOUT",
      `could not connect to ${origin} within connectionTimeout (${milliseconds} milliseconds)`,
      { cause },
    );
  }
}

/** A proxy did not complete its handshake in time. Code `RING_PROXY_CONNECTION_TIMEOUT`. */
export class ProxyConnectionTimeoutError extends TimeoutError {
  constructor(milliseconds: number, proxy: string) {
    super(
      milliseconds,
      "RING_PROXY_CONNECTION_TIMEOUT",
      `the proxy ${proxy} did not let through within its connectionTimeout (${milliseconds} milliseconds)`,
    );
  }
}

/** The head of the response did not come in time. Code `RING_REQUEST_TIMEOUT`. */
export class RequestTimeoutError extends TimeoutError {
  constructor(milliseconds: number, origin: string, option = "requestTimeout") {
    super(
      milliseconds,
      "RING_REQUEST_TIMEOUT",
      `${origin} did not answer within ${option} (${milliseconds} milliseconds)`,
    );
  }
}

/** The body of the response was not complete in time. Code `RING_READ_TIMEOUT`. */
export class ReadTimeoutError extends TimeoutError {
  constructor(milliseconds: number, origin: string, option = "readTimeout") {
    super(
      milliseconds,
      "RING_READ_TIMEOUT",
      option === "socketTimeout"
        ? `${origin} kept silent within the body for socketTimeout (${milliseconds} milliseconds)`
        : `the body from ${origin} was not complete within ${option} (${milliseconds} milliseconds)`,
    );
  }
}

/** The request was cancelled: by `cancelRequest`, an `AbortSignal`, or an error put into its deferred. Code `RING_REQUEST_CANCELLED`. */
export class RequestCancellationError extends RingError {
  constructor(cause?: unknown) {
    super("RING_REQUEST_CANCELLED", "the request was cancelled; the server may have processed it", { cause });
  }
}

/** As many requests wait for a connection as may. Code `RING_POOL_QUEUE_FULL`. */
export class PoolQueueFullError extends RingError {
  constructor(maxQueueSize: number, origin: string) {
    super(
      "RING_POOL_QUEUE_FULL",
      `${maxQueueSize} requests wait for a connection to ${origin} already; raise maxQueueSize or connectionsPerHost, or send fewer at a time`,
    );
  }
}

/** The pool was shut down. Code `RING_POOL_CLOSED`. */
export class PoolClosedError extends RingError {
  constructor(cause?: unknown) {
    super("RING_POOL_CLOSED", "the connection pool is shut down; make another one", { cause });
  }
}

/** The name of the host cannot be resolved. Code `RING_UNKNOWN_HOST`. */
export class UnknownHostError extends RingError {
  constructor(host: string, cause: unknown) {
    super("RING_UNKNOWN_HOST", `unknown host ${JSON.stringify(host)}`, { cause });
  }
}

/** The server closed the connection before the response was complete. Code `RING_CONNECTION_CLOSED`. */
export class ConnectionClosedError extends RingError {
  constructor(origin: string, when: string, cause: unknown) {
    super("RING_CONNECTION_CLOSED", `${origin} closed the connection ${when}`, { cause });
  }
}

/** What the server sent is not HTTP. Code `RING_MALFORMED_RESPONSE`. */
export class MalformedResponseError extends RingError {
  constructor(origin: string, cause: unknown) {
    super("RING_MALFORMED_RESPONSE", `the response of ${origin} is malformed: ${reasonOf(cause)}`, { cause });
  }
}

/** The headers of the response are longer than `maxHeaderSize`. Code `RING_RESPONSE_HEAD_TOO_LARGE`. */
export class ResponseHeadTooLargeError extends RingError {
  constructor(origin: string, maxHeaderSize: number, cause: unknown) {
    super(
      "RING_RESPONSE_HEAD_TOO_LARGE",
      `the headers of the response of ${origin} are longer than maxHeaderSize (${maxHeaderSize} bytes); raise it in connectionOptions`,
      { cause },
    );
  }
}

/** A body was left unread while other requests waited for its connection. Code `RING_BODY_UNREAD`. */
export class BodyUnreadError extends RingError {
  constructor(milliseconds: number) {
    super(
      "RING_BODY_UNREAD",
      `the body was not read for unreadTimeout (${milliseconds} milliseconds) while other requests waited for its connection; read it, or close the response`,
    );
  }
}

/** A proxy refused. Code `RING_PROXY`; with its answer, if it speaks HTTP. */
export class ProxyError extends RingError {
  /** Status of the proxy's answer. */
  readonly proxyStatus: number | undefined;
  /** Headers of the proxy's answer. */
  readonly proxyHeaders: Readonly<Record<string, unknown>> | undefined;

  constructor(
    proxy: string,
    why: string,
    answer: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super("RING_PROXY", `the proxy ${proxy} ${why}`, { cause: answer.cause });
    this.proxyStatus = answer.status;
    this.proxyHeaders = answer.headers;
  }
}

/** The response has an error status. Code `RING_STATUS`; `status` is that of the response. */
export class StatusError extends RingError {
  /** The whole response. */
  readonly response: ClientResponse<unknown>;
  readonly headers: ClientResponse["headers"];
  readonly body: unknown;
  declare readonly status: number;

  constructor(response: ClientResponse<unknown>) {
    super("RING_STATUS", `the server answered with status ${response.status}`, { status: response.status });
    this.response = response;
    this.headers = response.headers;
    this.body = response.body;
  }

  override get isOfPeer(): boolean {
    return true;
  }
}

/** A redirect was not followed. Code `RING_REDIRECT`. */
export class RedirectError extends RingError {
  /** The response that redirects. */
  readonly response: ClientResponse<unknown>;

  constructor(why: string, response: ClientResponse<unknown>, cause?: unknown) {
    super("RING_REDIRECT", why, { cause });
    this.response = response;
  }
}

/** A body cannot be read as what `as` asks for. Code `RING_COERCION`. */
export class CoercionError extends RingError {
  /** The response, with its body as text. */
  readonly response: ClientResponse<unknown>;

  constructor(as: string, response: ClientResponse<unknown>, cause: unknown) {
    super("RING_COERCION", `the body cannot be read as ${JSON.stringify(as)}: ${reasonOf(cause)}`, { cause });
    this.response = response;
  }
}

/** A body that can be sent once only would have to be sent again. Code `RING_BODY_NOT_REPLAYABLE`. */
export class BodyNotReplayableError extends RingError {
  constructor(why: string) {
    super(
      "RING_BODY_NOT_REPLAYABLE",
      `${why}, but the body is a stream and has been sent; give it as a string, bytes or a file`,
    );
  }
}

function reasonOf(cause: unknown): string {
  return String((cause as Partial<Error> | undefined)?.message ?? cause);
}
