import { describe, expect, it } from "@jest/globals";
import { median } from "../../bench/statistics.js";

describe("median", () => {
  it.each([
    [[3], 3],
    [[10, 2, 9], 9],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, middle) => {
    expect(median(values)).toBe(middle);
  });

  it("is not a number without values", () => {
    expect(median([])).toBeNaN();
  });
});
