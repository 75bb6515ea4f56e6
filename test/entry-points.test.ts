/** Who imports a part of the package loads that part, and not the rest. */
import { describe, expect, it } from "@jest/globals";
import { entryPoints } from "./docs/entry-points.js";
import { loadedBy } from "./module-graph.js";
import { readProjectFile } from "./sources.js";

const DOCUMENT = "docs/dependencies.md";

/** What brings a server or a client with it. */
const HEAVY = /^(express|express-ws|ws|undici|redis|node:(http|https|http2|net|tls))$/;

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ") || "-";

/** The table of the document: entry points that load the same share a row. */
function tableOf(): string[] {
  const rows = new Map<string, string[]>();
  for (const { name, source } of entryPoints) {
    const loaded = loadedBy(source);
    const packages = loaded.filter((one) => !one.startsWith("node:"));
    const modules = loaded.filter((one) => one.startsWith("node:")).map((one) => one.slice("node:".length));
    const reach = `${code(packages)} | ${code(modules)}`;
    rows.set(reach, [...(rows.get(reach) ?? []), name.replace(/^express-ring\//, "/")]);
  }
  return [...rows].map(([reach, names]) => `| ${code(names)} | ${reach} |`);
}

describe("an entry point", () => {
  it.each([
    "deferred",
    "stream",
    "time",
    "transducers",
    "byte-streams",
    "bus",
    "rooms",
    "codec",
    "http-date",
    "mime-type",
    "request",
    "response",
  ])("of values and streams loads no server and no client (%s)", (name) => {
    const found = entryPoints.find((one) => one.name === `express-ring/${name}`);
    expect(loadedBy(found?.source ?? "").filter((one) => HEAVY.test(one))).toEqual([]);
  });

  it.each(entryPoints.filter(({ name }) => name.startsWith("express-ring/middleware/")))(
    "of a middleware loads no server and no client ($name)",
    ({ source }) => {
      expect(loadedBy(source).filter((one) => HEAVY.test(one))).toEqual([]);
    },
  );

  it("of a client loads one, or these tests see nothing", () => {
    expect(loadedBy("src/http/index.ts")).toEqual(expect.arrayContaining(["undici", "ws", "node:http"]));
  });

  it(`loads what ${DOCUMENT} says`, () => {
    const lines = readProjectFile(DOCUMENT).split("\n");
    const head = lines.findIndex((line) => line.startsWith("| entry points"));
    const end = lines.findIndex((line, at) => at > head && !line.startsWith("|"));
    // Where this fails, the rows that it found belong into the document.
    expect(lines.slice(head + 2, end)).toEqual(tableOf());
  });
});
