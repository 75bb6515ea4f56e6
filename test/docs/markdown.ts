/**
 * The programs in a Markdown document: its blocks marked `ts`.
 *
 * Around them stand, in comments that no reader sees, what they share and what is to be true after them:
 * `<!-- setup` is run before each block that follows, up to the next setup; `<!-- check` after each of the blocks since the
 * heading or the check before, so that a "before" and an "after" are held to the same; where there is none, a check is a program
 * of its own, for what the text says.
 * A block marked `ts continued` goes on from the block before it; one marked `ts no-run: reason` is only parsed.
 */
import { parseErrors } from "./claims.js";
import type { Part, Snippet } from "./snippet.js";

export interface Document {
  readonly snippets: readonly Snippet[];
  readonly faults: readonly string[];
}

export function snippetsOf(file: string, markdown: string): Document {
  const lines = markdown.split("\n");
  const snippets: Snippet[] = [];
  const faults: string[] = [];
  let setup: Part | undefined;
  /** The blocks that the next checks are for, each with the parts before it. */
  let open: [main: Part, before: readonly Part[]][] = [];
  let checks: Part[] = [];
  /** All of the latest block, for one that goes on from it. */
  let latest: readonly Part[] = [];

  const flush = (): void => {
    const [only] = checks;
    if (open.length === 0 && only !== undefined) {
      snippets.push({ file, main: only, parts: [...(setup === undefined ? [] : [setup]), ...checks] });
    }
    for (const [main, before] of open) snippets.push({ file, main, parts: [...before, main, ...checks] });
    open = [];
    checks = [];
  };
  let at = 0;
  /** Reads on, over the line that ends the part. */
  const partUntil = (end: string): Part => {
    const start = at + 1;
    at = lines.indexOf(end, start);
    if (at === -1) throw new Error(`${file}:${start}: what begins here has no end`);
    return { text: lines.slice(start, at).join("\n"), line: start + 1 };
  };

  for (; at < lines.length; at++) {
    const line = lines[at] as string;
    const place = `${file}:${at + 1}`;
    const fence = /^```(.*)$/.exec(line);
    const comment = /^<!-- (setup|check)$/.exec(line);
    if (fence !== null) {
      const part = partUntil("```");
      const [, info = ""] = fence;
      if (info === "ts" || info === "ts continued") {
        if (checks.length > 0) flush();
        const before = info === "ts" ? (setup === undefined ? [] : [setup]) : latest;
        open.push([part, before]);
        latest = [...before, part];
      } else if (info.startsWith("ts ")) faults.push(...faultsOfUnrun(place, info, part));
    } else if (comment !== null) {
      const part = partUntil("-->");
      if (comment[1] === "check") checks.push(part);
      else {
        flush();
        setup = part;
      }
    } else if (/^#+ /.test(line)) flush();
  }
  flush();
  return { snippets, faults };
}

function faultsOfUnrun(place: string, info: string, part: Part): string[] {
  if (!/^ts no-run: \S/.test(info))
    return [`${place}: "${info}" is none of "ts", "ts continued" and "ts no-run: <reason>"`];
  return parseErrors(part.text).length === 0 ? [] : [`${place}: is no TypeScript`];
}

/** Where a document's links lead, without those to other sites: a path, a heading, or both ("guide.md#heading"). */
export function linksOf(markdown: string): string[] {
  const links = Array.from(prose(markdown).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link as string);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

/** The names by which links lead to the headings of a document. */
export function headingsOf(markdown: string): string[] {
  return Array.from(prose(markdown).matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** A document without its blocks of code. */
const prose = (markdown: string): string => markdown.replace(/^```[^]*?^```$/gm, "");
