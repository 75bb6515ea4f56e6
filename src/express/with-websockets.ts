import type { RequestListener, Server } from "node:http";
import { checkUpgradeOptions, routeUpgrades, type UpgradeOptions } from "../websocket/route-upgrades.js";

/** An Express app, as far as it is used here. */
export interface ListeningApp {
  listen: (...args: never[]) => Server;
}

const patched = new WeakSet<ListeningApp>();

/**
 * Lets an Express app answer websocket handshakes: from now on `app.listen` leads upgrade requests through the app's own
 * middleware and routes, with an ordinary response, before the handshake.
 *
 * What they answer (401, 404, a redirect) reaches the client as that answer; a route makes a websocket of the request with
 * `websocketRoute`, `websocketConnection` or a response with a `websocketListener`. Upgrade requests that are no websocket
 * handshake (h2c) are served as the requests they are, body included. `server.close()` closes open websockets with 1001, or
 * as `closeCode` says.
 *
 * @returns the app, for chaining. A second call changes nothing.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a close code that must not be sent.
 * @example
 * const app = withWebsockets(express());
 * app.get("/echo", websocketRoute((duplex) => connect(duplex, duplex)));
 * app.listen(3000);
 * @see Source: what `aleph.http/start-server` does with upgrade requests. Differs: they go through Express's middleware.
 */
export function withWebsockets<App extends ListeningApp & RequestListener>(
  app: App,
  options: UpgradeOptions = {},
): App {
  checkUpgradeOptions(options);
  if (patched.has(app)) return app;
  patched.add(app);
  const listen = app.listen.bind(app);
  app.listen = (...args) => {
    const server = listen(...args);
    routeUpgrades(server, app, options);
    return server;
  };
  return app;
}

/**
 * As `withWebsockets`, for a server that was made by other means: over TLS, or with `http.createServer(app)`.
 *
 * @example
 * const server = https.createServer({ key, cert }, app);
 * attachWebsockets(server, app);
 * server.listen(443);
 */
export function attachWebsockets(server: Server, app: RequestListener, options: UpgradeOptions = {}): void {
  routeUpgrades(server, app, options);
}
