/** The open connections of a server: they are told to go, and in the end cut. */

import type { Server as HttpServer, ServerResponse } from "node:http";
import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionKeeper } from "../../websocket/open-websockets.js";
import type { NodeServer } from "./options.js";
import { ServerSession } from "./sessions.js";

/** Milliseconds that a connection has to say something that was just made when the server begins to close. */
const NEWCOMER = 250;

export class Connections implements ConnectionKeeper {
  readonly #server: NodeServer;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerSession>();
  /** One for all sockets. */
  readonly #onClose: (this: Socket) => void;
  #onEmpty: (() => void) | undefined;

  /** @param keepAliveTimeout Milliseconds until a connection of HTTP/2 is closed that nobody uses; 0 is never. */
  constructor(server: NodeServer, keepAliveTimeout: number) {
    this.#server = server;
    spareNewcomers(server as Partial<HttpServer>, this.#sockets);
    const forget = (socket: Socket): void => this.forget(socket);
    this.#onClose = function () {
      forget(this);
    };
    server.on("session", (session: Http2Session) => {
      const kept = new ServerSession(session);
      this.#sessions.add(kept);
      session.once("close", () => this.#sessions.delete(kept));
      kept.closeWhenUnused(keepAliveTimeout);
      if (this.#onEmpty !== undefined) kept.leave();
    });
  }

  /** @returns false if it is known already */
  add(socket: Socket): boolean {
    if (this.#sockets.has(socket)) return false;
    this.#sockets.add(socket);
    socket.on("close", this.#onClose);
    return true;
  }

  entrust(connection: Duplex): void {
    connection.off("close", this.#onClose);
  }

  forget(connection: Duplex): void {
    if (this.#sockets.delete(connection as Socket) && this.#sockets.size === 0) this.#onEmpty?.();
  }

  /** Lets what is under way come to its end, and all else go at once; calls `onEmpty` when none is left. */
  drain(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    for (const session of this.#sessions) session.leave();
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
