import type { IncomingMessage } from "node:http";
import { nextTick } from "node:process";
import { type RawMessage, type RawWebSocket, readingOf } from "../websocket/raw-socket.js";
import type { WebsocketPast } from "../websocket/types.js";

type Listener = (...args: never[]) => void;

/** An emitter's own view of its listeners. */
interface Listened {
  rawListeners(event: string): Listener[];
}

/** Messages that are kept before the client has to wait. */
const BUFFER_SIZE = 16;

const waiting = new WeakMap<RawWebSocket, EarlyMessages>();

/**
 * Keeps what a client of express-ws sends while its request is still on the way through middleware.
 *
 * Whoever gets the socket then has the messages: a `websocketRoute`, or a handler of express-ws's own, from its first
 * `message` listener on.
 */
export class EarlyMessages {
  /** The request's target as it came: express-ws changes it. */
  readonly target: string;
  readonly #raw: RawWebSocket;
  readonly #req: IncomingMessage;
  readonly #kept: RawMessage[] = [];
  #end: Pick<WebsocketPast, "code" | "reason"> = {};
  #isHolding = false;

  constructor(raw: RawWebSocket, req: IncomingMessage) {
    this.#raw = raw;
    this.#req = req;
    this.target = req.url ?? "";
    raw.on("message", this.#keep);
    raw.on("newListener", this.#lookWhoListens);
    raw.on("close", this.#rememberEnd);
    raw.on("error", () => {});
    waiting.set(raw, this);
  }

  /** What was kept for a socket, which is the caller's now; undefined if `withExpressWs` was not called. */
  static of(raw: RawWebSocket): EarlyMessages | undefined {
    return waiting.get(raw);
  }

  /** Hands over what has happened, and lets the client go on. */
  release(): WebsocketPast & { readonly messages: readonly RawMessage[] } {
    this.#raw.off("message", this.#keep);
    this.#raw.off("close", this.#rememberEnd);
    this.#raw.off("newListener", this.#lookWhoListens);
    if (this.#isHolding) readingOf(this.#raw).resume();
    return { messages: this.#kept, ...this.#end };
  }

  readonly #keep = (...message: RawMessage): void => {
    this.#kept.push(message);
    if (this.#kept.length < BUFFER_SIZE || this.#isHolding) return;
    this.#isHolding = true;
    readingOf(this.#raw).pause();
  };

  readonly #rememberEnd = (code: number, reason: string | Buffer): void => {
    this.#end = { code, reason: reason.toString() };
  };

  /** Listeners that are added before a route is reached only watch: a log, a heartbeat. */
  readonly #lookWhoListens = (event: string): void => {
    if (event !== "message" || (this.#req as { wsHandled?: boolean }).wsHandled !== true) return;
    const raw = this.#raw as RawWebSocket & Listened;
    const before = raw.rawListeners("message");
    const { messages } = this.release();
    if (messages.length === 0) return;
    // Once the listener has been added.
    nextTick(() => {
      for (const message of messages) {
        for (const listener of raw.rawListeners("message")) {
          if (!before.includes(listener)) Reflect.apply(listener, raw, message);
        }
      }
    });
  };
}
