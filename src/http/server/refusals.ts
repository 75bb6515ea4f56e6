/** Requests that the server answers by itself, before any handler sees them. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { isHttp2, remembering } from "../../message/index.js";
import type { ServerExchange } from "./exchange.js";

/** Up to this many bytes of a body that nobody wants are read, so that the connection can go on. */
const WORTH_READING = 1_048_576;

/** Milliseconds that a client has to read its answer, and to stop sending, before the connection is closed. */
const LINGER = 1_000;

/** Says that the body is too large, and gets rid of the rest of it. */
export function refuseBody(exchange: ServerExchange): void {
  const { req, res } = exchange;
  if (isHttp2(req)) {
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

/** Connections that are about to be closed over a request; what their clients had sent behind it is not served. */
const refused = new WeakSet<Socket>();
/** Until there is one, nobody need look. */
let isAnyRefused = false;

/** Did the request come behind one that the connection is being closed over? */
export function isBehindRefused(req: IncomingMessage): boolean {
  return isAnyRefused && refused.has(req.socket);
}

/** Answers with a status alone, and closes the connection. */
export function refuseAndClose(exchange: ServerExchange, status: number): void {
  if (isHttp2(exchange.req)) return exchange.answer({ status });
  isAnyRefused = true;
  refused.add(exchange.req.socket);
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

/** The status for a request whose head is too large, of a version that there is not, or for no host or two; undefined for others. */
export function headFault(
  req: IncomingMessage,
  maxInitialLineLength: number,
  maxHeaderSize: number,
): 400 | 414 | 431 | 505 | undefined {
  const { httpVersion } = req;
  if (httpVersion !== "1.1" && httpVersion !== "1.0" && !isHttp2(req)) return 505;
  // The blanks and the version count too.
  const line = (req.method as string).length + (req.url as string).length + " HTTP/1.1 ".length;
  if (line > maxInitialLineLength) return 414;
  const { rawHeaders } = req;
  let size = 0;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    // Each has two characters behind it: ": " or the end of the line.
    size += name.length + value.length + 4;
    if (name === "Host" || name === "host" || (name.length === 4 && name.toLowerCase() === "host"))
      hosts += isHost(value) ? 1 : 2;
  }
  if (size > maxHeaderSize) return 431;
  return hosts > 1 || (hosts === 0 && httpVersion === "1.1") ? 400 : undefined;
}

/** Nothing is in it that no host has, so that one reader of it does not see another host than the next (RFC 9112, 3.2). */
const isHost = remembering((value: string): boolean => !/[\s,/?#@\\]/.test(value));
