import { describe, expect, it } from "@jest/globals";
import { defaultMimeTypes, extMimeType } from "../../src/ring/mime-type.js";

describe("extMimeType", () => {
  it.each(["a.constructor", "a.__proto__", "a.toString"])("knows no type for %s", (name) => {
    expect(extMimeType(name)).toBeUndefined();
    expect(extMimeType(name, {})).toBeUndefined();
  });

  it("lets null hide a default", () => {
    expect(extMimeType("a.txt", { txt: null })).toBeUndefined();
  });

  it("finds every default", () => {
    const extensions = Object.keys(defaultMimeTypes);
    expect(extensions).toHaveLength(96);
    for (const extension of extensions)
      expect(extMimeType(`A.${extension.toUpperCase()}`)).toBe(defaultMimeTypes[extension]);
  });
});
