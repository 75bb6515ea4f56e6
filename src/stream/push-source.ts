import { drain, mark, push } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { CallbackTask } from "./callback-task.js";
import { CoreSource } from "./core-source.js";
import { type BoundOptions, checkBound, checkOverflow, DEFAULT_BOUND, OVERFLOWS, OverflowError } from "./overflow.js";
import { DRAINED, Failure, type Taker, WAITING } from "./protocol.js";
import { Queue } from "./queue.js";
import { MAX_PENDING } from "./stream.js";
import { Takers } from "./takers.js";
import type { Description } from "./types.js";

/** What sends by itself, for as long as a source listens to it. */
export interface Producer {
  /** Asks it to send nothing for a while, if it can. */
  pause?(): void;
  /** Ends the pause. */
  resume?(): void;
  /** Stops listening; called once, when the source ends for whatever reason. */
  stop(): void;
}

/** What a push source is made of. */
export interface PushSourceOptions<T> extends BoundOptions {
  /** What the messages come from: in the description, and in errors. */
  readonly type: string;
  /** Starts listening. Called at the first take or connection. */
  readonly start: (source: PushSource<T>) => Producer;
}

/**
 * A source of what comes by itself, whether anybody takes it or not.
 *
 * A bounded number of messages waits to be taken. As soon as one has to wait the producer is paused, if it can be; what a
 * producer sends all the same, beyond the bound, is dropped or ends the source.
 */
export class PushSource<T> extends CoreSource<T> {
  readonly bound: number;
  /** Messages that were dropped because there was no room. */
  dropped = 0;
  readonly #options: PushSourceOptions<T>;
  readonly #messages = new Queue<T>();
  readonly #takers = new Takers<T>();
  #producer: Producer | null = null;
  #started = false;
  #paused = false;
  #closed = false;
  /** What has ended it, until a take has been told. */
  #failure: Failure | null = null;
  #closedCallbacks: (() => void)[] = [];
  #drainedCallbacks: (() => void)[] = [];

  constructor(options: PushSourceOptions<T>) {
    super();
    this.#options = options;
    this.bound = checkBound(options.bound ?? DEFAULT_BOUND, options.type);
    checkOverflow(options.overflow ?? "fail", OVERFLOWS, options.type);
  }

  /** Messages that wait to be taken. */
  get waiting(): number {
    return this.#messages.length;
  }

  /** Does a take wait for a message? */
  get isAwaited(): boolean {
    return this.#takers.waiting > 0;
  }

  /** Begins to listen, if it does not yet. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    let producer: Producer;
    try {
      producer = this.#options.start(this);
    } catch (error) {
      this.fail(error);
      return;
    }
    // It may have ended already, or be too fast: some send everything they have in the call.
    if (this.#closed) producer.stop();
    else if (this.#paused) producer.pause?.();
    if (!this.#closed) this.#producer = producer;
  }

  /** Brings a message. @returns false if the source is closed, or the message was dropped */
  accept(message: T): boolean {
    if (this.#closed) return false;
    const taker = this.#takers.next();
    if (taker !== undefined) {
      const base = mark();
      taker.deliver(message);
      drain(base);
      return true;
    }
    if (this.#messages.length < this.bound) this.#messages.push(message);
    else if (!this.#overflow(message)) return false;
    if (!this.#paused) {
      this.#paused = true;
      this.#producer?.pause?.();
    }
    return true;
  }

  #overflow(message: T): boolean {
    const { overflow = "fail", type } = this.#options;
    if (overflow === "fail") {
      this.fail(new OverflowError(type, this.bound));
      return false;
    }
    this.drop();
    if (overflow === "dropNewest") return false;
    this.#messages.shift();
    this.#messages.push(message);
    return true;
  }

  /** Counts a message that is dropped; that some are is reported once. */
  protected drop(): void {
    if (this.dropped++ > 0) return;
    logError(undefined, `more than ${this.bound} messages of ${this.#options.type} wait, so some are dropped`, "warn");
  }

  /** The producer has ended: what waits can still be taken. */
  finish(): void {
    this.close();
  }

  /** The producer has failed: what waits can still be taken, then one take fails. */
  fail(error: unknown): void {
    if (this.#closed) return;
    const base = mark();
    const taker = this.#takers.next();
    if (taker === undefined) this.#failure = new Failure(error);
    this.shut();
    taker?.deliver(new Failure(error));
    drain(base);
  }

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    if (this.#messages.length > 0) {
      const message = this.#messages.shift() as T;
      if (this.#messages.length === 0) this.#onEmpty();
      return message;
    }
    if (this.#failure !== null) {
      const failure = this.#failure;
      this.#failure = null;
      this.#tellIfDrained();
      return failure;
    }
    if (this.#closed) return DRAINED;
    if (taker !== null && !this.#takers.add(taker)) {
      logError(undefined, `more than ${MAX_PENDING} takes wait on one source, which is closed; wait for each take`);
      this.shut();
      return WAITING;
    }
    // Only once the taker is in its place: some producers send everything they have when they are started.
    if (!this.#started) push(new CallbackTask(() => this.start()));
    return WAITING;
  }

  #onEmpty(): void {
    this.#tellIfDrained();
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    push(
      new CallbackTask(() => {
        if (!this.#paused) this.#producer?.resume?.();
      }),
    );
  }

  shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellIfDrained();
    for (const callback of this.#closedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
    for (const taker of this.#takers.newestFirst()) taker.deliver(DRAINED);
    const producer = this.#producer;
    this.#producer = null;
    if (producer === null) return;
    push(
      new CallbackTask(() => {
        producer.stop();
        // Others may listen to it too.
        if (this.#paused) producer.resume?.();
      }),
    );
  }

  isClosed(): boolean {
    return this.#closed;
  }

  onClosed(callback: () => void): void {
    if (this.#closed) callback();
    else this.#closedCallbacks.push(callback);
  }

  isDrained(): boolean {
    return this.#closed && this.#messages.length === 0 && this.#failure === null;
  }

  onDrained(callback: () => void): void {
    if (this.isDrained()) callback();
    else this.#drainedCallbacks.push(callback);
  }

  description(): Description {
    return {
      type: this.#options.type,
      isSource: true,
      isClosed: this.#closed,
      isDrained: this.isDrained(),
      pendingTakes: this.#takers.waiting,
      bufferSize: this.#messages.length,
      bufferCapacity: this.bound,
      dropped: this.dropped,
    };
  }

  #tellIfDrained(): void {
    if (!this.isDrained()) return;
    for (const callback of this.#drainedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
  }
}
