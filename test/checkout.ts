/** A copy of the project as a clone would have it, to build and run in. Its dependencies are those of this one. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { root } from "./sources.js";

const entries = [
  "src",
  "middleware",
  "examples",
  "bench",
  "scripts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

export class Checkout {
  readonly folder: string = mkdtempSync(join(tmpdir(), "express-ring-"));
  readonly #programs: Program[] = [];

  constructor() {
    for (const entry of entries) cpSync(`${root}${entry}`, join(this.folder, entry), { recursive: true });
    symlinkSync(`${root}node_modules`, join(this.folder, "node_modules"));
  }

  /** Runs a command to its end. @throws {Error} with what it printed, unless it ends well. */
  async run(...command: readonly [string, ...string[]]): Promise<void> {
    const program = this.#spawn(command);
    if ((await program.ended).code !== 0) throw program.failure();
  }

  /** Starts a server on a free port. It is ended with the copy, if not before. */
  start(...command: readonly [string, ...string[]]): Program {
    return this.startIn({}, ...command);
  }

  /** As `start`, with variables of the environment. */
  startIn(environment: Readonly<Record<string, string>>, ...command: readonly [string, ...string[]]): Program {
    const program = this.#spawn(command, environment);
    this.#programs.push(program);
    return program;
  }

  /** Ends what still runs, and removes the copy. */
  async remove(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.terminate()));
    rmSync(this.folder, { recursive: true });
  }

  #spawn(
    [file, ...parameters]: readonly [string, ...string[]],
    environment: Readonly<Record<string, string>> = {},
  ): Program {
    return new Program(
      spawn(file, parameters, {
        cwd: this.folder,
        env: { ...process.env, PORT: "0", ...environment },
        stdio: ["ignore", "pipe", "pipe"],
        // A group of its own, so that it can be ended with all that it has started.
        detached: true,
      }),
    );
  }
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly ended: Promise<End>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  #output = "";
  #hasEnded = false;

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
    this.ended = once(child, "close").then(([code, signal]) => {
      this.#hasEnded = true;
      return { code, signal } as End;
    });
  }

  /** Yields what it has printed, once that fits the pattern. @throws {Error} if it ends before */
  async prints(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#output)?.[0];
      if (found !== undefined) return found;
      if (this.#hasEnded) throw this.failure();
      await Promise.race([once(this.#child.stdout, "data"), this.ended]);
    }
  }

  /** The first address it prints. */
  url(): Promise<string> {
    return this.prints(/\b(https?|ws|tcp|udp):\/\/\S+(?=\s)/);
  }

  /** Sends a signal to it and to what it has started. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (!this.#hasEnded && pid !== undefined) process.kill(-pid, signal);
  }

  /** Sends SIGTERM, and yields how it ended. */
  terminate(): Promise<End> {
    this.signal("SIGTERM");
    return this.ended;
  }

  failure(): Error {
    return new Error(`${this.#child.spawnargs.join(" ")} ended with ${this.#child.exitCode}:\n${this.#output}`);
  }
}
