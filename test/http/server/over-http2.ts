/** Websockets on `startServer` over HTTP/2, behind a gateway for clients of HTTP/1: what looks like an app to suites for apps. */
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { Express, RequestHandler } from "express";
import { andThen } from "../../../src/deferred/index.js";
import { startServer } from "../../../src/http/index.js";
import {
  type Handler,
  type WebsocketHandler,
  type WebsocketOptions,
  websocketConnection,
  wrapExpress,
} from "../../../src/index.js";
import type { WebsocketMount } from "../../contract/websocket.js";
import { forwardRequests, forwardUpgrades } from "./tunnel.js";

/** Serves a handler over HTTP/2, to clients of HTTP/1. */
function listen(handler: Handler): HttpServer {
  const gateway = createServer();
  let session: ClientHttp2Session | undefined;
  const forward = (): ClientHttp2Session => session as ClientHttp2Session;
  forwardRequests(gateway, forward);
  forwardUpgrades(gateway, forward);
  void (async () => {
    const server = await startServer(handler, { port: 0, httpVersions: ["http2"], useH2c: true, shutdownTimeout: 0 });
    session = connect(`http://localhost:${server.port}`).on("error", () => {});
    await once(session, "remoteSettings");
    gateway.on("close", () => {
      session?.destroy();
      void server.close();
    });
    gateway.listen(0);
  })();
  return gateway;
}

/** A table of routes that looks like an app. */
class Table {
  readonly #routes = new Map<string, Handler>();

  route(path: string, handler: WebsocketHandler, options?: WebsocketOptions, ...before: readonly RequestHandler[]) {
    const open: Handler = (request) =>
      andThen(websocketConnection(request, options), (duplex) => handler(duplex, request) as null);
    this.#routes.set(path, wrapExpress(open, ...before));
  }

  listen(): HttpServer {
    return listen((request) => this.#routes.get(request.uri)?.(request) ?? { status: 404 });
  }
}

export const overHttp2: WebsocketMount = {
  name: "startServer, over HTTP/2",
  app: () => new Table() as unknown as Express,
  router: () => {
    throw new Error("there are no routers");
  },
  route: (target, path, handler, ...before) => (target as unknown as Table).route(path, handler, undefined, ...before),
  statusOfPlain: 400,
  isTable: true,
};

/** One route, at "/". */
export function appOverHttp2(handler: WebsocketHandler, options?: WebsocketOptions): Express {
  const table = new Table();
  table.route("/", handler, options);
  return table as unknown as Express;
}
