import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type Deferred, isRealized } from "../../src/deferred/index.js";
import {
  close,
  connect,
  consume,
  isDrained,
  put,
  type Stream,
  stream,
  take,
  tryPut,
  tryTake,
} from "../../src/stream/index.js";
import { valueOf } from "../helpers.js";

/** What can be done to a stream; messages are numbered in the order they are put. */
type Act = { do: "put" | "take" | "close" } | { do: "tryPut" | "tryTake" | "withdrawPut" | "withdrawTake" };

const acts = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Act>({ do: "put" }, { do: "take" }, { do: "tryPut" }, { do: "tryTake" }) },
    { weight: 2, arbitrary: fc.constantFrom<Act>({ do: "withdrawPut" }, { do: "withdrawTake" }) },
    { weight: 1, arbitrary: fc.constant<Act>({ do: "close" }) },
  ),
  { maxLength: 60 },
);

const END = "end";
const LATE = "late";

/** Runs the acts against a stream, and keeps every deferred that came of it. */
function play(subject: Stream<number>, script: readonly Act[]) {
  const puts: { message: number; answer: Deferred<unknown> }[] = [];
  const takes: Deferred<unknown>[] = [];
  let closed = false;
  let message = 0;
  for (const act of script) {
    switch (act.do) {
      case "put":
        puts.push({ message, answer: put(subject, message++) });
        break;
      case "tryPut":
        puts.push({ message, answer: tryPut(subject, message++, 0) });
        break;
      case "take":
        takes.push(take(subject, END));
        break;
      case "tryTake":
        takes.push(tryTake(subject, END, 0, LATE));
        break;
      case "withdrawPut":
        puts.find(({ answer }) => !isRealized(answer))?.answer.success(false);
        break;
      case "withdrawTake":
        takes.find((answer) => !isRealized(answer))?.success(LATE);
        break;
      default:
        closed = true;
        close(subject);
    }
  }
  return { puts, takes, closed };
}

/** The same, in the plainest words: lists instead of queues. */
class Model {
  readonly taken: number[] = [];
  #buffer: number[] = [];
  #puts: { message: number; withdrawn: boolean }[] = [];
  #takes: { withdrawn: boolean }[] = [];
  #closed = false;

  constructor(readonly capacity: number) {}

  play(script: readonly Act[]): void {
    let message = 0;
    for (const act of script) {
      if (act.do === "put" || act.do === "tryPut") this.#put(message++, act.do === "put");
      if (act.do === "take" || act.do === "tryTake") this.#take(act.do === "take");
      if (act.do === "withdrawPut") this.#puts = this.#puts.slice(1);
      if (act.do === "withdrawTake") this.#takes = this.#takes.slice(1);
      if (act.do === "close" && !this.#closed) {
        this.#closed = true;
        this.#takes = [];
      }
    }
  }

  #put(message: number, waits: boolean): void {
    if (this.#closed) return;
    if (this.#takes.length > 0) {
      this.#takes.shift();
      this.taken.push(message);
    } else if (this.#buffer.length < this.capacity) this.#buffer.push(message);
    else if (waits) this.#puts.push({ message, withdrawn: false });
  }

  #take(waits: boolean): void {
    const next = this.#buffer.shift() ?? this.#puts.shift()?.message;
    if (next !== undefined) {
      this.taken.push(next);
      const moved = this.#buffer.length < this.capacity && this.capacity > 0 ? this.#puts.shift() : undefined;
      if (moved !== undefined) this.#buffer.push(moved.message);
    } else if (!this.#closed && waits) this.#takes.push({ withdrawn: false });
  }
}

const received = (takes: readonly Deferred<unknown>[]): number[] =>
  takes
    .filter(isRealized)
    .map(valueOf)
    .filter((value) => typeof value === "number");

describe("a stream under random puts, takes, time-outs and closes", () => {
  it("gives out the messages that a model of lists gives out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), acts, (capacity, script) => {
        const model = new Model(capacity);
        model.play(script);
        expect(received(play(stream<number>(capacity), script).takes)).toEqual(model.taken);
      }),
      { numRuns: 500 },
    );
  });

  it("loses and reorders nothing: what was accepted comes out, once, in order", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), acts, (capacity, script) => {
        const subject = stream<number>(capacity);
        const { puts, takes } = play(subject, script);
        close(subject);
        while (!isDrained(subject)) takes.push(take(subject, END));
        const accepted = puts.filter(({ answer }) => valueOf(answer) === true).map(({ message }) => message);
        expect(received(takes).toSorted((a, b) => a - b)).toEqual(accepted);
      }),
      { numRuns: 500 },
    );
  });

  it("answers every put and every take once it is closed and read to its end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), acts, (capacity, script) => {
        const subject = stream<number>(capacity);
        const { puts, takes } = play(subject, script);
        close(subject);
        while (!isDrained(subject)) takes.push(take(subject, END));
        expect(takes.every(isRealized)).toBe(true);
        const answers = puts.map(({ answer }) => valueOf(answer));
        expect(
          answers.filter((answer) => answer === true).length + answers.filter((answer) => answer === false).length,
        ).toBe(puts.length);
      }),
    );
  });
});

describe("connections under random puts and closes", () => {
  it("bring every message to every sink, in order, whatever their buffers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer(), { maxLength: 30 }),
        (capacity, sinkCapacities, messages) => {
          const source = stream<number>(capacity);
          const sinks = sinkCapacities.map((sinkCapacity) => stream<number>(sinkCapacity));
          const seen = sinks.map((): number[] => []);
          for (const sink of sinks) connect(source, sink);
          const half = Math.floor(messages.length / 2);
          const answers = messages.slice(0, half).map((message) => put(source, message));
          sinks.forEach((sink, place) => void consume((message: number) => seen[place]?.push(message), sink));
          answers.push(...messages.slice(half).map((message) => put(source, message)));
          close(source);
          expect(answers.map(valueOf)).toEqual(messages.map(() => true));
          expect(seen).toEqual(sinks.map(() => messages));
          expect(sinks.every(isDrained)).toBe(true);
        },
      ),
    );
  });
});
