/** Servers and proxies that nobody here wrote: each on a free port, with a folder of its own; whoever starts one stops it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program that runs. */
export interface Started {
  readonly port: number;
  /** Of which the first is `port`. */
  readonly ports: readonly number[];
  /** "http://127.0.0.1:1234" */
  readonly url: string;
  /** Its folder, which goes with it. */
  readonly folder: string;
  /** What it wrote so far, to standard output and standard error. */
  readonly log: () => string;
  /** Ends it, and waits for that. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds that a program may take to listen, or to end by itself. */
const PATIENCE = 20_000;
/** Somebody else may take a free port before the program does. */
const ATTEMPTS = 3;

/** Ports that nobody listens on, all different. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).once("error", () => resolve(false));
  });
}

/**
 * Starts a program, and waits until somebody listens on its first port.
 *
 * @param argumentsFor Gets free ports and an empty folder, in which it may write files first.
 */
export async function start(
  program: string,
  argumentsFor: (ports: readonly number[], folder: string) => readonly string[],
  count = 1,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const started = await startOnce(program, argumentsFor, count);
    if (typeof started !== "string") return started;
    if (attempt === ATTEMPTS) throw new Error(`${program} did not start: ${started}`);
  }
}

async function startOnce(
  program: string,
  argumentsFor: (ports: readonly number[], folder: string) => readonly string[],
  count: number,
): Promise<Started | string> {
  const ports = await freePorts(count);
  const [port] = ports as [number];
  const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
  const child = spawn(program, argumentsFor(ports, folder), { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
  let log = "";
  for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", (text) => (log += text));
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const patience = performance.now() + PATIENCE;
  while (isRunning(child) && performance.now() < patience) {
    // oxlint-disable-next-line no-await-in-loop -- until it listens
    if (await answers(port)) return { port, ports, url: `http://127.0.0.1:${port}`, folder, log: () => log, stop };
    // oxlint-disable-next-line no-await-in-loop -- nobody says when
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await stop();
  return log;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function ended(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  const impatience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  child.kill("SIGTERM");
  await exit;
  clearTimeout(impatience);
}

/** httpbin under gunicorn: HTTP/1.1 with connections that are kept, sixteen requests at a time. */
export function startHttpbin(python: string): Promise<Started> {
  const threads = ["--worker-class", "gthread", "--threads", "16", "--keep-alive", "30", "--graceful-timeout", "1"];
  return start(python, ([port]) => ["-m", "gunicorn", "--bind", `127.0.0.1:${port}`, ...threads, "httpbin:app"]);
}

/** What the configuration of nginx is made of. */
export interface NginxPlace {
  readonly ports: readonly number[];
  /** Where files are served from. */
  readonly folder: string;
  /** Makes a file in the folder. @returns its path */
  readonly write: (name: string, content: string | Uint8Array) => string;
}

/**
 * nginx, in one process, that writes nothing outside its folder.
 *
 * @param http What is within `http { }`.
 * @param count Ports that it needs.
 */
export function startNginx(program: string, http: (place: NginxPlace) => string, count: number): Promise<Started> {
  return start(
    program,
    (ports, folder) => {
      const write = (name: string, content: string | Uint8Array): string => {
        const path = join(folder, name);
        writeFileSync(path, content);
        return path;
      };
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      const config = `
        daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn;
        events { worker_connections 256; }
        http {
          access_log off; root ${folder}; default_type text/plain;
          ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
          ${http({ ports, folder, write })}
        }`;
      return ["-p", folder, "-e", "stderr", "-c", write("nginx.conf", config)];
    },
    count,
  );
}

/** @param extra Lines of its configuration. */
export function startTinyproxy(program: string, extra = ""): Promise<Started> {
  return start(program, ([port], folder) => {
    const file = join(folder, "tinyproxy.conf");
    writeFileSync(file, `Port ${port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\nAllow 127.0.0.1\n${extra}\n`);
    return ["-d", "-c", file];
  });
}

export function startMicrosocks(program: string, ...args: readonly string[]): Promise<Started> {
  return start(program, ([port]) => ["-i", "127.0.0.1", "-p", String(port), ...args]);
}
