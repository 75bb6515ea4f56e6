/** Several processes that are one application, started and restarted for tests. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "../bus/redis-server.js";
import { type Started, startNginx } from "../http/real/servers.js";
import type { Order } from "./primary.js";

export interface Fleet {
  /** Where clients come to, "127.0.0.1:1234". */
  readonly address: string;
  /** Replaces one process after the other, each with SIGTERM. */
  readonly restart: () => Promise<void>;
  /** Ends one process with SIGKILL, and starts another one in its place. @returns when that one listens */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What the processes serve on. */
export type Host = "express" | "startServer";

const PROCESSES = 2;

const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;

function run(file: string, ...args: readonly unknown[]): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return fork(path, args.map(String), { execArgv: ["--import", hooks, "--no-warnings"] });
}

/** Waits until it says something. @throws {Error} if it ends instead */
async function told(child: ChildProcess): Promise<void> {
  const [status] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
  if (child.exitCode !== null) throw new Error(`a process of the application has ended with ${String(status)}`);
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** Processes of `node:cluster`, which share a port. */
export async function startCluster(host: Host, redisPort: number): Promise<Fleet> {
  const port = await freePort();
  const primary = run("primary.ts", PROCESSES, host, redisPort, port);
  await told(primary);
  const order = async (what: Order): Promise<void> => {
    const done = told(primary);
    primary.send(what);
    await done;
  };
  return {
    address: `127.0.0.1:${port}`,
    restart: () => order("restart"),
    kill: () => order("kill"),
    async stop() {
      const exit = once(primary, "exit");
      primary.disconnect();
      await exit;
    },
  };
}

/** Separate processes, each on a port of its own, behind nginx. */
export async function startBehindNginx(
  nginx: string,
  configuration: (port: number, ports: readonly number[]) => string,
  hosts: readonly Host[],
  redisPort: number,
): Promise<Fleet> {
  const ports = await Promise.all(hosts.map(freePort));
  const children: ChildProcess[] = [];
  const add = async (place: number): Promise<void> => {
    const child = run("worker.ts", hosts[place], redisPort, ports[place]);
    children[place] = child;
    await told(child);
  };
  await Promise.all(hosts.map((_, place) => add(place)));
  const server: Started = await startNginx(nginx, ({ ports: [port] }) => configuration(port as number, ports), 1);
  const replace = async (place: number, signal: NodeJS.Signals): Promise<void> => {
    await ended(children[place] as ChildProcess, signal);
    await add(place);
  };
  return {
    address: `127.0.0.1:${server.port}`,
    async restart() {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that somebody is always there
      for (const place of hosts.keys()) await replace(place, "SIGTERM");
    },
    kill: () => replace(0, "SIGKILL"),
    async stop() {
      await server.stop();
      await Promise.all(children.map((child) => ended(child, "SIGKILL")));
    },
  };
}
