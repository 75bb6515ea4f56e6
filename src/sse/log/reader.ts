import { Buffer } from "node:buffer";
import { type Deferred, drain, mark, push } from "../../deferred/core.js";
import { logError } from "../../errors/index.js";
import { CallbackTask } from "../../stream/callback-task.js";
import { CoreSource, DRAINED, type Failure, type Taker, WAITING } from "../../stream/core.js";
import type { Description } from "../../stream/index.js";
import { MAX_PENDING } from "../../stream/stream.js";
import { Takers } from "../../stream/takers.js";
import { encodeEvent } from "../encode.js";
import type { EventGap, FeedReader, FeedRequest } from "../feed.js";
import type { EventRing, LoggedEvent, RingReader } from "./ring.js";

/** Some events of an archive, in order. */
export interface Page {
  readonly events: readonly LoggedEvent[];
  /** Why others may be missing that came before these. */
  readonly gap?: EventGap["reason"] | undefined;
  /** With a gap and without events: the id from which on nothing is missing. */
  readonly newest?: string | undefined;
}

/** Where events are that are not in memory any more. */
export interface Archive {
  /** The first events after an id; none if there is none yet. */
  after(id: string): Deferred<Page>;
  /** The order of ids. */
  readonly compare: (a: string, b: string) => number;
  /** Reading has failed: the reader ends. */
  failed(error: unknown): void;
}

/** Where a reader begins. */
export interface Beginning {
  /** What was seen last, or missed last. */
  readonly id: string;
  /** The index of what comes next; undefined if the archive has to be asked. */
  readonly index?: number | undefined;
  readonly gap?: EventGap | undefined;
}

/** Stands for a step after which one has to look again. */
const AGAIN: unique symbol = Symbol("again");

/**
 * Reads a log: first what is missing, then what comes, which is the same to it.
 *
 * It keeps no events, only its place, so that nothing is lost or doubled between the two, and a slow client takes no memory.
 */
export class LogReader extends CoreSource<Uint8Array> implements RingReader, FeedReader {
  /** What it reads next; -1 while it reads the archive, or does not know where it begins. */
  index = -1;
  readonly #ring: EventRing;
  readonly #archive: Archive | undefined;
  readonly #request: FeedRequest;
  readonly #topics: ReadonlySet<string> | undefined;
  readonly #takers = new Takers<Uint8Array>();
  #id = "";
  #stage: "new" | "reading" | "closed" = "new";
  /** What is to be sent before any event. */
  #notice: Uint8Array | undefined;
  /** Events of the archive, the next one last. */
  #page: LoggedEvent[] = [];
  #isAsking = false;
  /** Has the archive nothing after the id? */
  #isAtEnd = false;
  /** May the ring still bring what the archive had already? */
  #mayRepeat = false;
  /** The index before which it ends; undefined if it goes on for ever. */
  #end: number | undefined;
  /** Has it been up to date before, or got an event? What it misses then is its own fault. */
  #isServed = false;
  readonly #closedCallbacks: (() => void)[] = [];

  constructor(ring: EventRing, archive: Archive | undefined, request: FeedRequest) {
    super();
    this.#ring = ring;
    this.#archive = archive;
    this.#request = request;
    this.#topics = request.topics === undefined ? undefined : new Set(request.topics);
  }

  get events(): this {
    return this;
  }

  position(): string | undefined {
    return this.#stage === "new" ? undefined : this.#id;
  }

  /** From here on it reads. */
  begin({ id, index = -1, gap }: Beginning): void {
    if (this.#stage !== "new") return;
    this.#stage = "reading";
    this.#id = id;
    this.index = index;
    if (gap !== undefined) this.#notice = this.#request.tell(gap, id);
    // A client that has no place yet would miss what comes before its first event, if it had to come back.
    else if (this.#request.lastEventId === undefined) this.#notice = Buffer.from(encodeEvent({ id }));
    this.#ring.add(this, this.#request.overflow === "disconnect");
    this.arrive();
  }

  /**
   * Ends before what comes from now on. What would have to be asked of the archive is left to whoever the client comes back to,
   * with its place: if it has none yet, it gets that first.
   */
  end(): void {
    this.#end = this.#ring.next;
    const hasPlace = this.#stage === "reading" || this.#request.lastEventId !== undefined;
    if (this.#isAsking || (this.#stage === "new" && hasPlace)) this.close();
    else this.arrive();
  }

  poll(taker: Taker<Uint8Array> | null): Uint8Array | typeof WAITING | typeof DRAINED | Failure {
    const found = this.#stage === "reading" ? this.#next() : undefined;
    if (found !== undefined) return found;
    if (this.#stage === "closed") return DRAINED;
    if (taker !== null && !this.#takers.add(taker)) {
      logError(undefined, `more than ${MAX_PENDING} takes wait on one source, which is closed; wait for each take`);
      this.shut();
    } else if (this.index >= 0) this.#ring.await(this);
    return WAITING;
  }

  /** The next thing to send; undefined if there is none yet. */
  #next(): Uint8Array | undefined {
    while (this.#notice === undefined && this.#stage === "reading") {
      const event = this.index >= 0 ? this.#fromRing() : this.#fromArchive();
      if (event === undefined) return undefined;
      if (event === AGAIN) continue;
      this.#id = event.id;
      this.#isServed = true;
      if (this.#topics === undefined || this.#topics.has(event.topic)) return event.bytes;
    }
    const notice = this.#notice;
    this.#notice = undefined;
    return notice;
  }

  #fromRing(): LoggedEvent | typeof AGAIN | undefined {
    const ring = this.#ring;
    if (this.index < ring.first) {
      if (this.#archive === undefined) this.#skip();
      else {
        this.index = -1;
        this.#isAtEnd = false;
      }
      return AGAIN;
    }
    if (this.#end !== undefined && this.index >= this.#end) return this.#finish();
    if (this.index >= ring.next) return undefined;
    const event = ring.at(this.index++);
    if (!this.#mayRepeat) return event;
    if ((this.#archive as Archive).compare(event.id, this.#id) <= 0) return AGAIN;
    this.#mayRepeat = false;
    return event;
  }

  /** What was next is gone for good. */
  #skip(): void {
    const { first, since } = this.#ring;
    const missed = first - this.index;
    this.index = first;
    this.#miss({ reason: "slow", lastEventId: this.#id, missed }, since);
  }

  #fromArchive(): LoggedEvent | typeof AGAIN | undefined {
    const event = this.#page.pop();
    if (event !== undefined) return event;
    if (this.#isAsking) return undefined;
    const ring = this.#ring;
    const archive = this.#archive as Archive;
    const index = ring.indexAfter(this.#id, archive.compare);
    // An id that only lies between those that are here may be one of a stream that Redis has lost.
    if (index === undefined || !(this.#isAtEnd || ring.has(this.#id, index))) {
      if (this.#end !== undefined) return this.#finish();
      this.#ask(archive);
      return this.#isAsking ? undefined : AGAIN;
    }
    this.index = index;
    this.#isServed = true;
    this.#mayRepeat = archive.compare(this.#id, ring.newestId) > 0;
    return AGAIN;
  }

  #finish(): undefined {
    this.shut();
    return undefined;
  }

  #ask(archive: Archive): void {
    this.#isAsking = true;
    // What comes after this will be in the ring; what came before it is in the archive, or gone.
    const { since } = this.#ring;
    archive.after(this.#id).onRealized(
      (page) => {
        if (this.#stage === "closed") return;
        this.#isAsking = false;
        this.#turn(page);
        if (this.#isAtEnd && archive.compare(this.#id, since) < 0) this.#id = since;
        this.arrive();
      },
      (error) => {
        if (this.#stage === "closed") return;
        archive.failed(error);
        this.close();
      },
    );
  }

  #turn({ events, gap, newest }: Page): void {
    this.#page = events.toReversed();
    this.#isAtEnd = events.length === 0;
    if (gap === undefined) return;
    const reason = gap === "expired" && this.#isServed ? "slow" : gap;
    this.#miss({ reason, lastEventId: this.#id, missed: undefined }, newest);
  }

  #miss(gap: EventGap, position: string | undefined): void {
    this.#id = position ?? this.#id;
    this.#notice = this.#request.tell(gap, position);
    if (gap.reason === "slow" && this.#request.overflow === "disconnect") this.fallOut();
  }

  arrive(): void {
    if (this.#takers.isEmpty) return;
    const base = mark();
    let found: Uint8Array | undefined;
    while (!this.#takers.isEmpty && this.#stage === "reading") {
      found = this.#next();
      if (found === undefined) break;
      const taker = this.#takers.next();
      // A taker that has given up takes nothing with it.
      if (taker === undefined) this.#notice = found;
      else taker.deliver(found);
      drain(base);
    }
    if (this.index >= 0 && this.#stage === "reading" && !this.#takers.isEmpty) this.#ring.await(this);
    drain(base);
  }

  fallOut(): void {
    this.#request.cut();
    this.close();
  }

  shut(): void {
    if (this.#stage === "closed") return;
    this.#stage = "closed";
    this.#ring.remove(this);
    for (const callback of this.#closedCallbacks.splice(0).toReversed()) push(new CallbackTask(callback));
    for (const taker of this.#takers.newestFirst()) taker.deliver(DRAINED);
  }

  isDrained(): boolean {
    return this.#stage === "closed";
  }

  onDrained(callback: () => void): void {
    if (this.isDrained()) callback();
    else this.#closedCallbacks.push(callback);
  }

  description(): Description {
    return {
      type: "event log",
      isSource: true,
      isClosed: this.isDrained(),
      isDrained: this.isDrained(),
      pendingTakes: this.#takers.waiting,
      lastEventId: this.position(),
    };
  }
}
