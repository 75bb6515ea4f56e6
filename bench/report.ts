/** Tells the results: as text for the terminal, as Markdown for docs, as JSON that later runs add to, as a plot. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, type as system } from "node:os";
import { fileURLToPath } from "node:url";
import { arePinned } from "./children.js";
import { httpTool } from "./load.js";
import type { Plan, Result, RowResult } from "./measure.js";
import { plot } from "./plot.js";

/** A row's results with what they depend on. */
export interface Recorded extends RowResult {
  /** Day it was measured, as 2026-01-31. */
  readonly day: string;
  readonly conditions: string;
}

const root = new URL("../../", import.meta.url);
/** Where results are kept. */
export const resultsFolder: string = fileURLToPath(new URL("bench/results/", root));
const guide = fileURLToPath(new URL("docs/benchmarks.md", root));

export function record(result: RowResult, plan: Plan): Recorded {
  const { length } = cpus();
  const conditions = [
    `${cpus()[0]?.model.trim() || "unknown processor"}, ${length} processor${length === 1 ? "" : "s"}`,
    `Node ${process.versions.node}`,
    `${system()} ${release()}`,
    httpTool,
    arePinned ? "server and load on a processor each" : "server and load not tied to processors",
    `${plan.rounds} rounds of ${plan.seconds} s after ${plan.warmup} s of warm-up`,
  ];
  return { ...result, day: new Date().toISOString().slice(0, 10), conditions: conditions.join("; ") };
}

/**
 * Adds rows to the results kept under a name (`results`, `quick`), and writes all of them again as JSON, Markdown and SVG.
 *
 * @param order Names of all rows there are, in the order they are shown; others are dropped.
 */
export function keep(name: string, fresh: readonly Recorded[], order: readonly string[]): void {
  const file = `${resultsFolder}${name}.json`;
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recorded[]) : [];
  const kept = order.flatMap((row) => [...fresh, ...before].find((recorded) => recorded.name === row) ?? []);
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(`${resultsFolder}${name}.md`, `# Benchmarks\n\n${markdown(kept)}\n`);
  writeFileSync(`${resultsFolder}${name}.svg`, plot(kept));
  if (name !== "results") return;
  publish(kept);
  writeFileSync(`${resultsFolder}overview.svg`, plot(kept.filter((row) => overview.has(row.name))));
}

/** Puts the table into docs/benchmarks.md, between its markers. */
function publish(kept: readonly Recorded[]): void {
  const [begin, end] = ["<!-- table -->", "<!-- /table -->"];
  const text = readFileSync(guide, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`${guide} lacks the lines ${begin} and ${end}`);
  writeFileSync(guide, `${text.slice(0, from + begin.length)}\n${markdown(kept)}\n${text.slice(to)}`);
}

/** Rows that the README shows: one for each kind of user. */
const overview = new Set(["in-front", "server-json", "websocket"]);

const number = (value: number): string => Math.round(value).toLocaleString("en");

/** Half of the distance between the slowest and the fastest round, in percent of the median. */
function spread({ rate, rates }: Result): string {
  return `±${(((Math.max(...rates) - Math.min(...rates)) / 2 / rate) * 100).toFixed(1)} %`;
}

/** Below this part of a processor a rate is not the server's own, and proves nothing about it. */
const SURE = 0.9;

function verdicts(row: RowResult, { targets, leaner, processor }: Result): string {
  const verdicts = targets.map(({ of, wanted, reached }) => {
    const other = row.contenders.find(({ name }) => name === of)?.processor ?? 0;
    const isSure = Math.min(processor, other) >= SURE;
    const verdict = isSure ? (reached >= wanted ? "met" : "MISSED") : "unsure, disturbed";
    return `${verdict}: ${reached.toFixed(2)} of "${of}", wanted ${Number(wanted.toFixed(2))}`;
  });
  if (leaner === undefined) return verdicts.join("; ");
  const verdict = leaner.reached < 1 ? "met" : "MISSED";
  return [...verdicts, `${verdict}: ${leaner.reached.toFixed(2)} of its peak memory, wanted less than 1`].join("; ");
}

function cells(row: RowResult): string[][] {
  const hasMemory = row.contenders.some(({ memory }) => memory !== undefined);
  return [
    ["", "target", row.unit, "spread", `of "${row.baseline}"`, "processor", ...(hasMemory ? ["peak memory"] : [])],
    ...row.contenders.map((result) => [
      result.name,
      verdicts(row, result),
      number(result.rate),
      spread(result),
      result.ratio.toFixed(2),
      `${Math.round(result.processor * 100)} %`,
      ...(hasMemory ? [`${number((result.memory ?? 0) / 1e6)} MB`] : []),
    ]),
  ].map(([name = "", target = "", ...figures]) => [name, ...figures, target]);
}

/** A row as an aligned table. */
export function text(row: RowResult): string {
  const lines = cells(row);
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const table = lines.map((line) =>
    line
      .map((cell, column) =>
        isText(column, line.length) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [`${row.title} (${row.name})`, ...table].join("\n");
}

const isText = (column: number, columns: number): boolean => column === 0 || column === columns - 1;

function markdown(rows: readonly Recorded[]): string {
  return rows.map(section).join("\n\n");
}

function section(row: Recorded): string {
  const [head = [], ...lines] = cells(row);
  const line = (words: readonly string[]): string =>
    `| ${words.map((word) => word.replaceAll("|", "\\|")).join(" | ")} |`;
  const alignment = head.map((_, column) => (isText(column, head.length) ? "---" : "---:"));
  return [
    `### ${row.title}`,
    "",
    line(head),
    line(alignment),
    ...lines.map(line),
    "",
    `\`npm run bench ${row.name}\`, ${row.day}: ${row.conditions}.`,
  ].join("\n");
}
