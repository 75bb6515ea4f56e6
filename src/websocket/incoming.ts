import { type Deferred, drain, type Listener, mark, PENDING, subscribe } from "../deferred/core.js";
import type { Description } from "../stream/index.js";
import { DRAINED, type Taker, WAITING } from "../stream/protocol.js";
import { Queue } from "../stream/queue.js";
import { CoreStream } from "../stream/stream.js";
import type { Reading } from "./raw-socket.js";

/** Messages that are kept before reading stops, beyond which one more waits. */
const OPTIONS = { bufferSize: 16 };

/** Bytes (of text: characters) that are kept before reading stops, however few the messages are. */
const BUFFER_BYTES = 1_048_576;

type Message = string | Uint8Array;

/** A message waits for room, behind those that are kept. */
const FULL = 1;
/** What comes now is dropped. */
const ENDING = 2;
/** Reading has stopped. */
const PAUSED = 4;

/**
 * What was received and not taken yet: 16 messages, or 1 MiB; then the reading stops until one is taken.
 *
 * `ws` parses a chunk of the network to its end, whoever stops it, so the rest of that chunk is kept besides. Most sockets are
 * silent most of the time, so what is only needed now and then is only made then.
 */
export class Incoming extends CoreStream<Message> implements Listener<boolean> {
  /** Is stopped when there is too much. */
  reading: Reading | undefined;
  #size = 0;
  #rest: Queue<Message> | undefined;
  /** Any of FULL, ENDING and PAUSED; together, as a field takes eight bytes. */
  #state = 0;

  constructor() {
    super(OPTIONS);
  }

  override description(): Description {
    return { ...super.description(), type: "websocket" };
  }

  /** Is the peer held back, so that nothing of it can be heard? */
  get isHeldBack(): boolean {
    return (this.#state & PAUSED) !== 0;
  }

  /** Messages beyond those in the stream. */
  get surplus(): number {
    return this.#rest?.length ?? 0;
  }

  receive(message: Message): void {
    if (this.#state & ENDING) return;
    if (this.#state & FULL) {
      this.#rest ??= new Queue();
      this.#rest.push(message);
      return;
    }
    const base = mark();
    this.accept(message);
    this.adjust();
    drain(base);
  }

  /** Drops what comes from now on, and reads on for the peer's goodbye; what is here can still be taken. */
  end(): void {
    if (this.#state & ENDING) return;
    this.#state |= ENDING;
    this.adjust();
    if (this.surplus === 0) this.shut();
  }

  private accept(message: Message): void {
    const accepted = this.offer(message);
    if (accepted.stage !== PENDING) return;
    this.#state |= FULL;
    subscribe(accepted, this);
  }

  protected override place(message: Message): Deferred<boolean> {
    const before = this.buffered;
    const accepted = super.place(message);
    // Else it went to a take that waited.
    if (this.buffered > before || accepted.stage === PENDING) this.#size += message.length;
    return accepted;
  }

  override poll(taker: Taker<Message> | null): Message | typeof WAITING | typeof DRAINED {
    const found = super.poll(taker);
    if (found !== WAITING && found !== DRAINED) {
      this.#size -= found.length;
      if (this.#state & PAUSED) this.adjust();
    }
    return found;
  }

  /** Stops the reading, or lets it go on. */
  private adjust(): void {
    const isTooMuch = (this.#state & FULL) !== 0 || this.#size >= BUFFER_BYTES;
    const shouldPause = isTooMuch && (this.#state & ENDING) === 0;
    if (shouldPause === this.isHeldBack) return;
    this.#state ^= PAUSED;
    if (shouldPause) this.reading?.pause();
    else this.reading?.resume();
  }

  /** A message was taken, so the one that waited is in the stream now. */
  onSuccess(): void {
    this.#state &= ~FULL;
    while (!(this.#state & FULL) && this.surplus > 0) this.accept(this.#rest?.shift() as Message);
    if (this.#state & ENDING && this.surplus === 0) this.shut();
    this.adjust();
  }

  onError(): void {}
}
