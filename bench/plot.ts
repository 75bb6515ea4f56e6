/** Draws results as horizontal bars: one panel a row, a bar for the median, a dot for each round, a dashed line for a target. */
import type { Result, RowResult } from "./measure.js";

const WIDTH = 960;
const MARGIN = 24;
const LABELS = 300;
const BARS = 420;
const BAR = 18;
const STEP = 28;
const HEAD = 56;
const GAP = 24;
const LEGEND = 32;
const colours = {
  ink: "#1f2328",
  faint: "#656d76",
  line: "#d0d7de",
  kit: "#2f6fdb",
  other: "#9aa4b2",
  target: "#c2410c",
};

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const number = (value: number): string => Math.round(value).toLocaleString("en");

export function plot(rows: readonly RowResult[]): string {
  let top = MARGIN + LEGEND;
  const panels = rows.map((row) => {
    const drawn = panel(row, top);
    top += HEAD + row.contenders.length * STEP + GAP;
    return drawn;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    legend(),
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function legend(): string {
  const y = MARGIN + 5;
  const word = (x: number, text: string): string =>
    `<text x="${x}" y="${y + 5}" fill="${colours.faint}">${text}</text>`;
  return [
    `<rect x="${MARGIN}" y="${y - 6}" width="24" height="12" rx="2" fill="${colours.kit}"/>`,
    word(MARGIN + 32, "express-ring"),
    `<rect x="${MARGIN + 140}" y="${y - 6}" width="24" height="12" rx="2" fill="${colours.other}"/>`,
    word(MARGIN + 172, "compared with"),
    dot(MARGIN + 292, y),
    word(MARGIN + 304, "one round; the bar is the median"),
    targetLine(MARGIN + 540, y - BAR / 2, "target"),
    word(MARGIN + 552, "target"),
  ].join("\n");
}

function panel(row: RowResult, top: number): string {
  const left = MARGIN + LABELS;
  const most = Math.max(
    ...row.contenders.flatMap(({ rate, rates, targets }) => [
      rate,
      ...rates,
      ...targets.map((target) => goal(row, target)),
    ]),
  );
  const x = (value: number): number => Math.round(left + (value / most) * BARS);
  const bottom = top + HEAD + row.contenders.length * STEP;
  return [
    `<text x="${MARGIN}" y="${top + 18}" font-size="16" font-weight="600" fill="${colours.ink}">${escape(row.title)}</text>`,
    `<text x="${MARGIN}" y="${top + 38}" fill="${colours.faint}">${row.unit}, more is better; multiples of “${escape(row.baseline)}”</text>`,
    `<line x1="${left}" y1="${top + HEAD - 6}" x2="${left}" y2="${bottom}" stroke="${colours.line}"/>`,
    ...row.contenders.map((result, place) => bar(row, result, top + HEAD + place * STEP, x)),
  ].join("\n");
}

/** The rate that a target asks for. */
function goal(row: RowResult, { of, wanted }: Result["targets"][number]): number {
  return (row.contenders.find(({ name }) => name === of)?.rate ?? Number.NaN) * wanted;
}

function bar(row: RowResult, result: Result, top: number, x: (value: number) => number): string {
  const middle = top + BAR / 2;
  const value = `${number(result.rate)}  ·  ${result.ratio.toFixed(2)}×`;
  const end = x(Math.max(result.rate, ...result.rates, ...result.targets.map((target) => goal(row, target))));
  return [
    `<text x="${x(0) - 10}" y="${middle + 5}" text-anchor="end" fill="${colours.ink}">${escape(result.name)}</text>`,
    `<rect x="${x(0)}" y="${top}" width="${x(result.rate) - x(0)}" height="${BAR}" rx="2" fill="${result.kit ? colours.kit : colours.other}"/>`,
    ...result.rates.map((rate) => dot(x(rate), middle)),
    ...result.targets.map((target) =>
      targetLine(x(goal(row, target)), top, `at least ${Number(target.wanted.toFixed(2))} of ${target.of}`),
    ),
    `<text x="${end + 12}" y="${middle + 5}" fill="${colours.ink}">${value}</text>`,
  ].join("\n");
}

function dot(x: number, y: number): string {
  return `<circle cx="${x}" cy="${y}" r="2.5" fill="#ffffff" stroke="${colours.ink}"/>`;
}

function targetLine(x: number, top: number, meaning: string): string {
  return `<line x1="${x}" y1="${top - 4}" x2="${x}" y2="${top + BAR + 4}" stroke="${colours.target}" stroke-width="2" stroke-dasharray="4 2"><title>${escape(meaning)}</title></line>`;
}
