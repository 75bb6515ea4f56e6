import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { types } from "node:util";
import { type Cancel, type ClockOptions, currentClock } from "../clock/index.js";
import { Deferred, drain, errorDeferred, mark, SUCCESS, settle } from "../deferred/core.js";
import { logError, NotConvertibleError } from "../errors/index.js";
import { giveUp } from "../stream/core-source.js";
import type { Description } from "../stream/index.js";
import { type CoreSink, FALSE } from "../stream/protocol.js";
import type { SharedMessage } from "../stream/shared.js";
import { SourceView } from "../stream/views.js";
import { type Heart, Heartbeat } from "./heartbeat.js";
import { Incoming } from "./incoming.js";
import { Outgoing } from "./outgoing.js";
import {
  addressesUnder,
  CLOSED,
  connectionUnder,
  frameOf,
  isText,
  OPEN,
  type RawMessage,
  type RawWebSocket,
  type Reading,
  readingOf,
} from "./raw-socket.js";
import type { ControlledWebsocket, DuplexOptions, WebsocketClosing, WebsocketMessage, WebsocketPast } from "./types.js";

export const CLOSE_TIMEOUT = 10_000;

/** The code that stands for a connection that ended without a close frame. */
const BROKEN = 1006;

/** Who keeps a websocket, until it has ended. */
export interface Keeper {
  forget(websocket: Websocket): void;
}

/** What most websockets do without while they are open. */
class Rare {
  handshakeHeaders: IncomingHttpHeaders | undefined;
  heartbeat: Heartbeat | undefined;
  closed: Deferred<WebsocketClosing> | undefined;
  sinkClosed: Deferred<true> | undefined;
  isSinkClosed = false;
  /** Undefined until pongs matter. */
  pings: Deferred<boolean>[] | undefined;
  cancelCut: Cancel | undefined;
  closing: WebsocketClosing | undefined;
  /** Undefined until it is held back for the first time. */
  reading: Reading | undefined;
}

const NO_OPTIONS: DuplexOptions = {};
const NO_PAST: WebsocketPast = {};

/** A `ws` WebSocket as a duplex of the kit. What an idle one does not need is made when it is needed, for there are many. */
export class Websocket
  extends SourceView<WebsocketMessage>
  implements ControlledWebsocket, CoreSink<WebsocketMessage>, Heart, Reading
{
  readonly raw: RawWebSocket;
  /** Is told of the end. */
  keeper: Keeper | undefined;
  declare protected readonly source: Incoming;
  readonly #options: DuplexOptions;
  #outgoing: Outgoing | undefined;
  #rare: Rare | undefined;

  constructor(raw: RawWebSocket, options: DuplexOptions = NO_OPTIONS, past: WebsocketPast = NO_PAST) {
    super(new Incoming());
    this.source.reading = this;
    this.raw = raw;
    this.#options = options;
    if (past.handshakeHeaders !== undefined) this.rarely.handshakeHeaders = past.handshakeHeaders;
    for (const message of past.messages ?? []) this.receive(...message);
    listenTo(raw, this);
    const { onPing, onPong, heartbeats } = options;
    if (onPing !== undefined) raw.on("ping", (payload: Uint8Array) => callSafely(onPing, payload));
    if (onPong !== undefined || heartbeats !== undefined) this.hearPongs();
    if (heartbeats !== undefined) this.rarely.heartbeat = new Heartbeat(this, heartbeats, options);
    if (raw.readyState === CLOSED) this.end(past.code ?? BROKEN, past.reason ?? "");
  }

  private get rarely(): Rare {
    return (this.#rare ??= new Rare());
  }

  get closed(): Deferred<WebsocketClosing> {
    const rare = this.rarely;
    if (rare.closed === undefined) {
      rare.closed = new Deferred<WebsocketClosing>();
      if (rare.closing !== undefined) rare.closed.success(rare.closing);
    }
    return rare.closed;
  }

  get hasEnded(): boolean {
    return this.#rare?.closing !== undefined;
  }

  get protocol(): string {
    return this.raw.protocol;
  }

  // --- receiving

  get isHeldBack(): boolean {
    return this.source.isHeldBack;
  }

  pause(): void {
    const rare = this.rarely;
    rare.reading ??= this.watchedReading();
    rare.reading.pause();
  }

  resume(): void {
    this.#rare?.reading?.resume();
  }

  /** Where it is held back, `ws` tells of the end only when the rest has been parsed. */
  private watchedReading(): Reading {
    connectionUnder(this.raw).once("close", () => {
      if (this.isHeldBack) this.announceEnd(BROKEN, "");
    });
    return readingOf(this.raw);
  }

  /** A message has come. */
  receive(...message: RawMessage): void {
    this.#rare?.heartbeat?.beat();
    this.source.receive(this.decode(message));
  }

  private decode(message: RawMessage): WebsocketMessage {
    const [data] = message;
    if (this.#options.rawStream) return typeof data === "string" ? Buffer.from(data) : data;
    return isText(message) ? data.toString() : data;
  }

  // --- sending

  put(message: WebsocketMessage): Deferred<boolean> {
    const base = mark();
    const accepted = this.offer(message);
    drain(base);
    return accepted;
  }

  /** The frame is on its way in any case; only the wait until it is flushed is given up. */
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

  /** Messages whose puts yielded true and that the operating system has not taken; once it is closed, they are lost. */
  get lost(): number {
    return this.#outgoing?.lost ?? 0;
  }

  private get sending(): Outgoing {
    return (this.#outgoing ??= new Outgoing(this.raw));
  }

  offer(message: WebsocketMessage): Deferred<boolean> {
    if (this.isClosed()) return FALSE;
    const frame = toFrame(message);
    if (frame === undefined) return errorDeferred(new NotConvertibleError(message, "a websocket message"));
    this.#rare?.heartbeat?.beat();
    return this.sending.send(frame);
  }

  /** A message that many get: framed once for all of them, where this one can take it so. @internal */
  putShared(shared: SharedMessage<WebsocketMessage>): Deferred<boolean> {
    if (this.isClosed() || !this.sending.takesFrames) return this.put(shared.message);
    const frame = shared.form(Websocket, (message) => {
      const data = toFrame(message);
      return data === undefined ? undefined : frameOf(data);
    });
    if (frame === undefined) return this.put(shared.message);
    const base = mark();
    this.#rare?.heartbeat?.beat();
    const accepted = this.sending.sendFramed(frame);
    drain(base);
    return accepted;
  }

  // --- pings

  ping(answer: Deferred<boolean>, payload: WebsocketMessage): Deferred<boolean> {
    if (this.isClosed()) {
      answer.success(false);
      return answer;
    }
    if (this.hearPongs().push(answer) === 1) this.raw.ping(payload);
    return answer;
  }

  /** @returns the pings that wait for one */
  private hearPongs(): Deferred<boolean>[] {
    const rare = this.rarely;
    if (rare.pings === undefined) {
      rare.pings = [];
      this.raw.on("pong", onPong);
    }
    return rare.pings;
  }

  /** A pong has come. */
  receivePong(payload: Uint8Array): void {
    this.#rare?.heartbeat?.beat();
    this.answerPings(true);
    const { onPong } = this.#options;
    if (onPong !== undefined) callSafely(onPong, payload);
  }

  private answerPings(isAlive: boolean): void {
    const rare = this.#rare;
    const answers = rare?.pings;
    if (rare === undefined || answers === undefined || answers.length === 0) return;
    rare.pings = [];
    for (const answer of answers) answer.success(isAlive);
  }

  // --- closing

  isClosed(): boolean {
    return this.raw.readyState !== OPEN || this.#rare?.isSinkClosed === true;
  }

  onClosed(callback: () => void): void {
    const rare = this.rarely;
    if (rare.isSinkClosed) callback();
    else (rare.sinkClosed ??= new Deferred<true>()).onRealized(callback, ignore);
  }

  override shut(): void {
    this.startClosing();
    this.source.end();
  }

  closeWith(code: number, reason: string): boolean {
    const base = mark();
    const isFirst = this.startClosing(code === -1 ? undefined : code, reason);
    drain(base);
    return isFirst;
  }

  /** Cuts the connection, without a close frame. */
  cut(): void {
    this.raw.terminate();
  }

  private startClosing(code?: number, reason?: string): boolean {
    if (this.isClosed()) return false;
    this.raw.close(code, reason);
    const { closeTimeout = CLOSE_TIMEOUT } = this.#options;
    this.rarely.cancelCut = currentClock(this.#options).in(closeTimeout, () => this.cut());
    this.closeSink();
    return true;
  }

  /** Pushes what that causes. */
  private closeSink(): void {
    const rare = this.rarely;
    rare.isSinkClosed = true;
    if (rare.sinkClosed !== undefined) settle(rare.sinkClosed, SUCCESS, true);
  }

  /** The connection is gone, and nothing more can come of it. What is pushed last is done first: the source ends before the sink. */
  end(code: number, reason: string): void {
    this.announceEnd(code, reason, () => this.source.end());
  }

  /** The connection is gone. */
  private announceEnd(code: number, reason: string, endSource: () => void = () => {}): void {
    const base = mark();
    const rare = this.rarely;
    if (rare.closing === undefined) {
      rare.cancelCut?.();
      rare.heartbeat?.stop();
      rare.closing = { code, reason, wasClean: code !== BROKEN };
      this.keeper?.forget(this);
      if (rare.closed !== undefined) settle(rare.closed, SUCCESS, rare.closing);
      this.closeSink();
      this.#outgoing?.refuse();
    }
    endSource();
    drain(base);
    this.answerPings(false);
  }

  // --- for tools

  override description(): Description {
    const isClosed = this.isClosed();
    const { readable, writable } = connectionUnder(this.raw);
    const connection = { ...addressesUnder(this.raw), isReadable: readable, isWritable: writable, isClosed };
    const { pendingPuts = 0, isSink: _, ...source } = this.source.description();
    const { handshakeHeaders, closing } = this.#rare ?? new Rare();
    return {
      type: "splice",
      sink: {
        type: "websocket",
        isSink: true,
        isClosed,
        pendingPuts: this.#outgoing?.pending ?? 0,
        connection: { ...connection, direction: "outbound" },
        websocketSelectedSubprotocol: this.protocol === "" ? undefined : this.protocol,
        ...(handshakeHeaders && { websocketHandshakeHeaders: handshakeHeaders }),
        ...(closing && { websocketCloseCode: closing.code, websocketCloseMsg: closing.reason }),
      },
      source: {
        ...source,
        type: "websocket",
        pendingPuts: pendingPuts + this.source.surplus,
        connection: { ...connection, direction: "inbound" },
      },
    };
  }
}

/** A socket whose duplex its listeners find here, so that they are the same functions for all sockets. */
const DUPLEX: unique symbol = Symbol("duplex");
type Owned = RawWebSocket & { [DUPLEX]: Websocket };

function listenTo(raw: RawWebSocket, duplex: Websocket): void {
  (raw as Owned)[DUPLEX] = duplex;
  raw.on("message", onMessage);
  raw.on("close", onClose);
  // Says why the connection breaks, which its end tells too; an error that nobody hears would end the process.
  raw.on("error", ignore);
}

function onMessage(this: Owned, ...message: RawMessage): void {
  this[DUPLEX].receive(...message);
}

function onPong(this: Owned, payload: Uint8Array): void {
  this[DUPLEX].receivePong(payload);
}

function onClose(this: Owned, code: number, reason: string | Buffer): void {
  this[DUPLEX].end(code, reason.toString());
}

function ignore(): void {}

/** Calls a listener of the user's; what it throws is logged. */
function callSafely(listener: (payload: Uint8Array) => void, payload: Uint8Array): void {
  try {
    listener(payload);
  } catch (error) {
    logError(error, "error in onPing or onPong of a websocket");
  }
}

/** What goes out as text, what as bytes; undefined for what is neither. */
export function toFrame(message: unknown): WebsocketMessage | undefined {
  if (typeof message === "string" || message instanceof Uint8Array) return message;
  if (ArrayBuffer.isView(message)) return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  if (types.isAnyArrayBuffer(message)) return new Uint8Array(message);
  return undefined;
}
