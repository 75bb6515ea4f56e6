import type { ClockOptions } from "../clock/index.js";
import { type Deferred, drain, mark, push } from "../deferred/core.js";
import { CallbackTask } from "../stream/callback-task.js";
import { checkBound, checkOverflow, DEFAULT_BOUND, OVERFLOWS, type Overflow } from "../stream/overflow.js";
import { type CoreSink, type DRAINED, FALSE, type Failure, type Taker, TRUE, WAITING } from "../stream/protocol.js";
import { PushSource } from "../stream/push-source.js";
import type { Description, Stream } from "../stream/types.js";

/** What is done when a subscriber has no room for a message. */
export type BusOverflow =
  | Overflow
  /** Publishers on the same bus wait until there is room; what others publish meanwhile is dropped. */
  | "block";

/** How much a subscriber may have waiting. */
export interface SubscribeOptions {
  /** Messages that may wait to be taken, at least 1. @default that of the bus, else 1024 */
  readonly bound?: number | undefined;
  /** What is done with a message beyond the bound. @default that of the bus, else "dropOldest" */
  readonly overflow?: BusOverflow | undefined;
}

const POLICIES: readonly BusOverflow[] = [...OVERFLOWS, "block"];

/** @throws {InvalidArgumentError} if the bound or the policy is none */
export function checkOptions({ bound, overflow }: SubscribeOptions, what: string): void {
  checkBound(bound ?? DEFAULT_BOUND, what);
  checkOverflow(overflow ?? DEFAULT_OVERFLOW, POLICIES, what);
}

const DEFAULT_OVERFLOW: BusOverflow = "dropOldest";

/** The stream of one subscriber: a bounded number of messages that wait to be taken. */
export class Subscriber<T> extends PushSource<T> implements Stream<T>, CoreSink<T> {
  /** Places kept free for messages that publishers on this bus have sent, and that have not come back yet. */
  reserved = 0;
  readonly #topic: unknown;
  readonly #overflow: BusOverflow;
  readonly #onRoom: () => void;

  constructor(topic: unknown, options: SubscribeOptions, onRoom: () => void) {
    checkOptions(options, "subscribe");
    const { overflow = DEFAULT_OVERFLOW } = options;
    super({
      type: "bus subscription",
      bound: options.bound,
      overflow: overflow === "block" ? "dropNewest" : overflow,
      // The bus sends to it for as long as it is open.
      start: () => ({ stop: () => {} }),
    });
    this.#topic = topic;
    this.#overflow = overflow;
    this.#onRoom = onRoom;
  }

  /** Do publishers on this bus wait for it? */
  get blocks(): boolean {
    return this.#overflow === "block";
  }

  /** Is there a place that nobody has reserved? */
  get hasRoom(): boolean {
    return this.waiting + this.reserved < this.bound;
  }

  /** Brings a message from Redis; one whose publisher has waited for room has its place. */
  arrive(message: T, hasPlace: boolean): void {
    if (hasPlace) this.accept(message);
    else this.#acceptUnreserved(message);
  }

  #acceptUnreserved(message: T): boolean {
    if (!this.blocks || this.isAwaited || this.hasRoom) return this.accept(message);
    this.drop();
    return false;
  }

  override poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    const found = super.poll(taker);
    if (this.blocks && found !== WAITING) push(new CallbackTask(this.#onRoom));
    return found;
  }

  // --- the sink half: what is put past the bus

  /** Accepts a message as one that arrives from Redis: false means that it was dropped, or that the stream is closed. */
  offer(message: T): Deferred<boolean> {
    return !this.isClosed() && this.#acceptUnreserved(message) ? TRUE : FALSE;
  }

  put(message: T): Deferred<boolean> {
    const base = mark();
    const accepted = this.offer(message);
    drain(base);
    return accepted;
  }

  /** There is no wait that could be given up. */
  tryPut(message: T, milliseconds: number): Deferred<boolean>;
  tryPut<V>(message: T, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<boolean | V>;
  tryPut(message: T): Deferred<boolean> {
    return this.put(message);
  }

  override description(): Description {
    return { ...super.description(), isSink: true, topic: this.#topic, overflow: this.#overflow };
  }
}
