import type { IncomingMessage } from "node:http";
import { InvalidArgumentError } from "../errors/index.js";
import type { RawWebSocket } from "../websocket/raw-socket.js";
import { EarlyMessages } from "./early-messages.js";

/** What `expressWs(app)` gives, as far as it is used here. */
export interface ExpressWsInstance {
  readonly app: object;
  getWss(): {
    prependListener(event: "connection", listener: (raw: RawWebSocket, req: IncomingMessage) => void): unknown;
  };
  applyTo(target: never): void;
}

/** An app of Express 5. */
interface AppWithRouter {
  readonly router: object & { readonly stack: readonly unknown[] };
  enabled(setting: string): boolean;
}

const prepared = new WeakSet<object>();

/**
 * Mends two things about express-ws, whose sockets `websocketRoute` then turns into duplex streams as on a server of its
 * own: messages that arrive while middleware still awaits something are kept for the route instead of being lost, and
 * routers of Express 5 get their `.ws`.
 *
 * What express-ws does by design stays: it makes the handshake before any middleware runs, so refusing a client with 401
 * or sending cookies needs `withWebsockets` instead.
 *
 * @param instance What `expressWs(app)` returned; call it before routers are filled. A second call changes nothing.
 * @returns the same instance
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for anything else.
 * @example
 * const { app } = withExpressWs(expressWs(express()));
 * app.ws("/echo", websocketRoute((duplex) => connect(duplex, duplex)));
 */
export function withExpressWs<Instance extends ExpressWsInstance>(instance: Instance): Instance {
  if (typeof instance?.getWss !== "function") {
    throw new InvalidArgumentError("withExpressWs takes what expressWs(app) returns, not the app or expressWs itself");
  }
  const server = instance.getWss();
  if (prepared.has(server)) return instance;
  prepared.add(server);
  server.prependListener("connection", (raw, req) => void new EarlyMessages(raw, req));
  const prototype = routerPrototype(instance.app);
  if (prototype !== undefined) instance.applyTo(prototype as never);
  return instance;
}

/** What the routers of the app's own Express inherit from; undefined on Express 4, where express-ws knows it. */
function routerPrototype(app: object): object | undefined {
  if ("lazyrouter" in app || !("router" in app)) return undefined;
  const { router } = app as AppWithRouter;
  keepSettingsOpen(app as AppWithRouter);
  // A router is a function that inherits from an instance of its class.
  return Object.getPrototypeOf(Object.getPrototypeOf(router)) as object;
}

/** Express makes the app's router when it is first asked for, with the settings of that moment; here it was too early. */
function keepSettingsOpen(app: AppWithRouter): void {
  const { router } = app;
  if (router.stack.length > 0) return;
  keepOpen("caseSensitive", "case sensitive routing");
  keepOpen("strict", "strict routing");

  function keepOpen(option: string, setting: string): void {
    const fix = (value: unknown): void => {
      Object.defineProperty(router, option, { value, writable: true, enumerable: true, configurable: true });
    };
    const get = (): boolean => {
      const value = app.enabled(setting);
      fix(value);
      return value;
    };
    Object.defineProperty(router, option, { get, set: fix, enumerable: true, configurable: true });
  }
}
