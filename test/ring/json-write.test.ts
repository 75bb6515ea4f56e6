import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { deferred } from "../../src/deferred/index.js";
import { BigDecimal } from "../../src/ring/big-decimal.js";
import { parseJson } from "../../src/ring/json-parse.js";
import { jsonPieces, writeJson } from "../../src/ring/json-write.js";
import { seq } from "../../src/ring/seq.js";

/** Written by the kit's own writer, bit by bit. */
const pieced = (value: unknown, options = {}): string => [...jsonPieces(value, options)].join("");

const notJson = (text: string): unknown =>
  expect.objectContaining({ code: "RING_NOT_JSON", message: expect.stringContaining(text) });

class Point {
  readonly x = 1;
  readonly #secret = 2;
  sum(): number {
    return this.x + this.#secret;
  }
}

describe("writeJson", () => {
  it("writes what JSON.stringify writes of plain data, at once and in pieces", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        expect(writeJson(value)).toBe(text);
        expect(pieced(value)).toBe(text);
      }),
    );
  });

  it("is read as it was written, pretty or in ASCII", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.boolean(), fc.boolean(), (value, pretty, escapeNonAscii) => {
        const text = writeJson(value, { pretty, escapeNonAscii });
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(writeJson(parseJson(text, { maxDepth: 100 }), { pretty, escapeNonAscii })).toBe(text);
        // oxlint-disable-next-line no-control-regex -- ASCII is what it says
        if (escapeNonAscii) expect(text).toMatch(/^[\0-\x7f]*$/);
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ["dates to the second", [new Date("2018-08-15T11:00:00.987Z")], '["2018-08-15T11:00:00Z"]'],
    ["a date that is none", [new Date(Number.NaN)], "[null]"],
    [
      "bigints and decimals with all digits",
      { n: 2n ** 64n, m: new BigDecimal("1.50") },
      '{"n":18446744073709551616,"m":1.50}',
    ],
    [
      "Maps as objects, whatever their keys",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, new Map()],
        [null, 3],
      ]),
      '{"a":1,"2":{},"":3}',
    ],
    [
      "Sets, sequences and generators as arrays",
      {
        s: new Set([1, "a"]),
        q: seq([1]),
        g: (function* () {
          yield 2;
        })(),
      },
      '{"s":[1,"a"],"q":[1],"g":[2]}',
    ],
    ["bytes in base64", { a: new Uint8Array([1, 2, 3]), b: Buffer.from("abc") }, '{"a":"AQID","b":"YWJj"}'],
    ["numbers that JSON lacks as strings", [Number.NaN, Number.NEGATIVE_INFINITY], '["NaN","-Infinity"]'],
    [
      "what toJSON gives, once",
      { a: { toJSON: (key: string) => ({ key, toJSON: 1 }) }, d: [1n] },
      '{"a":{"key":"a","toJSON":1},"d":[1]}',
    ],
    [
      "data without prototype, and own __proto__",
      [Object.assign(Object.create(null), { a: 1 }), JSON.parse('{"__proto__":1}')],
      '[{"a":1},{"__proto__":1}]',
    ],
    ["instances by their own members", [new Point()], '[{"x":1}]'],
    ["objects around primitives", [Object("a"), Object(1), Object(true)], '["a",1,true]'],
    ["no member that is undefined, but every element", { a: undefined, b: [undefined, 1n] }, '{"b":[null,1]}'],
    ["escapes in upper case, where they are escapes", ["\u001f \\u001f \ud800"], '["\\u001F \\\\u001f \\uD800"]'],
  ])("writes %s", (_what, value, text) => {
    expect(writeJson(value)).toBe(text);
  });

  it("is pretty as Jackson is", () => {
    const data = { a: [1, { b: {} }, []], c: { d: null, e: undefined } };
    expect(writeJson(data, { pretty: true })).toBe(
      '{\n  "a" : [ 1, {\n    "b" : { }\n  }, [ ] ],\n  "c" : {\n    "d" : null\n  }\n}',
    );
    expect(writeJson([{ a: 1 }, { a: 2 }], { pretty: true })).toBe('[ {\n  "a" : 1\n}, {\n  "a" : 2\n} ]');
  });

  it("hands every key to keyFn", () => {
    const keyFn = (key: string): string => `${key}"`;
    expect(writeJson({ a: [{ b: 1 }], m: new Map([["c", 2]]) }, { keyFn })).toBe(
      '{"a\\"":[{"b\\"":1}],"m\\"":{"c\\"":2}}',
    );
  });

  const cycle: Record<string, unknown> = { list: [{}] };
  (cycle["list"] as Record<string, unknown>[])[0] = { back: cycle };
  it.each<[string, unknown, string]>([
    ["data that contains itself", cycle, "contains itself at list.[0].back"],
    ["functions", { a: { f: () => 1 } }, "function at a.f"],
    ["symbols", [Symbol("s")], "symbol at [0]"],
    ["promises", { user: Promise.resolve(1) }, "awaited before, at user"],
    ["deferreds", [deferred()], "awaited before, at [0]"],
    ["Maps by objects", new Map([[{}, 1]]), "an object as the key of a Map"],
  ])("refuses %s, and says where", (_what, value, message) => {
    expect(() => writeJson(value)).toThrow(notJson(message));
  });

  it("writes the same data twice if it does not contain itself, at any depth", () => {
    const shared = { a: 1n };
    expect(writeJson([shared, { shared }])).toBe('[{"a":1},{"shared":{"a":1}}]');
    let deep: unknown[] = [];
    for (let level = 1; level < 100_000; level++) deep = [deep];
    expect(writeJson(deep)).toHaveLength(200_000);
  });
});

describe("jsonPieces", () => {
  it("makes pieces of about 16 KiB, each when it is asked for", () => {
    let made = 0;
    const rows = (function* () {
      for (; made < 100_000; made++) yield { n: made };
    })();
    const pieces = jsonPieces(rows);
    const first = pieces.next().value as string;
    expect(first.length).toBeGreaterThan(16_000);
    expect(first.length).toBeLessThan(17_000);
    expect(made).toBeLessThan(2000);
    expect(JSON.parse([first, ...pieces].join(""))).toHaveLength(100_000);
  });

  it("lets go of sequences if it is given up, innermost first", () => {
    const closed: string[] = [];
    function* endless(name: string, element: unknown): Generator {
      try {
        for (;;) yield element;
      } finally {
        closed.push(name);
      }
    }
    const pieces = jsonPieces(endless("outer", endless("inner", "x")));
    pieces.next();
    pieces.return();
    expect(closed).toEqual(["inner", "outer"]);
  });
});
