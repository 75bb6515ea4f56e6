/** Runs a program op by op and compares what it has named with the recording. */
import { setImmediate as macrotask } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";
import { withClock } from "../../../src/clock/index.js";
import { op } from "./ops.js";
import { emptySnapshot, expand, type Json, type Program, RunnerError, type Snapshot } from "./program.js";
import { snapshot } from "./snapshot.js";
import { World } from "./world.js";

/** @returns what differs, readable; null if nothing does */
export async function run(program: Program): Promise<string | null> {
  const world = new World();
  const external = program.tags?.includes("external") ?? false;
  let expected = emptySnapshot;
  for (const [place, [name, ...args]] of program.ops.entries()) {
    expected = expand(expected, program.steps[place] ?? {});
    let returned: unknown;
    let thrown: unknown;
    try {
      returned = withClock(world.clock, () => op(name)(world, ...(args as never[])));
    } catch (error) {
      if (error instanceof RunnerError) return describeFailure(program, place, [error.message]);
      thrown = error;
    }
    if (external) await macrotask();
    const got = snapshot(world, returned, thrown !== undefined);
    const differences = compare(expected, got);
    if (differences.length > 0) return describeFailure(program, place, differences, thrown);
  }
  return null;
}

/** A line for each difference; none if the snapshots agree. */
function compare(expected: Snapshot, got: Snapshot): string[] {
  if (isDeepStrictEqual(expected, got)) return [];
  const lines: string[] = [];
  const differ = (label: string, a: Json | undefined, b: Json | undefined): void => {
    if (!isDeepStrictEqual(a, b)) lines.push(`${label}: expected ${show(a)}, got ${show(b)}`);
  };
  for (const part of ["d", "s", "l"] as const) {
    for (const name of new Set([...Object.keys(expected[part]), ...Object.keys(got[part])])) {
      differ(`${part}.${name}`, expected[part][name], got[part][name]);
    }
  }
  differ("r", expected.r, got.r);
  differ("threw", expected.threw, got.threw);
  return lines;
}

const show = (value: Json | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value));

function describeFailure(program: Program, place: number, differences: readonly string[], thrown?: unknown): string {
  const ops = program.ops
    .slice(0, place + 1)
    .map((each, i) => `${i === place ? "  > " : "    "}${i} ${JSON.stringify(each)}`);
  return [
    `${program.id}${program.title === undefined ? "" : ` (${program.title})`} [${(program.tags ?? []).join(" ")}]`,
    ...ops,
    ...differences.map((line) => `      ${line}`),
    ...(thrown === undefined ? [] : [`      thrown: ${inspect(thrown)}`]),
  ].join("\n");
}
