import { Buffer } from "node:buffer";
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
    let seen: Buffer = Buffer.alloc(0);
    const cut = (): void => {
      socket.destroy();
    };
    const look = (): void => {
      const more = socket.read() as Buffer | null;
      if (more === null) return;
      seen = Buffer.concat([seen, more]);
      const isHttp2 = startsAlike(seen);
      if (isHttp2 && seen.length < PREFACE.length) return;
      socket.off("readable", look).off("end", cut).off("error", cut).off("timeout", cut);
      socket.setTimeout(http1.timeout);
      socket.unshift(seen);
      if (isHttp2) http2.emit("connection", socket);
      else for (const serve of serveHttp1) serve.call(http1, socket);
    };
    socket.on("readable", look).on("end", cut).on("error", cut).on("timeout", cut);
    socket.setTimeout(http1.headersTimeout);
  });
  for (const event of ["session", "request", "connect", "checkContinue", "timeout"]) {
    http2.on(event, (...args: unknown[]) => http1.emit(event, ...args));
  }
  return http1;
}

function startsAlike(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, PREFACE.length);
  return bytes.subarray(0, length).equals(PREFACE.subarray(0, length));
}
