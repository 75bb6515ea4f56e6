import { describe, expect, it } from "@jest/globals";
import { charset, utf8 } from "../../src/byte-streams/core.js";
import { boundaryOf, parseParameters, parsePartHeaders } from "../../src/multipart/headers.js";

const parameters = (text: string): object => ({ ...parseParameters(text, ";") });
const headers = (text: string): object => ({ ...parsePartHeaders(Buffer.from(`${text}\r\n\r\n`), utf8) });

describe("parsePartHeaders", () => {
  it.each([
    ["names in any case, values trimmed", "X-A:  1 \r\nB:2", { "x-a": "1", b: "2" }],
    ["the first of those that repeat", "A: 1\r\na: 2", { a: "1" }],
    ["a folded line as one", "A: 1\r\n  2\r\n\t3\r\nB: 4", { a: "1 2 3", b: "4" }],
    ["no line without a colon", "A\r\nB: 1", { b: "1" }],
    ["nothing after an empty line", "\r\nA: 1", {}],
    ["colons in values", "A: b:c", { a: "b:c" }],
    ["dangerous names as names", "__proto__: 1\r\nconstructor: 2", { ["__proto__"]: "1", constructor: "2" }],
  ])("takes %s", (_what, text, expected) => {
    expect(headers(text)).toEqual(expected);
    expect(Object.getPrototypeOf(parsePartHeaders(Buffer.from("A: 1\r\n\r\n"), utf8))).toBeNull();
  });

  it("refuses what has no lines in its charset", () => {
    expect(() => parsePartHeaders(Buffer.from("A: 1\r\n\r\n"), charset("utf-16"))).toThrow(
      expect.objectContaining({ code: "RING_MULTIPART_HEADERS", status: 400 }),
    );
  });
});

describe("parseParameters", () => {
  it.each([
    ["form-data; name=a; FileName=b", { "form-data": null, name: "a", filename: "b" }],
    ['x="a;b"; y="c\\"d"; z=e', { x: "a;b", y: 'c\\"d', z: "e" }],
    ["a=1; a=2", { a: "2" }],
    ["a*=utf-8''%E2%82%AC; a=1", { a: "1" }],
    ["a=1; a*=utf-8''%E2%82%AC", { a: "€" }],
    ["a*=bogus''%41", { a: "bogus''%41" }],
    ["a*=utf-8'%41", { a: "utf-8'%41" }],
    ["a*=utf-8''%4", { a: "" }],
    ["a*=utf-8''%zz1", { a: "\u00001" }],
    ['a=; b=""; c', { a: null, b: null, c: null }],
    ['a=" b "', { a: " b " }],
    ["=x; ;; a=1", { a: "1" }],
    ['a="b', { a: '"b' }],
    ["a==b=", { a: "=b=" }],
  ])("reads %s", (text, expected) => {
    expect(parameters(text)).toEqual(expected);
  });

  it.each([
    ["=?UTF-8?B?w6k=?=", "é"],
    ["=?utf-8?Q?=C3=A9_x?=", "é x"],
    ["a =?utf-8?Q?b?= =?utf-8?Q?c?= d", "a bc d"],
    ["=?utf-8?Q?b?=.txt", "b"],
    ["x=?utf-8?Q?b?=", "x=?utf-8?Q?b?="],
    ["=?utf-8?Q?=4?= x", "=?utf-8?Q?=4?= x"],
    ["=?utf-8?X?b?=", "=?utf-8?X?b?="],
    ["=?bogus?Q?b?= =?utf-8?Q?b?=", "=?bogus?Q?b?= =?utf-8?Q?b?="],
    ["=?utf-8?Q", "=?utf-8?Q"],
    ["=?utf-8?Q??=", ""],
  ])("reads the encoded words in %s", (text, expected) => {
    expect(parameters(`a="${text}"`)).toEqual({ a: expected });
  });

  it.each(["a=", ";", '"', "\\", "=?", "a==?utf-8?Q?b?= ", "=?a?Q?", " ", "a*=''%"])(
    "takes linear time for 1 MB of %p",
    (unit) => {
      const text = unit.repeat(1_000_000 / unit.length);
      expect(typeof parseParameters(text, ";")).toBe("object");
      expect(typeof parseParameters(`a=${text}`, ";")).toBe("object");
      expect(typeof parseParameters(`a="${text}"`, ";")).toBe("object");
    },
    5000,
  );
});

describe("boundaryOf", () => {
  it.each([
    ["multipart/form-data; boundary=x", "x"],
    ['multipart/form-data; charset=utf-8; BOUNDARY="a b"', "a b"],
    ["multipart/form-data, boundary=x; y", "x; y"],
    ["multipart/form-data; boundary=x, y=z", "x, y=z"],
    ["multipart/form-data; boundary=", undefined],
    ["multipart/form-data", undefined],
  ])("is, in %s, %p", (contentType, expected) => {
    expect(boundaryOf(contentType)).toBe(expected);
  });
});
