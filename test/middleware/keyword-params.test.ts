import { describe, expect, it } from "@jest/globals";
import { isKeywordName, keywordParamsRequest, wrapKeywordParams } from "../../middleware/keyword-params.js";
import { tagOf } from "../../src/ring/tag.js";
import { request } from "./helpers.js";

describe("keywordParamsRequest", () => {
  it("gives back the request it was given", () => {
    const given = { ...request(), params: { a: "1" } };
    expect(keywordParamsRequest(given)).toBe(given);
  });
});

describe("wrapKeywordParams", () => {
  it("hands the handler the very request, and leaves no mark on it", () => {
    const handler = (request: unknown): never => request as never;
    const given = request();
    const wrapped = wrapKeywordParams(handler);
    expect(wrapped(given)).toBe(given);
    expect(tagOf(wrapped)).toEqual({ name: "wrapKeywordParams", inner: handler });
    expect(tagOf(handler)).toBeUndefined();
  });
});

describe("isKeywordName", () => {
  it("takes letters of every alphabet, also beyond the first plane", () => {
    for (const name of ["ключ", "日本", "𐐷", "_csrf", "a-1", "?"]) expect(isKeywordName(name)).toBe(true);
    for (const name of ["", "1a", "a.b", "a b", "a/b", "٣", "😀"]) expect(isKeywordName(name)).toBe(false);
  });

  it("takes linear time for 1 MB of anything", () => {
    for (const character of ["a", "a.", "-", "["]) {
      const name = character.repeat(1_000_000 / character.length);
      expect(isKeywordName(`${name} `, { parseNamespaces: true })).toBe(false);
    }
  });
});
