import { drain, mark, PENDING, subscribe } from "../deferred/core.js";
import { Queue } from "../stream/queue.js";
import { CoreStream } from "../stream/stream.js";
import type { Reading } from "./raw-socket.js";

/** Messages that are kept before reading stops. */
const BUFFER_SIZE = 16;

/**
 * What was received and not taken yet: 16 messages; the next one stops the reading until a message is taken.
 *
 * `ws` parses a chunk of the network to its end, whoever stops it, so the rest of that chunk is kept besides.
 */
export class Incoming<T> {
  readonly stream: CoreStream<T> = new CoreStream<T>({ bufferSize: BUFFER_SIZE });
  readonly #reading: Reading;
  readonly #rest: Queue<T> = new Queue();
  #isFull = false;
  #isEnding = false;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Is the peer held back, so that nothing of it can be heard? */
  get isHeldBack(): boolean {
    return this.#isFull && !this.#isEnding;
  }

  /** Messages beyond those in the stream. */
  get surplus(): number {
    return this.#rest.length;
  }

  receive(message: T): void {
    if (this.#isEnding) return;
    if (this.#isFull) {
      this.#rest.push(message);
      return;
    }
    const base = mark();
    this.#offer(message);
    drain(base);
  }

  /** Drops what comes from now on, and reads on for the peer's goodbye; what is here can still be taken. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#isFull) this.#reading.resume();
    if (this.#rest.length === 0) this.stream.shut();
  }

  #offer(message: T): void {
    const accepted = this.stream.offer(message);
    if (accepted.stage !== PENDING) return;
    if (!this.#isFull && !this.#isEnding) this.#reading.pause();
    this.#isFull = true;
    subscribe(accepted, this.#taken);
  }

  /** A message was taken, so the one that waited is in the stream now. */
  readonly #taken = {
    onSuccess: (): void => {
      this.#isFull = false;
      while (!this.#isFull && this.#rest.length > 0) this.#offer(this.#rest.shift() as T);
      if (this.#rest.length > 0) return;
      if (this.#isEnding) this.stream.shut();
      else if (!this.#isFull) this.#reading.resume();
    },
    onError: (): void => {},
  };
}
