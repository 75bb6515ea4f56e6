import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Handler } from "../../ring/types.js";
import { takeListeners } from "./behind.js";
import { Front } from "./front.js";
import { checkHandlerNames } from "./option-names.js";
import { type HandlerOptions, resolveHandlerOptions } from "./options.js";
import { isBehindRefused } from "./refusals.js";
import { leadUpgrades } from "./upgrades.js";

/**
 * Puts a Ring handler in front of what a server of `node:http` or `node:https` does: it is asked first, and what it answers
 * with null goes to the listeners that the server had before, as it came, upgrade requests included.
 *
 * What the handler answers never enters the app behind it, so routes that are asked for often cost only themselves. Call it
 * after everything else is attached to the server. `server.close()` closes websockets that the handler opened with 1001.
 *
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for options that are unknown or wrong.
 * @example
 * import { createServer } from "node:http";
 * const server = createServer(app);
 * http.mountInFront(server, ({ uri }) => (uri === "/ping" ? { status: 200, body: "pong" } : null));
 * server.listen(3000);
 */
export function mountInFront(server: HttpServer | HttpsServer, handler: Handler, options: HandlerOptions = {}): void {
  checkHandlerNames("mountInFront", options);
  const resolved = resolveHandlerOptions({ serverHeader: false, ...options });
  const front = new Front(handler, resolved, takeListeners(server));
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    if (!isBehindRefused(req)) front.serve(front.exchange(req, res));
  };
  server.on("request", onRequest);
  leadUpgrades(server, onRequest, front.behind);
}
