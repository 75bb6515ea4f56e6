/** Ring's websocket responses: a listener that is told what happens on the socket. */

import { type Awaitable, catchError, chain, isDeferrable, toDeferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { type Exchange, InvalidResponseError } from "../message/index.js";
import type { RingResponse, WebsocketListener, WebsocketSocket } from "../ring/types.js";
import { consumeAsync } from "../stream/index.js";
import { INTERNAL_ERROR, openWebsocket } from "./connection.js";
import { checkClose, checkPingPayload } from "./control.js";
import type { Websocket } from "./duplex.js";
import { WebsocketClosedError } from "./errors.js";
import { checkListenerOptions } from "./options.js";
import { isUpgradeRequest, requestProtocols } from "./ring.js";

/** Pongs that may wait for a client that pings without reading them; one more and it is cut off. */
const MAX_PENDING_PONGS = 60;

type Headers = { readonly headers: Readonly<Record<string, string>> };

/**
 * Answers a request with a websocket response.
 *
 * @throws {InvalidResponseError} code `RING_INVALID_RESPONSE`, if the request asks for no websocket, or the response
 *   has no listener or a protocol that was not offered; before anything is sent
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for options that cannot work
 */
export function openListener(exchange: Exchange, response: RingResponse): void {
  const { websocketListener: listener, websocketProtocol: protocol, websocketOptions = {} } = response;
  const { req, route } = exchange;
  if (!isUpgradeRequest(req as Headers)) {
    throw new InvalidResponseError(
      route,
      "is a websocket, but none was asked for; see isUpgradeRequest(request) first",
    );
  }
  if (listener === null || typeof listener !== "object") {
    throw new InvalidResponseError(route, "has no websocketListener; it is a map { onOpen, onMessage, ... }");
  }
  if (protocol !== undefined && !requestProtocols(req as Headers)?.includes(protocol)) {
    throw new InvalidResponseError(
      route,
      `has the websocketProtocol ${JSON.stringify(protocol)}, which the client has not offered; see requestProtocols(request)`,
    );
  }
  checkListenerOptions(websocketOptions);
  openWebsocket(exchange, { ...websocketOptions, subProtocols: () => protocol, autoPong: false }).onRealized(
    (websocket) => new Listening(listener, websocket).start(),
    // The client has been told, or has gone.
    () => {},
  );
}

/**
 * A listener that has an answer to everything: a missing `onPing` is the pong with the same data, others do nothing.
 *
 * For who wraps listeners: the wrapped one must not lose the default.
 */
export function completeListener(listener: WebsocketListener): Required<WebsocketListener> {
  return {
    onOpen: (socket) => listener.onOpen?.(socket),
    onMessage: (socket, message) => listener.onMessage?.(socket, message),
    onPing: (socket, data) => (listener.onPing === undefined ? socket.pong(data) : listener.onPing(socket, data)),
    onPong: (socket, data) => listener.onPong?.(socket, data),
    onError: (socket, error) => listener.onError?.(socket, error),
    onClose: (socket, code, reason) => listener.onClose?.(socket, code, reason),
  };
}

/** The socket that a listener is given. */
class RingSocket implements WebsocketSocket {
  readonly #websocket: Websocket;
  readonly #fail: (error: unknown) => void;
  #pendingPongs = 0;

  constructor(websocket: Websocket, fail: (error: unknown) => void) {
    this.#websocket = websocket;
    this.#fail = fail;
  }

  isOpen(): boolean {
    return !this.#websocket.isClosed();
  }

  send(message: string | Uint8Array, succeed?: () => void, fail?: (error: unknown) => void): void {
    if (!this.isOpen() && fail === undefined) throw new WebsocketClosedError("the message was sent");
    this.#websocket.put(message).onRealized(
      (isSent) => {
        if (isSent) succeed?.();
        else (fail ?? this.#fail)(new WebsocketClosedError("the message was sent"));
      },
      (error) => (fail ?? this.#fail)(error),
    );
  }

  ping(data: string | Uint8Array = ""): void {
    this.#websocket.raw.ping(checkPingPayload(data));
  }

  pong(data: string | Uint8Array = ""): void {
    const { raw } = this.#websocket;
    if (this.#pendingPongs >= MAX_PENDING_PONGS) {
      raw.terminate();
      return;
    }
    this.#pendingPongs++;
    raw.pong(checkPingPayload(data), undefined, () => {
      this.#pendingPongs--;
    });
  }

  close(code = 1000, reason = "Normal Closure"): void {
    checkClose(code, reason);
    this.#websocket.closeWith(code, reason);
  }
}

/** Tells a listener what happens on its websocket. */
class Listening {
  readonly #listener: Required<WebsocketListener>;
  /** Else the log is told what goes wrong in it. */
  readonly #reportsErrors: boolean;
  readonly #websocket: Websocket;
  readonly #socket: WebsocketSocket;
  #hasFailed = false;

  constructor(listener: WebsocketListener, websocket: Websocket) {
    this.#listener = completeListener(listener);
    this.#reportsErrors = listener.onError !== undefined;
    this.#websocket = websocket;
    this.#socket = new RingSocket(websocket, (error) => this.#report(error));
  }

  start(): void {
    const listener = this.#listener;
    const websocket = this.#websocket;
    const socket = this.#socket;
    websocket.raw.on("ping", (data: Buffer) => this.#tell(() => listener.onPing(socket, data)));
    websocket.raw.on("pong", (data: Buffer) => this.#tell(() => listener.onPong(socket, data)));
    websocket.raw.on("error", (error: Error) => this.#report(error));
    // One after the other: the opening, the messages, the end.
    chain(
      this.#tell(() => listener.onOpen(socket)),
      () => consumeAsync((message) => this.#tellMessage(message), websocket),
      () => websocket.closed,
      ({ code, reason }) => this.#tell(() => listener.onClose(socket, code, reason)),
    );
  }

  #tellMessage(message: string | Uint8Array): Awaitable<unknown> {
    return this.#hasFailed ? undefined : this.#tell(() => this.#listener.onMessage(this.#socket, message));
  }

  /** Runs one event, and yields when it is over; a failure closes the socket with 1011. */
  #tell(event: () => unknown): Awaitable<unknown> {
    try {
      const answer = event();
      return isDeferrable(answer) ? catchError(chain(answer, nothing), (error) => this.#fail(error)) : undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    if (this.#reportsErrors) this.#report(error);
    else logError(error, "error in a websocket listener, whose socket is closed");
    this.#websocket.closeWith(INTERNAL_ERROR, "");
  }

  #report(error: unknown): void {
    const log = (another: unknown): void => logError(another, "error in onError of a websocket listener");
    try {
      const answer: unknown = this.#listener.onError(this.#socket, error);
      if (isDeferrable(answer)) toDeferred(answer).onRealized(nothing, log);
    } catch (another) {
      log(another);
    }
  }
}

function nothing(): undefined {
  return undefined;
}
