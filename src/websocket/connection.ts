import { currentClock } from "../clock/index.js";
import { Deferred, ERROR, errorDeferred, PENDING, SUCCESS, settleNow } from "../deferred/core.js";
import { type Awaitable, isDeferrable, toDeferred } from "../deferred/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { announceUpgrade, type Exchange, exchangeOf, pathOf } from "../message/index.js";
import { eventOf } from "../ring/diagnostics/requests.js";
import { websocketOpened } from "../ring/diagnostics/websockets.js";
import type { RingRequest } from "../ring/types.js";
import { Websocket } from "./duplex.js";
import { HandshakeError, HandshakeTimeoutError, WebsocketClosedError } from "./errors.js";
import {
  chooseProtocol,
  type HandshakeOptions,
  notVerified,
  type Refusal,
  refusalOf,
  refuse,
  shakeHands,
} from "./handshake.js";
import { checkOptions, HANDSHAKE_TIMEOUT, type WebsocketOptions } from "./options.js";
import type { WebsocketDuplex } from "./types.js";
import { type Handshake, handshakeBehind } from "./upgrade.js";

/** For those who have nothing to say: one for all websockets, which keep theirs. */
const NO_OPTIONS: WebsocketOptions = {};

/** The close code for a handler that failed. */
export const INTERNAL_ERROR = 1011;

/**
 * Makes a websocket of a request, and yields it as one duplex stream: text is strings, binary is bytes.
 *
 * From this call on what the handler returns is ignored. The request is accepted after the middleware before the handler
 * has had its turn: what it hooked on the response is run, a session is saved, and the headers and cookies set so far go
 * out with the handshake. To refuse a client do not call it, and answer with 401, 403 or a redirect as ever.
 *
 * Over HTTP/2 the frames run over the stream of the request (RFC 8441); it all holds there too. Only an answer of success
 * that is not the websocket's goes out as 400, as it would open the websocket.
 *
 * A request that is no websocket handshake is answered with 400 "expected websocket request", one of an unsupported
 * version with 426, one of a foreign origin (see `origins`) or that `verify` does not let in with 403; then the deferred
 * fails, codes `RING_NOT_A_WEBSOCKET_REQUEST`, `RING_WEBSOCKET_VERSION`, `RING_ORIGIN_REFUSED`, `RING_WEBSOCKET_REFUSED`,
 * which nobody needs to handle. If the client leaves before the handshake it is `RING_WEBSOCKET_CLOSED`, if the handshake
 * takes longer than `handshakeTimeout` it is `RING_HANDSHAKE_TIMEOUT`. A handler that throws or rejects later is reported
 * once, and closes the connection with 1011.
 *
 * @param request A request map from `ring`, on a server with `withWebsockets` or `attachWebsockets`.
 * @returns a deferred of the duplex; how it behaves under pressure says {@link WebsocketDuplex}.
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for options that cannot work.
 * @example
 * const echo = async (request) => {
 *   const duplex = await websocketConnection(request);
 *   connect(duplex, duplex);
 *   return null;
 * };
 * app.get("/echo", ring(echo));
 * @see Source: `aleph.http/websocket-connection`. Differs: sub-protocols are chosen here, one limit for the size of
 *   messages.
 */
export function websocketConnection(
  request: RingRequest,
  options: WebsocketOptions = NO_OPTIONS,
): Deferred<WebsocketDuplex> {
  checkOptions(options);
  const { verify } = options;
  try {
    const admit = verify && (() => verify(request));
    return openWebsocket(exchangeOf(request), options, admit);
  } catch (error) {
    return errorDeferred(error);
  }
}

/**
 * Takes an exchange over and makes a websocket of it.
 *
 * @param admit The option `verify`, with its request.
 * @throws before anything is sent or taken over, what the options' functions throw
 */
export function openWebsocket(
  exchange: Exchange,
  options: HandshakeOptions,
  admit?: () => Awaitable<boolean>,
): Deferred<Websocket> {
  if (exchange.isTakenOver) throw new InvalidArgumentError(`${exchange.route} is a websocket already; ask for it once`);
  const refusal = refusalOf(exchange, options);
  const protocol = refusal === undefined ? chooseProtocol(exchange.req, options) : "";
  const isAdmitted = refusal !== undefined || (admit?.() ?? true);
  const taken = new Takeover(exchange);
  if (refusal !== undefined) {
    if (refusal.isServersFault === true) logError(refusal.error, `${exchange.route} cannot be a websocket`, "warn");
    return taken.refuse(refusal);
  }
  if (exchange.isOver) return taken.fail(new WebsocketClosedError("the handshake, or the request answered"));
  const handshake = handshakeBehind(exchange.res) as Handshake;
  const forget = exchange.onGone(() => taken.fail(new WebsocketClosedError("the handshake")));
  const open = (): void =>
    shakeHands(handshake, protocol, options, {
      // Before the connection gets its new listeners: an array of more than two is a large one.
      answering: forget,
      opened(raw) {
        const websocket = new Websocket(raw, options);
        handshake.websockets.add(websocket);
        announceUpgrade(exchange);
        websocketOpened(websocket, "server", pathOf(exchange.req.url ?? ""), eventOf(exchange)?.request);
        taken.succeed(websocket);
      },
      failed: (error) => taken.fail(error),
    });
  const { handshakeTimeout = HANDSHAKE_TIMEOUT } = options;
  const cancel = currentClock(options).in(handshakeTimeout, () => {
    taken.fail(new HandshakeTimeoutError(handshakeTimeout, `of ${exchange.route}`));
    handshake.socket.destroy();
  });
  taken.websocket.onRealized(cancel, cancel);
  if (isAdmitted === true) open();
  else taken.admit(isAdmitted, open);
  return taken.websocket;
}

/** An exchange that has become a websocket, or will: what becomes of the handler's errors. */
class Takeover {
  readonly websocket: Deferred<Websocket> = new Deferred<Websocket>();
  readonly #exchange: Exchange;
  #hasFailed = false;
  #isReported = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.takeOver((error) => this.#raise(error));
  }

  succeed(websocket: Websocket): void {
    settleNow(this.websocket, SUCCESS, websocket);
    if (this.#hasFailed) websocket.closeWith(INTERNAL_ERROR, "");
  }

  /** Goes on with `open` if the client may come in. */
  admit(admitted: Awaitable<boolean>, open: () => void): void {
    const decide = (isAdmitted: boolean): void => {
      if (this.websocket.stage !== PENDING) return;
      if (isAdmitted) open();
      else this.refuse(notVerified());
    };
    if (!isDeferrable(admitted)) decide(admitted as boolean);
    else {
      toDeferred(admitted).onRealized(decide, (error) => {
        if (this.websocket.stage !== PENDING) return;
        logError(error, `\`verify\` of the websocket ${this.#exchange.route} failed`);
        this.#isReported = true;
        this.#exchange.res.writeHead(500, { "content-length": 0 }).end();
        this.fail(error);
      });
    }
  }

  /** Tells the client why it may not come in. */
  refuse(refusal: Refusal): Deferred<Websocket> {
    refuse(this.#exchange, refusal);
    return this.fail(refusal.error);
  }

  /** The first failure counts. */
  fail(error: unknown): Deferred<Websocket> {
    settleNow(this.websocket, ERROR, error);
    return this.websocket;
  }

  /** The handler failed. */
  #raise(error: unknown): void {
    // It only passes on that there is no websocket.
    if (error === this.websocket.result && (error instanceof HandshakeError || this.#isReported)) return;
    this.#hasFailed = true;
    logError(error, `the handler of the websocket ${this.#exchange.route} failed`);
    if (this.websocket.stage === SUCCESS) (this.websocket.result as Websocket).closeWith(INTERNAL_ERROR, "");
  }
}
