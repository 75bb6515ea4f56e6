/** The ways to have websockets in an Express app, for the contract suite. */
import express, { type Express, type RequestHandler } from "express";
import expressWs from "express-ws";
import { websocketRoute, withExpressWs, withWebsockets } from "../../src/index.js";
import type { WebsocketMount } from "../contract/websocket.js";
import { versions } from "./hosts.js";

const native: readonly WebsocketMount[] = versions.map(([name, create]) => ({
  name: `app.get of ${name}`,
  app: () => withWebsockets(create()),
  router: () => create.Router(),
  route: (target, path, handler, ...before) => void (target as Express).get(path, ...before, websocketRoute(handler)),
  statusOfPlain: 400,
}));

interface WithWs {
  ws(path: string, ...handlers: readonly unknown[]): void;
}

const mounted: WebsocketMount = {
  name: "app.ws of express-ws",
  app: () => withExpressWs(expressWs(express())).app as unknown as Express,
  router: () => express.Router(),
  route(target, path, handler, ...before) {
    const wrapped = before.map(
      (middleware: RequestHandler) => (_socket: unknown, req: express.Request, next: express.NextFunction) =>
        void middleware(req, req.res as express.Response, next),
    );
    (target as unknown as WithWs).ws(path, ...wrapped, websocketRoute(handler));
  },
  // express-ws routes websockets by a path of its own.
  statusOfPlain: 404,
};

export const mounts: readonly WebsocketMount[] = [...native, mounted];
