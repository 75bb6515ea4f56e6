import type { Taker } from "./protocol.js";
import { Queue } from "./queue.js";
import { MAX_PENDING } from "./stream.js";

/** Entries after which those that have given up are swept. */
const SWEEP_AFTER = 64;

/** Who waits for the messages of a foreign source, in the order they came. */
export class Takers<T> {
  readonly #queue = new Queue<Taker<T>>();
  #sweepAt = SWEEP_AFTER;

  /** @returns false if too many wait: the taker is in the queue all the same, and has to be answered by closing */
  add(taker: Taker<T>): boolean {
    if (this.#queue.length >= this.#sweepAt) {
      this.#sweep();
      this.#sweepAt = Math.max(SWEEP_AFTER, 2 * this.#queue.length);
    }
    this.#queue.push(taker);
    return this.#queue.length <= MAX_PENDING;
  }

  /** The one that has waited longest, taken off. */
  next(): Taker<T> | undefined {
    let taker = this.#queue.shift();
    while (taker !== undefined && !taker.isWaiting()) taker = this.#queue.shift();
    return taker;
  }

  /** All of them, taken off, the newest first: what is pushed last is done first, so the oldest is told first. */
  *newestFirst(): Iterable<Taker<T>> {
    for (let taker = this.#queue.pop(); taker !== undefined; taker = this.#queue.pop()) yield taker;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** How many still wait. */
  get waiting(): number {
    this.#sweep();
    return this.#queue.length;
  }

  #sweep(): void {
    if (this.#queue.length > 0) this.#queue.retain((taker) => taker.isWaiting());
  }
}
