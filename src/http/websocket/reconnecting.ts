import { type Cancel, type ClockOptions, currentClock } from "../../clock/index.js";
import { Deferred, drain, errorDeferred, mark, PENDING, SUCCESS, settle, settleNow } from "../../deferred/core.js";
import { isDeferrable, toDeferred } from "../../deferred/index.js";
import { logError, NotConvertibleError } from "../../errors/index.js";
import { giveUp } from "../../stream/core-source.js";
import { type Description, drainInto } from "../../stream/index.js";
import { type CoreSink, FALSE, TRUE } from "../../stream/protocol.js";
import { CoreStream } from "../../stream/stream.js";
import { SourceView } from "../../stream/views.js";
import { INTERNAL_ERROR } from "../../websocket/connection.js";
import { toFrame, type Websocket } from "../../websocket/duplex.js";
import { WebsocketClosedError } from "../../websocket/errors.js";
import type {
  ControlledWebsocket,
  WebsocketClosing,
  WebsocketDuplex,
  WebsocketMessage,
} from "../../websocket/types.js";
import { RequestCancellationError } from "../client/errors.js";
import { type Backoff, backoffOf, retryAfter } from "./backoff.js";
import { dial } from "./dial.js";
import { WebsocketHandshakeError } from "./errors.js";
import { type Plan, planOf } from "./options.js";
import {
  RECONNECTING_OPTIONS,
  type Reconnecting,
  type ReconnectingWebsocketClientOptions,
  resolveReconnecting,
} from "./reconnecting-options.js";
import { UnsentMessages } from "./unsent.js";

/** How it ended for good. */
export interface ReconnectingClosing extends WebsocketClosing {
  /** Why the last attempt failed, where that was the end. */
  readonly error?: unknown;
}

/** A duplex over one connection after the other. */
export interface ReconnectingWebsocket extends WebsocketDuplex {
  /** "connecting" is also while `onConnect` runs; "waiting" is between two attempts. */
  readonly state: "connecting" | "open" | "waiting" | "closed";
  /** Messages that are lost although their puts yielded true: dropped ones, and those of connections that broke. */
  readonly dropped: number;
  /** Yields how it ended, once it has for good. */
  readonly closed: Deferred<ReconnectingClosing>;
}

/** The close codes of a connection that broke, and of an end without one. */
const BROKEN = 1006;
const NO_CODE = 1005;

/**
 * Opens a websocket that comes back: one duplex stream over one connection after the other. It begins to connect at once,
 * and when a connection ends it waits and asks again, until it is closed.
 *
 * Sending: a put yields true when the message is with the operating system, or waits for it in less than 16 KiB, which is no
 * promise that the server got it: what must arrive needs an answer of the server's. Messages that there is no connection
 * for wait, are dropped, or fail, as `unsent` says; those that wait are sent in order, and their puts yield true then, false
 * if it is closed first or too many wait. None is sent twice, unless the operating system had it in the moment of a break.
 * `onDisconnect` is told how many are lost, `dropped` counts them all.
 *
 * Receiving: what was received on one connection can be taken before what comes on the next one.
 *
 * It ends for good by `close` or `websocketClose`, by `signal`, by a close code that is final (see `finalCodes`), by an answer
 * that is (see `finalStatuses`), and after `maxAttempts` failures in a row; `closed` yields how. A wait is as long as a
 * `retry-after` of the answer says, where that is longer, an hour at most.
 *
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for URLs and options that cannot work.
 * @example
 * const watch = () => {
 *   const prices = http.reconnectingWebsocketClient("wss://example.com/prices", {
 *     backoff: { initial: 200, max: 10_000 },
 *     heartbeats: { sendAfterIdle: 15_000, timeout: 5000 },
 *     onConnect: (connection) => connection.put(JSON.stringify({ subscribe: "prices" })),
 *   });
 *   consume((message) => console.log(message), prices);
 *   return prices;
 * };
 * @see Source: none; `aleph.http/websocket-client` opens one connection.
 */
export function reconnectingWebsocketClient(
  url: string | URL,
  options: ReconnectingWebsocketClientOptions = {},
): ReconnectingWebsocket {
  return new ReconnectingDuplex(planOf(url, options, RECONNECTING_OPTIONS), options);
}

class ReconnectingDuplex
  extends SourceView<WebsocketMessage>
  implements ReconnectingWebsocket, ControlledWebsocket, CoreSink<WebsocketMessage>
{
  readonly closed: Deferred<ReconnectingClosing> = new Deferred<ReconnectingClosing>();
  readonly #plan: Plan;
  readonly #options: ReconnectingWebsocketClientOptions;
  readonly #resolved: Reconnecting;
  readonly #backoff: Backoff;
  readonly #received: CoreStream<WebsocketMessage>;
  readonly #unsent: UnsentMessages;
  readonly #sinkClosed: Deferred<true> = new Deferred<true>();
  readonly #abort = (): void => this.#giveUp(new RequestCancellationError(this.#options.signal?.reason));
  #dialling: Deferred<Websocket> | undefined;
  /** The connection there is, and whether `onConnect` is through with it. */
  #current: Websocket | undefined;
  #isReady = false;
  /** The last connection whose messages are passed on, and whether they have been. */
  #piped: Websocket | undefined;
  #passed: Deferred<boolean> = TRUE;
  #failures = 0;
  /** Has the connection lasted for `stableAfter`? */
  #isGood = false;
  #lost = 0;
  #cancelRetry: Cancel = () => {};
  #cancelStable: Cancel = () => {};

  constructor(plan: Plan, options: ReconnectingWebsocketClientOptions) {
    const received = new CoreStream<WebsocketMessage>({});
    super(received);
    this.#received = received;
    this.#plan = plan;
    this.#options = options;
    this.#resolved = resolveReconnecting(options);
    this.#backoff = backoffOf(options.backoff);
    const { unsent, maxUnsent, maxUnsentBytes } = this.#resolved;
    this.#unsent = new UnsentMessages(unsent, maxUnsent, maxUnsentBytes, plan.origin);
    options.signal?.addEventListener("abort", this.#abort);
    this.#connect();
  }

  get state(): ReconnectingWebsocket["state"] {
    if (this.isClosed()) return "closed";
    if (this.#current !== undefined) return this.#isReady ? "open" : "connecting";
    return this.#dialling === undefined ? "waiting" : "connecting";
  }

  get protocol(): string {
    return this.#current?.protocol ?? "";
  }

  get dropped(): number {
    return this.#lost + this.#unsent.dropped;
  }

  // --- one connection after the other

  #connect(): void {
    const dialling = dial(this.#plan);
    this.#dialling = dialling;
    dialling.onRealized(
      (connection) => this.#connected(connection),
      (error) => this.#failed(error),
    );
  }

  #connected(connection: Websocket): void {
    this.#dialling = undefined;
    this.#current = connection;
    const { onConnect, clock } = this.#options;
    connection.closed.onRealized(
      (closing) => this.#disconnected(connection, closing),
      () => {},
    );
    this.#isGood = false;
    this.#cancelStable = currentClock({ clock }).in(this.#resolved.stableAfter, () => {
      this.#isGood = true;
      this.#failures = 0;
    });
    const fail = (error: unknown): void => {
      logError(error, `onConnect of the websocket ${this.#plan.origin} failed`);
      connection.closeWith(INTERNAL_ERROR, "");
    };
    try {
      const outcome = onConnect?.(connection);
      if (isDeferrable(outcome)) toDeferred(outcome).onRealized(() => this.#ready(connection), fail);
      else this.#ready(connection);
    } catch (error) {
      fail(error);
    }
  }

  /** `onConnect` is through: the connection is everybody's. */
  #ready(connection: Websocket): void {
    if (this.#current !== connection || this.isClosed()) return;
    this.#isReady = true;
    this.#pipe(connection);
    const base = mark();
    this.#unsent.flush(connection);
    drain(base);
  }

  /** Passes on what it receives, behind what was received before. */
  #pipe(connection: Websocket): void {
    if (this.#piped === connection) return;
    this.#piped = connection;
    const before = this.#passed;
    const passed = new Deferred<boolean>();
    this.#passed = passed;
    whenTrue(before, () => whenTrue(drainInto(connection, this.#received), () => settleNow(passed, SUCCESS, true)));
  }

  #disconnected(connection: Websocket, closing: WebsocketClosing): void {
    this.#cancelStable();
    this.#current = undefined;
    this.#isReady = false;
    const { lost } = connection;
    this.#lost += lost;
    this.#pipe(connection);
    this.#unsent.disconnected();
    this.#tell("onDisconnect", { ...closing, lost });
    if (!this.#isGood) this.#failures++;
    if (this.isClosed() || this.#isFinal(closing)) this.#end(closing);
    else this.#retry(undefined);
  }

  #isFinal({ code, reason }: WebsocketClosing): boolean {
    return this.#decide("finalCodes", () => this.#resolved.isFinalCode(code, reason));
  }

  #isRefused(error: unknown): boolean {
    if (error instanceof RequestCancellationError) return true;
    if (!(error instanceof WebsocketHandshakeError)) return false;
    return this.#decide("finalStatuses", () => this.#resolved.isFinalStatus(error.status ?? 0));
  }

  /** What a function of the user's decides; false if it fails. */
  #decide(name: string, decide: () => boolean): boolean {
    try {
      return decide();
    } catch (error) {
      logError(error, `error in ${name} of a websocket`);
      return false;
    }
  }

  #failed(error: unknown): void {
    this.#dialling = undefined;
    if (this.isClosed()) return;
    this.#failures++;
    if (this.#isRefused(error)) this.#giveUp(error);
    else this.#retry(error);
  }

  #retry(error: unknown): void {
    const { maxAttempts } = this.#resolved;
    const failures = this.#failures;
    if (failures >= maxAttempts) {
      this.#giveUp(error);
      return;
    }
    const clock = currentClock(this.#options);
    const asked = error instanceof WebsocketHandshakeError ? error.headers["retry-after"] : undefined;
    const delay = Math.max(this.#backoff(failures), retryAfter(asked, clock.now()));
    this.#tell("onRetry", { delay, failures, error });
    if (this.isClosed()) return;
    this.#cancelRetry = clock.in(delay, () => this.#connect());
  }

  // --- the end

  #giveUp(error: unknown): void {
    if (this.closed.stage !== PENDING) return;
    const connection = this.#current;
    // Its failure is the end.
    if (this.#dialling !== undefined) this.#dialling.error(error);
    else if (connection === undefined) this.#end({ code: BROKEN, reason: "", wasClean: false, error });
    else this.closeWith(-1, "");
  }

  #end(closing: ReconnectingClosing): void {
    this.#cancelRetry();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#unsent.end();
    const base = mark();
    settle(this.closed, SUCCESS, closing);
    settle(this.#sinkClosed, SUCCESS, true);
    drain(base);
    whenTrue(this.#passed, () => this.#received.close());
  }

  override shut(): void {
    this.#startClosing(NO_CODE, "", (connection) => connection.shut());
  }

  closeWith(code: number, reason: string): boolean {
    const base = mark();
    const isFirst = this.#startClosing(code === -1 ? NO_CODE : code, reason, (connection) =>
      connection.closeWith(code, reason),
    );
    drain(base);
    return isFirst;
  }

  /** What waits is sent first, if there is a connection for it. */
  #startClosing(code: number, reason: string, close: (connection: Websocket) => void): boolean {
    if (this.isClosed()) return false;
    settle(this.#sinkClosed, SUCCESS, true);
    const connection = this.#current;
    if (connection === undefined) {
      this.#dialling?.error(new WebsocketClosedError("the handshake"));
      this.#end({ code, reason, wasClean: false });
      return true;
    }
    if (this.#isReady) this.#unsent.flushAll(connection);
    else this.#unsent.end();
    close(connection);
    return true;
  }

  isClosed(): boolean {
    return this.#sinkClosed.stage !== PENDING;
  }

  onClosed(callback: () => void): void {
    this.#sinkClosed.onRealized(callback, () => {});
  }

  // --- sending

  put(message: WebsocketMessage): Deferred<boolean> {
    const base = mark();
    const accepted = this.offer(message);
    drain(base);
    return accepted;
  }

  /** A message whose put is given up is not sent, unless it is on its way already. */
  tryPut(message: WebsocketMessage, milliseconds: number): Deferred<boolean>;
  tryPut<V>(message: WebsocketMessage, milliseconds: number, value: V, options?: ClockOptions): Deferred<boolean | V>;
  tryPut(
    message: WebsocketMessage,
    milliseconds: number,
    timeoutValue: unknown = false,
    options?: ClockOptions,
  ): Deferred<unknown> {
    return giveUp(this.put(message), milliseconds, timeoutValue, options);
  }

  offer(message: WebsocketMessage): Deferred<boolean> {
    if (this.isClosed()) return FALSE;
    const frame = toFrame(message);
    if (frame === undefined) return errorDeferred(new NotConvertibleError(message, "a websocket message"));
    const connection = this.#isReady ? this.#current : undefined;
    if (connection === undefined || connection.isClosed()) {
      return this.#unsent.policy === "keep" ? this.#unsent.add(frame) : this.#unsent.refuse();
    }
    if (this.#unsent.length > 0) return this.#unsent.add(frame);
    const accepted = connection.offer(frame);
    return accepted.stage === PENDING ? this.#unsent.sending(frame, accepted, connection) : accepted;
  }

  ping(answer: Deferred<boolean>, payload: WebsocketMessage): Deferred<boolean> {
    if (this.#current !== undefined) return this.#current.ping(answer, payload);
    answer.success(false);
    return answer;
  }

  // --- for tools

  #tell<Name extends "onDisconnect" | "onRetry">(
    name: Name,
    event: Parameters<NonNullable<ReconnectingWebsocketClientOptions[Name]>>[0],
  ): void {
    try {
      (this.#options[name] as ((event: unknown) => void) | undefined)?.(event);
    } catch (error) {
      logError(error, `error in ${name} of a websocket`);
    }
  }

  override description(): Description {
    const { sink, source } = (this.#current?.description() ?? {}) as { sink?: object; source?: object };
    return {
      type: "splice",
      sink: {
        ...sink,
        type: "reconnecting-websocket",
        isSink: true,
        isClosed: this.isClosed(),
        pendingPuts: this.#unsent.length,
        state: this.state,
        failures: this.#failures,
        dropped: this.dropped,
      },
      source: {
        ...this.#received.description(),
        ...source,
        type: "reconnecting-websocket",
        isDrained: this.isDrained(),
      },
    };
  }
}

function whenTrue(deferred: Deferred<boolean>, callback: () => void): void {
  deferred.onRealized(callback, () => {});
}
