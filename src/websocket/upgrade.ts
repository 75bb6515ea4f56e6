import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocketServer } from "ws";
import type { OpenWebsockets } from "./open-websockets.js";
import { headerLines } from "./options.js";
import type { RawWebSocket } from "./raw-socket.js";

/**
 * A websocket handshake on its way through an application, which sees an ordinary request and response: what it answers
 * reaches the client as the HTTP answer it is, unless it asks for the websocket.
 */
export interface Handshake {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** What the frames run over. */
  readonly socket: Duplex;
  /** Where the websocket counts as open. */
  readonly websockets: OpenWebsockets;
  /**
   * Ends the response for the middleware that wants to have a hand in it (a session store saves, others add headers),
   * and calls `proceed` where it would be sent.
   */
  finish(proceed: () => void): void;
  /**
   * Says yes to the client, with the headers collected on the response.
   *
   * @returns undefined if `ws` finds fault with what is offered: that has been answered
   * @internal the types of `ws` are not published with it
   */
  open(server: WebSocketServer): RawWebSocket | undefined;
}

const handshakes = new WeakMap<ServerResponse, Handshake>();

/** Says that a response is the answer to a handshake. */
export function registerHandshake(res: ServerResponse, handshake: Handshake): void {
  handshakes.set(res, handshake);
}

/** The handshake behind a response; undefined behind an ordinary one. */
export function handshakeBehind(res: ServerResponse): Handshake | undefined {
  return handshakes.get(res);
}

/** A handshake over HTTP/1. */
export class Upgrade implements Handshake {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly socket: Duplex;
  /** What the client has sent behind the request. */
  readonly head: Buffer;
  readonly websockets: OpenWebsockets;
  readonly #finish: (status: number, proceed: () => void) => void;

  constructor(req: IncomingMessage, socket: Duplex, head: Buffer, websockets: OpenWebsockets) {
    this.req = req;
    this.socket = socket;
    this.head = head;
    this.websockets = websockets;
    this.res = this.#makeResponse();
    this.#finish = onEnd(this.res);
    registerHandshake(this.res, this);
  }

  /** The handshake over HTTP/1 behind a response. */
  static behind(res: ServerResponse): Upgrade | undefined {
    const handshake = handshakes.get(res);
    return handshake instanceof Upgrade ? handshake : undefined;
  }

  finish(proceed: () => void): void {
    this.#finish(101, proceed);
  }

  /** @internal */
  open(server: WebSocketServer): RawWebSocket | undefined {
    const { req, res, socket, head } = this;
    if (!res.headersSent) res.writeHead(101);
    const lines = collectedLines(res);
    this.#release();
    server.on("headers", (own) => own.push(...lines));
    let raw: RawWebSocket | undefined;
    server.handleUpgrade(req, socket, head, (made) => {
      raw = made as unknown as RawWebSocket;
    });
    return raw;
  }

  /** Gives the connection away: the response has nothing to do with it any more. */
  #release(): void {
    const { req, res, socket } = this;
    res.detachSocket(req.socket);
    socket.off("error", ignore).off("end", this.#leave);
    forgetAddresses(socket);
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
    handshakes.delete(res);
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
    return res;
  }
}

function ignore(): void {}

/**
 * Node keeps the addresses of a socket once somebody has asked for them, and finds them anew when somebody asks again; an open
 * websocket is silent for long.
 */
function forgetAddresses(socket: Duplex): void {
  const known = socket as { _peername?: object | undefined; _sockname?: object | undefined };
  if (known._peername !== undefined) known._peername = undefined;
  if (known._sockname !== undefined) known._sockname = undefined;
}

/** @returns a function that ends a response for the middleware around it, and calls `proceed` where it would be sent */
export function onEnd(res: ServerResponse): (status: number, proceed: () => void) => void {
  const end = res.end.bind(res);
  let isFinishing = false;
  let proceed: (() => void) | undefined;
  // On the object itself: Express changes the prototype, and middleware wraps what it finds here.
  res.end = ((...chunk: Parameters<ServerResponse["end"]>) => {
    if (!isFinishing) return end(...chunk);
    const next = proceed;
    proceed = undefined;
    next?.();
    return res;
  }) as ServerResponse["end"];
  return (status, next) => {
    isFinishing = true;
    proceed = next;
    res.statusCode = status;
    res.end();
  };
}

/** Of Node, though its types do not say so for responses. */
interface RawHeaderNames {
  getRawHeaderNames(): string[];
}

/** Headers that are the handshake's own, or belong to a body. */
export const NOT_COLLECTED: ReadonlySet<string> = new Set([
  "connection",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
  "content-length",
  "content-type",
  "transfer-encoding",
  "keep-alive",
]);

/** What middleware and options have set on the response, as header lines. */
function collectedLines(res: ServerResponse): string[] {
  const lines: string[] = [];
  for (const name of (res as unknown as RawHeaderNames).getRawHeaderNames()) {
    if (NOT_COLLECTED.has(name.toLowerCase())) continue;
    for (const value of headerLines(res.getHeader(name) as string | number | string[])) lines.push(`${name}: ${value}`);
  }
  return lines;
}
