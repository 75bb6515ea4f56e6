import type { Clock } from "../../clock/index.js";
import { type Deferred, deferred } from "../../deferred/index.js";
import { logError } from "../../errors/index.js";
import type { CommandLink } from "./redis-link.js";
import { compareStreamIds, type RedisEntry, type RedisStream } from "./redis-stream.js";
import type { EventRing, LoggedEvent } from "./ring.js";

/** Entries that are read at a time. */
const BATCH = 500;

/** Milliseconds between two attempts to read from a server that does not answer. */
const RETRY = 200;

/** Follows the end of a stream, and keeps what comes in a ring; over lost connections too. */
export class Tail {
  /** Realized with true once the ring has its place in the stream; with false if it is ended before. */
  readonly placed: Deferred<boolean> = deferred<boolean>();
  interruptions = 0;
  readonly #stream: RedisStream;
  readonly #ring: EventRing;
  readonly #clock: Clock;
  readonly #toEvent: (entry: RedisEntry) => LoggedEvent;
  #link: CommandLink | null = null;
  #isEnded = false;
  /** Is it in trouble, which was reported? */
  #isLost = false;

  constructor(stream: RedisStream, ring: EventRing, clock: Clock, toEvent: (entry: RedisEntry) => LoggedEvent) {
    this.#stream = stream;
    this.#ring = ring;
    this.#clock = clock;
    this.#toEvent = toEvent;
  }

  /** Begins to follow, on a connection of its own, unless it does already. */
  start(origin: CommandLink): void {
    if (this.#link !== null || this.#isEnded) return;
    this.#link = origin.duplicate();
    void this.#run(this.#link);
  }

  end(): void {
    this.#isEnded = true;
    this.#link?.end();
    this.placed.success(false);
  }

  async #run(link: CommandLink): Promise<void> {
    while (!this.#isEnded) {
      try {
        if (!this.placed.isRealized) await this.#place(link);
        else if (this.#isLost) await this.#findPlace(link);
        const entries = await this.#stream.follow(link, this.#ring.newestId, BATCH);
        for (const entry of entries) this.#ring.push(this.#toEvent(entry));
      } catch (error) {
        await this.#onTrouble(error);
      }
    }
  }

  async #place(link: CommandLink): Promise<void> {
    this.#ring.restart(await this.#stream.newestId(link));
    this.placed.success(true);
  }

  /** What was dropped, or lost by Redis, meanwhile has to be found out by every reader for itself. */
  async #findPlace(link: CommandLink): Promise<void> {
    const last = this.#ring.newestId;
    const [[found] = [undefined]] = await this.#stream.range(link, last, 1);
    const newest = await this.#stream.newestId(link);
    if (found !== last && compareStreamIds(newest, last) !== 0) this.#ring.restart(newest);
    this.#isLost = false;
  }

  async #onTrouble(error: unknown): Promise<void> {
    if (this.#isEnded) return;
    if (!this.#isLost && this.placed.isRealized) {
      this.interruptions++;
      logError(error, "a log of events has lost its connection; its responses wait until it is back", "warn");
    }
    this.#isLost = true;
    await new Promise<void>((resolve) => {
      this.#clock.in(RETRY, resolve);
    });
  }
}
