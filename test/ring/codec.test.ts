import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  assocConj,
  base64Decode,
  base64Encode,
  formDecode,
  formDecodeMap,
  formDecodeStr,
  formEncode,
  percentDecode,
  percentEncode,
  urlDecode,
  urlEncode,
} from "../../src/ring/codec.js";

/** Text without lone surrogates, which no charset can write. */
const text = fc.string({ unit: "binary" }).filter((it) => !/\p{Surrogate}/u.test(it));
const encoding = fc.constantFrom("utf-8", "utf-16le", "gb18030");

describe("percentEncode and urlEncode", () => {
  it("are undone by percentDecode and urlDecode, in any charset", () => {
    fc.assert(
      fc.property(text, encoding, (original, name) => {
        expect(percentDecode(percentEncode(original, name), name)).toBe(original);
        expect(urlDecode(urlEncode(original, name), name)).toBe(original);
      }),
    );
  });

  it("leave nothing that a URL cannot hold", () => {
    fc.assert(fc.property(text, (original) => expect(urlEncode(original)).toMatch(/^[\w~.+\-%]*$/)));
  });

  it.each([percentEncode, urlEncode, formEncode])("refuse an unknown charset", (encode) => {
    expect(() => encode("é", "bogus")).toThrow(expect.objectContaining({ code: "RING_UNKNOWN_CHARSET" }));
  });
});

describe("formEncode", () => {
  it("is undone by formDecodeStr", () => {
    fc.assert(
      fc.property(text, encoding, (original, name) => {
        expect(formDecodeStr(formEncode(original, name), name)).toBe(original);
      }),
    );
  });

  it("writes maps that formDecodeMap reads back", () => {
    const value = fc.oneof(text, fc.array(text, { minLength: 2 }));
    fc.assert(
      fc.property(fc.dictionary(text, value), (map) => {
        expect({ ...formDecodeMap(formEncode(map)) }).toEqual({ ...map });
      }),
    );
  });

  it("writes what is neither text nor a map as its text", () => {
    expect(formEncode({ n: 1n, d: new Date(0) as never })).toBe(`n=1&d=${formEncode(String(new Date(0)))}`);
  });
});

describe("formDecodeStr", () => {
  it("decodes a run of escapes longer than any buffer kept for them", () => {
    expect(formDecodeStr("%C3%A9".repeat(1000))).toBe("é".repeat(1000));
  });

  it("never throws, whatever it is given", () => {
    const broken = fc.string({ unit: fc.constantFrom("%", "+", "4", "f", "-", "g", "é", "\ud800") });
    fc.assert(fc.property(broken, (it) => expect(["string", "undefined"]).toContain(typeof formDecodeStr(it))));
  });
});

describe("formDecodeMap", () => {
  it("takes the names of Object's own properties for data", () => {
    const map = formDecodeMap("__proto__=1&constructor=2&toString=3&__proto__=4&hasOwnProperty");
    expect(Object.getPrototypeOf(map)).toBeNull();
    expect(Object.entries(map)).toEqual([
      ["__proto__", ["1", "4"]],
      ["constructor", "2"],
      ["toString", "3"],
      ["hasOwnProperty", ""],
    ]);
    expect(Object.getPrototypeOf(formDecodeMap(""))).toBeNull();
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });

  it("keeps a name that is decoded, and one that is not, apart by their text only", () => {
    expect({ ...formDecodeMap("a+b=1&a%20b=2&a%2Bb=3") }).toEqual({ "a b": ["1", "2"], "a+b": "3" });
  });

  it("decodes a name without a value", () => {
    expect({ ...formDecodeMap("a+b&%41&c") }).toEqual({ "a b": "", A: "", c: "" });
  });

  it.each(["=", "%", ";", "&", "+", "a&", "a=%41&", "a=%&", "%FF&", "&=", "=%C3", "é=+&"])(
    "reads a megabyte of %j in linear time",
    (piece) => {
      const encoded = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const start = performance.now();
      formDecodeMap(encoded);
      // A fraction of a second; a minute if the time grew with the square.
      expect(performance.now() - start).toBeLessThan(3000);
    },
  );
});

describe("formDecode", () => {
  it("gives a map where there is an equals sign, else text", () => {
    expect(formDecode("a+b")).toBe("a b");
    expect({ ...(formDecode("a=b") as object) }).toEqual({ a: "b" });
  });
});

describe("assocConj", () => {
  it("leaves the map it was given unchanged", () => {
    const map = Object.freeze({ a: Object.freeze(["1"]) as readonly string[] | string });
    expect({ ...assocConj(map, "a", "2") }).toEqual({ a: ["1", "2"] });
    expect(map).toEqual({ a: ["1"] });
  });

  it("takes __proto__ for a key", () => {
    expect(Object.entries(assocConj({}, "__proto__", "x"))).toEqual([["__proto__", "x"]]);
  });
});

describe("base64Encode", () => {
  it("is undone by base64Decode, with the padding and without", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const encoded = base64Encode(bytes);
        expect([...base64Decode(encoded)]).toEqual([...bytes]);
        expect([...base64Decode(encoded.replace(/=+$/, ""))]).toEqual([...bytes]);
      }),
    );
  });
});

describe("base64Decode", () => {
  it.each(["a", "YQ=", "YWJj\n", "YW-_", "YQ==YQ==", "=", "YWI=="])("refuses %j", (encoded) => {
    expect(() => base64Decode(encoded)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
