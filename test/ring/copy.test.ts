/** Copies of maps that keys are added to. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { copyOf } from "../../src/ring/copy.js";

describe("copyOf", () => {
  it("has the own keys and symbols of a map in their order, and is another one", () => {
    const mark = Symbol("mark");
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.anything(), (map, marked) => {
        const whole: Record<string | symbol, unknown> = Object.defineProperty(
          { ...map, [mark]: marked } as object,
          "hidden",
          { value: 1 },
        ) as never;
        const copy: Record<string, unknown> = copyOf(whole);
        expect(Reflect.ownKeys(copy)).toEqual([...Object.keys(map), mark]);
        for (const key of Object.keys(map)) expect(Object.is(copy[key], whole[key])).toBe(true);
        Object.assign(copy, { added: 1 });
        expect("added" in whole).toBe(Object.hasOwn(map, "added"));
      }),
    );
  });

  it("has a key named __proto__ as any other", () => {
    const copy = copyOf(JSON.parse('{ "__proto__": { "a": 1 }, "b": 2 }') as object);
    expect(Object.keys(copy)).toEqual(["__proto__", "b"]);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });
});
