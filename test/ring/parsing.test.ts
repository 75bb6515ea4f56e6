import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { findContentTypeCharset, isToken, parseValue } from "../../src/ring/parsing.js";

/** The same grammar as a regular expression, as Ring writes it: right, but not linear in time. */
const TOKEN = "[!#$%&'*\\-+.0-9A-Z\\^_`a-z|~]+";
const VALUE = `(${TOKEN})|"((?:\\\\"|[^"])*)"`;
const CHARSET = new RegExp(
  `;(?:[^\\n\\r\\u0085\\u2028\\u2029]*[ \\t\\n\\v\\f\\r])?[cC][hH][aA][rR][sS][eE][tT]=(?:${VALUE})[ \\t\\n\\v\\f\\r]*(?:;|$)`,
);

function reference(text: string): string | undefined {
  const match = CHARSET.exec(text);
  return match === null ? undefined : (match[1] ?? match[2]);
}

describe("findContentTypeCharset", () => {
  it.each([
    ["a document's", [";", " ", "charset=", "Charset=", "utf-8", '"', "x", "\n", "=", ",", "a;", '"a b"']],
    ["quoted", [';charset="', '\\"', '"', ";", " ", "x", "\\"]],
  ])("finds what Ring's regular expression finds in %s pieces", (_what, pieces) => {
    const piece = fc.constantFrom(...pieces);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join("");
        expect([text, findContentTypeCharset(text)]).toEqual([text, reference(text)]);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ["semicolons", ";"],
    ["parameters", "; charset="],
    ["charsets", "; charset=a"],
    ["charsets that are wrong", "; charset=a,"],
    ["blanks", " "],
    ["open quotes", ';charset="'],
    ["escaped quotes", '\\"'],
    ["quotes after an open one", ';charset="\\" '],
    ["lines", ";\n charset=a"],
    ["lines that are wrong", ";\n charset=a,"],
    ["tokens and blanks", ";charset=a            b"],
  ])("takes linear time for a header of nothing but %s", (_what, piece) => {
    const contentType = `a/b;charset="${piece.repeat(Math.ceil(1_000_000 / piece.length))}`;
    const start = performance.now();
    findContentTypeCharset(contentType);
    // Tens of milliseconds; a minute if the time grew with the square.
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe("isToken", () => {
  it("agrees with the grammar", () => {
    fc.assert(fc.property(fc.string(), (text) => expect(isToken(text)).toBe(new RegExp(`^${TOKEN}$`).test(text))));
  });
});

describe("parseValue", () => {
  it("takes the quotes off, and no more", () => {
    const content = fc.string().filter((it) => !it.includes('"') && !it.endsWith("\\"));
    fc.assert(fc.property(content, (it) => expect(parseValue(`"${it}"`)).toBe(it)));
  });
});
