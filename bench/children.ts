/** Starts the processes of a measurement, the measured one and the load each on a processor of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** The processors this process may use, by number; empty where a process cannot be tied to one. */
function usableProcessors(): number[] {
  if (process.platform !== "linux" || spawnSync("taskset", ["--version"]).error !== undefined) return [];
  const [, list = ""] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, place) => first + place);
  });
}

const processors = usableProcessors();
/** Whether the measured process and the load have a processor each. */
export const arePinned: boolean = processors.length > 1;
const place: { readonly measured: number | undefined; readonly load: number | undefined } = {
  measured: processors[0],
  load: processors.at(-1),
};

export type Role = keyof typeof place;

/** Starts a command for its role; the measured process has a channel to this one. */
export function start(role: Role, command: string, parameters: readonly string[]): ChildProcess {
  const words = [command, ...parameters];
  if (arePinned) words.unshift("taskset", "--cpu-list", String(place[role]));
  const [program = "", ...rest] = words;
  return spawn(program, rest, { stdio: ["ignore", "pipe", "inherit", role === "measured" ? "ipc" : "ignore"] });
}

/** Runs a command to its end. @returns what it wrote @throws {Error} if it fails or takes longer than `milliseconds` */
export async function run(
  role: Role,
  command: string,
  parameters: readonly string[],
  milliseconds: number,
): Promise<string> {
  const child = start(role, command, parameters);
  const limit = setTimeout(() => child.kill("SIGKILL"), milliseconds);
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(limit);
  if (status === 0) return output;
  const ending = signal === null ? `failed with ${status}` : `was stopped (${signal}) after ${milliseconds} ms`;
  throw new Error(`${command} ${ending}\n${output}`);
}
