import { describe, expect, it, jest } from "@jest/globals";
import {
  chain,
  connect,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  loop,
  recur,
  success,
  successDeferred,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

describe("loop", () => {
  it("calls the body with the state until it answers something else than recur", () => {
    expect(outcome(loop([1, 0], (n, sum) => (n <= 4 ? recur(n + 1, sum + n) : sum)))).toEqual({ ok: 10 });
    expect(outcome(loop([], () => "at once"))).toEqual({ ok: "at once" });
  });

  it.each([
    [
      "a throw",
      () => {
        throw "e";
      },
      { err: "e" },
    ],
    ["a realized deferred", () => successDeferred(1), { ok: 1 }],
    ["a failed deferred", () => errorDeferred("e"), { err: "e" }],
  ])("ends with %s", (_name, body, expected) => {
    expect(outcome(loop([], body))).toEqual(expected);
    expect(outcome(loop([0], (n): unknown => (n < 3 ? recur(n + 1) : body())))).toEqual(expected);
  });

  it("waits for a pending deferred, and goes on inside the call that realizes it", () => {
    let gate = deferred<number>();
    const calls: number[] = [];
    const result = loop([0], (n) => {
      calls.push(n);
      gate = deferred();
      return chain(gate, (m) => (m === 0 ? n : recur(n + m)));
    });
    success(gate, 2);
    success(gate, 3);
    expect([calls, outcome(result)]).toEqual([[0, 2, 5], "pending"]);
    success(gate, 0);
    expect(outcome(result)).toEqual({ ok: 5 });
  });

  it("fails with the error of a pending deferred", () => {
    const gate = deferred();
    const result = loop([], () => gate);
    error(gate, "e");
    expect(outcome(result)).toEqual({ err: "e" });
  });

  it("flattens a pending answer, and a realized one by one level only", () => {
    const gate = deferred();
    const pending = loop([], () => gate);
    success(gate, successDeferred(successDeferred(1)));
    expect(outcome(pending)).toEqual({ ok: 1 });
    const inner = successDeferred(1);
    expect(outcome(loop([], () => successDeferred(inner)))).toEqual({ ok: inner });
  });

  it("takes recur out of a nested pending answer", () => {
    const [gate, inner] = [deferred(), deferred()];
    const result = loop([0], (n): unknown => (n === 0 ? gate : "turned"));
    success(gate, inner);
    success(inner, recur(1));
    expect(outcome(result)).toEqual({ ok: "turned" });
  });

  it("is not stopped by realizing its result", () => {
    let gate = deferred<number>();
    const body = jest.fn((n: number) => {
      gate = deferred();
      return chain(gate, (m) => (m === 0 ? n : recur(n + m)));
    });
    const result = loop([0], body);
    success(result as Deferred<unknown>, "outside");
    success(gate, 1);
    success(gate, 0);
    expect(body).toHaveBeenCalledTimes(2);
    expect(outcome(result)).toEqual({ ok: "outside" });
  });

  it("does not wait for a foreign promise", () => {
    const promise = Promise.resolve(1);
    expect(outcome(loop([], () => promise))).toEqual({ ok: promise });
  });
});

describe("connect", () => {
  it("hands over what is there, and says whether it was taken", () => {
    const [a, b] = [deferred<number>(), deferred<number>()];
    expect([connect(1, a), connect(2, a), connect(successDeferred(successDeferred(3)), b)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([outcome(a), outcome(b)]).toEqual([{ ok: 1 }, { ok: 3 }]);
  });

  it("hands over a value and an error when they are there", () => {
    const [from, failing, to, failed] = [
      deferred<number>(),
      deferred<number>(),
      deferred<number>(),
      deferred<number>(),
    ];
    expect([connect(from, to), connect(failing, failed)]).toEqual([true, true]);
    success(from, 1);
    error(failing, "e");
    expect([outcome(to), outcome(failed)]).toEqual([{ ok: 1 }, { err: "e" }]);
  });

  it("flattens", () => {
    const [from, inner, to] = [deferred<Deferred<number>>(), deferred<number>(), deferred<number>()];
    connect(from, to);
    success(from, inner);
    expect(outcome(to)).toBe("pending");
    success(inner, 1);
    expect(outcome(to)).toEqual({ ok: 1 });
  });

  it("fails at once with an error that is there", () => {
    const to = deferred<number>();
    expect(connect(errorDeferred<number>("e"), to)).toBe(true);
    expect(outcome(to)).toEqual({ err: "e" });
  });

  it("leaves a deferred alone that somebody else has realized", () => {
    const [from, to] = [deferred<number>(), deferred<number>()];
    connect(from, to);
    success(to, 1);
    success(from, 2);
    expect(outcome(to)).toEqual({ ok: 1 });
    expect([connect(deferred<number>(), to), connect(errorDeferred<number>("e"), to)]).toEqual([false, false]);
  });

  it("waits for a promise", async () => {
    const to = deferred<number>();
    connect(Promise.resolve(1), to);
    expect(await to).toBe(1);
  });

  it("refuses a target that is no deferred", () => {
    expect(() => connect(1, Promise.resolve(1) as unknown as Deferred<number>)).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }),
    );
  });
});
