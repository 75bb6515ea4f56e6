import type { Clock } from "../../clock/index.js";
import { type Deferred, deferred } from "../../deferred/index.js";
import { logError } from "../../errors/index.js";
import type { CommandLink } from "./redis-link.js";
import { BLOCK, compareStreamIds, type RedisEntry, type RedisStream } from "./redis-stream.js";
import type { EventRing, LoggedEvent } from "./ring.js";
import { within } from "./within.js";

/** Entries that are read at a time. */
const BATCH = 500;

/** Milliseconds between two attempts to read from a server that does not answer. */
const RETRY = 200;

/** Milliseconds without an answer after which a connection is given up; a command blocks for a part of it. */
const PATIENCE = BLOCK + 5000;

const SILENCE = `nothing came on the connection of a log of events for ${PATIENCE} milliseconds`;

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
  /** Does it have to find its place anew, as Redis may have lost some of the stream? */
  #isLost = false;
  /** Is it in trouble, which was reported? */
  #isInTrouble = false;

  constructor(stream: RedisStream, ring: EventRing, clock: Clock, toEvent: (entry: RedisEntry) => LoggedEvent) {
    this.#stream = stream;
    this.#ring = ring;
    this.#clock = clock;
    this.#toEvent = toEvent;
  }

  /** Begins to follow, on a connection of its own, unless it does already. */
  start(origin: CommandLink): void {
    if (this.#link !== null || this.#isEnded) return;
    void this.#run(origin, this.#open(origin));
  }

  end(): void {
    this.#isEnded = true;
    this.#link?.end();
    this.placed.success(false);
  }

  #open(origin: CommandLink): CommandLink {
    const link = origin.duplicate(() => {
      if (this.#link === link) this.#lose(undefined);
    });
    this.#link = link;
    return link;
  }

  async #run(origin: CommandLink, first: CommandLink): Promise<void> {
    let link = first;
    let workedAt = this.#clock.now();
    while (!this.#isEnded) {
      try {
        const entries = await within(PATIENCE, this.#clock, SILENCE, this.#next(link));
        workedAt = this.#clock.now();
        for (const entry of entries) this.#ring.push(this.#toEvent(entry));
      } catch (error) {
        if (this.#isEnded) return;
        this.#lose(error);
        await new Promise<void>((resolve) => {
          this.#clock.in(RETRY, resolve);
        });
        // Its other side has gone without a word, or its client has given up.
        if (this.#isEnded || this.#clock.now() - workedAt < PATIENCE) continue;
        link.end();
        link = this.#open(origin);
        workedAt = this.#clock.now();
      }
    }
  }

  async #next(link: CommandLink): Promise<readonly RedisEntry[]> {
    if (!this.placed.isRealized) await this.#place(link);
    else if (this.#isLost) {
      await this.#findPlace(link);
      this.#isInTrouble = this.#isLost;
    }
    const entries = await this.#stream.follow(link, this.#ring.newestId, BATCH);
    // A client that has asked again on another connection by itself: the place comes first.
    return this.#isLost ? [] : entries;
  }

  async #place(link: CommandLink): Promise<void> {
    this.#isLost = false;
    this.#ring.restart(await this.#stream.newestId(link));
    this.placed.success(true);
  }

  /** What was dropped, or lost by Redis, meanwhile has to be found out by every reader for itself. */
  async #findPlace(link: CommandLink): Promise<void> {
    this.#isLost = false;
    const last = this.#ring.newestId;
    const [[found] = [undefined]] = await this.#stream.range(link, last, 1);
    const newest = await this.#stream.newestId(link);
    if (found !== last && compareStreamIds(newest, last) !== 0) this.#ring.restart(newest);
  }

  #lose(error: unknown): void {
    this.#isLost = true;
    if (this.#isInTrouble || this.#isEnded || !this.placed.isRealized) return;
    this.#isInTrouble = true;
    this.interruptions++;
    logError(error, "a log of events has lost its connection; its responses wait until it is back", "warn");
  }
}
