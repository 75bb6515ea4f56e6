/**
 * A clock of one's own: everything in the kit that waits takes one. This is a timer wheel, on which a hundred thousand timeouts
 * hang on one timer of Node's; and a clock for tests, on which nobody waits for anything.
 */
import { deferred, isRealized, timeout, zip } from "express-ring/deferred";
import { batch, stream } from "express-ring/stream";
import { type Cancel, type Clock, mockClock } from "express-ring/time";

interface Entry {
  readonly f: () => void;
  /** Turns of the wheel that it has still to wait. */
  turns: number;
}

/** Due times are rounded up to whole ticks, which is what makes it cheap. */
class TimerWheel implements Clock {
  readonly #slots: readonly Set<Entry>[];
  readonly #tick: number;
  readonly #timer: NodeJS.Timeout;
  #position = 0;

  constructor(tick: number, slots: number) {
    this.#tick = tick;
    this.#slots = Array.from({ length: slots }, () => new Set<Entry>());
    this.#timer = setInterval(() => this.#turn(), tick);
  }

  now(): number {
    return Date.now();
  }

  in(milliseconds: number, f: () => void): Cancel {
    const ticks = Math.max(1, Math.ceil(milliseconds / this.#tick));
    const slot = this.#slots[(this.#position + ticks) % this.#slots.length] as Set<Entry>;
    const entry = { f, turns: Math.floor((ticks - 1) / this.#slots.length) };
    slot.add(entry);
    return () => void slot.delete(entry);
  }

  every(delay: number, period: number, f: () => void): Cancel {
    const again = (): void => {
      cancel = this.in(period, again);
      f();
    };
    let cancel = this.in(delay, again);
    return () => cancel();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    this.#position = (this.#position + 1) % this.#slots.length;
    const slot = this.#slots[this.#position] as Set<Entry>;
    for (const entry of slot) {
      if (entry.turns-- > 0) continue;
      slot.delete(entry);
      entry.f();
    }
  }
}

const clock = new TimerWheel(10, 512);
const since = performance.now();
const timeouts = Array.from({ length: 100_000 }, () => timeout(deferred<string>(), 200, "late", { clock }));
const outcomes = await zip(...timeouts);
const waited = performance.now() - since;
console.log(`${outcomes.filter((outcome) => outcome === "late").length} timeouts of 200 ms on one timer`);
console.log(`all of them were late after ${waited < 200 ? "too short a time" : "no less than that"}`);
clock.close();

// In a test an hour is one call.
const test = mockClock();
const hour = timeout(deferred<string>(), 3_600_000, "an hour is over", { clock: test });
const lines = stream<string>();
const batches = batch(100, 60_000, lines, { clock: test });
lines.put("one line");
console.log("before:", isRealized(hour));
test.advance(3_600_000);
console.log("after:", await hour, "and", await batches.take());
