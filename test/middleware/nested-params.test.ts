import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { nestedParamsRequest, parseNestedKeys, wrapNestedParams } from "../../middleware/nested-params.js";
import { wrapParams } from "../../middleware/params.js";
import { request } from "./helpers.js";

type Nested = Readonly<Record<string, unknown>>;
const nested = (params: Nested, options = {}): Nested => nestedParamsRequest({ params }, options).params;

/** Of maps without prototype all the way down, as plain ones. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe("parseNestedKeys", () => {
  it("gives back the keys that a name was made of", () => {
    const key = fc.string().filter((text) => !/[[\]]/.test(text));
    fc.assert(
      fc.property(key, fc.array(key), (first, keys) => {
        const name = first + keys.map((inner) => `[${inner}]`).join("");
        expect(parseNestedKeys(name)).toEqual([first, ...keys]);
      }),
    );
  });

  it("never fails, and gives the whole name or keys without brackets", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("[", "]", "a") }), (name) => {
        const keys = parseNestedKeys(name);
        expect(keys.length === 1 || !/[[\]]/.test(keys.join(""))).toBe(true);
      }),
    );
  });

  it.each(["[", "]", "[]", "][", "[[]", "[]]", "[a]", "a[", "a]"])(
    "takes linear time for 1 MB of %s",
    (unit) => {
      const count = Math.floor(1_000_000 / unit.length);
      for (const name of [unit.repeat(count), `a${unit.repeat(count)}]`]) {
        expect(parseNestedKeys(name).length).toBeGreaterThan(0);
      }
    },
    2000,
  );
});

describe("nestedParamsRequest", () => {
  it("gives back the same request if there is nothing to nest", () => {
    const flat = { params: Object.assign(Object.create(null) as object, { a: "1", b: ["1", "2"], c: { d: "3" } }) };
    expect(nestedParamsRequest(flat)).toBe(flat);
  });

  it("changes neither the request nor the maps and arrays in it", () => {
    const params = Object.freeze({ a: Object.freeze({ b: "1" }), "a[c]": "2", d: Object.freeze([["x"]]), "d[]": "3" });
    const given = Object.freeze({ params });
    expect(plain(nestedParamsRequest(given).params)).toEqual({ a: { b: "1", c: "2" }, d: [["x"], "3"] });
    expect(params).toEqual({ a: { b: "1" }, "a[c]": "2", d: [["x"]], "d[]": "3" });
  });

  it("takes uploads as values", () => {
    const file = { filename: "a", bytes: Buffer.from("b") };
    expect(nested({ "user[picture]": file })).toEqual({ user: { picture: file } });
    expect((nested({ "user[picture]": file })["user"] as Nested)["picture"]).toBe(file);
  });

  it("gathers 100,000 values under one name in linear time", () => {
    const { a } = nested({ "a[]": Array.from({ length: 100_000 }, String) });
    expect(a).toHaveLength(100_000);
  }, 2000);

  it("rebuilds what was flattened", () => {
    const key = fc.string({ minLength: 1 }).filter((text) => !/[[\]]/.test(text));
    const tree = fc.letrec((tie) => ({
      node: fc.dictionary(key, fc.oneof({ maxDepth: 4 }, fc.string(), tie("node")), {
        minKeys: 1,
        noNullPrototype: false,
      }),
    })).node;
    const flatten = (map: Nested, prefix?: string): [string, unknown][] =>
      Object.entries(map).flatMap(([name, value]) => {
        const path = prefix === undefined ? name : `${prefix}[${name}]`;
        return typeof value === "object" ? flatten(value as Nested, path) : [[path, value] as [string, unknown]];
      });
    fc.assert(
      fc.property(tree, (map) => {
        const pairs = flatten(map as Nested);
        const params = Object.create(null) as Record<string, unknown>;
        for (const [name, value] of pairs) params[name] = value;
        expect(plain(nested(params))).toEqual(plain(map));
      }),
    );
  });
});

describe("prototype pollution through nested names", () => {
  it.each([
    "__proto__[polluted]",
    "a[__proto__][polluted]",
    "constructor[prototype][polluted]",
    "a[constructor][prototype][polluted]",
    "__proto__[]",
    "a[][__proto__][polluted]",
  ])("is not possible with %s", (name) => {
    const app = wrapParams(wrapNestedParams(({ params }) => ({ body: JSON.stringify(params) })));
    const first = parseNestedKeys(name)[0] as string;
    const answer = app(request({ queryString: `${name}=yes&${name}=yes` })) as { body: string };
    expect(answer.body).toContain(`{"${first}":`);
    expect({}).not.toHaveProperty("polluted");
    expect([]).not.toHaveProperty("polluted");
  });

  it("is not possible either through maps that were there before", () => {
    const params = nested({ a: {}, "a[__proto__][x]": "1" });
    expect(Object.getPrototypeOf(params["a"])).toBeNull();
    expect(Object.keys(params["a"] as object)).toEqual(["__proto__"]);
  });
});

describe("wrapNestedParams", () => {
  const error = (code: string): unknown => expect.objectContaining({ code, status: 400 });

  it("refuses a name that is too deep", () => {
    const app = wrapNestedParams(() => null);
    const deep = (depth: number) => ({ ...request(), params: { [`a${"[b]".repeat(depth - 1)}`]: "1" } });
    expect(app(deep(100))).toBeNull();
    expect(() => app(deep(101))).toThrow(error("RING_PARAM_DEPTH") as never);
    expect(() => app(deep(300_000))).toThrow(error("RING_PARAM_DEPTH") as never);
    expect(() => wrapNestedParams(() => null, { maxDepth: 2 })(deep(3))).toThrow("maxDepth (2)");
    expect(wrapNestedParams(() => null, { maxDepth: Infinity })(deep(3000))).toBeNull();
  });

  it("refuses names that cannot both be, with a status for the client", () => {
    const app = wrapNestedParams(() => null);
    for (const params of [
      { a: "1", "a[b][c]": "2" },
      { "a[]": "1", "a[b][c]": "2" },
    ]) {
      expect(() => app({ ...request(), params })).toThrow(error("RING_PARAM_CONFLICT") as never);
    }
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %p as a depth when it wraps", (maxDepth) => {
    expect(() => wrapNestedParams(() => null, { maxDepth })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});
