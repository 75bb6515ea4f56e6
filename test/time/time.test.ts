import { describe, expect, it, jest } from "@jest/globals";
import { deferred, success } from "../../src/deferred/index.js";
import * as time from "../../src/time/index.js";
import { valueOf } from "../helpers.js";

describe("in", () => {
  it("calls once, flattens what comes of it, and takes a throw for an error", () => {
    const clock = time.mockClock();
    const later = deferred<number>();
    const value = time.in(10, () => later, { clock });
    const failure = time.in(
      10,
      () => {
        throw new Error("cannot");
      },
      { clock },
    );
    clock.advance(10);
    expect(value.isRealized).toBe(false);
    success(later, 1);
    expect(valueOf(value)).toBe(1);
    expect(() => valueOf(failure)).toThrow("cannot");
  });

  it("calls nothing once its result is realized", () => {
    const clock = time.mockClock();
    const f = jest.fn(() => 1);
    success(time.in(10, f, { clock }), 2);
    clock.advance(20);
    expect(f).not.toHaveBeenCalled();
  });
});

describe("every", () => {
  it("calls at once, then every period, until it is cancelled", () => {
    const clock = time.mockClock();
    const seen: number[] = [];
    const cancel = time.every(1, () => void seen.push(clock.now()), { clock });
    clock.advance(5);
    cancel();
    clock.advance(5);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("refuses a period of nothing", () => {
    expect(() => time.every(0, () => {})).toThrow("period must be above 0");
  });
});

describe("at", () => {
  it("waits for the time, and no time for the past", () => {
    const clock = time.mockClock(100);
    const future = time.at(150, () => clock.now(), { clock });
    const past = time.at(50, () => clock.now(), { clock });
    expect(valueOf(past)).toBe(100);
    clock.advance(50);
    expect(valueOf(future)).toBe(150);
  });
});

describe("units", () => {
  it("are milliseconds", () => {
    expect([
      time.nanoseconds(1e6),
      time.microseconds(1e3),
      time.milliseconds(1),
      time.seconds(1),
      time.minutes(1),
      time.hours(1),
      time.days(1),
      time.hz(4),
    ]).toEqual([1, 1, 1, 1000, 60_000, 3_600_000, 86_400_000, 250]);
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [999, "0s"],
    [1000, "1s"],
    [3_600_000, "1h"],
    [93_784_000, "1d 2h 3m 4s"],
  ])("writes %d as %s", (duration, text) => expect(time.formatDuration(duration)).toBe(text));
});

describe("floor and add", () => {
  const afternoon = Date.UTC(2026, 10, 25, 15, 45, 30, 500);

  it.each<[time.TimeUnit, string]>([
    ["millisecond", "2026-11-25T15:45:30.500Z"],
    ["second", "2026-11-25T15:45:30.000Z"],
    ["minute", "2026-11-25T15:45:00.000Z"],
    ["hour", "2026-11-25T15:00:00.000Z"],
    ["day", "2026-11-25T00:00:00.000Z"],
    ["week", "2026-11-22T00:00:00.000Z"],
    ["month", "2026-11-01T00:00:00.000Z"],
  ])("floor to the %s", (unit, text) => expect(new Date(time.floor(afternoon, unit)).toISOString()).toBe(text));

  it.each<[number, time.TimeUnit, string]>([
    [1, "hour", "2026-01-31T01:00:00.000Z"],
    [-1, "day", "2026-01-30T00:00:00.000Z"],
    [2, "week", "2026-02-14T00:00:00.000Z"],
    [1, "month", "2026-02-28T00:00:00.000Z"],
    [-2, "month", "2025-11-30T00:00:00.000Z"],
  ])("adds %d %s", (value, unit, text) =>
    expect(new Date(time.add(Date.UTC(2026, 0, 31), value, unit)).toISOString()).toBe(text),
  );
});
