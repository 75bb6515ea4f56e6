/** What there is to know of a request while it is being answered. */

import type { ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { RingError } from "../../errors/index.js";
import { exchangeBehind, exchangeOf } from "../../message/index.js";

/** The client took its request back over HTTP/2, or the connection was lost. Code `RING_STREAM_RESET`. */
export class StreamResetError extends RingError {
  /** Why, as HTTP/2 numbers it (RFC 9113, section 7). */
  readonly errorCode: number;

  constructor(errorCode: number) {
    super("RING_STREAM_RESET", `the client reset the stream of the request with error code ${errorCode}`);
    this.errorCode = errorCode;
  }
}

/**
 * The TLS connection that a request came in on: its certificates, cipher and session; undefined on plain HTTP, and behind
 * mocks.
 *
 * @example
 * const handler = (request) => ({ status: 200, body: http.ringRequestSslSession(request)?.getProtocol() ?? "plain" });
 * @see Source: `aleph.http/ring-request-ssl-session`. Differs: it is Node's socket, of which the session is a part.
 */
export function ringRequestSslSession(request: object): TLSSocket | undefined {
  const socket = exchangeBehind(request)?.req.socket;
  return socket !== undefined && "encrypted" in socket ? (socket as TLSSocket) : undefined;
}

/**
 * Can the response still be sent? false once it was begun, or the client has gone.
 *
 * @throws {NoExchangeError} code `RING_NO_EXCHANGE`, on mock requests.
 * @example
 * const handler = async (request) => {
 *   await new Promise((resolve) => setTimeout(resolve, 100));
 *   return http.isWritable(request) ? { status: 200, body: "still here" } : null;
 * };
 * @see Source: the key `:aleph/writable?` of requests. Differs: a function, for HTTP/1 too.
 */
export function isWritable(request: object): boolean {
  return !exchangeOf(request).isOver;
}

/**
 * Why the client of a request over HTTP/2 went away; undefined while it is there, and over HTTP/1.
 *
 * @throws {NoExchangeError} code `RING_NO_EXCHANGE`, on mock requests.
 * @example
 * const handler = async (request) => {
 *   await new Promise((resolve) => setTimeout(resolve, 100));
 *   return { status: 200, body: `gone: ${http.h2Exception(request)?.errorCode ?? "not at all"}` };
 * };
 * @see Source: the key `:aleph/h2-exception` of requests. Differs: a function.
 */
export function h2Exception(request: object): StreamResetError | undefined {
  const { stream } = exchangeOf(request).req as { readonly stream?: ServerHttp2Stream };
  return stream?.aborted === true ? new StreamResetError(stream.rstCode ?? 0) : undefined;
}
