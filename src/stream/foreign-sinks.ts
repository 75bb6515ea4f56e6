/** Foreign things that are written to, as sinks: a put waits while they are full, and fails with their error. */

import type { Writable } from "node:stream";
import type { WritableStream, WritableStreamDefaultWriter } from "node:stream/web";
import type { ClockOptions } from "../clock/index.js";
import { Deferred, drain, ERROR, errorDeferred, mark, push, SUCCESS, settle } from "../deferred/core.js";
import { toDeferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { CallbackTask } from "./callback-task.js";
import { giveUp } from "./core-source.js";
import type { Observer } from "./observable-source.js";
import { type CoreSink, FALSE, TRUE } from "./protocol.js";
import type { Description, Sink } from "./types.js";

/** The parts all foreign sinks share: the puts that wait for room, who is told of the end, and what becomes of errors. */
abstract class ForeignSink<T> implements CoreSink<T> {
  readonly #type: string;
  #closed = false;
  #failure: { readonly error: unknown; told: boolean } | null = null;
  #waiting: Deferred<boolean>[] = [];
  #closedCallbacks: (() => void)[] = [];

  constructor(type: string) {
    this.#type = type;
  }

  /**
   * Hands a message over.
   *
   * @returns true if there is room for more. Else the put waits for `roomAgain`, or for the promise that is returned.
   */
  protected abstract write(message: T): boolean | PromiseLike<unknown>;

  /** Says that nothing more comes; what was written is still on its way. */
  protected abstract end(): void;

  /** Has it ended without having told so? */
  protected hasEnded(): boolean {
    return false;
  }

  offer(message: T): Deferred<boolean> {
    if (this.#failure !== null) {
      this.#failure.told = true;
      return errorDeferred(this.#failure.error);
    }
    if (this.isClosed()) return FALSE;
    const written = this.write(message);
    if (written === true) return TRUE;
    if (this.#closed) return FALSE;
    const room = new Deferred<boolean>();
    this.#waiting.push(room);
    if (written !== false) written.then(() => this.#answerOne(room), ignore);
    return room;
  }

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
    return giveUp(this.put(message), milliseconds, timeoutValue, options);
  }

  /** Puts that wait are answered when what they put is written. */
  shut(): void {
    if (this.#failure !== null) this.#reportUntold();
    if (this.#closed) return;
    this.#close();
    this.end();
  }

  close(): void {
    const base = mark();
    this.shut();
    drain(base);
  }

  isClosed(): boolean {
    return this.#closed || this.hasEnded();
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback();
    else this.#closedCallbacks.push(callback);
  }

  description(): Description {
    return { type: this.#type, isSink: true, isClosed: this.isClosed(), pendingPuts: this.#waiting.length };
  }

  /** There is room again. */
  protected roomAgain(): void {
    this.#answer(SUCCESS, true);
  }

  /** It has ended; all that was written has arrived, or (`flushed` is false) is lost. */
  protected ended(flushed: boolean): void {
    const base = mark();
    this.#close();
    drain(base);
    this.#answer(SUCCESS, flushed);
  }

  /** It has failed: the waiting puts fail, or, if none waits, the next one. */
  protected failed(error: unknown): void {
    const wasClosed = this.#closed;
    const told = this.#waiting.length > 0;
    this.#failure ??= { error, told };
    const base = mark();
    this.#close();
    drain(base);
    this.#answer(ERROR, error);
    if (wasClosed) this.#reportUntold();
  }

  #answerOne(room: Deferred<boolean>): void {
    this.#waiting = this.#waiting.filter((other) => other !== room);
    room.success(true);
  }

  #reportUntold(): void {
    if (this.#failure === null || this.#failure.told) return;
    this.#failure.told = true;
    logError(this.#failure.error, `error in a sink of type ${this.#type}, which no put was told of`);
  }

  #answer(outcome: typeof SUCCESS | typeof ERROR, result: unknown): void {
    const base = mark();
    // What is pushed last is done first: the oldest put is told first.
    for (const room of this.#waiting.splice(0).toReversed()) settle(room, outcome, result);
    drain(base);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const callback of this.#closedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
  }
}

/** For rejections that show elsewhere. */
const ignore = (): void => {};

/** A Node `Writable`, or what behaves like one: a response, an old stream. */
export class NodeSink<T> extends ForeignSink<T> {
  readonly #writable: Writable;
  readonly #listeners: Readonly<Record<string, (error?: unknown) => void>>;

  constructor(writable: Writable) {
    super("node");
    this.#writable = writable;
    this.#listeners = {
      drain: () => this.roomAgain(),
      finish: () => this.ended(true),
      error: (error) => this.failed(error),
      close: () => this.#gone(),
    };
    if (writable.destroyed) this.ended(false);
    else for (const [event, listener] of Object.entries(this.#listeners)) writable.on(event, listener);
  }

  protected override write(message: T): boolean {
    return this.#writable.write(message);
  }

  protected override end(): void {
    this.#writable.end();
  }

  protected override hasEnded(): boolean {
    // Old streams have neither.
    const { writableEnded, destroyed } = this.#writable as Partial<Writable>;
    return writableEnded === true || destroyed === true;
  }

  #gone(): void {
    for (const [event, listener] of Object.entries(this.#listeners)) this.#writable.off(event, listener);
    this.ended(false);
  }
}

/** A web `WritableStream`, which is locked from now on. */
export class WebSink<T> extends ForeignSink<T> {
  readonly #writer: WritableStreamDefaultWriter<T>;
  #ending = false;

  constructor(writable: WritableStream<T>) {
    super("web");
    this.#writer = writable.getWriter();
    this.#writer.closed.then(
      // If it was not closed from here, it had been before.
      () => this.ended(this.#ending),
      (error: unknown) => this.failed(error),
    );
  }

  protected override write(message: T): boolean | Promise<void> {
    let written: Promise<void>;
    try {
      written = this.#writer.write(message);
    } catch {
      // Node 20 does not refuse what is written into a closed stream, but stumbles over it.
      this.ended(false);
      return false;
    }
    // A failed write shows as the failure of the whole writer, which is listened to.
    written.catch(ignore);
    const { desiredSize } = this.#writer;
    if (desiredSize !== null && desiredSize > 0) return true;
    this.#writer.ready.then(() => this.#relieved(), ignore);
    // A stream that holds nothing (highWaterMark 0) is never ready, but it gets through what it is given.
    return written;
  }

  protected override end(): void {
    this.#ending = true;
    this.#writer.close().catch(ignore);
  }

  /** A stream that has been closed is called ready too. */
  #relieved(): void {
    if (this.#writer.desiredSize !== 0) this.roomAgain();
  }
}

/** An observer, who is told of every message and cannot hold them back. */
export class ObserverSink<T> extends ForeignSink<T> {
  readonly #observer: Observer<T>;

  constructor(observer: Observer<T>) {
    super("observer");
    this.#observer = observer;
  }

  protected override write(message: T): boolean {
    this.#observer.next(message);
    return true;
  }

  protected override end(): void {
    this.#observer.complete();
  }

  protected override hasEnded(): boolean {
    return (this.#observer as { readonly closed?: unknown }).closed === true;
  }
}

/** A sink that somebody else has written, by its public methods. */
export class OtherSink<T> implements CoreSink<T> {
  readonly #sink: Sink<T>;

  constructor(sink: Sink<T>) {
    this.#sink = sink;
  }

  offer(message: T): Deferred<boolean> {
    return toDeferred(this.#sink.put(message));
  }

  shut(): void {
    this.#sink.close();
  }

  put(message: T): Deferred<boolean> {
    return this.offer(message);
  }

  tryPut(message: T, milliseconds: number): Deferred<boolean>;
  tryPut<V>(message: T, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<boolean | V>;
  tryPut(message: T, milliseconds: number, timeoutValue: unknown = false, options?: ClockOptions): Deferred<unknown> {
    return toDeferred(this.#sink.tryPut(message, milliseconds, timeoutValue, options));
  }

  close(): void {
    this.#sink.close();
  }

  isClosed(): boolean {
    return this.#sink.isClosed();
  }

  onClosed(callback: () => void): void {
    this.#sink.onClosed(callback);
  }

  description(): Description {
    return this.#sink.description();
  }
}
