import { describe, expect, it } from "@jest/globals";
import { filesBelow, readProjectFile } from "./sources.js";

const folder = "examples/demo";
const page = readProjectFile(`${folder}/public/index.html`);
const sources = filesBelow(folder, () => true)
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ name: path.slice(folder.length + 1), text: squeeze(readProjectFile(path)) }));

/** The snippets of the page, each with the names of the files that it says it is from. */
const snippets = [...page.matchAll(/<summary>(?<names>.*?)<\/summary>(?<code>.*?)<\/details>/gs)].flatMap(
  ({ groups: { names = "", code = "" } = {} }) =>
    [...code.matchAll(/<code>(.*?)<\/code>/gs)].map(([, html = ""]) => ({ names, code: squeeze(unescape(html)) })),
);

function squeeze(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function unescape(html: string): string {
  return html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

describe("the page of the demo", () => {
  it("shows code for each of its cards", () => {
    expect(snippets.length).toBeGreaterThanOrEqual(page.match(/<article/g)?.length ?? Number.NaN);
  });

  it.each(snippets)("shows code that is in $names: snippet $#", ({ names, code }) => {
    const named = sources.filter(({ name }) => names.includes(name));
    expect(named).not.toEqual([]);
    expect(named.some(({ text }) => text.includes(code))).toBe(true);
  });
});
