import { IncomingMessage } from "node:http";
import type { NextFunction, Request, Response } from "express";
import {
  Exchange,
  exchangeOf,
  type HostFacts,
  localAddress,
  originForm,
  pathOf,
  socketScheme,
} from "../message/index.js";
import type { RingRequest, RingResponse } from "../ring/types.js";
import { openListener } from "../websocket/listener.js";

/** An exchange inside an Express app: other handlers may follow, and errors go to the app's error handlers. */
export class ExpressExchange extends Exchange {
  readonly #next: NextFunction;

  constructor(req: Request, res: Response, next: NextFunction) {
    super(req, res);
    this.#next = next;
  }

  protected override pass(): void {
    this.#next();
  }

  protected override fail(error: unknown): void {
    this.#next(error);
  }

  override get parsedBody(): unknown {
    return (this.req as Request).body as unknown;
  }

  override get parsedFiles(): unknown {
    const { file, files } = this.req as { readonly file?: unknown; readonly files?: unknown };
    return files ?? file;
  }

  override openWebsocket(response: RingResponse): void {
    openListener(this, response);
  }

  override get pattern(): string | undefined {
    const { baseUrl, route } = this.req as Request;
    const path: unknown = (route as { path?: unknown } | undefined)?.path;
    return typeof path === "string" ? baseUrl + path : undefined;
  }

  override get route(): string {
    const { method, originalUrl } = this.req as Request;
    return `${method} ${this.pattern ?? pathOf(originalUrl)}`;
  }
}

/** What Express knows about a request; `trust proxy` has its say in it. */
export function expressFacts(req: Request): HostFacts {
  const { baseUrl, originalUrl, url } = req;
  // Without proxies the socket says the same as Express's getters, each of which asks `trust proxy` anew.
  const direct = isDirect(req);
  return {
    target: originalUrl,
    remoteAddr: (direct ? req.socket.remoteAddress : req.ip) ?? "",
    scheme: direct ? socketScheme(req) : req.protocol,
    serverName: direct ? undefined : (req.hostname ?? localAddress(req)),
    context: baseUrl === "" ? undefined : baseUrl,
    // Without a mount it is there only if a middleware has rewritten the url.
    pathInfo: baseUrl === "" && url === originalUrl ? undefined : pathOf(originForm(url)),
    routeParams: hasAny(req.params) ? req.params : undefined,
  };
}

/** Is no proxy trusted, and are the getters that would ask about it Express's own? */
function isDirect(req: Request): boolean {
  if ((req.app.settings as Readonly<Record<string, unknown>>)["trust proxy"] !== false) return false;
  if (Object.hasOwn(req, "ip") || Object.hasOwn(req, "protocol") || Object.hasOwn(req, "hostname")) return false;
  const prototype = Object.getPrototypeOf(req) as object;
  let isOwn = expressOwn.get(prototype);
  if (isOwn === undefined) {
    isOwn = ["ip", "protocol", "hostname"].every((name) => isExpressOwn(prototype, name));
    expressOwn.set(prototype, isOwn);
  }
  return isOwn;
}

/** Whether the getters that requests of an app inherit are Express's own, by the app's `request`. */
const expressOwn = new WeakMap<object, boolean>();

/** Express's own getters stand right above Node's request; those of an app (`app.request`) come before them. */
function isExpressOwn(prototype: object, name: string): boolean {
  let holder: object | null = prototype;
  while (holder !== null && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder) as object | null;
  return holder !== null && Object.getPrototypeOf(holder) === IncomingMessage.prototype;
}

function hasAny(params: object): boolean {
  for (const _ in params) return true;
  return false;
}

/**
 * Express's own request and response behind a request map: for what middleware hangs on `req` (`session`, `user`).
 *
 * @throws {NoExchangeError} code `RING_NO_EXCHANGE`, on mock requests.
 * @example
 * const handler = (request) => ({ status: 200, headers: {}, body: `session ${expressOf(request).req.session.id}` });
 */
export function expressOf(request: RingRequest): { readonly req: Request; readonly res: Response } {
  const { req, res } = exchangeOf(request);
  return { req: req as Request, res: res as Response };
}
