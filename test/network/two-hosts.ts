/**
 * Two hosts with a cable between them: network namespaces of the tests' own. Whoever runs in one reaches the other, and nothing
 * else. The cable can be cut so that neither side is told: what is sent then is lost.
 */
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findProgram } from "../needs.js";

export type Side = "near" | "far";

const ADDRESSES = { near: "10.231.0.1", far: "10.231.0.2" } as const;
const SIDES = ["near", "far"] as const;

/** A card that nobody has. */
const NOBODY = "02:00:00:00:00:01";

const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;

let made = 0;

export class TwoHosts {
  readonly #ip: string;
  readonly #name = `express-ring-${process.pid}-${++made}`;
  readonly #children: ChildProcess[] = [];

  /** @param ip the program of iproute2 */
  constructor(ip: string) {
    this.#ip = ip;
    for (const side of SIDES) this.#run("netns", "add", this.#namespaceOf(side));
    const [near, far] = SIDES.map((side) => this.#namespaceOf(side)) as [string, string];
    this.#run("link", "add", "cable", "netns", near, "type", "veth", "peer", "name", "cable", "netns", far);
    for (const side of SIDES) {
      const namespace = this.#namespaceOf(side);
      this.#run("-n", namespace, "address", "add", `${ADDRESSES[side]}/24`, "dev", "cable");
      for (const link of ["lo", "cable"]) this.#run("-n", namespace, "link", "set", link, "up");
    }
  }

  addressOf(side: Side): string {
    return ADDRESSES[side];
  }

  /** From now on both speak to nobody. */
  cut(): void {
    this.#eachSees((address) => ["replace", address, "lladdr", NOBODY, "nud", "permanent"]);
  }

  mend(): void {
    this.#eachSees((address) => ["delete", address]);
  }

  #eachSees(change: (address: string) => readonly string[]): void {
    for (const side of SIDES) {
      const other = side === "near" ? "far" : "near";
      this.#run("-n", this.#namespaceOf(side), "neighbour", ...change(ADDRESSES[other]), "dev", "cable");
    }
  }

  /** Runs a file of the tests on a host, as `fork` does. */
  fork(side: Side, file: string, ...args: readonly string[]): ChildProcess {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const [program, ...before] = this.#on(side);
    const execArgv = [...before, process.execPath, "--import", hooks, "--no-warnings"];
    return this.#keep(fork(path, args, { execPath: program as string, execArgv }));
  }

  /** Runs a program on a host. @returns once it says what is waited for */
  async start(side: Side, saying: string, ...command: readonly string[]): Promise<ChildProcess> {
    const [program, ...args] = [...this.#on(side), ...command];
    const child = this.#keep(spawn(program as string, args, { stdio: ["ignore", "pipe", "inherit"] }));
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      if (line.includes(saying)) break;
    }
    child.stdout?.resume();
    return child;
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#children.push(child);
    return child;
  }

  /** Ends everything on both hosts, and the hosts. */
  async remove(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        await exit;
      }),
    );
    for (const side of SIDES) this.#run("netns", "delete", this.#namespaceOf(side));
  }

  #namespaceOf(side: Side): string {
    return `${this.#name}-${side}`;
  }

  #on(side: Side): readonly string[] {
    return [findProgram("nsenter") as string, `--net=/run/netns/${this.#namespaceOf(side)}`];
  }

  #run(...args: readonly string[]): void {
    execFileSync(this.#ip, args);
  }
}
