/** Holds what is written to what is: programs in documents and docstrings, and the tables of the migration guide. */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { claimsIn } from "./docs/claims.js";
import { examplesOf, type Origin } from "./docs/docstrings.js";
import { entryPoints, published } from "./docs/entry-points.js";
import { codesIn, type ErrorCode, listedErrors, madeErrors } from "./docs/error-codes.js";
import { headingsOf, linksOf, snippetsOf } from "./docs/markdown.js";
import { run } from "./docs/run.js";
import { placeOf, type Snippet } from "./docs/snippet.js";
import { tablesOf } from "./docs/tables.js";
import { Sources, type TypeCheck } from "./docs/types.js";
import { filesBelow, readProjectFile, root } from "./sources.js";

/** What the examples in docstrings take for granted. */
const NAMES = "test/docs/names.ts";

const paths = [
  "README.md",
  "CONTRIBUTING.md",
  "migration-guide.md",
  ...filesBelow("docs", (folder) => folder !== "docs/api"),
].filter((path) => path.endsWith(".md"));
const documents = paths.map((path) => snippetsOf(path, readProjectFile(path)));
const programs = documents.flatMap(({ snippets }) => snippets);

const sources = new Sources([...published, NAMES]);
const originOf = (path: string): Origin => ({ path, names: new Set(sources.exportsOf(path)) });
const STREAMS = "src/stream/index.ts";
/** Their `request` and `body` are not the ones that examples elsewhere speak of: the client goes as `http`. */
const LAST = ["src/http/index.ts", "src/mock/index.ts"];
const sourcesOf = entryPoints.map(({ source }) => source).filter((source) => !LAST.includes(source));
const shared = [STREAMS, ...sourcesOf, NAMES, ...LAST].map(originOf);
const examples = published.flatMap((path) => examplesOf(path, [originOf(path), ...shared]));
const claiming = examples.filter(({ main }) => claimsIn(main.text).length > 0);

const named = (snippets: readonly Snippet[]) => snippets.map((snippet) => ({ place: placeOf(snippet), snippet }));

let types: TypeCheck;
beforeAll(() => {
  types = sources.check([...programs, ...examples]);
}, 60_000);

describe("the documents", () => {
  it("mark every block that is not run, with a reason", () => {
    expect(documents.flatMap(({ faults }) => faults)).toEqual([]);
  });

  it.each(paths)("lead to what there is, by the links of %s", (path) => {
    const dead = linksOf(readProjectFile(path)).filter((link) => {
      const [target = "", heading] = link.split("#");
      const file = target === "" ? path : posix.join(posix.dirname(path), target);
      // What `npm run bench` makes is there when it has been run.
      if (file.startsWith("bench/results/")) return false;
      if (!existsSync(`${root}${file}`)) return true;
      return heading !== undefined && !headingsOf(readProjectFile(file)).includes(heading);
    });
    expect(dead).toEqual([]);
  });

  it("hold programs without type errors", () => {
    expect(programs.flatMap((program) => types.errorsOf(program))).toEqual([]);
  }, 60_000);

  // oxlint-disable-next-line jest/expect-expect -- the claims of the program are the assertions
  it.each(named(programs))("hold a program at $place that runs and does what it says", ({ snippet }) => run(snippet));
});

describe("the docstrings", () => {
  it("hold examples without type errors", () => {
    expect(examples.flatMap((example) => types.errorsOf(example, { untyped: true }))).toEqual([]);
  }, 60_000);

  // oxlint-disable-next-line jest/expect-expect -- the claims of the example are the assertions
  it.each(named(claiming))("hold an example at $place that does what it says", ({ snippet }) => run(snippet));
});

describe("the tables of the migration guide", () => {
  const guide = "migration-guide.md";
  const tables = tablesOf(readProjectFile(guide));

  it("name entry points that there are", () => {
    const known = entryPoints.map(({ name }) => name);
    expect(tables.map(({ entryPoint }) => entryPoint).filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(entryPoints)("list what $name exports, each name once", ({ name, source }) => {
    const listed = tables.filter(({ entryPoint }) => entryPoint === name).flatMap(({ names }) => names);
    const exported = sources.exportsOf(source);
    const faults = [
      ...listed
        .filter((one) => !exported.includes(one.name))
        .map((one) => `${guide}:${one.line}: ${name} exports no ${one.name}`),
      ...listed
        .filter((one, place) => listed.findIndex((other) => other.name === one.name) !== place)
        .map((one) => `${guide}:${one.line}: ${one.name} of ${name} is listed before`),
      ...exported
        .filter((one) => !listed.some((other) => other.name === one))
        .map((one) => `${guide}: ${one} of ${name} is in no table`),
    ];
    expect(faults).toEqual([]);
  });
});

describe("the tables of the guide to errors", () => {
  const page = readProjectFile("docs/errors.md");
  const rowOf = ({ code, errorClass, status }: ErrorCode) => `${code} of ${errorClass}, status ${status}`;
  const rows = listedErrors(page).map(rowOf);
  const made = new Set(published.flatMap((path) => madeErrors(path, readProjectFile(path))).map(rowOf));

  it("list every error that the sources make, with its class and status, once", () => {
    expect(rows.toSorted()).toEqual([...made].toSorted());
  });

  it("know every code that is named anywhere in the sources", () => {
    const named = new Set(published.flatMap((path) => codesIn(readProjectFile(path))));
    const listed = new Set(listedErrors(page).map(({ code }) => code));
    expect([...named].filter((code) => !listed.has(code))).toEqual([]);
  });

  it("are the only codes that the documents name", () => {
    const listed = new Set(listedErrors(page).map(({ code }) => code));
    const unknown = paths.flatMap((path) =>
      codesIn(readProjectFile(path))
        .filter((code) => !listed.has(code))
        .map((code) => `${path}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("the table of limits", () => {
  const page = readProjectFile("docs/sessions-and-security.md");
  const limits = Array.from(
    page.matchAll(/^\| `(?<name>\w+)` \| `(?<option>\w+)` \| (?<said>[^|]+) \|/gm),
    ({ groups: { name = "", option = "", said = "" } = {} }) => ({ name, option, said }),
  );
  /** A number, "Infinity", "none" or "no". */
  const valueOf = (text: string) => /[\w]+/.exec(text)?.[0];

  it("is found", () => {
    expect(limits.length).toBeGreaterThan(30);
  });

  it.each(limits)("has the default of $option of $name", ({ name, option, said }) => {
    const [found] = entryPoints.flatMap(({ source }) => sources.defaultOf(source, name, option) ?? []);
    expect(valueOf(said)).toBe(valueOf(found ?? "missing"));
  });
});
