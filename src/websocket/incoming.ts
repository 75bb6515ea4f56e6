import { type Deferred, drain, mark, PENDING, subscribe } from "../deferred/core.js";
import type { Description } from "../stream/index.js";
import { DRAINED, type Taker, WAITING } from "../stream/protocol.js";
import { Queue } from "../stream/queue.js";
import { CoreStream } from "../stream/stream.js";
import type { Reading } from "./raw-socket.js";

/** Messages that are kept before reading stops. */
const BUFFER_SIZE = 16;

/** Bytes (of text: characters) that are kept before reading stops, however few the messages are. */
const BUFFER_BYTES = 1_048_576;

type Message = string | Uint8Array;

/** A stream that knows how much it keeps. */
class KeptMessages extends CoreStream<Message> {
  size = 0;
  readonly #onTaken: () => void;

  constructor(onTaken: () => void) {
    super({ bufferSize: BUFFER_SIZE });
    this.#onTaken = onTaken;
  }

  override description(): Description {
    return { ...super.description(), type: "websocket" };
  }

  protected override place(message: Message): Deferred<boolean> {
    const before = this.buffered;
    const accepted = super.place(message);
    // Else it went to a take that waited.
    if (this.buffered > before || accepted.stage === PENDING) this.size += message.length;
    return accepted;
  }

  override poll(taker: Taker<Message> | null): Message | typeof WAITING | typeof DRAINED {
    const found = super.poll(taker);
    if (found !== WAITING && found !== DRAINED) {
      this.size -= found.length;
      this.#onTaken();
    }
    return found;
  }
}

/**
 * What was received and not taken yet: 16 messages, or 1 MiB; then the reading stops until one is taken.
 *
 * `ws` parses a chunk of the network to its end, whoever stops it, so the rest of that chunk is kept besides.
 */
export class Incoming {
  readonly stream: CoreStream<Message>;
  readonly #kept: KeptMessages;
  readonly #reading: Reading;
  readonly #rest: Queue<Message> = new Queue();
  #isFull = false;
  #isEnding = false;
  #isPaused = false;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#kept = new KeptMessages(() => {
      if (this.#isPaused) this.#adjust();
    });
    this.stream = this.#kept;
  }

  /** Is the peer held back, so that nothing of it can be heard? */
  get isHeldBack(): boolean {
    return this.#isPaused;
  }

  /** Messages beyond those in the stream. */
  get surplus(): number {
    return this.#rest.length;
  }

  receive(message: Message): void {
    if (this.#isEnding) return;
    if (this.#isFull) {
      this.#rest.push(message);
      return;
    }
    const base = mark();
    this.#offer(message);
    this.#adjust();
    drain(base);
  }

  /** Drops what comes from now on, and reads on for the peer's goodbye; what is here can still be taken. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#adjust();
    if (this.#rest.length === 0) this.stream.shut();
  }

  #offer(message: Message): void {
    const accepted = this.stream.offer(message);
    if (accepted.stage !== PENDING) return;
    this.#isFull = true;
    subscribe(accepted, this.#taken);
  }

  /** Stops the reading, or lets it go on. */
  #adjust(): void {
    const shouldPause = !this.#isEnding && (this.#isFull || this.#kept.size >= BUFFER_BYTES);
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#reading.pause();
    else this.#reading.resume();
  }

  /** A message was taken, so the one that waited is in the stream now. */
  readonly #taken = {
    onSuccess: (): void => {
      this.#isFull = false;
      while (!this.#isFull && this.#rest.length > 0) this.#offer(this.#rest.shift() as Message);
      if (this.#isEnding && this.#rest.length === 0) this.stream.shut();
      this.#adjust();
    },
    onError: (): void => {},
  };
}
