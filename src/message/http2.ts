import type { IncomingMessage } from "node:http";

/**
 * Did the request come over HTTP/2?
 *
 * What it says of its version is the client's word: over HTTP/1 a request line may end in `HTTP/2.0`, or in nothing.
 */
export function isHttp2(req: IncomingMessage): boolean {
  return req.httpVersionMajor > 1 && "stream" in req;
}
