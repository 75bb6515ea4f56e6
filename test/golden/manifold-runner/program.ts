/** The recorded programs: their format, and how they are read. */
import { readdirSync, readFileSync } from "node:fs";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** What is compared after each op. Names map to states (`d`), stream states (`s`) and logs (`l`). */
export interface Snapshot {
  readonly d: Record<string, Json>;
  readonly s: Record<string, Json>;
  readonly l: Record<string, Json[]>;
  readonly r: Json | undefined;
  readonly threw: boolean;
}

/** A snapshot as it is stored: only what changed; logs hold only the entries that were appended. */
interface Step {
  readonly d?: Record<string, Json>;
  readonly s?: Record<string, JsonObject>;
  readonly l?: Record<string, Json[]>;
  readonly r?: Json;
  readonly threw?: string;
}

export interface Program {
  readonly id: string;
  readonly cat: string;
  readonly title?: string;
  readonly tags?: readonly string[];
  readonly ops: readonly (readonly [string, ...Json[]])[];
  readonly steps: readonly Step[];
}

/** A fault of the runner or of a program, never a behaviour of the kit: it fails a program even where it expects a throw. */
export class RunnerError extends Error {}

const folder = new URL("../manifold/", import.meta.url);

/** Every file of programs in the folder. */
export function programFiles(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort();
}

export function readPrograms(file: string): Program[] {
  const lines = readFileSync(new URL(file, folder), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Program);
}

/** The snapshot after a step, given the one before; `before` is not changed. */
export function expand(before: Snapshot, step: Step): Snapshot {
  const logs = { ...before.l };
  for (const [name, entries] of Object.entries(step.l ?? {})) logs[name] = [...(logs[name] ?? []), ...entries];
  return {
    d: { ...before.d, ...step.d },
    s: { ...before.s, ...mapValues(step.s ?? {}, withoutRawCounts) },
    l: logs,
    r: step.r,
    threw: step.threw !== undefined,
  };
}

export const emptySnapshot: Snapshot = { d: {}, s: {}, l: {}, r: undefined, threw: false };

/** `rawPuts` and `rawTakes` count entries that Manifold has not swept yet: they say nothing about behaviour. */
function withoutRawCounts({ rawPuts: _puts, rawTakes: _takes, ...state }: JsonObject): JsonObject {
  return state;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
