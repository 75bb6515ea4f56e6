import type { Http2Session } from "node:http2";

/**
 * Closes connections of HTTP/2 that nobody uses. A client that says nothing while its requests are under way is asked
 * whether it is still there, and cut off if it does not answer: it has gone, or has broken the protocol, after which Node
 * says farewell but leaves the connection open.
 *
 * @param milliseconds How long nothing may come in; 0 is for ever.
 */
export function watchSession(session: Http2Session, milliseconds: number): void {
  if (milliseconds === 0) return;
  let open = 0;
  let received = 0;
  let isAsked = false;
  session.on("stream", (stream) => {
    open++;
    stream.once("close", () => open--);
  });
  const look = (): void => {
    if (session.destroyed) return;
    const { bytesRead } = session.socket;
    const isSilent = bytesRead === received;
    received = bytesRead;
    if (!isSilent) isAsked = false;
    else if (isAsked || session.closed) session.destroy();
    else if (open === 0) session.close();
    else isAsked = session.ping(ignore);
  };
  // What came in while the process was busy is read first.
  const timer = setInterval(() => setImmediate(look), milliseconds).unref();
  session.once("close", () => clearInterval(timer));
}

function ignore(): void {}
