import { describe, expect, it, jest } from "@jest/globals";
import * as fc from "fast-check";
import pDefer from "p-defer";
import {
  andThen,
  chain,
  chainPrime,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  isDeferrable,
  isDeferred,
  isRealized,
  success,
  successDeferred,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

const inc = (n: number): number => n + 1;
const double = (n: number): number => n * 2;
type AnyChain = (x: unknown, ...stages: ((value: never) => unknown)[]) => Deferred<unknown>;

describe.each([
  ["chain", chain],
  ["chainPrime", chainPrime],
])("%s", (_name, chain) => {
  it("is realized when it returns, where nothing has to be awaited", () => {
    expect(outcome(chain(3, inc, double))).toEqual({ ok: 8 });
    expect(outcome(chain(successDeferred(3), inc, (n) => successDeferred(n * 2)))).toEqual({ ok: 8 });
  });

  it("runs inside the call that realizes what it waits for", () => {
    const [d, calls] = [deferred<number>(), [] as number[]];
    const result = chain(d, inc, (n) => calls.push(n));
    expect([outcome(result), calls]).toEqual(["pending", []]);
    success(d, 1);
    expect([outcome(result), calls]).toEqual([{ ok: 1 }, [2]]);
  });

  it("flattens to any depth: before, between and after its stages", () => {
    const nest = (n: unknown): unknown => successDeferred(successDeferred(n));
    expect(outcome((chain as AnyChain)(nest(1), nest, nest))).toEqual({ ok: 1 });
    expect(outcome((chain as AnyChain)(nest(errorDeferred("deep")), nest))).toEqual({ err: "deep" });
  });

  it("pauses at a stage that is pending", () => {
    const gate = deferred<number>();
    const result = chain(1, inc, (n) => chain(gate, (m) => n + m), double);
    expect(outcome(result)).toBe("pending");
    success(gate, 10);
    expect(outcome(result)).toEqual({ ok: 24 });
  });

  it("skips the rest after an error, a throw and a failed stage", () => {
    const never = jest.fn();
    const boom = new Error("boom");
    const throws = (): number => {
      throw boom;
    };
    expect(outcome(chain(errorDeferred<number>("e"), inc, never))).toEqual({ err: "e" });
    expect(outcome(chain(1, throws, never))).toEqual({ err: boom });
    expect(outcome(chain(1, () => errorDeferred("late"), never))).toEqual({ err: "late" });
    const d = deferred();
    const waiting = chain(d, never);
    error(d, "e");
    expect(outcome(waiting)).toEqual({ err: "e" });
    expect(never).not.toHaveBeenCalled();
  });

  it("runs several chains of one deferred one after the other, each to its first pause", () => {
    const [d, gate, calls] = [deferred<number>(), deferred<void>(), [] as string[]];
    const mark = (text: string) => () => void calls.push(text);
    chain(d, mark("a1"), () => gate, mark("a2"));
    chain(d, mark("b1"), mark("b2"));
    success(d, 1);
    expect(calls).toEqual(["a1", "b1", "b2"]);
    success(gate, undefined);
    expect(calls).toEqual(["a1", "b1", "b2", "a2"]);
  });

  it("composes like plain functions, wherever one of its stages is late", () => {
    for (let count = 0; count < 10; count++) {
      for (let late = 0; late < count; late++) {
        const gate = deferred<void>();
        const stages = Array.from({ length: count }, (_, i) => (n: number) => {
          const next = i % 2 === 0 ? n + 1 : n * 2;
          return i === late ? (chain as AnyChain)(gate, () => next) : next;
        });
        const result = (chain as AnyChain)(1, ...stages);
        success(gate, undefined);
        const plain = Array.from({ length: count }).reduce((n: number, _, i) => (i % 2 === 0 ? n + 1 : n * 2), 1);
        expect(outcome(result)).toEqual({ ok: plain });
      }
    }
  });

  it("fails at the stage that throws, after the stages before it", () => {
    for (let failing = 0; failing < 10; failing++) {
      const stages = Array.from({ length: 10 }, (_, i) => (n: number) => {
        if (i === failing) throw n;
        return n + 1;
      });
      expect(outcome((chain as AnyChain)(0, ...stages))).toEqual({ err: failing });
    }
  });

  it("is still pending while its stages run", () => {
    const d = deferred<number>();
    const seen: unknown[] = [];
    const result: Deferred<unknown> = chain(d, () => seen.push(outcome(result)));
    success(d, 1);
    expect(seen).toEqual(["pending"]);
  });

  it("may answer with its own source", () => {
    const d = successDeferred(1);
    expect(outcome(chain(d, () => d))).toEqual({ ok: 1 });
  });

  it("takes any number of stages", () => {
    const stages = Array.from({ length: 10_000 }, () => inc);
    expect(outcome(chain(0, ...stages))).toEqual({ ok: 10_000 });
  });

  it("unwraps a value nested a million deep", () => {
    let nested: unknown = 7;
    for (let i = 0; i < 1_000_000; i++) nested = successDeferred(nested);
    expect(outcome(chain(nested))).toEqual({ ok: 7 });
  });

  it.each([1, 2, 3, 4, 5, 6, 7])("of %i stages: those that a realized result stops are the recorded ones", (count) => {
    const gate = deferred<void>();
    const calls: number[] = [];
    // The first stage pauses; the result is realized from outside; then the pause ends.
    const stages = Array.from({ length: count }, (_, i) => () => {
      calls.push(i);
      return i === 0 ? gate : undefined;
    });
    const result = (chain as AnyChain)(1, ...stages);
    success(result, "outside");
    success(gate, undefined);
    const prime = chain === chainPrime;
    // Three or more: the first pair is run to its end. One or two: chain asks after the pause, chainPrime never.
    const run = count > 2 ? (prime && count <= 4 ? count : 2) : prime ? count : 1;
    expect(calls).toHaveLength(Math.min(run, count));
    expect(outcome(result)).toEqual({ ok: "outside" });
  });
});

describe("chain", () => {
  const lengths = [1, 2, 3, 4, 5, 6, 7];
  const places = lengths.flatMap((count) => Array.from({ length: count + 1 }, (_, i) => [count, i - 1] as const));
  it.each(places)(
    "of %i stages, realized from outside in stage %i (-1: before the first): stops between pairs",
    (count, place) => {
      for (const answer of [undefined, successDeferred(1)]) {
        const [first, calls] = [deferred<number>(), [] as number[]];
        const stages = Array.from({ length: count }, (_, i) => () => {
          calls.push(i);
          if (i === place) success(result, "outside");
          return answer;
        });
        const result = (chain as AnyChain)(first, ...stages);
        if (place === -1) success(result, "outside");
        success(first, 1);
        const pairEnd = place === -1 ? 2 : place + 2 - (place % 2);
        expect(calls).toHaveLength(place === -1 && count <= 2 ? 0 : Math.min(pairEnd, count));
        expect(outcome(result)).toEqual({ ok: "outside" });
      }
    },
  );

  it.each(lengths)("of %i stages waits for a deferred at any place, and a throw at any place fails it", (count) => {
    for (let place = 0; place < count; place++) {
      const gate = deferred<number>();
      const stages = Array.from(
        { length: count },
        (_, i) => (n: number) => (i === place ? chain(gate, () => n + 1) : n + 1),
      );
      for (const x of [0, deferred<number>()]) {
        const result = (chain as AnyChain)(x, ...stages);
        if (isDeferred(x)) success(x as Deferred<number>, 0);
        expect(outcome(result)).toEqual(isRealized(gate) ? { ok: count } : "pending");
        success(gate, 0);
        expect(outcome(result)).toEqual({ ok: count });
      }
      const failing = stages.map((stage, i) =>
        i === place
          ? () => {
              throw new Error(`stage ${i}`);
            }
          : () => stage,
      );
      expect(outcome((chain as AnyChain)(0, ...failing))).toEqual({ err: new Error(`stage ${place}`) });
    }
  });
});

describe.each([
  ["chain", chain],
  ["chainPrime", chainPrime],
])("%s", (_name, chain) => {
  it.each([2, 4])("of %i stages does not look at its result between the last two, unless it pauses there", (count) => {
    const gate = deferred<void>();
    const calls: number[] = [];
    const stages = Array.from({ length: count }, (_, i) => () => {
      calls.push(i);
      if (i === count - 2) success(result, "from a stage");
    });
    const result: Deferred<unknown> = (chain as AnyChain)(gate, ...stages);
    success(gate, undefined);
    expect(calls).toEqual(stages.map((_, i) => i));
    expect(outcome(result)).toEqual({ ok: "from a stage" });
  });
});

describe("chain", () => {
  it("opens promises, thenables and p-defer objects", async () => {
    const late = pDefer<number>();
    const result = chain(
      Promise.resolve(1),
      (n) => Promise.resolve(n + 1),
      (n) => chain(late, (m) => n + m),
    );
    late.resolve(10);
    expect(await result).toBe(12);
    const thenable = { then: (resolve: (n: number) => void) => resolve(5) } as PromiseLike<number>;
    expect(outcome(chain(thenable, inc))).toEqual({ ok: 6 });
  });

  it("takes a rejection for an error", async () => {
    await expect(chain(Promise.reject(new Error("no")), inc)).rejects.toThrow("no");
    await expect(
      chain(1, async () => {
        throw new Error("async");
      }),
    ).rejects.toThrow("async");
  });
});

describe("chainPrime", () => {
  it("hands promises on as plain values", () => {
    const promise = Promise.resolve(1);
    expect(outcome(chainPrime(promise))).toEqual({ ok: promise });
    expect(outcome(chainPrime(successDeferred(promise), (x) => [x] as unknown))).toEqual({ ok: [promise] });
  });
});

describe("andThen", () => {
  it("makes no deferred where nothing has to be awaited", () => {
    expect(andThen(1, inc)).toBe(2);
    expect(andThen(1, inc, double)).toBe(4);
    expect(andThen(1, inc, double, String)).toBe("4");
    expect(andThen(successDeferred(1), (n) => successDeferred(n + 1), double)).toBe(4);
  });

  it("throws in place there", () => {
    expect(() =>
      andThen(1, () => {
        throw new Error("sync");
      }),
    ).toThrow("sync");
  });

  it.each([0, 1, 2, 3])("is awaitable from the step on that has to be awaited: %i", async (late) => {
    const calls: number[] = [];
    const step = (place: number) => (n: number) => {
      calls.push(place);
      return place === late ? Promise.resolve(n + 1) : n + 1;
    };
    const result = andThen(late === 0 ? Promise.resolve(0) : 0, step(1), step(2), step(3));
    // The last function's own promise is not wrapped once more.
    expect([isDeferred(result), isDeferrable(result)]).toEqual([late < 3, true]);
    expect(calls).toHaveLength(late);
    expect(await result).toBe(3);
  });

  it("fails the deferred there", async () => {
    const result = andThen(Promise.resolve(1), () => {
      throw new Error("async");
    });
    await expect(result).rejects.toThrow("async");
    await expect(andThen(errorDeferred<number>("e"), inc)).rejects.toBe("e");
  });

  it("agrees with await, whatever is late", async () => {
    const kinds = fc.constantFrom("plain", "promise", "deferred", "pending");
    const wrap = (kind: string, n: number): number | PromiseLike<number> => {
      if (kind === "plain") return n;
      if (kind === "promise") return Promise.resolve(n);
      if (kind === "deferred") return successDeferred(n);
      const d = deferred<number>();
      queueMicrotask(() => success(d, n));
      return d;
    };
    await fc.assert(
      fc.asyncProperty(kinds, kinds, kinds, kinds, async (a, b, c, d) => {
        const result = andThen(
          wrap(a, 1),
          (n) => wrap(b, n + 1),
          (n) => wrap(c, n * 2),
          (n) => wrap(d, n + 3),
        );
        expect(typeof result === "number").toBe([a, b, c, d].every((kind) => kind === "plain" || kind === "deferred"));
        expect(await result).toBe(7);
      }),
    );
  });
});
