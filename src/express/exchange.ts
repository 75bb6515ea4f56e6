import type { NextFunction, Request, Response } from "express";
import { Exchange, exchangeOf, type HostFacts, localAddress, originForm, pathOf } from "../message/index.js";
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

  override openWebsocket(response: RingResponse): void {
    openListener(this, response);
  }

  override get route(): string {
    const { method, baseUrl, route, originalUrl } = this.req as Request;
    const pattern: unknown = (route as { path?: unknown } | undefined)?.path;
    return `${method} ${typeof pattern === "string" ? baseUrl + pattern : pathOf(originalUrl)}`;
  }
}

/** What Express knows about a request; `trust proxy` has its say in it. */
export function expressFacts(req: Request): HostFacts {
  const { baseUrl, originalUrl, url } = req;
  return {
    target: originalUrl,
    // Express's own getters, which know `trust proxy`; apps may have put others in their place.
    remoteAddr: req.ip ?? "",
    scheme: req.protocol,
    serverName: req.hostname ?? localAddress(req),
    context: baseUrl === "" ? undefined : baseUrl,
    // Without a mount it is there only if a middleware has rewritten the url.
    pathInfo: baseUrl === "" && url === originalUrl ? undefined : pathOf(originForm(url)),
    routeParams: hasAny(req.params) ? req.params : undefined,
    parsedBody: req.body as unknown,
  };
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
