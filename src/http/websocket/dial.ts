/** Asks for a websocket: a connection, the handshake on it, and a duplex of what comes of it. */

import { Buffer } from "node:buffer";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import { type Cancel, currentClock } from "../../clock/index.js";
import { Deferred, ERROR, PENDING, SUCCESS, settleNow } from "../../deferred/core.js";
import { RingError } from "../../errors/index.js";
import { websocketOpened } from "../../ring/diagnostics/websockets.js";
import { CLOSE_TIMEOUT, Websocket } from "../../websocket/duplex.js";
import { HandshakeTimeoutError } from "../../websocket/errors.js";
import { headerLines, MAX_PAYLOAD } from "../../websocket/options.js";
import type { RawWebSocket } from "../../websocket/raw-socket.js";
import {
  ConnectionClosedError,
  ConnectionTimeoutError,
  MalformedResponseError,
  RequestCancellationError,
  ResponseHeadTooLargeError,
  UnknownHostError,
} from "../client/errors.js";
import { isClosedByPeer } from "../client/translate.js";
import { WebsocketHandshakeError } from "./errors.js";
import type { Plan } from "./options.js";

/** Bytes of the body of an answer that is no handshake which are kept. */
const MAX_BODY = 16_384;

/** Asks once. Settling the deferred from outside (a timeout, say) gives it up. */
export function dial(plan: Plan): Deferred<Websocket> {
  return new Dialling(plan).result;
}

/** One attempt; whatever comes first ends it, and leaves nothing behind. */
class Dialling {
  readonly result: Deferred<Websocket> = new Deferred<Websocket>();
  readonly #plan: Plan;
  #socket: Socket | undefined;
  #raw: WebSocket | undefined;
  #stopConnecting: (() => void) | undefined;
  #cancelTimer: Cancel = () => {};
  #isHandedOver = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    const { signal } = plan.options;
    if (signal?.aborted === true) {
      this.#fail(new RequestCancellationError(signal.reason));
      return;
    }
    const abort = (): void => this.#fail(new RequestCancellationError(signal?.reason));
    signal?.addEventListener("abort", abort);
    const { connectTimeout, origin } = plan;
    this.#failIn(connectTimeout, () => new ConnectionTimeoutError(connectTimeout, origin));
    this.#stopConnecting = plan.open((error, socket) => this.#connected(error, socket as Socket | null));
    const end = (): void => {
      signal?.removeEventListener("abort", abort);
      this.#cleanUp();
    };
    this.result.onRealized(end, end);
  }

  get #isOver(): boolean {
    return this.result.stage !== PENDING;
  }

  #failIn(milliseconds: number, error: () => Error): void {
    this.#cancelTimer = currentClock(this.#plan.options).in(milliseconds, () => this.#fail(error()));
  }

  #fail(error: unknown): void {
    settleNow(this.result, ERROR, error);
  }

  /** Lets go of everything, unless it is the user's now. */
  #cleanUp(): void {
    this.#cancelTimer();
    if (this.#isHandedOver) return;
    this.#stopConnecting?.();
    this.#raw?.terminate();
    this.#socket?.destroy();
  }

  #connected(error: Error | null, socket: Socket | null): void {
    if (this.#isOver) {
      socket?.destroy();
      return;
    }
    this.#cancelTimer();
    if (socket === null || socket === undefined) {
      this.#fail(this.#translate(error, "before it was established"));
      return;
    }
    this.#socket = socket;
    const { handshakeTimeout, origin } = this.#plan;
    this.#failIn(handshakeTimeout, () => new HandshakeTimeoutError(handshakeTimeout, `with ${origin}`));
    this.#shakeHands(socket);
  }

  #shakeHands(socket: Socket): void {
    const { url, protocols, options, maxHeaderSize } = this.#plan;
    const raw = new WebSocket(url, [...protocols], {
      createConnection: () => socket,
      perMessageDeflate: options.compression ?? false,
      maxPayload: options.maxPayload ?? MAX_PAYLOAD,
      closeTimeout: options.closeTimeout ?? CLOSE_TIMEOUT,
      maxHeaderSize,
      finishRequest: (request) => this.#send(request),
    } as ClientOptions);
    this.#raw = raw;
    let answer: IncomingMessage | undefined;
    raw.on("upgrade", (response) => {
      answer = response;
    });
    raw.on("unexpected-response", (request: ClientRequest, response: IncomingMessage) =>
      this.#refused(request, response),
    );
    raw.on("error", (error) => {
      if (!this.#isOver) this.#fail(this.#handshakeError(error, answer));
    });
    raw.once("open", () => this.#opened(raw, answer as IncomingMessage));
  }

  #send(request: ClientRequest): void {
    for (const [name, value] of Object.entries(this.#plan.options.headers ?? {})) {
      const lines = headerLines(value);
      if (name.toLowerCase() === "connection") request.setHeader(name, withUpgrade(lines.join(", ")));
      else request.setHeader(name, lines.length === 1 ? (lines[0] as string) : lines);
    }
    // What a handshake with a proxy has paused.
    request.once("socket", (socket) => socket.resume());
    request.end();
  }

  #opened(raw: WebSocket, answer: IncomingMessage): void {
    if (this.#isOver) return;
    const { options } = this.#plan;
    const headers = Object.assign(Object.create(null), answer.headers) as IncomingMessage["headers"];
    try {
      options.pipelineTransform?.(raw as unknown as RawWebSocket, this.#socket as Socket);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#isHandedOver = true;
    const websocket = new Websocket(raw as unknown as RawWebSocket, options, { handshakeHeaders: headers });
    const { origin, pathname } = this.#plan.url;
    websocketOpened(websocket, "client", origin + pathname, undefined);
    settleNow(this.result, SUCCESS, websocket);
  }

  /** Another answer than 101: its beginning goes with the error. */
  #refused(request: ClientRequest, response: IncomingMessage): void {
    const { statusCode: status = 0, headers } = response;
    const pieces: Buffer[] = [];
    let length = 0;
    const end = (): void => {
      if (this.#isOver) return;
      const body = Buffer.concat(pieces).subarray(0, MAX_BODY).toString();
      const why = `answered the websocket handshake with status ${status}`;
      this.#fail(new WebsocketHandshakeError(this.#plan.origin, why, { status, headers, body }));
      request.destroy();
    };
    response.on("data", (piece: Buffer) => {
      pieces.push(piece);
      length += piece.length;
      if (length >= MAX_BODY) end();
    });
    // An answer that is cut short is an answer.
    response.once("end", end).once("close", end).on("error", end);
  }

  #handshakeError(error: Error & { code?: string }, answer: IncomingMessage | undefined): unknown {
    const { origin, maxHeaderSize } = this.#plan;
    if (error.code === "HPE_HEADER_OVERFLOW") return new ResponseHeadTooLargeError(origin, maxHeaderSize, error);
    if (error.code?.startsWith("HPE_") === true) return new MalformedResponseError(origin, error);
    if (error.code !== undefined) return this.#translate(error, "before it answered the websocket handshake");
    const { statusCode: status, headers } = answer ?? {};
    return new WebsocketHandshakeError(origin, `answered the websocket handshake wrongly: ${error.message}`, {
      status,
      headers,
      cause: error,
    });
  }

  /** Refused connections and faults of TLS stay what they are. */
  #translate(error: unknown, when: string): unknown {
    if (error instanceof RingError) return error;
    const { code } = (error ?? {}) as { code?: unknown };
    const isUnknown = code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "ENODATA" || code === "ESERVFAIL";
    if (isUnknown) return new UnknownHostError(this.#plan.url.hostname, error);
    return isClosedByPeer(error) ? new ConnectionClosedError(this.#plan.origin, when, error) : error;
  }
}

/** A `connection` header that asks for the upgrade too. */
function withUpgrade(connection: string): string {
  return /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection) ? connection : `${connection}, Upgrade`;
}
