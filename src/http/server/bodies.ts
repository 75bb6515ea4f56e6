/** What is waited for of a request's body before its handler is called. */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { nextTick } from "node:process";
import { isHttp2 } from "../../message/index.js";
import type { ResolvedHandlerOptions } from "./options.js";

/**
 * Calls one of the two: `start` when as much of the body is there as the options ask for, `refuse` if it is too large.
 * Neither, if the client leaves before. The body is as it was: nothing of it counts as read.
 */
export function awaitBody(
  req: IncomingMessage,
  length: string | undefined,
  { requestBufferSize, maxRequestBodySize, rawStream }: ResolvedHandlerOptions,
  start: () => void,
  refuse: () => void,
): void {
  const declared = Number(length);
  if (declared > maxRequestBodySize) refuse();
  // Node holds the sender to it.
  else if (declared >= 0) {
    // A buffer that is full stops the connection.
    const fits = declared <= requestBufferSize && declared < req.readableHighWaterMark;
    if (fits && !rawStream) awaitBuffered(req, declared, start);
    else start();
  } else if (maxRequestBodySize === Number.POSITIVE_INFINITY) start();
  else awaitWhole(req, maxRequestBodySize, start, refuse);
}

/** Waits until Node has so many bytes of the body in its buffer. */
function awaitBuffered(req: IncomingMessage, bytes: number, start: () => void): void {
  const isThere = (): boolean => req.readableLength >= bytes || isComplete(req);
  const look = (): void => {
    if (!isThere()) return;
    req.off("readable", look);
    start();
  };
  // What came together with the head will be there then.
  nextTick(() => {
    if (isThere()) start();
    else req.on("readable", look);
  });
}

/** Waits for the end of a body of unknown length, and puts what has come back in front. */
function awaitWhole(req: IncomingMessage, most: number, start: () => void, refuse: () => void): void {
  const pieces: Buffer[] = [];
  let size = 0;
  const look = (): void => {
    for (let piece = req.read() as Buffer | null; piece !== null; piece = req.read() as Buffer | null) {
      size += piece.length;
      pieces.push(piece);
      if (size > most) return end(refuse);
    }
    if (!isComplete(req)) return;
    // It has not told of its end yet, and does not while it holds something.
    if (size > 0) req.unshift(Buffer.concat(pieces));
    end(start);
  };
  const end = (next: () => void): void => {
    req.off("readable", look);
    next();
  };
  req.on("readable", look);
}

/** Has all of the body come? */
function isComplete(req: IncomingMessage): boolean {
  if (!isHttp2(req)) return req.complete;
  return (req as unknown as { readonly stream: ServerHttp2Stream }).stream.readableEnded;
}
