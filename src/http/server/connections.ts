/** The open connections of a server: they are told to go, and in the end cut. */

import type { Server as HttpServer, ServerResponse } from "node:http";
import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { NodeServer } from "./options.js";

/** Milliseconds that a connection has to say something that was just made when the server begins to close. */
const NEWCOMER = 250;

export class Connections {
  readonly #server: NodeServer;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Http2Session>();
  #onEmpty: (() => void) | undefined;

  constructor(server: NodeServer) {
    this.#server = server;
    spareNewcomers(server as Partial<HttpServer>, this.#sockets);
    server.on("session", (session: Http2Session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      if (this.#onEmpty !== undefined) session.close();
    });
  }

  /** @returns false if it is known already */
  add(socket: Socket): boolean {
    if (this.#sockets.has(socket)) return false;
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    return true;
  }

  /** Lets what is under way come to its end, and all else go at once; calls `onEmpty` when none is left. */
  drain(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    for (const session of this.#sessions) session.close();
    this.#closeIdle();
    for (const socket of this.#sockets) this.#closeAfterAnswer(socket);
    const silent = [...this.#sockets].filter(isSilent);
    if (silent.length > 0) setTimeout(() => closeSilent(silent), NEWCOMER);
    if (this.#sockets.size === 0) onEmpty();
  }

  #closeIdle(): void {
    (this.#server as HttpServer).closeIdleConnections?.();
  }

  /** The head of an answer may have gone out before, and promised to keep the connection. */
  #closeAfterAnswer(socket: Socket): void {
    answerOn(socket)?.once("close", () => {
      this.#closeIdle();
      this.#closeAfterAnswer(socket);
    });
  }

  /** Ends what is left. */
  cut(): number {
    const left = this.#sockets.size;
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    return left;
  }
}

/** The response that is being sent, or made: the first of those that are not complete. */
export function answerOn(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** Node 26 takes connections that have not said anything yet for idle ones. */
function spareNewcomers(server: Partial<HttpServer>, sockets: ReadonlySet<Socket>): void {
  const { closeIdleConnections } = server;
  if (closeIdleConnections === undefined) return;
  server.closeIdleConnections = () => {
    const newcomers = [...sockets].filter(isSilent);
    for (const socket of newcomers) socket.destroy = () => socket;
    closeIdleConnections.call(server);
    for (const socket of newcomers) Reflect.deleteProperty(socket, "destroy");
  };
}

function isSilent(socket: Socket): boolean {
  return socket.bytesRead === 0;
}

function closeSilent(sockets: readonly Socket[]): void {
  for (const socket of sockets) if (isSilent(socket)) socket.destroy();
}
