/**
 * The tables of the migration guide: what a Clojure namespace has, and what it is here.
 *
 * A heading names both, "### `manifold.bus` → `express-ring/bus`"; the first column of the tables below it holds Clojure's
 * names, the second the names exported here, both in backticks. A line "Types: `A`, `B`." below a table adds types.
 */
export interface Table {
  /** The entry point, as it is imported. */
  readonly entryPoint: string;
  /** The names here, each with the line it stands on. */
  readonly names: readonly { readonly name: string; readonly line: number }[];
}

export function tablesOf(markdown: string): Table[] {
  const tables: { entryPoint: string; names: { name: string; line: number }[] }[] = [];
  let current: (typeof tables)[number] | undefined;
  markdown.split("\n").forEach((text, at) => {
    if (/^#+ /.test(text)) {
      const [, entryPoint] = /→ `(express-ring[^`]*)`/.exec(text) ?? [];
      current = entryPoint === undefined ? undefined : { entryPoint, names: [] };
      if (current !== undefined) tables.push(current);
      return;
    }
    const named = text.startsWith("Types: ") ? text : (cellsOf(text)[1] ?? "");
    for (const [, name = ""] of named.matchAll(/`([^`]+)`/g)) current?.names.push({ name, line: at + 1 });
  });
  return tables;
}

/** The rows of the tables below a heading, up to the next one: cells by columns. */
export function cellsBelow(markdown: string, heading: string): string[][] {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`there is no heading ${JSON.stringify(heading)}`);
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line));
  const section = lines.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  return section.map(cellsOf).filter((cells) => cells.length > 0);
}

/** The cells of a row of a table; a pipe in a cell is written `\|`. */
function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line.split(/(?<!\\)\|/).slice(1, -1);
}
