import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { BigDecimal } from "../../src/ring/big-decimal.js";
import { isDeeper, mapKeys, parseJson } from "../../src/ring/json-parse.js";

const options = { maxDepth: 1000 };
const exact = { maxDepth: 1000, decimal: (literal: string) => new BigDecimal(literal) };
const parse = (text: string): unknown => parseJson(text, options);

/** Makes the kit's own parser read it: something follows the value. */
const parseOwn = (text: string): unknown => parse(`${text} ;`);

/** JSON.parse with integers beyond 2^53 as bigints; undefined for what it refuses. */
function nativeParse(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown) =>
      typeof value !== "number" || Number.isSafeInteger(value) || !/^-?\d+$/.test(String(value))
        ? value
        : BigInt(String(value)),
    );
  } catch {
    return undefined;
  }
}

/** Minus zero is a zero here, as in Java. */
const withoutMinusZero = (text: string): string => text.replace(/-0(?![.\d])/g, "0");

const json = fc.json({ maxDepth: 6 }).map(withoutMinusZero);

describe("parseJson", () => {
  it("reads what JSON.parse reads, with either parser", () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(parse(text)).toEqual(nativeParse(text));
        expect(parseOwn(text)).toEqual(nativeParse(text));
      }),
    );
  });

  it("reads what JSON.parse reads with blanks between tokens, with either parser", () => {
    fc.assert(
      fc.property(json, fc.constantFrom(" ", "\t", "\r\n", "\n  "), (text, blank) => {
        const spread = blank + JSON.stringify(JSON.parse(text), null, 1).replaceAll("\n", blank) + blank;
        expect(parse(spread)).toEqual(nativeParse(text));
        expect(parseOwn(spread)).toEqual(nativeParse(text));
      }),
    );
  });

  it("finds in JSON that is cut off, or has a character changed, nothing that JSON.parse does not find at its beginning", () => {
    const noise = fc.constantFrom(...Array.from("{}[],:\"'\\/0123456789.-+eEtruefalsnx \u00a0\ufeff"));
    fc.assert(
      fc.property(json, fc.nat(), noise, fc.boolean(), (text, where, character, isCut) => {
        const at = where % (text.length + 1);
        const rest = isCut ? "" : character + text.slice(at + 1);
        const changed = withoutMinusZero(text.slice(0, at) + rest);
        const beginnings = Array.from(changed, (_, length) => nativeParse(changed.slice(0, changed.length - length)));
        const [whole] = beginnings;
        const found = parse(changed);
        if (whole !== undefined) expect(found).toEqual(whole);
        else if (found !== undefined && changed.trim() !== "") {
          expect(beginnings.some((beginning) => isDeepStrictEqual(beginning, found))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never fails but by saying that it is malformed, whatever the text", () => {
    const signs = fc.constantFrom(...Array.from('{}[],:"\\u0 1.-etrun'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: signs })), (text) => {
        expect(() => parse(text)).not.toThrow();
      }),
    );
  });

  it.each([
    ["", null],
    [" \r\n\t", null],
    ['{"a":1} {"b":2}', { a: 1 }],
    ['{"a":1}}', { a: 1 }],
    ['"a"x', "a"],
    ["1 2", 1],
    ["true]", true],
    ['"a\nb\u0000"', "a\nb\u0000"],
    ['{"a":1,"a":2}', { a: 2 }],
    ["-0", 0],
    ["[-0]", [0]],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", 9_007_199_254_740_992n],
    ["-9007199254740993", -9_007_199_254_740_993n],
    ['{"id":12345678901234567890}', { id: 12_345_678_901_234_567_890n }],
    ['["1234567890123456","[1234567890123456"]', ["1234567890123456", "[1234567890123456"]],
    ["1e400", Number.POSITIVE_INFINITY],
    ["0.12345678901234567890", 0.12345678901234568],
    ['"\\ud83d\\ude00 \\u00E9\\/"', "😀 é/"],
  ])("reads %j as Jackson does", (text, value) => {
    expect(parse(text)).toEqual(value);
    expect(Object.is(parse("-0"), 0)).toBe(true);
  });

  it.each([
    ...'x,\',{,[,01,1.,.5,-,+1,1e,NaN,Infinity,undefined,nulls,1x,1],"a,"\\x","\\u12",\ufeff{},// c\n1'.split(","),
    '{"a":1,}',
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1;]",
    "{a:1}",
    '{"a" 1}',
    '{"a":}',
    "{1:2} ",
    "[1}",
    '{"a":1]',
  ])("finds %j malformed", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it("keeps the digits of decimals for whom wants them", () => {
    const text = '{"a":[1.50,1e2,7,"1.5"],"b":-0.0}';
    const { a, b } = parseJson(text, exact) as { a: unknown[]; b: unknown };
    expect([...a, b].map(String)).toEqual(["1.50", "1E+2", "7", "1.5", "0.0"]);
    expect(a[2]).toBe(7);
    expect(parseJson("1e99999999999", exact)).toBeUndefined();
  });

  it("makes ordinary objects, in which __proto__ is a member like any other, with either parser", () => {
    const text = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    for (const value of [parse(text), parseOwn(text)] as { polluted?: unknown }[]) {
      expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value.polluted).toBeUndefined();
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("parseJson under attack", () => {
  const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  const tooDeep = expect.objectContaining({ code: "RING_JSON_TOO_DEEP", status: 400 });

  it("stops at depth, exactly, with either parser, and does not overflow the stack", () => {
    expect(isDeeper(parse(deep(1000)), 999)).toBe(true);
    expect(isDeeper(parse(deep(1000)), 1000)).toBe(false);
    for (const tail of ["", " ;"]) {
      expect(() => parse(deep(1001) + tail)).toThrow(tooDeep);
      expect(() => parse(deep(200_000) + tail)).toThrow(tooDeep);
      expect(() => parse('{"a":'.repeat(1001) + tail)).toThrow(tooDeep);
    }
    expect(() => parse("[".repeat(200_000))).toThrow(tooDeep);
    expect(parseJson(`${deep(200_000)} ;`, { maxDepth: Number.POSITIVE_INFINITY })).toHaveLength(1);
    expect(() => parseJson("[[1]]", { maxDepth: 1 })).toThrow(tooDeep);
    expect(parseJson("[1,[]]", { maxDepth: 2 })).toEqual([1, []]);
  });

  // Each takes milliseconds in linear time, minutes if every character is looked at again for every other.
  it.each([
    ["quotes and escapes", `"${'\\"'.repeat(500_000)}"x`],
    ["an unfinished string", `"${"a\n".repeat(500_000)}`],
    ["blanks", " ".repeat(1_000_000)],
    ["commas", `[${",".repeat(1_000_000)}`],
    ["digits of a fraction", `0.${"1".repeat(1_000_000)} x`],
    ["numbers that may be long", `["${"1234567890123456,".repeat(60_000)}"]`],
    ["backslashes", `"${"\\\\".repeat(500_000)}`],
    ["minus zeros", `[${"-0,".repeat(300_000)}1]`],
  ])("reads a million characters of %s in linear time", (_what, text) => {
    const start = performance.now();
    parse(text);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe("mapKeys", () => {
  const upper = (key: string): string => key.toUpperCase();

  it("changes the keys of all objects, also in arrays, and nothing else", () => {
    const big = new BigDecimal("1.5");
    expect(mapKeys({ a: [{ b: "b", c: null }], d: big, e: 2n }, upper)).toEqual({
      A: [{ B: "b", C: null }],
      D: big,
      E: 2n,
    });
    expect(mapKeys("a", upper)).toBe("a");
    expect(mapKeys(undefined, upper)).toBeUndefined();
  });

  it("takes any depth, and any name", () => {
    const deep = parseJson("[".repeat(100_000) + "]".repeat(100_000), { maxDepth: Number.POSITIVE_INFINITY });
    expect(mapKeys(deep, upper)).toHaveLength(1);
    const named = mapKeys({ a: { polluted: 1 } }, () => "__proto__") as object;
    expect(Object.keys(named)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(named)).toBe(Object.prototype);
  });
});
