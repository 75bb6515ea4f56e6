/** A program that stands in a document, and where its lines come from. */

/** Lines of code as they stand in a document. */
export interface Part {
  readonly text: string;
  /** The line of the document that its first line stands on. */
  readonly line: number;
}

/** A program of a document: the parts are run one after the other, in one scope. */
export interface Snippet {
  readonly file: string;
  readonly parts: readonly Part[];
  /** The part to name in messages; the others are around it. */
  readonly main: Part;
}

export const placeOf = ({ file, main }: Snippet): string => `${file}:${main.line}`;

export const textOf = ({ parts }: Snippet): string => parts.map(({ text }) => text).join("\n");

/** The line of the document behind a line (from 0) of the whole text. */
export function documentLine({ parts }: Snippet, line: number): number {
  let before = 0;
  for (const part of parts) {
    const count = part.text.split("\n").length;
    if (line < before + count) return part.line + line - before;
    before += count;
  }
  throw new RangeError(`the snippet has no line ${line}`);
}

/** Runs a part of a check; its errors say to which line (from 0) of the snippet they belong. */
export function at<T>(snippet: Snippet, line: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw located(error, `${snippet.file}:${documentLine(snippet, line)}`);
  }
}

const LOCATED = Symbol("located");

/** Says in an error's message where in the documents it comes from, unless it does already. */
export function located(error: unknown, place: string): unknown {
  const known = error as { message?: string; [LOCATED]?: true } | null | undefined;
  if (typeof known?.message !== "string") return new Error(`${place}: failed with ${String(error)}`);
  if (known[LOCATED]) return error;
  return Object.assign(known, { message: `${place}: ${known.message}`, [LOCATED]: true });
}
