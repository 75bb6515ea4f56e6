import { drain, type Listener, mark, PENDING, subscribe } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { type CoreSource, DRAINED, Failure, type Taker, WAITING } from "../stream/core.js";
import { CoreStream } from "../stream/stream.js";

const OPTIONS = {};

/**
 * The body of a response of events: what is put into it, and what its feed gives, in the order in which it comes.
 *
 * It takes from its feed by itself, as a connection would, one event ahead of the client. That spares each event of each
 * client the way through a connection.
 */
export class EventBody extends CoreStream<string | Uint8Array> implements Taker<Uint8Array>, Listener<boolean> {
  #feed: CoreSource<Uint8Array> | undefined;

  constructor() {
    super(OPTIONS);
  }

  /** Gives what the feed gives, and ends with it. */
  follow(feed: CoreSource<Uint8Array>): void {
    const base = mark();
    this.#feed = feed;
    this.#ask();
    drain(base);
  }

  isWaiting(): boolean {
    return true;
  }

  /** What the feed was asked for. */
  deliver(event: Uint8Array | typeof DRAINED | Failure): void {
    if (this.#accept(event)) this.#ask();
  }

  #ask(): void {
    const feed = this.#feed as CoreSource<Uint8Array>;
    let event = feed.poll(this);
    while (event !== WAITING && this.#accept(event)) event = feed.poll(this);
  }

  /** @returns whether it may go on at once */
  #accept(event: Uint8Array | typeof DRAINED | Failure): boolean {
    if (event instanceof Failure) {
      logError(event.error, "the feed of a response of server-sent events has failed; nothing more comes from it");
      return false;
    }
    if (event === DRAINED) {
      this.shut();
      return false;
    }
    const accepted = this.offer(event);
    if (accepted.stage === PENDING) subscribe(accepted, this);
    return accepted.result === true;
  }

  /** The event that waited has been taken. */
  onSuccess(): void {
    this.#ask();
  }

  onError(): void {}
}
