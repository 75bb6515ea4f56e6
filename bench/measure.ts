/** Measures rows: rounds in which each contender has its turn, in a process of its own. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { run, start } from "./children.js";
import {
  checkHttp,
  type Drive,
  fanOutDrive,
  http2Drive,
  httpDrive,
  openIdle,
  returning,
  uploadDrive,
  websocketDrive,
} from "./load.js";
import type { Contender, IdleLoad, MemoryLoad, MicroLoad, Row } from "./row.js";
import { median } from "./statistics.js";

export interface Plan {
  /** Turns of each contender. */
  readonly rounds: number;
  /** Measured seconds of a turn. */
  readonly seconds: number;
  /** Seconds under load before that, in the same process. */
  readonly warmup: number;
  /** Folder for a processor profile of each turn; none are made without it. */
  readonly profiles?: string | undefined;
}

/** One contender's turn. */
export interface Turn {
  /** In the row's unit. */
  readonly rate: number;
  /** The part of a processor that the measured process used, 0 to 1; near 1, the load was not what limited the rate. */
  readonly processor: number;
  /** Most memory that the measured process held, in bytes; of servers that get uploads. */
  readonly memory?: number;
  /** What a function in this process returned; all contenders of a row must agree. */
  readonly check?: number;
}

export interface Target {
  readonly of: string;
  /** What it had to reach, and what it reached, as a multiple of that contender's rate. */
  readonly wanted: number;
  readonly reached: number;
}

export interface Result {
  readonly name: string;
  /** Median over the rounds, and each of them. */
  readonly rate: number;
  readonly rates: readonly number[];
  /** Median of the ratios to the baseline within each round. */
  readonly ratio: number;
  readonly processor: number;
  /** Median of the peaks, in bytes. */
  readonly memory?: number;
  /** Whose peak it has to stay below, and the median of the ratios of both within each round. */
  readonly leaner?: { readonly of: string; readonly reached: number };
  /** Is it the kit, or what it is compared with? */
  readonly kit: boolean;
  readonly targets: readonly Target[];
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly baseline: string;
  readonly contenders: readonly Result[];
}

/** Called after each turn, for those who wait. */
export type Progress = (contender: string, round: number, turn: Turn) => void;

export async function measure(row: Row, plan: Plan, progress: Progress): Promise<RowResult> {
  const turns = new Map<string, Turn[]>(row.contenders.map(({ name }) => [name, []]));
  let agreed: number | undefined;
  for (let round = 1; round <= plan.rounds; round++) {
    for (const contender of row.contenders) {
      const turn = await takeTurn(row, contender, plan);
      agreed ??= turn.check;
      if (turn.check !== agreed) throw new Error(`"${contender.name}" gave ${turn.check}, not ${agreed} as the others`);
      turns.get(contender.name)?.push(turn);
      progress(contender.name, round, turn);
    }
  }
  return summarize(row, turns);
}

/** A turn with less of the processor than this was disturbed by other programs, or the load did not keep up. */
const ENOUGH = 0.95;
const ATTEMPTS = 3;

/** Takes a turn, again if it was disturbed. @returns the least disturbed one */
async function takeTurn(row: Row, contender: Contender, plan: Plan): Promise<Turn> {
  const attempts = plan.profiles === undefined ? ATTEMPTS : 1;
  let best: Turn | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const turn = await turnOf(row.load, contender, plan);
    if (best === undefined || turn.processor > best.processor) best = turn;
    if (best.processor >= ENOUGH) return best;
  }
  return best as Turn;
}

function turnOf(load: Row["load"], contender: Contender, plan: Plan): Promise<Turn> {
  if (load.kind === "micro") return microTurn(contender, plan);
  if (load.kind === "memory") return memoryTurn(contender);
  return load.kind === "idle" ? idleTurn(load, contender) : serverTurn(load, contender, plan);
}

const compiled = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

function nodeOptions({ profiles }: Plan, { name }: Contender): string[] {
  if (profiles === undefined) return [];
  return ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${fileName(name)}-${Date.now()}.cpuprofile`];
}

const fileName = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

async function microTurn(contender: Contender, plan: Plan): Promise<Turn> {
  const { module, entry = "start" } = contender;
  const output = await run(
    "measured",
    process.execPath,
    [
      ...nodeOptions(plan, contender),
      compiled("micro.js"),
      compiled(module),
      entry,
      `${plan.warmup}`,
      `${plan.seconds}`,
    ],
    (plan.warmup + plan.seconds) * 1000 + 20_000,
  );
  return JSON.parse(output) as Turn;
}

async function memoryTurn({ module, entry = "start" }: Contender): Promise<Turn> {
  const output = await run(
    "measured",
    process.execPath,
    ["--expose-gc", compiled("memory.js"), compiled(module), entry],
    60_000,
  );
  return JSON.parse(output) as Turn;
}

/** What the first ones cost once for all, in code that is compiled and buffers that are kept, does not count. */
const FIRST = 200;

/** Milliseconds in which a server that has nothing to do comes to rest. */
const REST = 1000;

async function idleTurn({ connections }: IdleLoad, contender: Contender): Promise<Turn> {
  const { module, entry = "start", name } = contender;
  const server = start("measured", process.execPath, ["--expose-gc", compiled("server.js"), compiled(module), entry]);
  const ends: (() => void)[] = [];
  const inUse = async (count: number): Promise<Usage> => {
    ends.push(await openIdle(port, count));
    await new Promise((resolve) => setTimeout(resolve, REST));
    return usage(server, name);
  };
  const { port } = await answerOf<{ port: number }>(server, name);
  try {
    const before = await inUse(FIRST);
    const after = await inUse(connections);
    // Memory does not depend on how much of a processor was to be had.
    return { rate: (1_000_000 * connections) / (after.inUse - before.inUse), processor: 1, memory: after.memory };
  } finally {
    for (const end of ends) end();
    await stop(server);
  }
}

type ServerLoad = Exclude<Row["load"], MicroLoad | MemoryLoad | IdleLoad>;

async function serverTurn(load: ServerLoad, contender: Contender, plan: Plan): Promise<Turn> {
  const { module, entry = "start" } = contender;
  const server = start("measured", process.execPath, [
    ...nodeOptions(plan, contender),
    compiled("server.js"),
    compiled(module),
    entry,
  ]);
  server.stdout?.pipe(process.stderr);
  try {
    const { port } = await answerOf<{ port: number }>(server, contender.name);
    const drive = await driveOf(load, contender, port);
    await drive(port, plan.warmup);
    const before = await usage(server, contender.name);
    const rate = await drive(port, plan.seconds);
    const after = await usage(server, contender.name);
    const used = after.milliseconds - before.milliseconds;
    // Of the seconds under load: the load's own start and end, longer for some tools than for others, do not count.
    const processor = used / (plan.seconds * 1000);
    return load.kind === "upload" ? { rate, processor, memory: after.memory } : { rate, processor };
  } finally {
    await stop(server);
  }
}

async function driveOf(load: ServerLoad, { protocol }: Contender, port: number): Promise<Drive> {
  if (load.kind === "websocket") return websocketDrive(load, protocol);
  if (load.kind === "upload") return uploadDrive(load);
  if (load.kind === "http2") return http2Drive(load, port);
  if (load.kind !== "http") return fanOutDrive(load, protocol);
  const client = await returning(load, port);
  await checkHttp(client, port);
  return httpDrive(client);
}

/** What a server has used so far. */
interface Usage {
  /** Of processor time. */
  readonly milliseconds: number;
  /** The most bytes of memory. */
  readonly memory: number;
  /** Bytes in use, on the heap and beside it; without garbage where that can be collected. */
  readonly inUse: number;
}

async function usage(server: ChildProcess, name: string): Promise<Usage> {
  server.send("usage");
  const told = await answerOf<{ processorMicroseconds: number; peakMemory: number; inUse: number }>(server, name);
  return { milliseconds: told.processorMicroseconds / 1000, memory: told.peakMemory, inUse: told.inUse };
}

async function answerOf<T>(server: ChildProcess, name: string): Promise<T> {
  const ended = new AbortController();
  const exit = once(server, "exit", { signal: ended.signal }).then(() => {
    throw new Error(`the server of "${name}" ended by itself`);
  });
  try {
    const [answer] = (await Promise.race([once(server, "message", { signal: ended.signal }), exit])) as [T];
    return answer;
  } finally {
    exit.catch(() => {});
    ended.abort();
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, "exit");
  server.disconnect();
  const limit = setTimeout(() => server.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(limit);
}

function summarize(row: Row, turns: ReadonlyMap<string, readonly Turn[]>): RowResult {
  const ratesOf = (name: string): number[] => turns.get(name)?.map(({ rate }) => rate) ?? [];
  const ratio = (name: string, other: string): number => {
    const others = ratesOf(other);
    return median(ratesOf(name).map((rate, round) => rate / (others[round] ?? Number.NaN)));
  };
  const memoryOf = (name: string): number[] => turns.get(name)?.flatMap(({ memory }) => memory ?? []) ?? [];
  const leanness = (name: string, other: string): number => {
    const others = memoryOf(other);
    return median(memoryOf(name).map((memory, round) => memory / (others[round] ?? Number.NaN)));
  };
  return {
    name: row.name,
    title: row.title,
    unit: row.unit,
    baseline: row.baseline,
    contenders: row.contenders.map(({ name, kit = false, targets = {}, leaner }) => ({
      name,
      rate: median(ratesOf(name)),
      rates: ratesOf(name),
      ratio: ratio(name, row.baseline),
      kit,
      processor: median(turns.get(name)?.map(({ processor }) => processor) ?? []),
      ...(memoryOf(name).length > 0 && { memory: median(memoryOf(name)) }),
      ...(leaner !== undefined && { leaner: { of: leaner, reached: leanness(name, leaner) } }),
      targets: Object.entries(targets).map(([of, wanted]) => ({ of, wanted, reached: ratio(name, of) })),
    })),
  };
}
