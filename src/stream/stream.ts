import type { ClockOptions } from "../clock/index.js";
import { type Deferred, drain, mark, PENDING, push, SUCCESS, settle, subscribe, type Task } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { CoreSource, expire } from "./core-source.js";
import { type CoreSink, DRAINED, FALSE, Put, type Taker, TRUE, WAITING } from "./protocol.js";
import { Queue } from "./queue.js";
import type { Description, Stream } from "./types.js";

/** More puts, or takes, than this may not wait on one stream: the next one closes it. */
export const MAX_PENDING = 16_384;

/** Entries after which those that timed out are swept from a queue of waiting puts or takes. */
const SWEEP_AFTER = 64;

/** The stages of a stream; it only ever moves forward. */
const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;
const ENDED = 3;

/** How a stream is made. */
export interface StreamOptions {
  /** Messages it holds before puts have to wait. @default 0 */
  readonly bufferSize?: number | undefined;
  /** Can it be closed? A permanent one ignores `close`. @default false */
  readonly permanent?: boolean | undefined;
  /** Adds to, or changes, what `description` tells. */
  readonly description?: ((description: Description) => Description) | undefined;
}

/**
 * A stream: messages put into it are taken out in order, each by one taker.
 *
 * Three queues hold what does not meet at once: messages in the buffer, puts that wait for room, takes that wait for a
 * message. At most one of the last two is ever filled.
 *
 * There may be very many: fields are few, and methods `private`, as an object of a class with `#methods` is eight bytes larger.
 */
export class CoreStream<T> extends CoreSource<T> implements Stream<T>, CoreSink<T> {
  protected readonly capacity: number;
  readonly #permanent: boolean;
  readonly #describe: ((description: Description) => Description) | undefined;
  #stage: typeof OPEN | typeof CLOSING | typeof CLOSED | typeof ENDED = OPEN;
  #buffer: Queue<T> | null = null;
  #puts: Queue<Put<T>> | null = null;
  /** The take that has waited longest: most often the only one, which needs no queue. */
  #oldestTake: Taker<T> | null = null;
  /** The takes behind it. */
  #takes: Queue<Taker<T>> | null = null;
  #sweepAt = SWEEP_AFTER;
  #closedCallbacks: (() => void)[] | null = null;
  #drainedCallbacks: (() => void)[] | null = null;

  constructor(options: StreamOptions) {
    super();
    this.capacity = Math.max(0, options.bufferSize ?? 0);
    this.#permanent = options.permanent ?? false;
    this.#describe = options.description;
  }

  // --- the sink half

  put(message: T): Deferred<boolean> {
    const base = mark();
    const accepted = this.offer(message);
    drain(base);
    return accepted;
  }

  tryPut(message: T, milliseconds: number): Deferred<boolean>;
  tryPut<V>(message: T, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<boolean | V>;
  tryPut(message: T, milliseconds: number, timeoutValue: unknown = false, options?: ClockOptions): Deferred<unknown> {
    const accepted = this.put(message);
    if (accepted.stage !== PENDING) return accepted;
    if (milliseconds > 0) return expire(accepted, milliseconds, timeoutValue, options);
    if (this.#puts?.newest() === accepted) this.#puts.pop();
    settle<unknown>(accepted, SUCCESS, timeoutValue);
    return accepted;
  }

  offer(message: T): Deferred<boolean> {
    return this.#stage >= CLOSED ? FALSE : this.place(message);
  }

  /** Gives a message to the oldest take, or to the buffer, or lets it wait. */
  protected place(message: T): Deferred<boolean> {
    const taker = this.nextTaker();
    if (taker !== undefined) {
      taker.deliver(message);
      return TRUE;
    }
    if (this.capacity > 0) {
      this.#buffer ??= new Queue();
      if (this.#buffer.length < this.capacity) {
        this.#buffer.push(message);
        return TRUE;
      }
    }
    this.#puts ??= new Queue();
    if (this.#puts.length >= this.#sweepAt) this.sweepPuts();
    if (this.#puts.length >= MAX_PENDING) {
      logError(
        undefined,
        `more than ${MAX_PENDING} puts wait on one stream, which is closed; wait for each put, or buffer`,
      );
      this.shut();
      return FALSE;
    }
    const put = new Put(message);
    this.#puts.push(put);
    return put;
  }

  shut(): void {
    if (this.#permanent || this.#stage !== OPEN) return;
    this.#stage = CLOSING;
    push(new Closing(this));
  }

  /** Called when it begins to close, while it still accepts: what is kept back is placed now. */
  flush(): void {}

  isClosed(): boolean {
    return this.#stage >= CLOSED;
  }

  onClosed(callback: () => void): void {
    if (this.#stage >= CLOSED) callback();
    else (this.#closedCallbacks ??= []).push(callback);
  }

  // --- the source half

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED {
    const buffer = this.#buffer;
    if (buffer !== null && buffer.length > 0) {
      const message = buffer.shift() as T;
      const put = this.nextPut();
      if (put !== undefined) {
        buffer.push(put.message);
        settle(put, SUCCESS, true);
      }
      this.checkDrained();
      return message;
    }
    const put = this.nextPut();
    if (put !== undefined) {
      settle(put, SUCCESS, true);
      // Pushed last, so the callbacks run before the put's own listeners, as in Manifold.
      this.checkDrained();
      return put.message;
    }
    if (this.#stage >= CLOSED) return DRAINED;
    if (taker !== null) this.awaitTurn(taker);
    return WAITING;
  }

  isDrained(): boolean {
    return this.#stage === ENDED;
  }

  onDrained(callback: () => void): void {
    if (this.#stage === ENDED) callback();
    else (this.#drainedCallbacks ??= []).push(callback);
  }

  // --- for tools

  description(): Description {
    this.sweepPuts();
    this.#takes?.retain((taker) => taker.isWaiting());
    const oldest = this.#oldestTake?.isWaiting() === true ? 1 : 0;
    const description: Description = {
      type: "manifold",
      isSink: true,
      isSource: true,
      pendingPuts: this.#puts?.length ?? 0,
      pendingTakes: oldest + (this.#takes?.length ?? 0),
      bufferCapacity: this.capacity,
      bufferSize: this.buffered,
      isPermanent: this.#permanent,
      isClosed: this.isClosed(),
      isDrained: this.isDrained(),
    };
    return this.#describe === undefined ? description : this.#describe(description);
  }

  protected get buffered(): number {
    return this.#buffer?.length ?? 0;
  }

  // --- closing, step by step: see `Closing`

  /** @internal Tells the next waiting take that there is nothing. @returns false if none waits */
  refuseTaker(): boolean {
    const taker = this.nextTaker();
    if (taker === undefined) return false;
    taker.deliver(DRAINED);
    return true;
  }

  /** @internal From here on it counts as closed. @returns what has to be told of it */
  becomeClosed(): (() => void)[] {
    this.#stage = CLOSED;
    // A waiting put that times out may be the last thing that kept the stream from being drained.
    if (this.#puts !== null) {
      const check = (): void => this.checkDrained();
      for (const put of this.#puts) if (put.stage === PENDING) subscribe(put, { onSuccess: check, onError: check });
    }
    const callbacks = this.#closedCallbacks ?? [];
    this.#closedCallbacks = null;
    return callbacks;
  }

  /** @internal Ends it if it is closed and nothing is left in it. */
  checkDrained(): void {
    if (this.#stage !== CLOSED || this.buffered > 0 || this.hasWaitingPut()) return;
    this.#stage = ENDED;
    const callbacks = this.#drainedCallbacks;
    this.#drainedCallbacks = null;
    if (callbacks !== null) push(new Callbacks(callbacks));
  }

  // --- the queues, in which some entries may have been realized from outside

  private nextTaker(): Taker<T> | undefined {
    for (let taker = this.#oldestTake; taker !== null; taker = this.#oldestTake) {
      this.#oldestTake = this.#takes?.shift() ?? null;
      if (taker.isWaiting()) return taker;
    }
    return undefined;
  }

  private nextPut(): Put<T> | undefined {
    const puts = this.#puts;
    if (puts === null) return undefined;
    for (let put = puts.shift(); put !== undefined; put = puts.shift()) if (put.stage === PENDING) return put;
    return undefined;
  }

  private hasWaitingPut(): boolean {
    const puts = this.#puts;
    if (puts === null) return false;
    while (puts.length > 0 && puts.oldest()?.stage !== PENDING) puts.shift();
    return puts.length > 0;
  }

  private awaitTurn(taker: Taker<T>): void {
    if (this.#oldestTake === null) {
      this.#oldestTake = taker;
      return;
    }
    this.#takes ??= new Queue();
    if (this.#takes.length >= this.#sweepAt) {
      this.#takes.retain((waiting) => waiting.isWaiting());
      this.#sweepAt = Math.max(SWEEP_AFTER, 2 * this.#takes.length);
    }
    this.#takes.push(taker);
    if (this.#takes.length < MAX_PENDING) return;
    logError(undefined, `more than ${MAX_PENDING} takes wait on one stream, which is closed; wait for each take`);
    this.shut();
  }

  private sweepPuts(): void {
    if (this.#puts === null || this.#puts.length === 0) return;
    this.#puts.retain((put) => put.stage === PENDING);
    this.#sweepAt = Math.max(SWEEP_AFTER, 2 * this.#puts.length);
  }
}

/** Closes a stream: answers its takes, tells that it is closed, and, if nothing is left in it, that it is drained. */
class Closing<T> implements Task {
  readonly #stream: CoreStream<T>;
  #refused = 0;
  #step: "flush" | "refuse" | "close" | "end" = "flush";

  constructor(stream: CoreStream<T>) {
    this.#stream = stream;
  }

  run(): void {
    switch (this.#step) {
      case "flush":
        this.#step = "refuse";
        push(this);
        this.#stream.flush();
        return;
      case "refuse":
        push(this);
        // A taker that takes again whenever it is refused is not answered for ever: it is once more, when it is closed.
        if (this.#refused++ > MAX_PENDING || !this.#stream.refuseTaker()) this.#step = "close";
        return;
      case "close": {
        this.#step = "end";
        push(this);
        const callbacks = this.#stream.becomeClosed();
        if (callbacks.length > 0) push(new Callbacks(callbacks));
        return;
      }
      case "end":
        while (this.#stream.refuseTaker());
        this.#stream.checkDrained();
    }
  }
}

/** Calls user callbacks one after the other; a throw of one does not keep the others from running. */
class Callbacks implements Task {
  readonly #callbacks: readonly (() => void)[];
  #next = 0;

  constructor(callbacks: readonly (() => void)[]) {
    this.#callbacks = callbacks;
  }

  run(): void {
    const callback = this.#callbacks[this.#next++];
    if (callback === undefined) return;
    push(this);
    try {
      callback();
    } catch (error) {
      logError(error, "error in a callback of a stream");
    }
  }
}
