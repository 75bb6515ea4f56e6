/** Leads the upgrade requests of a server through its application. */

import { Buffer } from "node:buffer";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { closingOf } from "../message/index.js";
import { checkClose } from "./control.js";
import { CLOSE_TIMEOUT } from "./duplex.js";
import { type ConnectionKeeper, OpenWebsockets } from "./open-websockets.js";
import { Upgrade } from "./upgrade.js";

/** Whose upgrade requests are the application's, and how websockets end with their server. */
export interface UpgradeOptions {
  /**
   * Which upgrade requests are the application's; the others are left to the other `upgrade` listeners of the server
   * (socket.io, a proxy). @default all
   */
  readonly accept?: ((req: IncomingMessage) => boolean) | undefined;
  /**
   * What clients are told when the server closes: 1001, it goes away, or 1012, it starts again. A browser is told no more than
   * the code; who comes back after which one is up to the client. @default 1001
   */
  readonly closeCode?: number | undefined;
  /** Milliseconds that clients have to answer the close of a closing server; then they are cut off. @default 10_000 */
  readonly closeTimeout?: number | undefined;
}

const routed = new WeakMap<Server, WeakSet<RequestListener>>();

/** The close code of a server that goes away. */
export const GOING_AWAY = 1001;

/** What the kit's own server says besides. */
interface RouteOptions extends UpgradeOptions {
  /** Milliseconds without a byte in either direction, after which a websocket is cut off; 0 is never. @default 0 */
  readonly idleTimeout?: number | undefined;
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a close code that must not be sent */
export function checkUpgradeOptions({ closeCode = GOING_AWAY }: UpgradeOptions): void {
  checkClose(closeCode, "");
}

/** Where the open websockets of a server count, which `server.close()` sends away. */
export function openWebsockets(server: Server, options: RouteOptions, connections?: ConnectionKeeper): OpenWebsockets {
  const { closeTimeout = CLOSE_TIMEOUT, idleTimeout = 0, closeCode = GOING_AWAY } = options;
  return new OpenWebsockets(closingOf(server), { closeTimeout, idleTimeout, closeCode }, connections);
}

/** Routes a server's upgrade requests through `app`, and makes `server.close()` send open websockets away. Once per pair. */
export function routeUpgrades(
  server: Server,
  app: RequestListener,
  options: RouteOptions = {},
  known?: OpenWebsockets,
): void {
  const { accept } = options;
  checkUpgradeOptions(options);
  const apps = routed.get(server) ?? new WeakSet();
  if (apps.has(app)) return;
  routed.set(server, apps.add(app));

  const websockets = known ?? openWebsockets(server, options);
  keepOrdinary(server as AskingServer, (req) => accept === undefined || accept(req));
  server.on("upgrade", (req: IncomingMessage, _socket, head: Buffer) => {
    if (accept !== undefined && !accept(req)) return;
    const { socket } = req;
    whenFree(socket, () => {
      if (!isHandshake(req)) serveAsOrdinary(server, req, socket, head);
      else app(req, new Upgrade(req, socket, head, websockets).res as Parameters<RequestListener>[1]);
    });
  });
}

/** A server that asks which of the requests with an `upgrade` header are upgrades. */
interface AskingServer {
  shouldUpgradeCallback?: (req: IncomingMessage) => boolean;
}

/** From Node 25 on, the body of an upgrade request is read by Node, and has to be left to it. */
const READS_BODIES = Number.parseInt(process.versions.node, 10) >= 25;

/** Lets requests that are no websocket handshakes be what they would be if nobody listened for upgrades. */
function keepOrdinary(server: AskingServer, isOurs: (req: IncomingMessage) => boolean): void {
  const asked = server.shouldUpgradeCallback;
  if (asked === undefined || !READS_BODIES) return;
  server.shouldUpgradeCallback = (req) => asked.call(server, req) && (isHandshake(req) || !isOurs(req));
}

/** Does it ask for a websocket? A handshake with a body is none: its bytes would be taken for frames. */
export function isHandshake(req: IncomingMessage): boolean {
  const { upgrade, "content-length": length = "0", "transfer-encoding": coding } = req.headers;
  return req.method === "GET" && upgrade?.toLowerCase() === "websocket" && coding === undefined && Number(length) === 0;
}

/** Calls `f` when the answers to earlier requests on the connection are out: now, unless the client is ahead of them. */
function whenFree(socket: Socket, f: () => void): void {
  const answer = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (answer === null || answer === undefined) {
    f();
    return;
  }
  const ignore = (): void => {};
  socket.on("error", ignore);
  answer.once("close", () => {
    socket.off("error", ignore);
    if (!socket.destroyed) whenFree(socket, f);
  });
}

/**
 * Serves an upgrade request that is no websocket handshake as Node does where nobody listens for upgrades: as a request.
 *
 * Node has let go of the connection behind the head of the request. So the head is written anew, without the line that
 * made it an upgrade, put back in front of the rest, and the server is given the connection as a new one.
 */
function serveAsOrdinary(server: Server, req: IncomingMessage, socket: Socket, rest: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = req;
  if (rawHeaders.length >= headerLimit(server)) {
    socket.on("error", () => {}).end("HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n");
    return;
  }
  const left: string[] = [];
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = rawHeaders.slice(i, i + 2) as [string, string];
    if (name.toLowerCase() === "upgrade") continue;
    left.push(name, value);
    head += `${name}: ${value}\r\n`;
  }
  const restore = (anew: IncomingMessage): void => {
    if (anew.socket !== socket) return;
    forget();
    // Another one comes first if Node has answered the request itself (417).
    if (anew.rawHeaders.join("\n") !== left.join("\n")) return;
    anew.headers.upgrade = req.headers.upgrade;
    anew.rawHeaders = rawHeaders;
  };
  const forget = (): void => {
    server.off("request", restore);
    socket.off("close", forget);
  };
  server.prependListener("request", restore);
  socket.once("close", forget);
  socket.unshift(Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), rest]));
  server.emit("encrypted" in socket ? "secureConnection" : "connection", socket);
}

/**
 * Names and values of headers after which Node drops the rest. Without all of them the request cannot be written anew: one
 * that says how long the body is might be missing, and the body be taken for requests.
 */
function headerLimit({ maxHeadersCount }: Server): number {
  return maxHeadersCount === 0 ? Number.POSITIVE_INFINITY : 2 * (maxHeadersCount ?? 1000);
}
