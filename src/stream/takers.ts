import type { Taker } from "./protocol.js";
import { Queue } from "./queue.js";
import { MAX_PENDING } from "./stream.js";

/** Entries after which those that have given up are swept. */
const SWEEP_AFTER = 64;

/** Who waits for the messages of a foreign source, in the order they came. */
export class Takers<T> {
  /** Who has waited longest: most often the only one, for whom there need be no queue. */
  #oldest: Taker<T> | null = null;
  /** Those behind. */
  #queue: Queue<Taker<T>> | null = null;
  #sweepAt = SWEEP_AFTER;

  /** @returns false if too many wait: the taker is in the queue all the same, and has to be answered by closing */
  add(taker: Taker<T>): boolean {
    if (this.#oldest === null) {
      this.#oldest = taker;
      return true;
    }
    const queue = (this.#queue ??= new Queue());
    if (queue.length >= this.#sweepAt) {
      queue.retain(isWaiting);
      this.#sweepAt = Math.max(SWEEP_AFTER, 2 * queue.length);
    }
    queue.push(taker);
    return queue.length < MAX_PENDING;
  }

  /** The one that has waited longest, taken off. */
  next(): Taker<T> | undefined {
    for (let taker = this.#oldest; taker !== null; taker = this.#oldest) {
      this.#oldest = this.#queue?.shift() ?? null;
      if (taker.isWaiting()) return taker;
    }
    return undefined;
  }

  /** All of them, taken off, the newest first: what is pushed last is done first, so the oldest is told first. */
  *newestFirst(): Iterable<Taker<T>> {
    for (let taker = this.#queue?.pop(); taker !== undefined; taker = this.#queue?.pop()) yield taker;
    const oldest = this.#oldest;
    this.#oldest = null;
    if (oldest !== null) yield oldest;
  }

  get isEmpty(): boolean {
    return this.#oldest === null;
  }

  /** How many still wait. */
  get waiting(): number {
    if (this.#oldest === null) return 0;
    this.#queue?.retain(isWaiting);
    return (this.#oldest.isWaiting() ? 1 : 0) + (this.#queue?.length ?? 0);
  }
}

const isWaiting = (taker: Taker<never>): boolean => taker.isWaiting();
