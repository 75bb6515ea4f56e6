import { describe, expect, it } from "@jest/globals";
import { randomText } from "../../src/ring/secure-random.js";

describe("randomText", () => {
  it("gives so many bytes, in the alphabet asked for", () => {
    expect(randomText(60, "base64")).toMatch(/^[A-Za-z0-9+/]{80}$/);
    expect(randomText(18, "base64url")).toMatch(/^[\w-]{24}$/);
  });

  it("gives none twice, across many lots", () => {
    const texts = Array.from({ length: 5000 }, () => randomText(15, "base64url"));
    expect(new Set(texts).size).toBe(5000);
    // Every bit is used: each character of the alphabet shows up in each place.
    for (let place = 0; place < 20; place++) expect(new Set(texts.map((text) => text[place])).size).toBe(64);
  });
});
