/** The means by which documents are held to what they say must themselves be able to fail. */
import { describe, expect, it } from "@jest/globals";
import { examplesOf } from "./docstrings.js";
import { codesIn, listedErrors, madeErrors } from "./error-codes.js";
import { headingsOf, linksOf, snippetsOf } from "./markdown.js";
import { run } from "./run.js";
import { type Snippet, textOf } from "./snippet.js";
import { tablesOf } from "./tables.js";
import { Sources } from "./types.js";

/** A program on line 10 of a document, after a setup that stands on line 3. */
function snippet(text: string, setup = "const shared = 1;"): Snippet {
  const main = { text, line: 10 };
  return { file: "guide.md", main, parts: [{ text: setup, line: 3 }, main] };
}

describe("run", () => {
  it.each([
    ["a value", "shared + 1; // => 2"],
    ["a value on the next line", "shared + 1;\n// => 2"],
    ["a value inside a function", "const f = () => {\n  shared; // => 1\n};\nf();"],
    ["a declaration", "const two = shared + 1; // => 2"],
    ["claims inside what another is about", "[1].map((n) => {\n  n; // => 1\n  return n + 1;\n}); // => [2]"],
    ["a value behind a template", "const name = `${shared}`;\nshared + 1; // => 2"],
    ["no semicolon", "shared // => 1\nconst two = 2 // => 2"],
    ["a map", "({ a: shared }); // => { a: 1 }"],
    ["a value that is awaited", "await Promise.resolve(shared); // => 1"],
    ["what is printed", "console.log('a', 1); console.log('b'); // prints a 1, b"],
    ["the code of an error", "Promise.reject({ code: 'RING_X' }); // throws RING_X"],
    ["words", "shared; // is 1, and => is no claim here"],
    ["a string that looks like one", "const s = '// => 2';"],
    ["a default import", "import path from 'node:path';\npath.posix.join('a', 'b'); // => 'a/b'"],
    ["all of a package", "import * as path from 'node:path';\npath.posix.sep; // => '/'"],
    ["a value after a template", "`${shared} // => 2`;\nshared; // => 1"],
    ["a type", "import type { Stats } from 'node:fs';\nexport const s: Stats | number = 1; // => 1"],
  ])("accepts %s", async (_what, text) => {
    await expect(run(snippet(text))).resolves.toBeUndefined();
  });

  it.each([
    ["another value", "shared;\nshared + 1; // => 3", /^guide\.md:11: .*toEqual/],
    ["another value after a template", "`a ${shared} b`;\nshared; // => 2", /^guide\.md:11: .*toEqual/],
    ["another value after a pattern", '/["`]/.test("");\nshared; // => 2', /^guide\.md:11: .*toEqual/],
    ["another value of a declaration", "const two = shared + 1; // => 3", /^guide\.md:10: /],
    ["another value behind a template", "const name = `${shared}`;\nshared; // => 3", /^guide\.md:11: .*toEqual/],
    ["another value behind a pattern", 'const quote = /[`"]/;\nshared; // => 3', /^guide\.md:11: .*toEqual/],
    ["a value that is not awaited", "Promise.resolve(1); // => 1", /^guide\.md:10: .* has to be awaited first$/],
    ["something else that is printed", "console.log('a'); // prints b", /^guide\.md:10: /],
    ["nothing printed", "shared; // prints b", /^guide\.md:10: /],
    ["another code", "Promise.reject({ code: 'RING_X' }); // throws RING_Y", /^guide\.md:10: /],
    ["no error", "shared; // throws RING_Y", /^guide\.md:10: /],
    ["words for a value", "shared; // => a number", /^guide\.md:10: .* is not followed by a value/],
    ["a claim about no statement", "if (shared) {\n}\n// => 1", /^guide\.md:12: .* follows no statement/],
    ["a claim about a pattern", "const { a } = { a: 1 }; // => 1", /^guide\.md:10: .* does not follow/],
    ["a claim that is not reached", "const f = () => {\n  shared; // => 1\n};", /^guide\.md:11: /],
    ["a throw", "throw new Error('no');", /^guide\.md:10: no$/],
    ["a module that is not there", "import x from './nowhere.js';\nx();", /^guide\.md:10: /],
  ])("refuses %s, and says where", async (_what, text, message) => {
    await expect(run(snippet(text))).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });

  it("says that a claim of the setup is wrong, where that stands", async () => {
    await expect(run(snippet("", "1;\n2; // => 3"))).rejects.toMatchObject({
      message: expect.stringMatching(/^guide\.md:4: /),
    });
  });

  it("gives servers a free port, and closes them", async () => {
    const text = `
      import { createServer, get } from "node:http";
      export const server = createServer((req, res) => void res.end("here")).listen(80);
      await new Promise((resolve) => server.once("listening", resolve));
      server.address().address; // => "127.0.0.1"
      server.address().port === 80; // => false
      globalThis.serverOfTheSnippet = server;`;
    await run(snippet(text));
    const { serverOfTheSnippet } = globalThis as { serverOfTheSnippet?: { listening: boolean } };
    expect(serverOfTheSnippet?.listening).toBe(false);
  });
});

describe("snippetsOf", () => {
  const textsOf = (markdown: string): string[] => snippetsOf("guide.md", markdown).snippets.map(textOf);

  it("finds the blocks of TypeScript, with their lines", () => {
    const { snippets } = snippetsOf("guide.md", "# A\n\n```ts\na;\nb;\n```\n\n```sh\nc\n```\n");
    expect(snippets.map(({ main }) => main)).toEqual([{ text: "a;\nb;", line: 4 }]);
  });

  it("puts a setup before the blocks that follow, up to the next one", () => {
    const setup = (text: string) => `<!-- setup\n${text}\n-->\n`;
    const block = (text: string) => `\`\`\`ts\n${text}\n\`\`\`\n`;
    expect(textsOf(`${setup("s;")}${block("a;")}# H\n${block("b;")}${setup("t;")}${block("c;")}`)).toEqual([
      "s;\na;",
      "s;\nb;",
      "t;\nc;",
    ]);
  });

  it("puts a check after the blocks since the heading or the check before", () => {
    const check = (text: string) => `<!-- check\n${text}\n-->\n`;
    const block = (text: string) => `\`\`\`ts\n${text}\n\`\`\`\n`;
    const markdown = `${block("a;")}# H\n${block("b;")}${block("c;")}${check("k;")}${block("d;")}${check("l;")}`;
    expect(textsOf(markdown)).toEqual(["a;", "b;\nk;", "c;\nk;", "d;\nl;"]);
  });

  it("takes a check below a heading, without a block, for a program", () => {
    expect(textsOf("<!-- setup\ns;\n-->\n```ts\na;\n```\n# H\n<!-- check\nk;\n-->\n")).toEqual(["s;\na;", "s;\nk;"]);
  });

  it("lets a block go on from the one before, without its checks", () => {
    const markdown = "```ts\na;\n```\n<!-- check\nk;\n-->\n```ts continued\nb;\n```\n```ts continued\nc;\n```\n";
    expect(textsOf(markdown)).toEqual(["a;\nk;", "a;\nb;", "a;\nb;\nc;"]);
  });

  it.each([
    ["a block that is not run for no reason", "```ts no-run\na;\n```\n", "guide.md:1: "],
    ["a mark that is none", "text\n\n```ts skip\na;\n```\n", "guide.md:3: "],
    ["a block that is not run and no TypeScript", "```ts no-run: it needs a printer\na b c;\n```\n", "guide.md:1: "],
  ])("faults %s", (_what, markdown, place) => {
    expect(snippetsOf("guide.md", markdown).faults).toEqual([expect.stringContaining(place)]);
  });

  it("accepts a block that is not run with a reason", () => {
    expect(snippetsOf("guide.md", "```ts no-run: it needs a printer\nprint();\n```\n")).toEqual({
      snippets: [],
      faults: [],
    });
  });

  it("fails on a block without an end", () => {
    expect(() => snippetsOf("guide.md", "```ts\na;\n")).toThrow("guide.md:1: what begins here has no end");
  });
});

describe("linksOf", () => {
  it("finds what leads to files and headings, not to other sites, and not in code", () => {
    const markdown = "[a](b.md) [c](#d-e) [f](../g.md#h) [i](https://j.org)\n```ts\n[k](l.md)\n```\n";
    expect(linksOf(markdown)).toEqual(["b.md", "#d-e", "../g.md#h"]);
  });
});

describe("headingsOf", () => {
  it("names headings as links do", () => {
    expect(headingsOf("# One\n## 5. Two `look-ups` at once?\n```sh\n# no heading\n```\n")).toEqual([
      "one",
      "5-two-look-ups-at-once",
    ]);
  });
});

describe("examplesOf", () => {
  it("finds an example in a docstring, and imports the names it uses and does not declare", () => {
    const origins = [
      { path: "src/stream/index.ts", names: new Set(["loop", "chain", "take"]) },
      { path: "src/deferred/index.ts", names: new Set(["loop", "chain"]) },
      { path: "src/deferred/loop.ts", names: new Set(["loop", "sum"]) },
    ];
    const [example] = examplesOf("src/deferred/loop.ts", origins);
    expect(example?.main.text).toMatch(/^const sum = loop\(/);
    expect(example?.parts[0]?.text).toBe(
      [
        'import { loop } from "../../src/deferred/loop.js";',
        'import { chain } from "../../src/deferred/index.js";',
        'import { take } from "../../src/stream/index.js";',
      ].join(" "),
    );
  });
});

describe("tablesOf", () => {
  it("reads the second column of tables, and lines of types, below headings that name an entry point", () => {
    const markdown = [
      "### `manifold.bus` → `express-ring/bus`",
      "| Clojure | here | why |",
      "|---|---|---|",
      "| `publish!`, `a` | `publish`, `b` | not `c`, \\| `d` |",
      "| `onto` | — | no `executor` |",
      "Types: `Bus`.",
      "### Other",
      "| `x` | `y` |",
    ].join("\n");
    expect(tablesOf(markdown)).toEqual([
      {
        entryPoint: "express-ring/bus",
        names: [
          { name: "publish", line: 4 },
          { name: "b", line: 4 },
          { name: "Bus", line: 6 },
        ],
      },
    ]);
  });
});

describe("madeErrors", () => {
  it.each([
    ["a class", 'class A extends B { constructor() { super("RING_A", "m"); } }', "A", "—"],
    [
      "a class with a status",
      'class A extends B { constructor() { super("RING_A", "m", { status: 400 }); } }',
      "A",
      "400",
    ],
    [
      "a status that is given",
      'class A extends B { constructor(status) { super("RING_A", "m", { status }); } }',
      "A",
      "varies",
    ],
    ["a default", 'class A extends B { constructor(code = "RING_A") { super(code, "m"); } }', "A", "—"],
    ["an error made in place", 'throw new B("RING_A", "m", { status: 413 });', "B", "413"],
  ])("finds what %s tells", (_what, text, errorClass, status) => {
    expect(madeErrors("a.ts", text)).toEqual([{ code: "RING_A", errorClass, status }]);
  });

  it("takes no comparison for an error", () => {
    expect(madeErrors("a.ts", 'const isA = error.code === "RING_A"; // new B("RING_A")')).toEqual([]);
  });
});

describe("codesIn", () => {
  it("finds codes in code and in comments, and no prefixes", () => {
    expect(codesIn('const a = "RING_A_B"; // Code `RING_C`; all begin with RING_ or RING_...')).toEqual([
      "RING_A_B",
      "RING_C",
    ]);
  });
});

describe("listedErrors", () => {
  it("reads code, class and status of the rows", () => {
    const rows =
      "| code | class | status | when |\n| `RING_A` | `A` | 400 | x |\n| `RING_B` | `B` | — | x |\n| `RING_C` | `C` | its own | x |";
    expect(listedErrors(rows)).toEqual([
      { code: "RING_A", errorClass: "A", status: "400" },
      { code: "RING_B", errorClass: "B", status: "—" },
      { code: "RING_C", errorClass: "C", status: "varies" },
    ]);
  });
});

describe("Sources", () => {
  const sources = new Sources(["src/errors/index.ts"]);

  it("lists what a source exports, types included", () => {
    expect(sources.exportsOf("src/errors/index.ts")).toEqual(expect.arrayContaining(["RingError", "Logger"]));
  });

  it("finds faults of type, with the document's lines, in strict mode", () => {
    const wrong = snippet("const f = (x) => x;\nconst n: number = 'one';\nshared.nothing;");
    expect(sources.check([wrong]).errorsOf(wrong)).toEqual([
      "guide.md:10: Parameter 'x' implicitly has an 'any' type.",
      "guide.md:11: Type 'string' is not assignable to type 'number'.",
      "guide.md:12: Property 'nothing' does not exist on type '1'.",
    ]);
    expect(sources.check([wrong]).errorsOf(wrong, { untyped: true })).toHaveLength(2);
  }, 60_000);

  it("knows the package by its name", () => {
    const program = snippet('import { deferred } from "express-ring/deferred";\nconst n: number = deferred;');
    expect(sources.check([program]).errorsOf(program)).toEqual([expect.stringMatching(/^guide\.md:11: /)]);
  }, 60_000);
});
