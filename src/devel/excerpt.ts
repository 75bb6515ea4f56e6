/** The lines of source around a place. */

import { open } from "node:fs/promises";
import type { Frame } from "./stack.js";

export interface ExcerptLine {
  readonly number: number;
  readonly text: string;
}

const AROUND = 5;
/** Bytes of the longest file that is read for an excerpt, and characters of the longest line. */
const MAX_FILE = 2_000_000;
const MAX_LINE = 300;
/** Only sources: a path in a stack may have been written by somebody who wants to read another file. */
const SOURCE = /\.[cm]?[jt]sx?$/;

async function readSource(path: string): Promise<string | undefined> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      return size > MAX_FILE ? undefined : await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch {
    // Not there, or not to be read: there is no excerpt then.
    return undefined;
  }
}

/** The lines around the frame's; undefined if it has none that can be read. */
export async function excerptOf({ path, line }: Frame): Promise<readonly ExcerptLine[] | undefined> {
  if (path === undefined || line === undefined || !SOURCE.test(path)) return undefined;
  const lines = (await readSource(path))?.split(/\r?\n/);
  if (lines?.[line - 1] === undefined) return undefined;
  const first = Math.max(1, line - AROUND);
  return lines
    .slice(first - 1, line + AROUND)
    .map((text, index) => ({ number: first + index, text: text.slice(0, MAX_LINE) }));
}
