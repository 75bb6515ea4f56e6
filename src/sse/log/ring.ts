/** The events that a log keeps in memory, and who waits for the next one. */

/** An event of a log. */
export interface LoggedEvent {
  readonly id: string;
  /** Its type, by which readers choose. */
  readonly topic: string;
  /** As it is sent: made once, for all readers. */
  readonly bytes: Uint8Array;
  /** When it was logged, in milliseconds on the clock of the log. */
  readonly time: number;
}

/** How much is kept. */
export interface RingLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

/** A reader, as its ring sees it. */
export interface RingReader {
  /** The index of what it reads next. */
  readonly index: number;
  /** There is something new. */
  arrive(): void;
  /** What it would have read next is gone. */
  fallOut(): void;
}

/** Places after which the front of the array, which is empty by then, is cut off. */
const COMPACT_AFTER = 1024;

/**
 * A queue whose elements are read in place, each by any number of readers: an event has an index that never changes, and a
 * reader is no more than the index that it reads next, so one that is slow costs nothing but what it misses.
 */
export class EventRing {
  /** The id after which every event is here. */
  since: string;
  /** The index of the oldest event. */
  first = 0;
  bytes = 0;
  readonly #limits: RingLimits;
  #events: (LoggedEvent | undefined)[] = [];
  /** The place of the oldest event. */
  #head = 0;
  #waiting = new Set<RingReader>();
  /** Who wants to know at once when it has fallen out. */
  readonly #strict = new Set<RingReader>();

  constructor(since: string, limits: RingLimits) {
    this.since = since;
    this.#limits = limits;
  }

  get length(): number {
    return this.#events.length - this.#head;
  }

  /** The index of the event that comes next. */
  get next(): number {
    return this.first + this.length;
  }

  /** The id of the newest event, of one that is gone if need be. */
  get newestId(): string {
    return this.#events.at(-1)?.id ?? this.since;
  }

  at(index: number): LoggedEvent {
    return this.#events[this.#head + index - this.first] as LoggedEvent;
  }

  /** The index of the first event after an id, by an order of ids. @returns undefined if some after it are not here */
  indexAfter(id: string, compare: (a: string, b: string) => number): number | undefined {
    if (compare(id, this.since) < 0) return undefined;
    let [low, high] = [this.first, this.next];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.at(middle).id, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Is this the id of the event before an index? */
  has(id: string, index: number): boolean {
    return (index > this.first ? this.at(index - 1).id : this.since) === id;
  }

  /** Adds an event, tells who waits, and drops what is too much: whoever waited for it has it even if nothing is kept. */
  push(event: LoggedEvent): void {
    this.#events.push(event);
    this.bytes += event.bytes.length;
    this.wake();
    this.trim(event.time);
    for (const reader of this.#strict) if (reader.index < this.first) reader.fallOut();
  }

  /** Lets everybody look who waits. */
  wake(): void {
    const waiting = this.#waiting;
    if (waiting.size === 0) return;
    // Whoever has got something waits for the next one, in a new set.
    this.#waiting = new Set();
    for (const reader of waiting) reader.arrive();
  }

  /** Drops what is beyond the limits. */
  trim(now: number): void {
    const { maxEvents, maxBytes, maxAge } = this.#limits;
    while (this.length > 0) {
      const oldest = this.#events[this.#head] as LoggedEvent;
      if (this.length <= maxEvents && this.bytes <= maxBytes && oldest.time > now - maxAge) break;
      this.#drop(oldest);
    }
    if (this.#head >= COMPACT_AFTER && 2 * this.#head >= this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Begins anew after an id: what was here may not be all that there was. */
  restart(since: string): void {
    while (this.length > 0) this.#drop(this.#events[this.#head] as LoggedEvent);
    // A place that nobody reads: whoever has read everything so far has fallen out, too.
    this.first++;
    this.since = since;
    this.wake();
  }

  #drop(oldest: LoggedEvent): void {
    this.#events[this.#head++] = undefined;
    this.first++;
    this.bytes -= oldest.bytes.length;
    this.since = oldest.id;
  }

  // --- readers

  add(reader: RingReader, isStrict: boolean): void {
    if (isStrict) this.#strict.add(reader);
  }

  await(reader: RingReader): void {
    this.#waiting.add(reader);
  }

  remove(reader: RingReader): void {
    this.#waiting.delete(reader);
    this.#strict.delete(reader);
  }
}
