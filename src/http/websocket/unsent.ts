/** Messages that wait for a connection, or for one that is slow. */

import {
  Deferred,
  drain,
  errorDeferred,
  mark,
  PENDING,
  SUCCESS,
  settle,
  settleNow,
  subscribe,
} from "../../deferred/core.js";
import { type CoreSink, FALSE, TRUE } from "../../stream/protocol.js";
import { Queue } from "../../stream/queue.js";
import type { WebsocketMessage } from "../../websocket/types.js";
import { WebsocketDisconnectedError } from "./errors.js";

/** What becomes of messages that there is no connection for. */
export type UnsentPolicy = "keep" | "drop" | "fail";

/** A put whose message is not sent yet. */
class Unsent extends Deferred<boolean> {
  readonly message: WebsocketMessage;

  constructor(message: WebsocketMessage) {
    super();
    this.message = message;
  }
}

type Connection = CoreSink<WebsocketMessage>;

/** What was put and not sent, in order; sent one at a time, as fast as the connection takes it. */
export class UnsentMessages {
  readonly policy: UnsentPolicy;
  /** Messages that were dropped although their puts yielded true. */
  dropped = 0;
  readonly #origin: string;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #waiting: Queue<Unsent> = new Queue();
  #size = 0;
  #isEnded = false;

  constructor(policy: UnsentPolicy, maxMessages: number, maxBytes: number, origin: string) {
    this.policy = policy;
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
    this.#origin = origin;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Lets a message wait, if there is room. */
  add(message: WebsocketMessage): Deferred<boolean> {
    if (!this.#hasRoom(message)) this.#sweep();
    if (!this.#hasRoom(message)) return this.refuse();
    return this.#push(message);
  }

  /** Remembers a message that a connection, while nothing else waits, has been given and not taken yet. */
  sending(message: WebsocketMessage, accepted: Deferred<boolean>, connection: Connection): Deferred<boolean> {
    const unsent = this.#push(message);
    this.#follow(unsent, accepted, connection);
    return unsent;
  }

  /** What the put of a message yields that is neither sent nor kept. */
  refuse(): Deferred<boolean> {
    if (this.policy === "fail") return errorDeferred(new WebsocketDisconnectedError(this.#origin));
    if (this.policy === "keep") return FALSE;
    this.dropped++;
    return TRUE;
  }

  /** Sends what waits, as long as the connection takes it at once. Pushes what that causes. */
  flush(connection: Connection): void {
    for (let unsent = this.#oldest(); unsent !== undefined; unsent = this.#oldest()) {
      const accepted = connection.offer(unsent.message);
      if (accepted.stage === PENDING) {
        this.#follow(unsent, accepted, connection);
        return;
      }
      // It is about to close: the next connection's.
      if (accepted.result !== true) return;
      this.#shift();
      settle(unsent, SUCCESS, true);
    }
  }

  /** Gives the last connection all that waits, slow or not. Pushes what that causes. */
  flushAll(connection: Connection): void {
    this.#isEnded = true;
    for (let unsent = this.#shift(); unsent !== undefined; unsent = this.#shift()) {
      const waiting = unsent;
      if (waiting.stage !== PENDING || waiting === this.#inFlight) continue;
      const accepted = connection.offer(waiting.message);
      subscribe(accepted, {
        onSuccess: (isSent) => settle(waiting, SUCCESS, isSent),
        onError: () => settle(waiting, SUCCESS, false),
      });
    }
  }

  /** The connection is gone: what waits goes on waiting, or does not, as the policy says. */
  disconnected(): void {
    this.#inFlight = undefined;
    if (this.policy === "keep") return;
    for (let unsent = this.#shift(); unsent !== undefined; unsent = this.#shift()) {
      if (unsent.stage !== PENDING) continue;
      if (this.policy === "fail") unsent.error(new WebsocketDisconnectedError(this.#origin));
      else {
        this.dropped++;
        settleNow(unsent, SUCCESS, true);
      }
    }
  }

  /** There will be no connection any more. */
  end(): void {
    this.#isEnded = true;
    const base = mark();
    for (let unsent = this.#shift(); unsent !== undefined; unsent = this.#shift()) settle(unsent, SUCCESS, false);
    drain(base);
  }

  /** The message that the connection has been given and not taken yet. */
  #inFlight: Unsent | undefined;

  #follow(unsent: Unsent, accepted: Deferred<boolean>, connection: Connection): void {
    this.#inFlight = unsent;
    subscribe(accepted, {
      onSuccess: (isSent) => {
        const isFirst = this.#waiting.oldest() === unsent;
        if (this.#inFlight === unsent) this.#inFlight = undefined;
        if (isSent) {
          if (isFirst) this.#shift();
          settle(unsent, SUCCESS, true);
          if (isFirst) this.flush(connection);
        } else if (this.#isEnded) settle(unsent, SUCCESS, false);
        // Else the next connection is given it again.
      },
      onError: () => {},
    });
  }

  #push(message: WebsocketMessage): Unsent {
    const unsent = new Unsent(message);
    this.#waiting.push(unsent);
    this.#size += message.length;
    return unsent;
  }

  #shift(): Unsent | undefined {
    const unsent = this.#waiting.shift();
    if (unsent !== undefined) this.#size -= unsent.message.length;
    return unsent;
  }

  /** Without those that were given up (`tryPut`). */
  #oldest(): Unsent | undefined {
    while ((this.#waiting.oldest()?.stage ?? PENDING) !== PENDING) this.#shift();
    return this.#waiting.oldest();
  }

  #hasRoom(message: WebsocketMessage): boolean {
    return this.#waiting.length < this.#maxMessages && this.#size + message.length <= this.#maxBytes;
  }

  #sweep(): void {
    this.#waiting.retain((unsent) => unsent.stage === PENDING || unsent === this.#inFlight);
    this.#size = [...this.#waiting].reduce((size, { message }) => size + message.length, 0);
  }
}
