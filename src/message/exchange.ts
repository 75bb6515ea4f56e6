import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { logError, RingError } from "../errors/index.js";
import { areRequestsWatched, requestFailed } from "../ring/diagnostics/requests.js";
import { EXCHANGE, type RawExchange } from "../ring/exchange-symbol.js";
import type { RequestHeaders, RingResponse } from "../ring/types.js";
import { closingOf, serverOf } from "./closing.js";
import { InvalidResponseError, NoExchangeError } from "./errors.js";
import { applyHead, type Head } from "./head.js";
import { isHttp2 } from "./http2.js";
import { requestHeaders } from "./request-headers.js";

/** Why a stream of HTTP/2 is reset (RFC 9113, section 7). */
const INTERNAL_ERROR = 2;

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/**
 * One request and the way to its answer, as Node has them, or something like it as far as it is used here. Each host says
 * what it does with an answer that is none, and with an error.
 */
export abstract class Exchange implements RawExchange {
  req: IncomingMessage;
  res: ServerResponse;
  #controller: AbortController | undefined;
  #closingController: AbortController | undefined;
  #raiseToTaker: ((error: unknown) => void) | undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.req = req;
    this.res = res;
  }

  /** The handler answered null: not its request. */
  protected abstract pass(): void;

  /** The handler failed, or its answer could not be sent; nothing of it was. */
  protected abstract fail(error: unknown): void;

  /** Refuses a head that the protocol has no place for. @throws {InvalidResponseError} before anything is sent */
  checkHead(_head: Head): void {}

  /**
   * Puts status and headers on Node's response, of which nothing has been sent. What others have set there stays; hosts
   * whose exchanges nobody else has seen override it with something faster.
   *
   * @param length Bytes of the body, where they are known.
   */
  applyHead(head: Head, length: number | undefined): void {
    if (this.req.readableDidRead) this.readAway();
    applyHead(this.res, head, length);
  }

  /** What tells when the response has been sent. */
  protected get sent(): Writable {
    return this.res;
  }

  /**
   * Reads what is left of a body that was begun when the head of the answer goes out: left alone, it would hold up what comes
   * behind it. Node sees to the ones that nobody has looked at.
   */
  protected readAway(): void {
    const { req } = this;
    if (req.readableEnded) return;
    // It is on its way to its end already.
    if (req.readableFlowing && req.listenerCount("data") === 0) return;
    // All of it was read, but perhaps nobody has asked for its end.
    if (req.complete && req.readableLength === 0) {
      req.read(0);
      return;
    }
    this.sent.once("finish", () => {
      if (req.listenerCount("data") === 0 && req.listenerCount("readable") === 0) req.resume();
    });
  }

  /** Answers with a websocket response; hosts that have websockets override it. @throws {InvalidResponseError} */
  openWebsocket(_response: RingResponse): void {
    throw new InvalidResponseError(this.route, "is a websocket, which this server does not have");
  }

  /** Method and path (or the host's route), for messages; never the query, which may hold secrets. */
  get route(): string {
    return `${this.req.method} ${pathOf(this.req.url ?? "")}`;
  }

  /** What stays the same of the request, whoever else has a hand in it: under every mount, in every guise. */
  get identity(): object {
    const { req } = this;
    return isHttp2(req) ? (req as unknown as { readonly stream: object }).stream : req;
  }

  /** The pattern that the host found the request by; undefined if it had none. */
  get pattern(): string | undefined {
    return undefined;
  }

  /** Sees to it that request and response are Node's own, for others to use as such. @returns false if they cannot be */
  becomeNodes(): boolean {
    return true;
  }

  /** What a parser of the host's made of the body that it read; undefined if there is none. */
  get parsedBody(): unknown {
    return undefined;
  }

  /** The files among it. */
  get parsedFiles(): unknown {
    return undefined;
  }

  /** The header fields by name, as the request map has them; made anew each time. */
  get headers(): RequestHeaders {
    return requestHeaders(this.req);
  }

  get rawHeaders(): readonly string[] {
    return this.req.rawHeaders;
  }

  /** Has the client gone, so that no answer can reach it? */
  get isGone(): boolean {
    const stream = this.#stream;
    if (stream !== undefined) return stream.destroyed;
    const { req, res } = this;
    // Undici, given the request as a body to send, takes its socket away.
    const socket = (req.socket as Socket | null) ?? res.socket;
    return res.destroyed || socket?.destroyed === true;
  }

  /** The stream of HTTP/2, which may go alone; the response of an HTTP/1 request goes with its socket. */
  get #stream(): ServerHttp2Stream | undefined {
    if (!isHttp2(this.req)) return undefined;
    return (this.res as { readonly stream?: ServerHttp2Stream }).stream;
  }

  /** The status of the answer; undefined if the client has left before there was one, or somebody else gives it. */
  get status(): number | undefined {
    const { res } = this;
    const stream = this.#stream;
    if (stream !== undefined) return stream.sentHeaders?.[":status"] as number | undefined;
    return res.headersSent ? res.statusCode || undefined : undefined;
  }

  /** Has the whole answer been given to the connection? */
  get isAnswered(): boolean {
    const stream = this.#stream;
    return stream === undefined ? this.res.writableFinished : this.res.writableEnded && !stream.aborted;
  }

  /** Has somebody begun to answer, or has the answer nobody to go to? */
  get isOver(): boolean {
    return this.res.headersSent || this.isGone;
  }

  /** Was the connection taken over, so that the handler's result means nothing any more? */
  get isTakenOver(): boolean {
    return this.#raiseToTaker !== undefined;
  }

  /**
   * Takes the connection over (a websocket handshake): from now on what the handler returns is ignored, and what it
   * throws goes to `raise`.
   */
  takeOver(raise: (error: unknown) => void): void {
    this.#raiseToTaker = raise;
  }

  /** Hands the request on, unless it is answered already. */
  handOn(): void {
    if (!this.isOver) this.pass();
  }

  /** Reports that the request failed; once. */
  raise(error: unknown): void {
    if (this.#raiseToTaker !== undefined) this.#raiseToTaker(error);
    else if (!(this.isGone && this.#isOfLeaving(error))) {
      if (areRequestsWatched()) requestFailed(this, error);
      this.fail(isUsable(error) ? error : new UnusableError(error));
    }
  }

  /** Is it what a handler meets that gives up on the client's signal, or reads the body of a client that has gone? */
  #isOfLeaving(error: unknown): boolean {
    return isAbort(error) || (error !== null && error !== undefined && error === this.req.errored);
  }

  /** Tells the log that an answer came too late: somebody else (a timeout, say) has answered already. */
  reportSecondAnswer(): void {
    if (!this.isGone) logError(undefined, `${this.route} was answered twice; the second answer is dropped`, "warn");
  }

  /** An AbortSignal that fires when the client goes away before it has its answer. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.isGone) controller.abort();
      else this.onGone(() => this.isAnswered || controller.abort());
    }
    return this.#controller.signal;
  }

  /** Calls `f` when the connection is closed, whether the answer is complete or not. @returns a function that undoes it */
  onGone(f: () => void): () => void {
    const { req, res } = this;
    // The response to a pipelined request waits for its turn without a socket, and is not told when that closes.
    const socket = res.socket === null ? req.socket : undefined;
    const forget = (): void => {
      res.off("close", gone);
      socket?.off("close", gone);
    };
    const gone = (): void => {
      forget();
      f();
    };
    res.on("close", gone);
    socket?.on("close", gone);
    return forget;
  }

  /** An AbortSignal that fires when the server begins to close before the client has its answer. */
  get closingSignal(): AbortSignal {
    if (this.#closingController === undefined) {
      const controller = new AbortController();
      this.#closingController = controller;
      this.onClosing(() => controller.abort());
    }
    return this.#closingController.signal;
  }

  /**
   * Calls `f` when the server begins to close, now if it has begun, never if the connection is closed before. The connection
   * then closes behind the answer: its client would else come back on it to the server that closes.
   */
  onClosing(f: () => void): void {
    const server = serverOf(this.req);
    if (server === undefined || this.isGone) return;
    const closing = closingOf(server);
    const begin = (): void => {
      this.#closeBehind();
      f();
    };
    if (closing.hasBegun) begin();
    else this.onGone(closing.onBegin(begin));
  }

  #closeBehind(): void {
    const { req, res } = this;
    // A session of HTTP/2 is told to go by its server.
    if (isHttp2(req)) return;
    if (res.headersSent) res.once("finish", () => req.socket.destroySoon());
    else res.shouldKeepAlive = false;
  }

  /**
   * Cuts the connection after what has been written, so that the client sees that the answer is not complete.
   *
   * @param hasLength Does its head say how long the body is?
   */
  cut(error: unknown, hasLength: boolean): void {
    logError(error, `the body of the response to ${this.route} failed; the connection is cut`);
    const { res } = this;
    const stream = this.#stream;
    if (stream !== undefined) resetAfterData(stream);
    else if (res.socket === null) res.destroy();
    // A body that ends with its connection (HTTP/1.0) looks complete after an orderly end.
    else if (!res.chunkedEncoding && !hasLength) resetConnection(res.socket);
    else {
      // Node 26 keeps back what is written in one turn of the event loop, to send it as one chunk.
      while (res.writableCorked > 0) res.uncork();
      res.socket.destroySoon();
    }
  }

  /** @internal */
  [INSPECT](): string {
    return `<${this.route}>`;
  }
}

/**
 * Resets a stream of HTTP/2 once all that was written has been sent. When its data is out it would send trailers, which can
 * be a reset as well; what was written last has no other sign of that (an empty write behind it makes Node 20 send bytes of
 * memory that is not in use any more).
 */
function resetAfterData(stream: ServerHttp2Stream): void {
  stream.removeAllListeners("wantTrailers");
  stream.once("wantTrailers", () => stream.close(INTERNAL_ERROR));
  stream.end();
}

/** Closes a connection so that its end cannot be taken for the end of what was sent. */
function resetConnection(socket: Socket): void {
  // Under TLS it is the socket below that can be reset; a unix domain socket can not.
  const { _parent = socket } = socket as { readonly _parent?: Socket | null };
  try {
    (_parent ?? socket).resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

/** Why the abort of the client's own signal need not be told to anybody: it is what was asked for. */
function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === "AbortError";
}

/** Express reads nothing, and these two words, as "no error". */
function isUsable(error: unknown): boolean {
  return (
    error !== null && error !== undefined && error !== false && error !== 0 && error !== "" && !isWordOfRouters(error)
  );
}

function isWordOfRouters(error: unknown): boolean {
  return error === "route" || error === "router";
}

/** The handler failed with a value that error handlers cannot take for an error. Code `RING_HANDLER_FAILED`, status 500. */
export class UnusableError extends RingError {
  constructor(cause: unknown) {
    super("RING_HANDLER_FAILED", `the handler failed with ${JSON.stringify(cause) ?? "undefined"}; throw an Error`, {
      status: 500,
      cause,
    });
  }
}

/** The part of a request target before the query. */
export function pathOf(target: string): string {
  const question = target.indexOf("?");
  return question === -1 ? target : target.slice(0, question);
}

/** The exchange behind a request map; undefined behind a mock. */
export function exchangeBehind(request: object): Exchange | undefined {
  return (request as { [EXCHANGE]?: Exchange })[EXCHANGE];
}

/** Node's exchange behind a request map. @throws {NoExchangeError} code `RING_NO_EXCHANGE`, on requests of mocks and of fetch. */
export function exchangeOf(request: object): Exchange {
  const exchange = exchangeBehind(request);
  if (exchange === undefined || !exchange.becomeNodes()) throw new NoExchangeError();
  return exchange;
}

const never = new AbortController().signal;

/**
 * An `AbortSignal` that fires when the client goes away before it has the whole response.
 *
 * It is made when it is first asked for; one request has one. On a mock request it never fires.
 *
 * @example
 * const handler = (request) => andThen(fetch(upstream, { signal: abortSignal(request) }), toResponse);
 */
export function abortSignal(request: object): AbortSignal {
  return exchangeBehind(request)?.signal ?? never;
}

/**
 * An `AbortSignal` that fires when the server of a request begins to close, for answers that would not end by themselves: it
 * waits for them, and in the end cuts them off. `sse` with a `feed` needs none, it ends by itself.
 *
 * It is made when it is first asked for; one request has one. If the server closes already it has fired. On requests of mocks
 * and of fetch it never fires, and not once the answer is complete. Under Express it is Node's `server.close` that counts.
 *
 * @example
 * const clock = (request) => {
 *   const ticks = periodically(1000, () => `${new Date().toISOString()}\n`);
 *   closingSignal(request).addEventListener("abort", () => ticks.close());
 *   return { status: 200, body: ticks };
 * };
 * @see Source: none; Aleph's servers wait for `shutdown-timeout`.
 */
export function closingSignal(request: object): AbortSignal {
  return exchangeBehind(request)?.closingSignal ?? never;
}
