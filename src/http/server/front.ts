import type { IncomingMessage, ServerResponse } from "node:http";
import { andThen } from "../../deferred/index.js";
import { announce, HeaderLine, isHttp2, serve, toRequest } from "../../message/index.js";
import { type CompressionOptions, compressedBy, compressionPlan, isCompressible } from "../../ring/compression.js";
import { areRequestsWatched } from "../../ring/diagnostics/requests.js";
import { calling } from "../../ring/ownership.js";
import type { Handler, RingRequest } from "../../ring/types.js";
import type { Behind } from "./behind.js";
import { awaitBody } from "./bodies.js";
import { type Common, Http2Exchange, Http2StreamExchange, ServerExchange } from "./exchange.js";
import type { Http2Request } from "./http2-messages.js";
import { limited } from "./limiter.js";
import type { ResolvedHandlerOptions } from "./options.js";
import { withRawBodies } from "./raw-bodies.js";
import { refuseBody } from "./refusals.js";

/** The way of requests from Node to a handler, and of its answers back. */
export class Front implements Common {
  readonly errorHandler: Common["errorHandler"];
  readonly serverLine: HeaderLine | undefined;
  readonly behind: Behind | undefined;
  isClosing = false;
  readonly #handler: Handler;
  /** The same, for requests that nobody looks at afterwards. */
  readonly #handOver: Handler;
  /** Without what the options have put around it: what tools show. */
  readonly #given: Handler;
  readonly #options: ResolvedHandlerOptions;

  constructor(handler: Handler, options: ResolvedHandlerOptions, behind?: Behind) {
    this.errorHandler = options.errorHandler;
    const { serverHeader } = options;
    this.serverLine = serverHeader === undefined ? undefined : new HeaderLine("Server", "server", serverHeader);
    this.behind = behind;
    this.#handler = stackOf(handler, options);
    const call = calling(this.#handler);
    this.#handOver = (request) => call(request, true);
    this.#given = handler;
    this.#options = options;
  }

  exchange(req: IncomingMessage, res: ServerResponse): ServerExchange {
    return isHttp2(req) ? new Http2Exchange(req, res, this) : new ServerExchange(req, res, this);
  }

  /** An exchange over HTTP/2 whose request has no body. */
  streamExchange(req: Http2Request): ServerExchange {
    return new Http2StreamExchange(req, this);
  }

  /**
   * Serves one request.
   *
   * @param isKept Will the caller look at it again?
   */
  serve(exchange: ServerExchange, isKept = false): RingRequest {
    const request = toRequest(exchange, exchange);
    announce(exchange, request, this.#given);
    // Who watches requests may keep them.
    const handler = isKept || areRequestsWatched() ? this.#handler : this.#handOver;
    if (request.body === undefined) serve(handler, request, exchange);
    else {
      const start = (): void => serve(handler, request, exchange);
      awaitBody(exchange.req, request.headers["content-length"], this.#options, start, () => refuseBody(exchange));
    }
    return request;
  }
}

/** The handler with what the options put around it, once for all requests. */
function stackOf(handler: Handler, options: ResolvedHandlerOptions): Handler {
  const { rawStream, compression, limiter, rejectedHandler } = options;
  let stack = rawStream ? withRawBodies(handler) : handler;
  if (compression !== undefined) stack = withCompression(stack, compression);
  return limiter === undefined ? stack : limited(stack, limiter, rejectedHandler);
}

function withCompression(handler: Handler, options: CompressionOptions): Handler {
  const plan = compressionPlan({ ...options, filter: options.filter ?? isWorthCompressing }, "compressionOptions");
  return (request) => andThen(handler(request), (response) => compressedBy(response, request, plan));
}

/** Events are small, and seldom like each other. */
function isWorthCompressing(contentType: string): boolean {
  return isCompressible(contentType) && !/^text\/event-stream/i.test(contentType);
}
