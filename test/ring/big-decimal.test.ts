import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { BigDecimal } from "../../src/ring/big-decimal.js";

describe("BigDecimal", () => {
  // What java.math.BigDecimal says to its text.
  it.each([
    ["1.50", "1.50"],
    ["0.10", "0.10"],
    ["-0.0", "0.0"],
    ["00012.3", "12.3"],
    ["1e2", "1E+2"],
    ["1.5E+3", "1.5E+3"],
    ["12345e-2", "123.45"],
    ["0.000001", "0.000001"],
    ["0.0000001", "1E-7"],
    ["-12e-9", "-1.2E-8"],
    ["100", "100"],
    ["0e5", "0E+5"],
    ["1e999999999", "1E+999999999"],
    ["12345678901234567890.123456789", "12345678901234567890.123456789"],
  ])("spells %s as Java does: %s", (literal, text) => {
    expect(String(new BigDecimal(literal))).toBe(text);
  });

  it("is the nearest double as a number, and its text in JSON.stringify", () => {
    expect(Number(new BigDecimal("1.50"))).toBe(1.5);
    expect(JSON.stringify([new BigDecimal("1.50")])).toBe('["1.50"]');
  });

  it("means the number that was written", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const literal = JSON.stringify(number);
        expect(Number(new BigDecimal(literal)) + 0).toBe(Number(literal) + 0);
      }),
    );
  });

  it.each(["", "x", "1.", ".5", "+1", "NaN", "1e", "1e1234567890", " 1"])("refuses %j", (literal) => {
    expect(() => new BigDecimal(literal)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
