/** The server that the HTTP clients are measured against: a process of its own, which the client's processor is not shared with. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

export const LARGE = 10_000_000;

const SERVE = "serve-the-clients";

/** Starts it. @returns its URL: `/small` answers with a few bytes, `/large` with 10 MB, `/upload` with the bytes it got */
export async function startServer(): Promise<string> {
  const command = [...elsewhere(), process.execPath, fileURLToPath(import.meta.url), SERVE];
  const [program = "", ...rest] = command;
  const server = spawn(program, rest, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [port] = (await once(server, "message")) as [number];
  server.unref();
  server.channel?.unref();
  return `http://127.0.0.1:${port}`;
}

/** What lets a process leave the one processor that this one is tied to. */
function elsewhere(): readonly string[] {
  if (process.platform !== "linux" || spawnSync("taskset", ["--version"]).error !== undefined) return [];
  return ["taskset", "--cpu-list", `0-${cpus().length - 1}`];
}

if (process.argv[2] === SERVE) {
  process.once("disconnect", () => process.exit());
  const large = Buffer.alloc(LARGE, "x");
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    if (req.url === "/small") res.end("hello");
    else if (req.url === "/large") res.end(large);
    else {
      let bytes = 0;
      req.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      req.on("end", () => res.end(String(bytes)));
    }
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
}
