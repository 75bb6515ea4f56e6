import { describe, expect, it } from "@jest/globals";
import type { Result, RowResult } from "../../bench/measure.js";
import { plot } from "../../bench/plot.js";

function result(name: string, rates: readonly number[], rest: Partial<Result> = {}): Result {
  return { name, rate: rates[0] ?? 0, rates, ratio: 1, processor: 1, kit: false, targets: [], ...rest };
}

const row: RowResult = {
  name: "hello",
  title: "Text & more",
  unit: "requests/s",
  baseline: "plain",
  contenders: [
    result("plain", [10_000]),
    result("<ours>", [5000, 4000], { kit: true, ratio: 0.5, targets: [{ of: "plain", wanted: 0.8, reached: 0.5 }] }),
  ],
};

const numbers = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map(([, digits]) => Number(digits));
const panel = (svg: string) => svg.slice(svg.indexOf("Text &amp; more"));

describe("plot", () => {
  it("draws bars as long as the medians", () => {
    const [plain = 0, ours = 0] = numbers(panel(plot([row])), /<rect [^>]*width="(\d+)"/g);
    expect(ours / plain).toBeCloseTo(0.5, 2);
  });

  it("draws a dot for each round", () => {
    expect(numbers(panel(plot([row])), /<circle cx="(\d+)"/g)).toHaveLength(3);
  });

  it("draws a target where that part of the other's rate is", () => {
    const svg = panel(plot([row]));
    const [left = 0, target = 0] = numbers(svg, /<line x1="(\d+)"/g);
    const [full = 0] = numbers(svg, /<rect [^>]*width="(\d+)"/g);
    expect((target - left) / full).toBeCloseTo(0.8, 2);
  });

  it("says rates and ratios, with names escaped", () => {
    const svg = plot([row]);
    expect(svg).toContain("5,000  ·  0.50×");
    expect(svg).toContain("&lt;ours&gt;");
    expect(svg).not.toContain("<ours>");
  });
});
