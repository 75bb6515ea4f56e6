import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseByteRanges } from "../../src/ring/byte-ranges.js";

const parse = (header: string, size = 100, maxRanges = 16) =>
  parseByteRanges(header, size, maxRanges)?.map(({ start, end }) => `${start}-${end}`);

describe("parseByteRanges", () => {
  it.each([
    ["bytes=0-0", ["0-0"]],
    ["bytes=0-99", ["0-99"]],
    ["bytes=10-", ["10-99"]],
    ["bytes=-10", ["90-99"]],
    ["bytes=-1000", ["0-99"]],
    ["bytes=90-1000", ["90-99"]],
    ["BYTES = 1-2 , 5-6", ["1-2", "5-6"]],
    ["bytes=5-6,1-2", ["5-6", "1-2"]],
    ["bytes=1-5,3-9", ["1-9"]],
    ["bytes=1-2,3-4", ["1-4"]],
    ["bytes=50-,0-1,60-70", ["50-99", "0-1"]],
    ["bytes=1-2,500-", ["1-2"]],
    [`bytes=0-${"9".repeat(400)}`, ["0-99"]],
  ])("reads %.40s", (header, ranges) => {
    expect(parse(header)).toEqual(ranges);
  });

  it.each(["bytes=100-", "bytes=-0", "bytes=500-600", `bytes=${"9".repeat(400)}-`])(
    "finds nothing in %.40s",
    (header) => {
      expect(parse(header)).toEqual([]);
    },
  );

  it.each([
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=1-2,",
    "bytes=2-1",
    "bytes=1-2,x",
    "bytes=1--2",
    "bytes=+1-2",
    "bytes=1.5-2",
    "bytes=0x1-2",
    "items=1-2",
    "bytes 1-2",
  ])("ignores %j", (header) => {
    expect(parse(header)).toBeUndefined();
  });

  it("ignores more ranges than allowed, however small they are", () => {
    expect(parse("bytes=1-1,3-3", 100, 2)).toEqual(["1-1", "3-3"]);
    expect(parse("bytes=1-1,3-3,5-5", 100, 2)).toBeUndefined();
  });

  it("gives ranges inside of the body that do not overlap, and all that was asked for", () => {
    const bound = fc.option(fc.nat(60), { nil: undefined });
    const specs = fc.array(fc.tuple(bound, bound), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(specs, fc.integer({ min: 1, max: 50 }), (specs, size) => {
        const header = `bytes=${specs.map(([from, to]) => `${from ?? ""}-${to ?? ""}`).join(",")}`;
        const ranges = parseByteRanges(header, size, 16);
        const isWrong = ([from, to]: (typeof specs)[number]) =>
          (from === undefined && to === undefined) || (from !== undefined && to !== undefined && to < from);
        expect(ranges === undefined).toBe(specs.some(isWrong));
        if (ranges === undefined) return;
        const asked = new Set<number>();
        for (const [from, to] of specs) {
          const start = from ?? size - (to ?? 0);
          const end = from === undefined ? size - 1 : (to ?? size - 1);
          for (let at = Math.max(0, start); at <= Math.min(end, size - 1); at++) asked.add(at);
        }
        const given = ranges.flatMap(({ start, end }) =>
          Array.from({ length: end - start + 1 }, (_, at) => start + at),
        );
        expect(given.toSorted((a, b) => a - b)).toEqual([...asked].sort((a, b) => a - b));
      }),
    );
  });
});
