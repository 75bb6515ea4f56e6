/** A Redis server of the tests' own, which can be killed and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";

export class RedisServer {
  readonly #path: string;
  readonly port: number;
  #process: ChildProcess | null = null;

  private constructor(path: string, port: number) {
    this.#path = path;
    this.port = port;
  }

  /** Starts one on a free port; nothing is written to the disk. */
  static async start(path: string): Promise<RedisServer> {
    const server = new RedisServer(path, await freePort());
    await server.start();
    return server;
  }

  /** @returns once it accepts connections */
  async start(): Promise<void> {
    const options = { port: this.port, bind: "127.0.0.1", save: "", appendonly: "no" };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(this.#path, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes("Ready to accept connections")) break;
    }
    if (child.exitCode !== null)
      throw new Error(`redis-server ended with ${child.exitCode}: is port ${this.port} taken?`);
    child.stdout.resume();
  }

  /** Stops it (SIGSTOP), its connections stay open and silent; or lets it go on (SIGCONT). */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  /** Ends it without warning. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
