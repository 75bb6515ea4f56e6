import { describe, expect, it } from "@jest/globals";
import { currentClock, mockClock, systemClock, withClock } from "../../src/clock/index.js";

describe("currentClock", () => {
  it("is the system's by default", () => {
    expect(currentClock()).toBe(systemClock);
    expect(currentClock({})).toBe(systemClock);
  });

  it("is the one of the options, before any other", () => {
    const [clock, outer] = [mockClock(), mockClock()];
    expect(withClock(outer, () => currentClock({ clock }))).toBe(clock);
    expect(withClock(outer, () => currentClock({ clock: undefined }))).toBe(outer);
  });
});

describe("withClock", () => {
  it("sets the clock of what is called inside, and returns what that returns", () => {
    const [outer, inner] = [mockClock(), mockClock()];
    const seen = withClock(outer, () => {
      const nested = withClock(inner, () => currentClock());
      return [nested, currentClock()];
    });
    expect(seen).toEqual([inner, outer]);
    expect(seen[0]).toBe(inner);
    expect(currentClock()).toBe(systemClock);
  });

  it("goes back to the clock before after a throw", () => {
    expect(() =>
      withClock(mockClock(), () => {
        throw new Error("boom");
      }),
    ).toThrow("boom");
    expect(currentClock()).toBe(systemClock);
  });

  it("ends at the first await", async () => {
    const clock = mockClock();
    const seen = await withClock(clock, async () => {
      const before = currentClock();
      await Promise.resolve();
      return [before === clock, currentClock() === systemClock];
    });
    expect(seen).toEqual([true, true]);
  });
});
