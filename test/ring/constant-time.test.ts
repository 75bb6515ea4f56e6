import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isSameBytes, isSameText } from "../../src/ring/constant-time.js";

describe("isSameText", () => {
  it("says what === says of strings, whatever is in them", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(isSameText(a, b)).toBe(a === b);
        expect(isSameText(a, a.slice())).toBe(true);
      }),
    );
  });

  it.each([
    ["different lengths, which timingSafeEqual would throw at", "abc", "abcd"],
    ["the same length in other characters", "é", "e"],
    ["halves of characters, which are one in UTF-8", "\ud800", "\udc00"],
    ["an array that reads like the text", "abc", ["abc"]],
    ["nothing", undefined, undefined],
    ["null", null, null],
    ["numbers", 1, 1],
  ])("is false for %s", (_what, a, b) => {
    expect(isSameText(a, b)).toBe(false);
    expect(isSameText(b, a)).toBe(false);
  });
});

describe("isSameBytes", () => {
  it("compares bytes, of the same length or not", () => {
    expect(isSameBytes(Buffer.from("ab"), Buffer.from("ab"))).toBe(true);
    expect(isSameBytes(Buffer.from("ab"), Buffer.from("ac"))).toBe(false);
    expect(isSameBytes(Buffer.from("ab"), Buffer.from("abc"))).toBe(false);
  });
});
