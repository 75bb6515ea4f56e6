import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { OpenWebsockets } from "./open-websockets.js";

const upgrades = new WeakMap<ServerResponse, Upgrade>();

/**
 * A websocket handshake on its way through an application, which sees an ordinary request and response: what it answers
 * reaches the client as the HTTP answer it is, unless it asks for the websocket.
 */
export class Upgrade {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly socket: Duplex;
  /** What the client has sent behind the request. */
  readonly head: Buffer;
  /** Where the websocket counts as open. */
  readonly websockets: OpenWebsockets;
  #isFinishing = false;
  #proceed: (() => void) | undefined;

  constructor(req: IncomingMessage, socket: Duplex, head: Buffer, websockets: OpenWebsockets) {
    this.req = req;
    this.socket = socket;
    this.head = head;
    this.websockets = websockets;
    this.res = this.#makeResponse();
    upgrades.set(this.res, this);
  }

  /** The handshake behind a response; undefined behind an ordinary one. */
  static behind(res: ServerResponse): Upgrade | undefined {
    return upgrades.get(res);
  }

  /**
   * Ends the response for the middleware that wants to have a hand in it (a session store saves, others add headers),
   * and calls `proceed` where it would be sent.
   */
  finish(proceed: () => void): void {
    this.#isFinishing = true;
    this.#proceed = proceed;
    this.res.statusCode = 101;
    this.res.end();
  }

  /** Gives the connection away: the response has nothing to do with it any more. */
  release(): void {
    const { req, res, socket } = this;
    res.detachSocket(req.socket);
    socket.off("error", ignore).off("end", this.#leave);
    this.#tellOfClose();
    // Loggers wait for it.
    res.emit("finish");
  }

  /** Only while somebody listens: else an open websocket would keep its whole request for nobody. */
  #tellOfClose(): void {
    const { res, socket } = this;
    const tell = (): void => void res.emit("close");
    const isHeard = (): boolean => res.listenerCount("close") > 0;
    if (isHeard()) socket.once("close", tell);
    res.on("newListener", (event) => {
      if (event === "close" && !isHeard()) socket.once("close", tell);
    });
    res.on("removeListener", (event) => {
      if (event === "close" && !isHeard()) socket.off("close", tell);
    });
  }

  /** Leaves the connection as it was before this, for somebody else to answer. */
  handBack(): void {
    const { req, res, socket } = this;
    res.detachSocket(req.socket);
    socket.off("error", ignore).off("end", this.#leave);
    upgrades.delete(res);
  }

  readonly #leave = (): void => {
    this.socket.destroy();
  };

  #makeResponse(): ServerResponse {
    const { req, socket } = this;
    const res = new ServerResponse(req);
    // The parser has let go of the connection, so it serves no other request.
    res.shouldKeepAlive = false;
    res.assignSocket(req.socket);
    // An error that nobody hears would end the process; that the connection is closed is heard otherwise.
    socket.on("error", ignore);
    // A client that leaves while the application thinks; Node's parser, which would notice, has let go.
    socket.on("end", this.#leave);
    res.once("finish", () => {
      if (res.socket !== null) req.socket.destroySoon();
    });
    // On the object itself: Express changes the prototype, and middleware wraps what it finds here.
    res.end = ((...chunk: Parameters<ServerResponse["end"]>) => {
      if (!this.#isFinishing) return ServerResponse.prototype.end.apply(res, chunk);
      const proceed = this.#proceed;
      this.#proceed = undefined;
      proceed?.();
      return res;
    }) as ServerResponse["end"];
    return res;
  }
}

function ignore(): void {}
