import type { Http2Session } from "node:http2";

const leaving = new WeakSet<Http2Session>();

/** Was the client told, or is just being told, that nothing behind its last request will be looked at? */
export function isLeaving(session: Http2Session | undefined): boolean {
  return session !== undefined && leaving.has(session);
}

/** A connection of HTTP/2 of the server's, and how many of its requests are under way. */
export class ServerSession {
  readonly #session: Http2Session;
  #open = 0;
  #isLeaving = false;

  constructor(session: Http2Session) {
    this.#session = session;
    session.on("stream", (stream) => {
      this.#open++;
      stream.once("close", () => {
        this.#open--;
        this.#closeIfIdle();
      });
    });
  }

  /**
   * Takes no more requests, and closes when those that are under way have their answers. `session.close()` at once would have Node
   * end new streams while it reads, over which Node 20 corrupts its memory.
   */
  leave(): void {
    if (this.#isLeaving || this.#session.destroyed) return;
    this.#isLeaving = true;
    leaving.add(this.#session);
    this.#session.goaway();
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    // What the last stream has to send is sent after this turn of the event loop, or the client would never have it.
    if (this.#isLeaving && this.#open === 0) setImmediate(() => this.#open === 0 && this.#session.close());
  }

  destroy(): void {
    this.#session.destroy();
  }

  /**
   * Closes the connection when nobody uses it. A client that says nothing while its requests are under way is asked whether it
   * is still there, and cut off if it does not answer: it has gone, or has broken the protocol, after which Node says farewell
   * but leaves the connection open.
   *
   * @param milliseconds How long nothing may come in; 0 is for ever.
   */
  closeWhenUnused(milliseconds: number): void {
    if (milliseconds === 0) return;
    const session = this.#session;
    let received = 0;
    let isAsked = false;
    const look = (): void => {
      if (session.destroyed) return;
      const { bytesRead } = session.socket;
      const isSilent = bytesRead === received;
      received = bytesRead;
      if (!isSilent) isAsked = false;
      else if (isAsked || session.closed) session.destroy();
      else if (this.#open === 0) this.leave();
      else isAsked = session.ping(ignore);
    };
    // What came in while the process was busy is read first.
    const timer = setInterval(() => setImmediate(look), milliseconds).unref();
    session.once("close", () => clearInterval(timer));
  }
}

function ignore(): void {}
