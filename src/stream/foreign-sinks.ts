/** Node's and the web's writables as sinks: a put waits while they are full, and fails with their error. */

import type { Writable } from "node:stream";
import type { WritableStream, WritableStreamDefaultWriter } from "node:stream/web";
import type { ClockOptions } from "../clock/index.js";
import { Deferred, ERROR, errorDeferred, SUCCESS, settleNow } from "../deferred/core.js";
import { expire } from "./core-source.js";
import { type CoreSink, FALSE, TRUE } from "./protocol.js";
import type { Description } from "./types.js";

/** The parts all foreign sinks share: one deferred for all puts that wait for room, and who is told of the end. */
abstract class ForeignSink<T> implements CoreSink<T> {
  protected closed = false;
  readonly #type: string;
  #room: Deferred<boolean> | null = null;
  #closedCallbacks: (() => void)[] = [];

  constructor(type: string) {
    this.#type = type;
  }

  abstract offer(message: T): Deferred<boolean>;
  abstract shut(): void;

  put(message: T): Deferred<boolean> {
    try {
      return this.offer(message);
    } catch (error) {
      return errorDeferred(error);
    }
  }

  /** The message is handed over in any case; only the wait for room is given up. */
  tryPut(message: T, milliseconds: number): Deferred<boolean>;
  tryPut<V>(message: T, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<boolean | V>;
  tryPut(message: T, milliseconds: number, timeoutValue: unknown = false, options?: ClockOptions): Deferred<unknown> {
    const accepted = this.put(message);
    if (accepted.isRealized) return accepted;
    const wait = new Deferred<unknown>();
    accepted.onRealized(
      (value) => wait.success(value),
      (error) => wait.error(error),
    );
    if (milliseconds > 0) return expire(wait, milliseconds, timeoutValue, options);
    wait.success(timeoutValue);
    return wait;
  }

  close(): void {
    this.shut();
  }

  isClosed(): boolean {
    return this.closed;
  }

  onClosed(callback: () => void): void {
    if (this.closed) callback();
    else this.#closedCallbacks.push(callback);
  }

  description(): Description {
    return { type: this.#type, isSink: true, isClosed: this.closed };
  }

  /** A put that waits until `roomAgain` or the end. */
  protected waitForRoom(): Deferred<boolean> {
    this.#room ??= new Deferred();
    return this.#room;
  }

  protected roomAgain(): void {
    const room = this.#room;
    this.#room = null;
    if (room !== null) settleNow(room, SUCCESS, true);
  }

  protected ended(error?: unknown): void {
    const room = this.#room;
    this.#room = null;
    if (room !== null) settleNow(room, error === undefined ? SUCCESS : ERROR, error ?? false);
    if (this.closed) return;
    this.closed = true;
    for (const callback of this.#closedCallbacks.splice(0)) callback();
  }
}

export class NodeSink<T> extends ForeignSink<T> {
  readonly #writable: Writable;

  constructor(writable: Writable) {
    super("node");
    this.#writable = writable;
    this.closed = writable.destroyed || writable.writableEnded;
    writable.on("drain", () => this.roomAgain());
    writable.on("error", (error) => this.ended(error));
    writable.on("close", () => this.ended());
  }

  offer(message: T): Deferred<boolean> {
    if (this.closed) return FALSE;
    return this.#writable.write(message) ? TRUE : this.waitForRoom();
  }

  shut(): void {
    this.#writable.end();
    this.ended();
  }
}

export class WebSink<T> extends ForeignSink<T> {
  readonly #writer: WritableStreamDefaultWriter<T>;

  constructor(writable: WritableStream<T>) {
    super("web");
    this.#writer = writable.getWriter();
    this.#writer.closed.then(
      () => this.ended(),
      (error: unknown) => this.ended(error),
    );
  }

  offer(message: T): Deferred<boolean> {
    if (this.closed) return FALSE;
    // A failed write shows as the failure of the whole writer, which is listened to.
    this.#writer.write(message).catch(() => {});
    if ((this.#writer.desiredSize ?? 1) > 0) return TRUE;
    const room = this.waitForRoom();
    this.#writer.ready.then(
      () => this.roomAgain(),
      () => {},
    );
    return room;
  }

  shut(): void {
    if (this.closed) return;
    this.#writer.close().catch(() => {});
    this.ended();
  }
}
