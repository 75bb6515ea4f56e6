/** One exchange on the wire: a connection of the pool, a request, the head of the response, its body. */

import type { ClientHttp2Stream } from "node:http2";
import { type Readable, Transform } from "node:stream";
import type { Dispatcher } from "undici";
import { BodyAbortedError } from "../../byte-streams/core.js";
import { Deferred } from "../../deferred/core.js";
import { clientAnswered, clientEnded, clientStarted } from "../../ring/diagnostics/client.js";
import type { ClientEvent, Writable } from "../../ring/diagnostics/events.js";
import { EXCHANGE } from "../../ring/exchange-symbol.js";
import { toSource } from "../../stream/index.js";
import type { Cancellation } from "./cancellation.js";
import type { Connection } from "./connection.js";
import {
  BodyUnreadError,
  ConnectionClosedError,
  ConnectionTimeoutError,
  PoolTimeoutError,
  ReadTimeoutError,
  RequestTimeoutError,
} from "./errors.js";
import { type Host, Waiter } from "./host.js";
import { startTimer } from "./options.js";
import { inPieces, type Payload } from "./payload.js";
import type { ConnectionPool } from "./pool.js";
import { makeResponse } from "./response.js";
import { type BodyOwner, ResponseBody } from "./response-body.js";
import { headerMap, RawHeaders } from "./response-headers.js";
import type { Target } from "./target.js";
import { isClosedByPeer, translate } from "./translate.js";
import type { ClientRequest, ClientResponse, Progress, WireRequest } from "./types.js";

/** The phases of an exchange; it only ever moves forward, unless a dead connection makes it begin again. */
const WAITING = 0;
const CONNECTING = 1;
const SENT = 2;
const RECEIVING = 3;
const OVER = 4;

/** Bytes of a body that are read away to keep its connection, when nobody wants them. */
const DISCARDED = 65_536;
/** Milliseconds for that. */
const DISCARD_TIME = 1000;

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

export class Exchange extends Waiter implements BodyOwner {
  readonly result: Deferred<ClientResponse<unknown>> = new Deferred();
  readonly #request: ClientRequest;
  readonly #wire: WireRequest;
  readonly #target: Target;
  readonly #payload: Payload;
  readonly #pool: ConnectionPool;
  readonly #cancellation: Cancellation | undefined;
  readonly #began = performance.now();
  #phase = WAITING;
  #host: Host | undefined;
  #connection: Connection | undefined;
  #hasConnection = false;
  #hasRetried = false;
  #abort: ((error: Error) => void) | undefined;
  #resume: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stalled: NodeJS.Timeout | undefined;
  /** Runs while the server is waited for. */
  #silence: NodeJS.Timeout | undefined;
  #connectedAt = 0;
  #body: ResponseBody | undefined;
  #isDiscarding = false;
  #keepAlive = true;
  #received = 0;
  /** For those who watch. */
  #event: Writable<ClientEvent> | undefined;
  #total: number | undefined;
  #onProgress: ((progress: Progress) => void) | undefined;

  constructor(
    request: ClientRequest,
    wire: WireRequest,
    target: Target,
    payload: Payload,
    pool: ConnectionPool,
    cancellation: Cancellation | undefined,
  ) {
    super();
    this.#request = request;
    this.#wire = wire;
    this.#target = target;
    this.#payload = payload;
    this.#pool = pool;
    this.#cancellation = cancellation;
    this.#onProgress = request.onProgress;
  }

  start(): Deferred<ClientResponse<unknown>> {
    const cancelled = this.#cancellation?.reason;
    if (cancelled !== undefined) {
      this.#fail(cancelled.error);
      return this.result;
    }
    this.#cancellation?.begun(this.#stop);
    const { method, origin, path, headers } = this.#wire;
    // Through a proxy the path may be the whole of it.
    const url = path.startsWith("/") ? origin + path : path;
    this.#event = clientStarted(method, url, headers);
    this.#acquire();
    return this.result;
  }

  #acquire(): void {
    const { poolTimeout, connectionRequestTimeout, connRequestTimeout } = this.#request;
    const host = this.#pool.acquire(this.#target, this);
    if (this.#phase !== WAITING) return;
    this.#host = host;
    this.#wait(
      poolTimeout ?? connectionRequestTimeout ?? connRequestTimeout,
      (ms) => new PoolTimeoutError(ms, this.#target.origin),
    );
  }

  granted(connection: Connection, host: Host): void {
    this.#clear();
    this.#phase = CONNECTING;
    this.#host = host;
    this.#connection = connection;
    this.#hasConnection = true;
    if (!connection.isOpen) {
      const { connectionTimeout, connTimeout } = this.#request;
      this.#wait(connectionTimeout ?? connTimeout, (ms) => new ConnectionTimeoutError(ms, this.#target.origin));
    }
    const { method, path, headers } = this.#wire;
    const options: Dispatcher.DispatchOptions = {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: headers as Record<string, string | string[]>,
      body: this.#outgoing(connection),
      ...(this.#pool.options.keepAlive ? {} : { reset: true }),
    };
    try {
      connection.dispatch(options, this);
    } catch (error) {
      // Its session of HTTP/2 is destroyed, and it does not know yet.
      connection.isDoubtful = true;
      this.onError(error as Error);
    }
  }

  refused(error: unknown): void {
    this.#fail(error);
  }

  /** The body to send; counted if somebody wants to know. */
  #outgoing(connection: Connection): Uint8Array | Readable | null {
    const { body, length: total } = this.#payload;
    const onProgress = this.#onProgress;
    if (body === null) return null;
    if (ArrayBuffer.isView(body)) {
      const mayBeH2 = connection.isOpen ? connection.isH2 : this.#pool.options.allowH2;
      return mayBeH2 ? inPieces(body) : body;
    }
    if (onProgress === undefined) return body;
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, callback) {
        bytes += chunk.length;
        onProgress({ direction: "upload", bytes, total });
        callback(null, chunk);
      },
    });
    body.once("error", (error) => counted.destroy(error));
    body.once("close", () => {
      if (!body.readableEnded) counted.destroy();
    });
    counted.once("close", () => body.destroy());
    return body.pipe(counted);
  }

  // What undici tells. This older form of its handlers is the one it speaks itself; the newer one it translates.

  onConnect(abort: (error?: Error) => void): void {
    if (this.#phase === OVER) {
      abort();
      return;
    }
    this.#clear();
    this.#phase = SENT;
    this.#abort = abort;
    this.#connectedAt = performance.now();
    this.#wait(this.#request.requestTimeout, (ms) => new RequestTimeoutError(ms, this.#target.origin));
  }

  onRequestSent(): void {
    if (this.#phase === SENT) this.#listen();
    const { body, length } = this.#payload;
    if (this.#onProgress === undefined || !ArrayBuffer.isView(body)) return;
    this.#onProgress({ direction: "upload", bytes: length ?? 0, total: length });
  }

  onHeaders(status: number, raw: (Buffer | string)[], resume: () => void, reasonPhrase: string): boolean {
    if (status < 200 || this.#phase !== SENT) return true;
    this.#clear();
    this.#phase = RECEIVING;
    this.#listen();
    this.#resume = resume;
    const headers = headerMap(raw);
    const length = headers["content-length"];
    this.#total = length === undefined || !/^\d+$/.test(length) ? undefined : Number(length);
    const rawStream = this.#request.rawStream ?? this.#pool.options.rawStream;
    const body = new ResponseBody(this, this.#pool.options.responseBufferSize);
    this.#body = body;
    const readTimeout = this.#request.readTimeout ?? this.#pool.readTimeout;
    this.#wait(readTimeout, (ms) => new ReadTimeoutError(ms, this.#target.origin));
    const isH2 = this.#connection?.isH2 === true;
    this.#keepAlive = this.#pool.options.keepAlive && !/\bclose\b/i.test(headers.connection ?? "");
    if (this.#event !== undefined) clientAnswered(this.#event, status, isH2 ? "HTTP/2.0" : "HTTP/1.1");
    this.result.success(
      makeResponse({
        status,
        headers,
        body: rawStream && (this.#request.as ?? "stream") === "stream" ? toSource<Uint8Array>(body) : body,
        requestTime: performance.now() - this.#connectedAt,
        connectionTime: this.#connectedAt - this.#began,
        keepAlive: this.#keepAlive,
        reasonPhrase: reasonPhrase ?? "",
        protocolVersion: isH2 ? "HTTP/2.0" : "HTTP/1.1",
        ...(this.#total === undefined ? {} : { length: this.#total }),
        [EXCHANGE]: new RawHeaders(raw),
      }),
    );
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#received += chunk.length;
    this.#silence?.refresh();
    this.#onProgress?.({ direction: "download", bytes: this.#received, total: this.#total });
    if (this.#isDiscarding || this.#body === undefined) return true;
    if (this.#body.push(chunk)) return true;
    this.#clearSilence();
    this.#watchReader();
    return false;
  }

  onComplete(): void {
    if (this.#phase === OVER) {
      this.#leave(false);
      return;
    }
    if (this.#connection?.isH2 === true && this.#isCutOff()) {
      this.onError(new ConnectionClosedError(this.#target.origin, "before the response was complete", undefined));
      return;
    }
    this.#phase = OVER;
    this.#clear();
    this.#clearSilence();
    this.#cancellation?.ended();
    if (this.#event !== undefined) clientEnded(this.#event);
    this.#leave(this.#keepAlive);
    if (!this.#isDiscarding) this.#body?.push(null);
  }

  /** Undici takes a stream of HTTP/2 that is reset within its body, politely (NO_ERROR, CANCEL), for one that has ended. */
  #isCutOff(): boolean {
    // To resume what has ended does nothing, and says what it is.
    const stream = this.#resume?.() as unknown as Partial<ClientHttp2Stream> | undefined;
    if (stream?.endAfterHeaders === true) return false;
    if (this.#total !== undefined) return this.#received < this.#total;
    // Who has refused the rest of an upload may have answered it before.
    return (stream?.rstCode ?? 0) !== 0 && stream?.aborted !== true;
  }

  onError(error: Error): void {
    if (this.#phase === OVER) {
      this.#leave(false);
      return;
    }
    // The whole session of HTTP/2 is broken.
    if (this.#connection !== undefined && (error as NodeJS.ErrnoException).code === "ERR_HTTP2_ERROR") {
      this.#connection.isDoubtful = true;
    }
    if (this.#isBodyGone()) {
      this.#fail(new BodyAbortedError(error));
      return;
    }
    if (this.#mayRetry(error)) {
      this.#retry();
      return;
    }
    const when = this.#phase === RECEIVING ? "before the response was complete" : this.#after();
    this.#fail(translate(error, this.#target, when, this.#pool.options.maxHeaderSize));
  }

  /** Was the body to send destroyed, by whoever gave it, before its end? Had it failed, its error would be known. */
  #isBodyGone(): boolean {
    const { body } = this.#payload;
    return body !== null && !ArrayBuffer.isView(body) && body.destroyed && body.errored === null && !body.readableEnded;
  }

  #after(): string {
    return this.#phase === SENT
      ? `after ${((performance.now() - this.#connectedAt) / 1000).toFixed(1)} seconds, before it answered`
      : "while it was being established";
  }

  /**
   * Was it only that the server had closed a kept connection meanwhile? Then nothing was answered, and another may do. Of
   * HTTP/2 a server may say so (GOAWAY) to the first requests too.
   */
  #mayRetry(error: Error): boolean {
    return (
      this.#phase === SENT &&
      !this.#hasRetried &&
      (this.#connection?.isH2 === true || (this.#connection?.completed ?? 0) > 0) &&
      isClosedByPeer(error) &&
      isIdempotent(this.#wire.method) &&
      (this.#payload.body === null || ArrayBuffer.isView(this.#payload.body))
    );
  }

  #retry(): void {
    this.#hasRetried = true;
    this.#clear();
    this.#clearSilence();
    this.#phase = WAITING;
    this.#abort = undefined;
    const host = this.#host;
    this.#leave(false);
    // They are as old, and as likely to be dead.
    host?.closeIdle();
    queueMicrotask(() => {
      if (this.#phase === WAITING) this.#acquire();
    });
  }

  // What the body tells.

  wanted(): void {
    this.#clearStalled();
    if (this.#silence === undefined && this.#phase === RECEIVING) this.#listen();
    this.#resume?.();
  }

  closed(): void {
    this.#clearStalled();
    if (this.#phase !== RECEIVING || this.#isDiscarding) return;
    const left = (this.#total ?? Number.POSITIVE_INFINITY) - this.#received;
    if (this.#event !== undefined) clientEnded(this.#event);
    if (left > DISCARDED) {
      this.#end(new ConnectionClosedError(this.#target.origin, "as the body was closed", undefined));
      return;
    }
    this.#isDiscarding = true;
    this.#clear();
    this.#wait(DISCARD_TIME, (ms) => new ReadTimeoutError(ms, this.#target.origin));
    this.#resume?.();
  }

  /** A reader that does not read must not keep a connection that others wait for. */
  #watchReader(): void {
    if (this.#stalled !== undefined) return;
    const { unreadTimeout } = this.#pool;
    this.#stalled = startTimer(unreadTimeout, () => {
      this.#stalled = undefined;
      if ((this.#host?.waiting ?? 0) > 0) this.#fail(new BodyUnreadError(unreadTimeout));
      else this.#watchReader();
    })?.unref();
  }

  readonly #stop = (error: unknown): void => this.#fail(error);

  /** Ends it, whatever phase it is in, and says why. */
  #fail(error: unknown): void {
    if (this.#phase === OVER) return;
    const body = this.#body;
    if (this.#event !== undefined) clientEnded(this.#event, error);
    this.#end(error);
    if (body !== undefined) body.destroy(error as Error);
    else this.result.error(error);
  }

  #end(error: unknown): void {
    const phase = this.#phase;
    this.#phase = OVER;
    this.#clear();
    this.#clearSilence();
    this.#clearStalled();
    this.#cancellation?.ended();
    if (phase === WAITING) this.#host?.withdraw(this);
    else if (phase === CONNECTING) this.#leave(false);
    else {
      this.#abort?.(error as Error);
      this.#leave(false);
    }
    const { body } = this.#payload;
    if (body !== null && !ArrayBuffer.isView(body)) body.destroy();
  }

  /** Gives the connection back, once. */
  #leave(isReusable: boolean): void {
    const connection = this.#connection;
    if (!this.#hasConnection || connection === undefined) return;
    this.#hasConnection = false;
    const host = this.#host;
    if (isReusable) host?.release(this, connection, true);
    // Undici is not done with it yet.
    else queueMicrotask(() => host?.release(this, connection, false));
  }

  #wait(milliseconds: number | undefined, error: (milliseconds: number) => Error): void {
    if (milliseconds === undefined || milliseconds === null || this.#phase === OVER) return;
    this.#timer = startTimer(milliseconds, () => {
      if (this.#connection !== undefined) this.#connection.isDoubtful = true;
      this.#fail(error(milliseconds));
    });
  }

  #clear(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** From now on the server is waited for, until it says something. */
  #listen(): void {
    const { socketTimeout } = this.#request;
    if (socketTimeout === undefined || socketTimeout === null) return;
    this.#clearSilence();
    this.#silence = startTimer(socketTimeout, () => {
      const { origin } = this.#target;
      const isHead = this.#phase === SENT;
      this.#fail(new (isHead ? RequestTimeoutError : ReadTimeoutError)(socketTimeout, origin, "socketTimeout"));
    });
  }

  #clearSilence(): void {
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #clearStalled(): void {
    if (this.#stalled === undefined) return;
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
  }
}
