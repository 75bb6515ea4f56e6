import type { Server } from "node:http";
import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";

/** What a client of HTTP/2 begins with (RFC 9113, 3.4); its first line is enough to know it. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n");

/**
 * Makes a server speak HTTP/2 too, over plain TCP: who speaks which is told by the first bytes.
 *
 * @returns the first of the two, which listens, and hears what becomes of the other
 */
export function serveBoth(http1: Server, http2: Http2Server): Server {
  const serveHttp1 = http1.listeners("connection") as ((socket: Socket) => void)[];
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    socket.setTimeout(http1.headersTimeout, () => socket.destroy());
    const stop = (): void => {
      socket.off("readable", look).off("error", ignore);
      socket.setTimeout(http1.timeout).removeAllListeners("timeout");
    };
    const look = (): void => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      const isHttp2 = startsAlike(first);
      if (isHttp2 && first.length < PREFACE.length && !socket.readableEnded) return;
      stop();
      if (isHttp2) http2.emit("connection", socket);
      else for (const serve of serveHttp1) serve.call(http1, socket);
    };
    socket.on("readable", look).on("error", ignore);
  });
  for (const event of ["session", "request", "checkContinue", "timeout"]) {
    http2.on(event, (...args: unknown[]) => http1.emit(event, ...args));
  }
  return http1;
}

function startsAlike(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, PREFACE.length);
  return bytes.subarray(0, length).equals(PREFACE.subarray(0, length));
}

function ignore(): void {}
