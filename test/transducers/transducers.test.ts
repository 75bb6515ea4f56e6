import { describe, expect, it } from "@jest/globals";
import * as xf from "../../src/transducers/index.js";

/** Runs an array through a transducer, as `clojure.core/into` does. */
function into<A, B>(transducer: xf.Transducer<A, B>, inputs: readonly A[]): B[] {
  const reducer = transducer<B[]>({
    step: (outputs, output) => [...outputs, output],
    complete: (outputs) => outputs,
  });
  let outputs: B[] = [];
  for (const input of inputs) {
    const next = reducer.step(outputs, input);
    if (xf.isReduced(next)) return reducer.complete(next.value as B[]);
    outputs = next;
  }
  return reducer.complete(outputs);
}

const numbers = [1, 2, 3, 4, 5, 6];
const isEven = (n: number): boolean => n % 2 === 0;

describe("transducers", () => {
  it.each<[string, xf.Transducer<number, unknown>, unknown[]]>([
    ["map", xf.map((n) => n * 2), [2, 4, 6, 8, 10, 12]],
    ["filter", xf.filter(isEven), [2, 4, 6]],
    ["remove", xf.remove(isEven), [1, 3, 5]],
    ["keep", xf.keep((n) => (isEven(n) ? n : null)), [2, 4, 6]],
    ["mapcat", xf.mapcat((n) => (n < 3 ? [n, n] : null)), [1, 1, 2, 2]],
    ["take", xf.take(2), [1, 2]],
    ["takeWhile", xf.takeWhile((n) => n < 4), [1, 2, 3]],
    ["takeNth", xf.takeNth(2), [1, 3, 5]],
    ["drop", xf.drop(4), [5, 6]],
    ["dropWhile", xf.dropWhile((n) => n !== 5), [5, 6]],
    [
      "dedupe",
      xf.compose(
        xf.map((n: number) => [n > 3]),
        xf.dedupe(),
      ),
      [[false], [true]],
    ],
    [
      "distinct",
      xf.compose(
        xf.map((n: number) => ({ rest: n % 2 })),
        xf.distinct(),
      ),
      [{ rest: 1 }, { rest: 0 }],
    ],
    ["interpose", xf.interpose(0), [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]],
    [
      "partitionAll",
      xf.partitionAll(4),
      [
        [1, 2, 3, 4],
        [5, 6],
      ],
    ],
    [
      "partitionBy",
      xf.partitionBy((n) => n > 2),
      [
        [1, 2],
        [3, 4, 5, 6],
      ],
    ],
    [
      "a composition",
      xf.compose(
        xf.filter(isEven),
        xf.map((n: number) => n + 1),
        xf.take(2),
      ),
      [3, 5],
    ],
    ["a partition cut short", xf.compose(xf.partitionAll<number>(2), xf.take(1)), [[1, 2]]],
  ])("%s", (_name, transducer, outputs) => {
    expect(into(transducer, numbers)).toEqual(outputs);
  });

  it("keep their state for one run only", () => {
    const firstTwo = xf.take<number>(2);
    expect([into(firstTwo, numbers), into(firstTwo, numbers)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("refuse a partition of nothing", () => {
    expect(() => xf.partitionAll(0)).toThrow("the size must be above 0");
  });
});
