import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import {
  alt,
  altPrime,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  success,
  successDeferred,
  zip,
  zipPrime,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

type AnyZip = (...xs: unknown[]) => Deferred<unknown>;

describe.each([
  ["zip", zip as AnyZip],
  ["zipPrime", zipPrime as AnyZip],
])("%s", (_name, zip) => {
  it("is realized at once where everything is there", () => {
    expect(outcome(zip())).toEqual({ ok: [] });
    expect(outcome(zip(1, successDeferred(2), null, undefined))).toEqual({ ok: [1, 2, null, undefined] });
  });

  it("keeps the order of its arguments, whatever comes first", () => {
    const [a, b] = [deferred<number>(), deferred<number>()];
    const both = zip(a, 0, b, a);
    success(b, 2);
    expect(outcome(both)).toBe("pending");
    success(a, 1);
    expect(outcome(both)).toEqual({ ok: [1, 0, 2, 1] });
  });

  it("fails with the first error in time, and stays so", () => {
    const [a, b, c] = [deferred(), deferred(), deferred()];
    const all = zip(a, b, c);
    error(b, "first");
    expect(outcome(all)).toEqual({ err: "first" });
    error(a, "second");
    success(c, 1);
    expect(outcome(all)).toEqual({ err: "first" });
  });

  it("fails with the leftmost error where several are there", () => {
    expect(outcome(zip(deferred(), errorDeferred("left"), errorDeferred("right")))).toEqual({ err: "left" });
  });

  it("flattens what a pending member yields", () => {
    const [a, b, inner] = [deferred(), deferred(), deferred()];
    const both = zip(a, b);
    success(a, successDeferred(successDeferred(1)));
    success(b, successDeferred(inner));
    expect(outcome(both)).toBe("pending");
    success(inner, 2);
    expect(outcome(both)).toEqual({ ok: [1, 2] });
  });

  it("fails with the error inside what a pending member yields", () => {
    const [a, b] = [deferred(), deferred()];
    const both = zip(a, b);
    success(a, errorDeferred("inner"));
    expect(outcome(both)).toEqual({ err: "inner" });
  });

  it("leaves what a realized member holds as it is, but flattens a single member", () => {
    const inner = successDeferred(1);
    expect(outcome(zip(successDeferred(inner), 2))).toEqual({ ok: [inner, 2] });
    expect(outcome(zip(successDeferred(inner)))).toEqual({ ok: [1] });
  });

  it("takes 100000 members", () => {
    const members = Array.from({ length: 100_000 }, () => deferred<number>());
    const all = zip(...members);
    for (let i = members.length - 1; i >= 0; i--) success(members[i] as Deferred<number>, i);
    expect(outcome(all)).toEqual({ ok: members.map((_, i) => i) });
  });
});

describe("zip", () => {
  it("waits for promises, thenables and p-defer objects", async () => {
    const late = pDefer<string>();
    const all = zip(Promise.resolve(1), late, successDeferred(true));
    late.resolve("b");
    expect(await all).toEqual([1, "b", true]);
    await expect(zip(1, Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});

describe("zipPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    expect(outcome(zipPrime(promise, 2))).toEqual({ ok: [promise, 2] });
  });
});

type AnyAlt = (...xs: unknown[]) => Deferred<unknown>;

describe.each([
  ["alt", alt as AnyAlt],
  ["altPrime", altPrime as AnyAlt],
])("%s", (_name, alt) => {
  it("needs an argument", () => {
    expect(() => alt()).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("prefers what is there to what is pending", () => {
    expect(outcome(alt(deferred(), 1, deferred()))).toEqual({ ok: 1 });
    expect(outcome(alt(deferred(), errorDeferred("e")))).toEqual({ err: "e" });
  });

  it("yields the first outcome in time, value or error", () => {
    const [a, b] = [deferred(), deferred()];
    const [first, other] = [alt(a, b), alt(b, a)];
    error(b, "first");
    success(a, 1);
    expect([outcome(first), outcome(other)]).toEqual([{ err: "first" }, { err: "first" }]);
  });

  it("leaves the losers alone", () => {
    const [a, b] = [deferred(), deferred()];
    alt(a, b);
    success(a, 1);
    expect(outcome(b)).toBe("pending");
  });

  it("has no winner in a member that yields something pending", () => {
    const [a, b, inner] = [deferred(), deferred(), deferred()];
    const [first, second] = [alt(a, b), alt(a, deferred())];
    success(a, inner);
    expect(outcome(first)).toBe("pending");
    success(b, "b");
    success(inner, "inner");
    expect([outcome(first), outcome(second)]).toEqual([{ ok: "b" }, { ok: "inner" }]);
  });

  it("favours none of several that are there", () => {
    const draws = 10_000;
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < draws; i++) {
      const drawn = outcome(alt(...counts.map((_, place) => successDeferred(place)))) as { ok: number };
      counts[drawn.ok] = (counts[drawn.ok] ?? 0) + 1;
    }
    // Six standard deviations of a fair draw: off by chance once in millions of runs.
    const deviation = Math.sqrt(draws * 0.1 * 0.9);
    for (const count of counts) expect(Math.abs(count - draws / 10)).toBeLessThan(6 * deviation);
  });
});

describe("alt", () => {
  it("waits for promises", async () => {
    expect(await alt(deferred<number>(), Promise.resolve("a"))).toBe("a");
    await expect(alt(deferred(), Promise.reject(new Error("no")))).rejects.toThrow("no");
  });
});

describe("altPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    expect(outcome(altPrime(deferred(), promise))).toEqual({ ok: promise });
  });
});
