/** Requests that the server answers by itself, before any handler sees them. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { ServerExchange } from "./exchange.js";

/** Up to this many bytes of a body that nobody wants are read, so that the connection can go on. */
const WORTH_READING = 1_048_576;

/** Milliseconds that a client has to read its answer, and to stop sending, before the connection is closed. */
const LINGER = 1_000;

/** Says that the body is too large, and gets rid of the rest of it. */
export function refuseBody(exchange: ServerExchange): void {
  const { req, res } = exchange;
  if (req.httpVersionMajor >= 2) {
    const headers = { "content-type": "text/plain; charset=utf-8" };
    const { stream } = req as unknown as { readonly stream: ServerHttp2Stream };
    // Not at once: clients may drop an answer whose stream is reset behind it.
    const timer = setTimeout(() => stream.close(), LINGER);
    stream.once("close", () => clearTimeout(timer));
    exchange.answer({ status: 413, headers, body: "Request body too large" });
  } else if (Number(req.headers["content-length"]) <= WORTH_READING && !isAwaited(res)) {
    exchange.answer({ status: 413 });
  } else refuseAndClose(exchange, 413);
  req.resume();
}

/** Does the client wait for leave to send the body? */
function isAwaited(res: ServerResponse): boolean {
  const { _expect_continue, _sent100 } = res as unknown as Record<string, boolean | undefined>;
  return _expect_continue === true && _sent100 !== true;
}

/** Answers with a status alone, and closes the connection. */
export function refuseAndClose(exchange: ServerExchange, status: number): void {
  if (exchange.req.httpVersionMajor >= 2) return exchange.answer({ status });
  lingerBeforeClosing(exchange.req.socket);
  exchange.answer({ status, headers: { connection: "close" } });
}

/**
 * A connection that is closed while bytes come in is reset, and the client may lose the answer over it; so it is closed in
 * one direction first.
 */
function lingerBeforeClosing(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER);
    socket.once("close", () => clearTimeout(timer));
  };
}

/** The status for a request whose head is too large; undefined for others. */
export function headFault(
  req: IncomingMessage,
  maxInitialLineLength: number,
  maxHeaderSize: number,
): 414 | 431 | undefined {
  // The blanks and the version count too.
  const line = (req.method as string).length + (req.url as string).length + " HTTP/1.1 ".length;
  if (line > maxInitialLineLength) return 414;
  const { rawHeaders } = req;
  let size = 0;
  // Each name and value has two characters behind it: ": " or the end of the line.
  for (let i = 0; i < rawHeaders.length; i++) size += (rawHeaders[i] as string).length + 2;
  return size > maxHeaderSize ? 431 : undefined;
}
