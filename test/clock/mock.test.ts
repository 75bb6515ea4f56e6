import { afterEach, describe, expect, it, jest } from "@jest/globals";
import * as fc from "fast-check";
import { type MockClock, mockClock } from "../../src/clock/index.js";
import { setLogger } from "../../src/errors/index.js";

afterEach(() => {
  setLogger(null);
});

describe("mockClock", () => {
  it("stands at its initial time until it is advanced", () => {
    expect([mockClock().now(), mockClock(1000).now()]).toEqual([0, 1000]);
    const clock = mockClock(1000);
    clock.advance(5);
    clock.advance(0.5);
    expect(clock.now()).toBe(1005.5);
  });

  it("runs what is due, in order of time, each at its own time", () => {
    const clock = mockClock();
    const ran: [string, number][] = [];
    const note = (name: string) => () => void ran.push([name, clock.now()]);
    clock.in(30, note("third"));
    clock.in(10, note("first"));
    clock.in(20.5, note("second"));
    clock.in(31, note("not yet"));
    clock.advance(30);
    expect(ran).toEqual([
      ["first", 10],
      ["second", 20.5],
      ["third", 30],
    ]);
    expect(clock.now()).toBe(30);
  });

  it("runs events of one instant in the order in which they were scheduled", () => {
    const clock = mockClock();
    const ran: string[] = [];
    clock.in(10, () => ran.push("a"));
    clock.in(5, () => clock.in(5, () => ran.push("c")));
    clock.in(10, () => ran.push("b"));
    clock.advance(10);
    expect(ran).toEqual(["a", "b", "c"]);
  });

  it("runs what events schedule on the way, if it is due as well", () => {
    const clock = mockClock();
    const ran: number[] = [];
    const again = (): void => {
      ran.push(clock.now());
      clock.in(3, again);
    };
    clock.in(3, again);
    clock.advance(10);
    expect(ran).toEqual([3, 6, 9]);
  });

  it.each([0, -1])("runs what is due in %i milliseconds inside the scheduling call", (milliseconds) => {
    const clock = mockClock();
    const f = jest.fn();
    clock.in(milliseconds, f)();
    expect(f).toHaveBeenCalledTimes(1);
  });

  it("forgets what is cancelled, also by an event of the same instant", () => {
    const clock = mockClock();
    const [f, g] = [jest.fn(), jest.fn()];
    const cancelF = clock.in(10, f);
    clock.in(20, () => cancelG());
    const cancelG = clock.in(20, g);
    cancelF();
    clock.advance(20);
    expect([f.mock.calls, g.mock.calls]).toEqual([[], []]);
  });

  it("logs what an event throws, and runs the others", () => {
    const log = jest.fn();
    setLogger(log);
    const clock = mockClock();
    const boom = new Error("boom");
    const throws = (): never => {
      throw boom;
    };
    const f = jest.fn();
    clock.in(1, throws);
    clock.in(1, f);
    clock.in(0, throws);
    clock.advance(1);
    expect(f).toHaveBeenCalledTimes(1);
    expect(log.mock.calls).toEqual([
      ["error", boom, "error in a scheduled task"],
      ["error", boom, "error in a scheduled task"],
    ]);
  });

  it("repeats: after the delay, then every period", () => {
    const clock = mockClock();
    const ran: number[] = [];
    const cancel = clock.every(5, 10, () => ran.push(clock.now()));
    clock.advance(25);
    cancel();
    clock.advance(100);
    expect(ran).toEqual([5, 15, 25]);
  });

  it("repeats from the scheduling call on, without a delay", () => {
    const clock = mockClock();
    const f = jest.fn();
    clock.every(0, 1, f);
    clock.advance(5);
    expect(f).toHaveBeenCalledTimes(6);
  });

  it("ends a repetition that throws", () => {
    const log = jest.fn();
    setLogger(log);
    const clock = mockClock();
    const f = jest.fn(() => {
      throw new Error("boom");
    });
    clock.every(1, 1, f);
    clock.every(0, 1, f);
    clock.advance(5);
    expect([f.mock.calls.length, log.mock.calls.length]).toEqual([2, 2]);
  });

  it("ends a repetition that cancels itself", () => {
    const clock = mockClock();
    const ran: number[] = [];
    const cancel = clock.every(1, 1, () => {
      ran.push(clock.now());
      if (clock.now() === 3) cancel();
    });
    clock.advance(10);
    expect(ran).toEqual([1, 2, 3]);
  });

  it("goes through the sequence of Manifold's own test", () => {
    const clock = mockClock();
    const counter = jest.fn();
    const after = (milliseconds: number): number => {
      clock.advance(milliseconds);
      return counter.mock.calls.length;
    };
    clock.in(1, counter);
    expect(after(1)).toBe(1);
    clock.in(0, counter);
    expect(counter).toHaveBeenCalledTimes(2);
    clock.in(1, counter);
    clock.in(1, counter);
    expect(after(1)).toBe(4);
    const cancel = clock.every(1, 5, counter);
    expect([after(1), after(1), after(4)]).toEqual([5, 5, 6]);
    cancel();
    expect(after(5)).toBe(6);
  });

  it("does not care in which steps it is advanced", () => {
    const schedule = (clock: MockClock, delays: readonly number[], ran: [number, number][]): void => {
      for (const [name, delay] of delays.entries()) {
        clock.in(delay, () => {
          ran.push([name, clock.now()]);
          if (name % 3 === 0) clock.in(delay, () => ran.push([-name, clock.now()]));
        });
      }
    };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), fc.array(fc.nat(9), { minLength: 1 }), (delays, parts) => {
        const [whole, inParts]: [number, number][][] = [[], []];
        const [one, other] = [mockClock(), mockClock()];
        schedule(one, delays, whole as [number, number][]);
        schedule(other, delays, inParts as [number, number][]);
        one.advance(parts.reduce((sum, part) => sum + part, 0));
        for (const part of parts) other.advance(part);
        expect(inParts).toEqual(whole);
        expect(other.now()).toBe(one.now());
      }),
    );
  });
});
