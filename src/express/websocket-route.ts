import type { NextFunction, Request, RequestHandler, Response } from "express";
import { andThen, isDeferrable, toDeferred } from "../deferred/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { toRequest } from "../message/index.js";
import { websocketOpened } from "../ring/diagnostics/websockets.js";
import { labelled } from "../ring/tag.js";
import type { RingRequest } from "../ring/types.js";
import { INTERNAL_ERROR, websocketConnection } from "../websocket/connection.js";
import { Websocket } from "../websocket/duplex.js";
import { checkOptions, HANDSHAKE_OPTIONS, type WebsocketOptions } from "../websocket/options.js";
import type { RawWebSocket } from "../websocket/raw-socket.js";
import type { WebsocketDuplex } from "../websocket/types.js";
import { EarlyMessages } from "./early-messages.js";
import { ExpressExchange, expressFacts } from "./exchange.js";
import { ring } from "./ring.js";

/** Has the websocket from its first message on; what it returns counts only if it fails. */
export type WebsocketHandler = (duplex: WebsocketDuplex, request: RingRequest) => unknown;

/** A route for `app.get` under `withWebsockets`, and for `app.ws` of express-ws. */
export interface WebsocketRoute {
  (req: Request, res: Response, next: NextFunction): void;
  (ws: RawWebSocket, req: Request, next: NextFunction): void;
}

/**
 * Makes a route of a function of a duplex stream and a request map: for `app.get` after `withWebsockets(app)`, and for
 * `app.ws` on an express-ws app after `withExpressWs(expressWs(app))`.
 *
 * On `app.get` all that `websocketConnection` says holds: middleware and routes before it may refuse the client with an
 * ordinary answer, and a plain request is answered with 400 "expected websocket request". On `app.ws` the handshake has
 * been made by express-ws, so only the options that come after it can be given (`rawStream`, `heartbeats`,
 * `closeTimeout`); with others the app's error handlers are called and the connection is closed with 1011.
 *
 * A handler that throws or rejects is reported once, and closes the connection with 1011.
 *
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for options that cannot work.
 * @example
 * app.get("/echo", websocketRoute((duplex) => connect(duplex, duplex)));
 * app.get("/rooms/:room", websocketRoute(async (duplex, request) => join(request.routeParams?.room, duplex)));
 */
export function websocketRoute(handler: WebsocketHandler, options: WebsocketOptions = {}): WebsocketRoute {
  checkOptions(options);
  const opened = labelled("websocketConnection", handler, (request: RingRequest) =>
    andThen(websocketConnection(request, options), (duplex) => handler(duplex, request) as null),
  );
  const native: RequestHandler = ring(opened);
  return labelled(
    "websocketRoute",
    opened,
    (first: Request | RawWebSocket, second: Response | Request, next: NextFunction) => {
      if ("rawHeaders" in first) native(first, second as Response, next);
      else serveExpressWs(handler, options, first, second as Request, next);
    },
  );
}

function serveExpressWs(
  handler: WebsocketHandler,
  options: WebsocketOptions,
  raw: RawWebSocket,
  req: Request,
  next: NextFunction,
): void {
  const misplaced = HANDSHAKE_OPTIONS.find((name) => options[name] !== undefined);
  if (misplaced !== undefined) {
    raw.close(INTERNAL_ERROR);
    next(misplacedOption(misplaced));
    return;
  }
  const early = EarlyMessages.of(raw);
  if (early === undefined) warnOnce();
  const duplex = new Websocket(raw, options, early?.release());
  const exchange = new ExpressExchange(req, req.res as Response, next);
  const facts = expressFacts(req);
  const request = toRequest(exchange, {
    ...facts,
    target: early?.target ?? withoutMark(facts.target),
    pathInfo: facts.pathInfo && withoutMark(facts.pathInfo),
  });
  websocketOpened(duplex, "server", request.uri, request);
  const fail = (error: unknown): void => {
    logError(error, `the handler of the websocket ${request.uri} failed`);
    duplex.closeWith(INTERNAL_ERROR, "");
  };
  try {
    const outcome = handler(duplex, request);
    if (isDeferrable(outcome)) toDeferred(outcome).onRealized(() => {}, fail);
  } catch (error) {
    fail(error);
  }
}

/** Express-ws marks the path of a websocket with a last segment of its own. */
function withoutMark(target: string): string {
  return target.replace(/\/\.websocket(?=\?|$)/, "") || "/";
}

let isWarned = false;

function warnOnce(): void {
  if (isWarned) return;
  isWarned = true;
  logError(
    undefined,
    "express-ws loses messages that arrive while middleware awaits something; call withExpressWs(expressWs(app)) once",
    "warn",
  );
}

function misplacedOption(name: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `websocketRoute cannot follow the option ${name} under express-ws, which makes the handshake itself; give its wsOptions the like of it, or use withWebsockets`,
  );
}
