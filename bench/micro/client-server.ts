/** The server that the HTTP clients are measured against: on a thread of its own, in the process of the client. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

export const LARGE = 10_000_000;

/** Starts it. @returns its URL: `/small` answers with a few bytes, `/large` with 10 MB, `/upload` with the bytes it got */
export async function startServer(): Promise<string> {
  const worker = new Worker(new URL(import.meta.url));
  worker.unref();
  const port = await new Promise<number>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  worker.removeAllListeners();
  return `http://127.0.0.1:${port}`;
}

if (!isMainThread) {
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
  server.listen(0, "127.0.0.1", () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage((server.address() as AddressInfo).port);
  });
}
