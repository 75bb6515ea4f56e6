/** Programs that tests run: each on a free port, killed when the test is over. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterThisTest } from "./servers.js";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves as soon as somebody listens there. */
async function ready(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is there
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      }).once("error", () => resolve(false));
    });
    if (isThere) return;
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`);
  }
}

/** Runs a program until the test is over; resolves when it listens on its port. */
export async function start(program: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(program, args, { stdio: "ignore" });
  afterThisTest(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  });
  await ready(port, child);
}

/** An HTTP proxy. @returns its port */
export async function startTinyproxy(program: string, extra = ""): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
  afterThisTest(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "tinyproxy.conf");
  writeFileSync(file, `Port ${port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\nAllow 127.0.0.1\n${extra}\n`);
  await start(program, ["-d", "-c", file], port);
  return port;
}

/** A SOCKS 5 proxy. @returns its port */
export async function startMicrosocks(program: string, ...args: readonly string[]): Promise<number> {
  const port = await freePort();
  await start(program, ["-i", "127.0.0.1", "-p", String(port), ...args], port);
  return port;
}
