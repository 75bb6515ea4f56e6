/** Keeps many connections open, sends to all of them for a while, and tells what it cost and whether anything was lost. */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { setTimeout as rest } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type ClientsCommand,
  type ClientsReport,
  type ServerOrder,
  type ServerReport,
  type Tally,
  textOf,
} from "./messages.js";

export interface SoakOptions {
  /** Websockets, which get a broadcast each second. */
  readonly websockets: number;
  /** Event streams, which get ten events each second. A third reads slowly, a third leaves midway. */
  readonly events: number;
  readonly seconds: number;
  /** Options of Node for the processes. @default those of this one */
  readonly execArgv?: readonly string[];
}

export interface SoakReport {
  readonly websockets: Phase;
  readonly events: Phase;
}

/** What one kind of connection came to. */
export interface Phase extends Tally {
  readonly sent: number;
  /** Resident bytes of the server for each connection, once all were open. */
  readonly memory: number;
  /** Resident bytes of the server at the end. */
  readonly finalMemory: number;
  /** The part of a processor that the server used while it sent: 0 to 1. */
  readonly processor: number;
  /** What the server says it did not deliver. */
  readonly dropped: number;
}

/** Clients of one process. */
const SHARE = 5000;
/** Files that a process needs besides its connections. */
const SPARE = 200;

const BROADCAST_EACH = 1000;
const EVENT_EACH = 100;

/** @throws {Error} if the processes may not have as many files open as they need; if a process ends by itself */
export async function soak({ websockets, events, seconds, execArgv }: SoakOptions): Promise<SoakReport> {
  checkFileLimit(Math.max(websockets, events) + SPARE);
  const run = (kind: "broadcast" | "event", clients: number): Promise<Phase> =>
    phase(kind, clients, seconds, execArgv ?? process.execArgv);
  return { websockets: await run("broadcast", websockets), events: await run("event", events) };
}

/** Node raises its own limit to the hard one by itself. */
function checkFileLimit(needed: number): void {
  const limit = Number(String(spawnSync("sh", ["-c", "ulimit -Hn"]).stdout));
  if (limit >= needed || Number.isNaN(limit)) return;
  throw new Error(
    `a process may have ${limit} files open here, and needs ${needed}; raise it with \`ulimit -n ${needed}\``,
  );
}

async function phase(
  kind: "broadcast" | "event",
  clients: number,
  seconds: number,
  execArgv: readonly string[],
): Promise<Phase> {
  const children: Child[] = [];
  const start = (name: string, args: readonly string[], options: readonly string[] = []): Child => {
    const child = new Child(name, args, [...execArgv, ...options]);
    children.push(child);
    return child;
  };
  try {
    const server = start("server", [], ["--expose-gc"]);
    const { port } = await server.told<{ port: number }>();
    const report = (): Promise<ServerReport> => server.ask<ServerReport>({ order: "report" });
    const empty = await report();
    const shares = Array.from({ length: Math.ceil(clients / SHARE) }, (_, place) =>
      Math.min(SHARE, clients - place * SHARE),
    );
    const crowd = shares.map((share) => {
      const order = { port, websockets: kind === "broadcast" ? share : 0, events: kind === "event" ? share : 0 };
      return start("clients", [JSON.stringify(order)]);
    });
    await Promise.all(crowd.map((each) => each.told()));
    const full = await report();

    const every = kind === "broadcast" ? BROADCAST_EACH : EVENT_EACH;
    const count = Math.round((seconds * 1000) / every);
    const begin = performance.now();
    for (let number = 0; number < count; number++) {
      server.tell({ order: kind, text: textOf(kind, number) });
      if (number === Math.floor(count / 2)) for (const each of crowd) each.tell({ command: "leave" });
      // oxlint-disable-next-line no-await-in-loop -- at its time, whatever the one before took
      await rest(Math.max(0, begin + (number + 1) * every - performance.now()));
    }
    const sent = { broadcasts: kind === "broadcast" ? count : 0, events: kind === "event" ? count : 0 };
    const busy = await report();
    const milliseconds = performance.now() - begin;
    const reports = await Promise.all(crowd.map((each) => each.ask<ClientsReport>({ command: "finish", ...sent })));
    const final = await report();
    const tallies = reports.map(({ websockets, events }) => (kind === "broadcast" ? websockets : events));
    const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, each) => total + of(each), 0);
    return {
      sent: count,
      clients: sum((each) => each.clients),
      received: sum((each) => each.received),
      lost: sum((each) => each.lost),
      slowest: Math.max(0, ...tallies.map(({ slowest }) => slowest)),
      memory: (full.memory - empty.memory) / Math.max(1, clients),
      finalMemory: final.memory,
      processor: (busy.processor - full.processor) / milliseconds,
      dropped: final.dropped,
    };
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}

/** A process of the soak. */
class Child {
  readonly #name: string;
  readonly #process: ChildProcess;

  constructor(name: string, args: readonly string[], execArgv: readonly string[]) {
    // As this file: compiled, or not.
    const file = new URL(`${name}${import.meta.url.slice(-3)}`, import.meta.url);
    this.#name = name;
    this.#process = fork(fileURLToPath(file), args, { execArgv: [...execArgv] });
  }

  tell(what: ServerOrder | ClientsCommand): void {
    this.#process.send(what);
  }

  async told<T>(): Promise<T> {
    const [message] = (await Promise.race([once(this.#process, "message"), once(this.#process, "exit")])) as [T];
    if (this.#process.exitCode === null && this.#process.signalCode === null) return message;
    throw new Error(`the ${this.#name} of the soak ended by itself`);
  }

  ask<T>(what: ServerOrder | ClientsCommand): Promise<T> {
    const told = this.told<T>();
    this.tell(what);
    return told;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.disconnect();
    await exit;
  }
}
