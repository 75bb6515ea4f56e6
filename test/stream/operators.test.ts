import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { errorDeferred, successDeferred } from "../../src/deferred/index.js";
import { type Logger, setLogger } from "../../src/errors/index.js";
import {
  close,
  concat,
  filter,
  isClosed,
  isDrained,
  lazilyPartitionBy,
  map,
  mapcat,
  put,
  putAll,
  realizeEach,
  reduce,
  reductions,
  type Source,
  stream,
  take,
  transform,
  zip,
} from "../../src/stream/index.js";
import * as xf from "../../src/transducers/index.js";
import { valueOf } from "../helpers.js";

const log = jest.fn<Logger>();
beforeEach(() => void setLogger(log));
afterEach(() => {
  setLogger(null);
  log.mockReset();
});

async function all<T>(source: Source<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of source) messages.push(message);
  return messages;
}

const isEven = (n: number): boolean => n % 2 === 0;

describe("operators", () => {
  it("agree with arrays, alone and one after the other", async () => {
    const steps = {
      map: [(s: Source<number>) => map((n: number) => n + 1, s), (a: number[]) => a.map((n) => n + 1)],
      filter: [(s: Source<number>) => filter(isEven, s), (a: number[]) => a.filter(isEven)],
      mapcat: [(s: Source<number>) => mapcat((n: number) => [n, -n], s), (a: number[]) => a.flatMap((n) => [n, -n])],
      reductions: [
        (s: Source<number>) => reductions((sum: number, n: number) => sum + n, 0, s),
        (a: number[]) => a.reduce((sums, n) => [...sums, (sums.at(-1) as number) + n], [0]),
      ],
      transform: [(s: Source<number>) => transform(xf.take<number>(5), s), (a: number[]) => a.slice(0, 5)],
      batched: [(s: Source<number>) => concat(lazilyPartitionBy(isEven, s)) as Source<number>, (a: number[]) => a],
    } as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), { maxLength: 4 }),
        fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 12 }),
        async (names, messages) => {
          const source = stream<number>(messages.length);
          putAll(source, messages);
          close(source);
          const result = names.reduce<Source<number>>((s, name) => steps[name][0](s), source);
          expect(await all(result)).toEqual(names.reduce((a, name) => steps[name][1](a), messages));
        },
      ),
    );
  });
});

describe("map", () => {
  it("works on one message ahead", () => {
    const source = stream<number>(5);
    const f = jest.fn((n: number) => n);
    const result = map(f, source);
    putAll(source, [1, 2, 3]);
    expect(f).toHaveBeenCalledTimes(1);
    take(result);
    expect(f).toHaveBeenCalledTimes(2);
  });

  it("ends with a throw: result and source are closed, the log is told", () => {
    const source = stream<number>();
    const result = map((): number => {
      throw new Error("cannot");
    }, source);
    const waiting = take(result, "end");
    expect(valueOf(put(source, 1))).toBe(true);
    expect([valueOf(waiting), isClosed(source), isDrained(result)]).toEqual(["end", true, true]);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it("closes the source when its result is closed", () => {
    const source = stream<number>();
    close(map((n: number) => n, source));
    put(source, 1);
    expect(isClosed(source)).toBe(true);
  });

  it("takes one message of each of several sources", async () => {
    const sums = map((a: number, b: number) => a + b, [1, 2, 3], [10, 20, 30]);
    expect(await all(sums)).toEqual([11, 22, 33]);
  });
});

describe("filter", () => {
  it("takes 0 and the empty string for true", async () => {
    expect(await all(filter((x: unknown) => x, [0, "", null, false, undefined, 1]))).toEqual([0, "", 1]);
  });
});

describe("mapcat", () => {
  it("notices that its result is closed", () => {
    const source = stream<number>();
    close(mapcat((n: number) => [n], source));
    put(source, 1);
    put(source, 2);
    expect(isClosed(source)).toBe(true);
  });
});

describe("realizeEach", () => {
  it("awaits messages that are deferreds, in order", async () => {
    expect(await all(realizeEach([successDeferred(1), 2, successDeferred(3)] as number[]))).toEqual([1, 2, 3]);
  });

  it("ends with one that fails", async () => {
    expect(await all(realizeEach([1, errorDeferred(new Error("cannot")), 3] as number[]))).toEqual([1]);
    expect(log).toHaveBeenCalledTimes(1);
  });
});

describe("reductions", () => {
  it("closes source and result when a step fails", () => {
    const source = stream<number>();
    const result = reductions((): number => {
      throw new Error("cannot");
    }, source);
    take(result);
    put(source, 1);
    put(source, 2);
    expect([isClosed(source), isDrained(result)]).toEqual([true, true]);
  });
});

describe("reduce", () => {
  it("yields the accumulator at the end", () => {
    expect(valueOf(reduce((sum: number, n: number) => sum + n, [1, 2, 3]))).toBe(6);
    expect(valueOf(reduce((sum: number, n: number) => sum + n, 10, []))).toBe(10);
  });

  it("stops at a reduced value, and reads no further", () => {
    const source = stream<number>(5);
    putAll(source, [1, 2, 3]);
    expect(valueOf(reduce((sum: number, n: number) => (n === 2 ? xf.reduced(sum) : sum + n), 0, source))).toBe(1);
    expect(valueOf(take(source))).toBe(3);
  });

  it("fails with a throw", () => {
    const failing = reduce((): number => {
      throw new Error("cannot");
    }, [1, 2]);
    expect(() => valueOf(failing)).toThrow("cannot");
  });
});

describe("zip", () => {
  it("ends with the shortest source", async () => {
    expect(await all(zip([1, 2, 3], ["a", "b"]))).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
  });
});

describe("lazilyPartitionBy", () => {
  it("gives out a run when the one before is read", async () => {
    const runs: number[][] = [];
    for await (const run of lazilyPartitionBy(isEven, [2, 4, 1, 6])) runs.push(await all(run));
    expect(runs).toEqual([[2, 4], [1], [6]]);
  });
});
