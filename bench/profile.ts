/** Reads the profiles that V8 writes (`--cpu-prof`): which functions the time was spent in. */
import { readdirSync, readFileSync } from "node:fs";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node that was running at each sample, and the microseconds since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What V8 calls the time in which there was nothing to do. */
const IDLE = new Set(["(idle)", "(root)"]);

/** The functions of a profile by their own time, longest first, as parts of the time that was not idle. */
export function ownTimes({ nodes, samples, timeDeltas }: Profile): { where: string; part: number }[] {
  const whereabouts = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const file = url.replace(/^.*\/(node_modules|dist)\//, "");
      return [id, file === "" ? functionName : `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`];
    }),
  );
  const times = new Map<string, number>();
  samples.forEach((id, place) => {
    const where = whereabouts.get(id) ?? "(unknown)";
    if (!IDLE.has(where)) times.set(where, (times.get(where) ?? 0) + (timeDeltas[place] ?? 0));
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times].map(([where, time]) => ({ where, part: time / total })).toSorted((a, b) => b.part - a.part);
}

/** The longest of each profile in a folder, as text. */
export function summary(folder: string, count: number): string {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".cpuprofile"))
    .map((file) => {
      const profile = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Profile;
      const lines = ownTimes(profile)
        .slice(0, count)
        .map(({ where, part }) => `${(part * 100).toFixed(1).padStart(6)} %  ${where}`);
      return [file, ...lines].join("\n");
    })
    .join("\n\n");
}
