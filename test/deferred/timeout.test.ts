import { describe, expect, it } from "@jest/globals";
import { type MockClock, mockClock, withClock } from "../../src/clock/index.js";
import { claim, type Deferred, deferred, error, success, successDeferred, timeout } from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

/** A mock clock, and the number of timers that are pending on it. */
function countingClock(): MockClock & { pending(): number } {
  const clock = mockClock();
  let pending = 0;
  return {
    ...clock,
    pending: () => pending,
    in(milliseconds, f) {
      pending++;
      let over = false;
      const end = (): void => {
        if (!over) pending--;
        over = true;
      };
      const cancel = clock.in(milliseconds, () => {
        end();
        f();
      });
      return () => {
        end();
        cancel();
      };
    },
  };
}

describe("timeout", () => {
  it("fails the deferred that it was given, and returns it", () => {
    const clock = mockClock();
    const d = deferred();
    expect(withClock(clock, () => timeout(d, 10))).toBe(d);
    clock.advance(9);
    expect(outcome(d)).toBe("pending");
    clock.advance(1);
    expect(outcome(d)).toEqual({
      err: expect.objectContaining({
        name: "TimeoutError",
        code: "RING_TIMEOUT",
        message: "timed out after 10 milliseconds",
      }),
    });
  });

  it.each([
    ["a value", "late"],
    ["null", null],
    ["undefined", undefined],
  ])("realizes it with %s instead", (_name, value) => {
    const clock = mockClock();
    const d = timeout(deferred(), 10, value, { clock });
    clock.advance(10);
    expect(outcome(d)).toEqual({ ok: value });
  });

  it("does not flatten the value", () => {
    const inner = successDeferred(1);
    expect(outcome(timeout(deferred(), 0, inner))).toEqual({ ok: inner });
  });

  it("changes nothing if the deferred is realized before, and cancels the timer", () => {
    const clock = countingClock();
    const [kept, broken] = [deferred(), deferred()];
    withClock(clock, () => [timeout(kept, 10), timeout(broken, 10, "late")]);
    expect(clock.pending()).toBe(2);
    success(kept, 1);
    error(broken, "e");
    expect(clock.pending()).toBe(0);
    clock.advance(10);
    expect([outcome(kept), outcome(broken)]).toEqual([{ ok: 1 }, { err: "e" }]);
  });

  it("lets the earliest of several win", () => {
    const clock = countingClock();
    const d = deferred<string>();
    withClock(clock, () => timeout(timeout(timeout(d, 30, "30"), 10, "10"), 20, "20"));
    clock.advance(10);
    expect([outcome(d), clock.pending()]).toEqual([{ ok: "10" }, 0]);
  });

  it.each([0, -1])("does not wait for %i milliseconds", (milliseconds) => {
    const clock = countingClock();
    const d = withClock(clock, () => timeout(deferred(), milliseconds));
    expect(outcome(d)).toEqual({ err: expect.objectContaining({ code: "RING_TIMEOUT" }) });
    expect(clock.pending()).toBe(0);
  });

  it("does nothing for null, for a realized deferred, and for what is no deferred", () => {
    const clock = countingClock();
    const [d, promise] = [deferred(), Promise.resolve(1)];
    withClock(clock, () => {
      expect(timeout(d, null)).toBe(d);
      expect(outcome(timeout(successDeferred(1), 0))).toEqual({ ok: 1 });
      expect(timeout(promise as unknown as Deferred<number>, 0)).toBe(promise);
    });
    expect([outcome(d), clock.pending()]).toEqual(["pending", 0]);
  });

  it("leaves a claimed deferred to its holder", () => {
    const clock = mockClock();
    const d = deferred();
    const token = claim(d) ?? undefined;
    withClock(clock, () => timeout(d, 10));
    clock.advance(10);
    expect(outcome(d)).toBe("pending");
    expect(success(d, 1, token)).toBe(true);
  });

  it("waits on the system's clock by default", async () => {
    expect(await timeout(deferred(), 1, "late")).toBe("late");
  });
});
