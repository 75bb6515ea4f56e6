import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { systemClock } from "../../src/clock/index.js";
import { setLogger } from "../../src/errors/index.js";

/** The longest wait that Node's timers know. */
const LONGEST = 2 ** 31 - 1;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
  setLogger(null);
});

describe("systemClock.now", () => {
  it("is the time of day, in milliseconds", () => {
    jest.setSystemTime(1234);
    expect(systemClock.now()).toBe(1234);
  });
});

describe("systemClock.in", () => {
  it("calls the function once, when the time has passed", () => {
    const f = jest.fn();
    systemClock.in(10, f);
    jest.advanceTimersByTime(9);
    expect(f).not.toHaveBeenCalled();
    jest.advanceTimersByTime(100);
    expect(f).toHaveBeenCalledTimes(1);
  });

  it.each([0, -5])("calls it as soon as possible, but not in place, after %i milliseconds", (milliseconds) => {
    const f = jest.fn();
    systemClock.in(milliseconds, f);
    expect(f).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(f).toHaveBeenCalledTimes(1);
  });

  it("does not call it once it is cancelled", () => {
    const f = jest.fn();
    systemClock.in(10, f)();
    jest.advanceTimersByTime(100);
    expect(f).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([LONGEST, LONGEST + 1, 5 * LONGEST + 7])(
    "waits %d milliseconds, however long that is for Node",
    (milliseconds) => {
      const f = jest.fn();
      systemClock.in(milliseconds, f);
      jest.advanceTimersByTime(milliseconds - 1);
      expect(f).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(f).toHaveBeenCalledTimes(1);
    },
  );

  it("can be cancelled in any part of a long wait", () => {
    const f = jest.fn();
    const cancel = systemClock.in(3 * LONGEST, f);
    jest.advanceTimersByTime(2 * LONGEST + 5);
    cancel();
    jest.advanceTimersByTime(2 * LONGEST);
    expect(f).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it("does not keep the process alive", () => {
    jest.useRealTimers();
    const timers = jest.spyOn(globalThis, "setTimeout");
    const cancels = [systemClock.in(1000, () => {}), systemClock.in(2 * LONGEST, () => {})];
    const made = timers.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(made.map((timer) => timer.hasRef())).toEqual([false, false]);
    for (const cancel of cancels) cancel();
    timers.mockRestore();
  });
});

describe("systemClock.every", () => {
  it("calls the function after the delay, then every period, until it is cancelled", () => {
    const times: number[] = [];
    const start = systemClock.now();
    const cancel = systemClock.every(5, 10, () => times.push(systemClock.now() - start));
    jest.advanceTimersByTime(30);
    cancel();
    jest.advanceTimersByTime(100);
    expect(times).toEqual([5, 15, 25]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("stops when the function cancels it", () => {
    const f = jest.fn(() => cancel());
    const cancel = systemClock.every(1, 1, f);
    jest.advanceTimersByTime(10);
    expect(f).toHaveBeenCalledTimes(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("stops when the function throws, and logs the error", () => {
    const log = jest.fn();
    setLogger(log);
    const boom = new Error("boom");
    const f = jest.fn(() => {
      throw boom;
    });
    systemClock.every(1, 1, f);
    jest.advanceTimersByTime(10);
    expect(f).toHaveBeenCalledTimes(1);
    expect(log).toHaveBeenCalledWith("error", boom, expect.stringContaining("cancelled"));
  });

  /** The times of the ticks, if a tick itself takes as long as `busy` says. */
  function ticks(busy: (tick: number) => number): number[] {
    const times: number[] = [];
    const start = systemClock.now();
    systemClock.every(10, 10, () => {
      times.push(systemClock.now() - start);
      jest.advanceTimersByTime(busy(times.length));
    });
    jest.advanceTimersByTime(70);
    return times;
  }

  it("does not drift when its ticks take some time", () => {
    expect(ticks(() => 3).slice(0, 5)).toEqual([10, 20, 30, 40, 50]);
  });

  it("does not make up for ticks that were missed", () => {
    expect(ticks((tick) => (tick === 2 ? 25 : 0)).slice(0, 4)).toEqual([10, 20, 45, 55]);
  });
});
