import type { IncomingMessage, ServerResponse } from "node:http";
import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Writable } from "node:stream";
import { logError } from "../../errors/index.js";
import {
  applyHead,
  Exchange,
  failureResponse,
  type Head,
  type HeaderLine,
  type HostFacts,
  InvalidResponseError,
  requestHeaders,
  serve,
  socketScheme,
  untouchedHeaders,
  writeHead,
} from "../../message/index.js";
import type { RequestHeaders, RingResponse } from "../../ring/types.js";
import { openListener } from "../../websocket/listener.js";
import type { Behind } from "./behind.js";
import { type Http2Request, Http2Response } from "./http2-messages.js";
import type { HandlerOptions } from "./options.js";

/** What the exchanges of one server have in common. */
export interface Common {
  readonly errorHandler: HandlerOptions["errorHandler"];
  readonly serverLine: HeaderLine | undefined;
  readonly behind: Behind | undefined;
  /** Is this the last response of each connection? */
  readonly isClosing: boolean;
}

/** Where even the error handler knows no answer. */
const UNEXPLAINED: RingResponse = {
  status: 500,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "Internal Server Error",
};

/** An exchange on a server of its own: what the handler passes on goes to the fallback, errors to the error handler. */
export class ServerExchange extends Exchange implements HostFacts {
  readonly #common: Common;
  #hasFailed = false;

  constructor(req: IncomingMessage, res: ServerResponse, common: Common) {
    super(req, res);
    this.#common = common;
  }

  /** Node makes its own map of them when it is asked for: here nobody asks. */
  override get headers(): RequestHeaders {
    const headers = untouchedHeaders(this.req.rawHeaders);
    // An expectation that was met has been taken out of Node's map.
    return headers["expect"] === undefined ? headers : requestHeaders(this.req);
  }

  get target(): string {
    return this.req.url as string;
  }

  get remoteAddr(): string {
    return this.req.socket.remoteAddress ?? "";
  }

  get scheme(): "http" | "https" {
    return socketScheme(this.req);
  }

  /** Nobody else has had a hand in the response, so its head is written in one go. */
  override applyHead(head: Head, length: number | undefined): void {
    if (this.req.readableDidRead) this.readAway();
    if (this.#common.isClosing) this.res.shouldKeepAlive = false;
    writeHead(this.res, head.status, this.withServerLine(head), lengthFor(head, length));
  }

  /** The headers of the response, to which the server's own was added. */
  protected withServerLine({ lines }: Head): HeaderLine[] {
    const { serverLine } = this.#common;
    if (serverLine !== undefined && !lines.some(namesServer)) lines.push(serverLine);
    return lines;
  }

  /** Puts a head on a response that has its own way of being written. */
  protected setHead(head: Head, length: number | undefined): void {
    const { res } = this;
    const { serverLine } = this.#common;
    if (this.req.readableDidRead) this.readAway();
    applyHead(res, head, length);
    if (serverLine !== undefined && !res.hasHeader("server")) res.setHeader("server", serverLine.value);
  }

  protected override pass(): void {
    const { behind, isClosing } = this.#common;
    if (this.#hasFailed) this.answer(UNEXPLAINED);
    else if (behind === undefined) this.answer({ status: 204 });
    else {
      this.becomeNodes();
      if (isClosing) this.res.shouldKeepAlive = false;
      behind.request(this.req, this.res);
    }
  }

  protected override fail(error: unknown): void {
    const { errorHandler } = this.#common;
    if (this.#hasFailed) {
      logError(error, `the errorHandler failed over ${this.route}`);
      this.answer(UNEXPLAINED);
      return;
    }
    this.#hasFailed = true;
    if (errorHandler === undefined) this.answer(failureResponse(error, this.route));
    else serve(errorHandler, error, this);
  }

  /** Sends a response of the server's own. */
  answer(response: RingResponse): void {
    serve(() => response, undefined, this);
  }

  override openWebsocket(response: RingResponse): void {
    openListener(this, response);
  }
}

/** An exchange over HTTP/2, whose responses Node's compatibility layer gathers until they are sent. */
export class Http2Exchange extends ServerExchange {
  override get headers(): RequestHeaders {
    return requestHeaders(this.req);
  }

  override checkHead({ status, lines, transferEncoding }: Head): void {
    if (status < 200 || status > 599) {
      throw new InvalidResponseError(this.route, `has the status ${status}; over HTTP/2 it is one from 200 to 599`);
    }
    if (transferEncoding !== undefined && transferEncoding !== "trailers") throw this.#forbidden("transfer-encoding");
    for (const { name, key } of lines) if (OF_CONNECTIONS.has(key)) throw this.#forbidden(name);
  }

  #forbidden(name: string): InvalidResponseError {
    return new InvalidResponseError(
      this.route,
      `has the header "${name}", which is about the connection of HTTP/1 and forbidden in HTTP/2; leave it out`,
    );
  }

  override applyHead(head: Head, length: number | undefined): void {
    this.setHead(head, length);
  }

  /** Node's compatibility layer tells it only when both sides are through. */
  protected override get sent(): Writable {
    return (this.res as unknown as { readonly stream: ServerHttp2Stream }).stream;
  }
}

/** An exchange over HTTP/2 whose request has no body: it is answered on the stream itself, without the compatibility layer. */
export class Http2StreamExchange extends Http2Exchange {
  #areNodes = false;

  constructor(req: Http2Request, common: Common) {
    super(req as unknown as IncomingMessage, new Http2Response(req.stream) as unknown as ServerResponse, common);
  }

  override applyHead(head: Head, length: number | undefined): void {
    if (this.#areNodes) super.applyHead(head, length);
    else {
      const response = this.res as unknown as Http2Response;
      response.writeHead(head.status, this.withServerLine(head), lengthFor(head, length));
    }
  }

  override becomeNodes(): boolean {
    if (!this.#areNodes) {
      const { stream, headers, rawHeaders } = this.req as unknown as Http2Request;
      this.#areNodes = true;
      this.req = new Http2ServerRequest(stream, headers, {}, rawHeaders) as unknown as IncomingMessage;
      this.res = new Http2ServerResponse(stream) as unknown as ServerResponse;
    }
    return true;
  }
}

/** Headers that are not allowed in HTTP/2 (RFC 9113, 8.2.2). */
const OF_CONNECTIONS = new Set(["connection", "proxy-connection", "keep-alive", "upgrade"]);

const namesServer = ({ key }: HeaderLine): boolean => key === "server";

/** The content-length that the response does not have itself. */
const lengthFor = ({ ownLength }: Head, length: number | undefined): number | undefined =>
  ownLength === undefined ? length : undefined;
