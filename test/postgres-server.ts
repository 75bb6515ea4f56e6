/** A PostgreSQL server of the tests' own, with a cluster in a temporary folder, which can be killed and started again. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePort } from "./bus/redis-server.js";

/** Whom to run as; the server refuses to run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

export class PostgresServer {
  readonly #programs: string;
  readonly #folder: string;
  readonly #user = unprivileged();
  readonly port: number;
  #process: ChildProcess | null = null;

  private constructor(programs: string, folder: string, port: number) {
    this.#programs = programs;
    this.#folder = folder;
    this.port = port;
  }

  /** Makes a cluster and starts it on a free port; `programs` is the folder of PostgreSQL's programs. */
  static async start(programs: string): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "express-ring-postgres-"));
    const server = new PostgresServer(programs, folder, await freePort());
    const { uid, gid } = server.#user;
    if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
    const args = ["-D", join(folder, "data"), "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
    await promisify(execFile)(join(programs, "initdb"), args, { cwd: folder, ...server.#user });
    await server.start();
    return server;
  }

  get url(): string {
    return `postgres://test@127.0.0.1:${this.port}/postgres`;
  }

  /** @returns once it accepts connections */
  async start(): Promise<void> {
    const settings = { listen_addresses: "127.0.0.1", port: this.port, unix_socket_directories: "", fsync: "off" };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(join(this.#programs, "postgres"), ["-D", join(this.#folder, "data"), ...args], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
      ...this.#user,
    });
    this.#process = child;
    let said = "";
    for await (const line of createInterface({ input: child.stderr })) {
      said += `${line}\n`;
      if (line.includes("ready to accept connections")) break;
    }
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}:\n${said}`);
    child.stderr.resume();
  }

  /** Ends it without warning and without cleaning up, which it makes up for when it starts again. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // Not SIGKILL, which would leave its helpers behind, holding the memory that a new start needs.
    child.kill("SIGQUIT");
    await ended;
  }

  /** Ends it for good. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
