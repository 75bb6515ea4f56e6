import { describe, expect, it } from "@jest/globals";
import { wrapHead, wrapParams } from "../../middleware/index.js";
import { pipe } from "../../src/ring/pipe.js";
import { tagged, tagOf } from "../../src/ring/tag.js";

describe("pipe", () => {
  it("puts the first middleware next to the handler, the last outermost", () => {
    const log = (name: string) => (inner: (path: string) => string) => (path: string) => inner(`${path}>${name}`);
    expect(pipe((path: string) => path, log("inner"), log("outer"))("in")).toBe("in>outer>inner");
  });

  it("returns a handler without middleware as it is", () => {
    const handler = (): null => null;
    expect(pipe(handler)).toBe(handler);
  });
});

describe("tagOf", () => {
  it("leads from the outermost middleware to the handler", () => {
    const handler = (): null => null;
    const stack = pipe(handler, wrapParams, wrapHead);
    const outer = tagOf(stack);
    const inner = tagOf(outer?.inner);
    expect([outer?.name, inner?.name]).toEqual(["wrapHead", "wrapParams"]);
    expect(inner?.inner).toBe(handler);
    expect(tagOf(handler)).toBeUndefined();
    expect(tagOf(null)).toBeUndefined();
  });

  it("does not show among the properties of the handler", () => {
    expect(Object.keys(tagged("wrapX", null, () => null))).toEqual([]);
  });
});
