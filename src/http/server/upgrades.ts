import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { OpenWebsockets } from "../../websocket/open-websockets.js";
import { isHandshake, routeUpgrades } from "../../websocket/route-upgrades.js";
import type { Behind } from "./behind.js";

/**
 * Leads the upgrade requests of a server through its handler, as requests. Those that ask for something else than a
 * websocket are left to who stands behind the handler, if that takes upgrade requests at all.
 */
export function leadUpgrades(
  server: Server,
  onRequest: RequestListener,
  behind: Behind | undefined,
  websockets?: OpenWebsockets,
): void {
  const isForBehind = (req: IncomingMessage): boolean => behind?.takesUpgrades === true && !isHandshake(req);
  routeUpgrades(server, onRequest, { accept: (req) => !isForBehind(req) }, websockets);
  server.on("upgrade", (req: IncomingMessage, ...rest: unknown[]) => {
    if (isForBehind(req)) behind?.upgrade(req, ...rest);
  });
}
