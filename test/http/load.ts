/**
 * A program for leaks.test.ts: sends ten thousand requests to the server that its arguments name, over the version of HTTP they
 * name, every fifth cancelled, every seventh not read, and writes what is left of them. It ends by itself if nothing is.
 */
import { setMaxListeners } from "node:events";
import * as http from "../../src/http/index.js";

const [url = "", version] = process.argv.slice(2);
const one = http.connectionPool({
  connectionsPerHost: version === "http2" ? 2 : 16,
  connectionOptions: version === "http2" ? { httpVersions: ["http2"], insecure: true } : {},
});
const { signal } = new AbortController();
// A hundred requests at a time listen to it.
setMaxListeners(100, signal);
const outcomes = { read: 0, unread: 0, cancelled: 0, other: 0 };
const limits = { poolTimeout: 60_000, requestTimeout: 60_000, readTimeout: 60_000 };

async function ask(index: number): Promise<void> {
  const response = http.get(url, { pool: one, signal, ...limits });
  if (index % 5 === 0) {
    // Before it is sent, just after, or when the answer is on its way.
    if (index % 2 === 0)
      await new Promise((resolve) => (index % 4 === 0 ? setImmediate(resolve) : process.nextTick(resolve)));
    http.cancelRequest(response);
  }
  try {
    const { body } = await response;
    if (index % 7 === 0) {
      outcomes.unread++;
      return;
    }
    for await (const _ of body);
    outcomes.read++;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    outcomes[code === "RING_REQUEST_CANCELLED" ? "cancelled" : "other"]++;
  }
}

async function load(from: number, to: number): Promise<void> {
  for (let done = from; done < to; done += 100) {
    // oxlint-disable-next-line no-await-in-loop -- a hundred at a time
    await Promise.all(Array.from({ length: 100 }, (_, index) => ask(done + index)));
  }
}

async function heap(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    globalThis.gc?.();
    // oxlint-disable-next-line no-await-in-loop -- what was freed may free others
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return process.memoryUsage().heapUsed;
}

await load(0, 2000);
const early = await heap();
await load(2000, 10_000);
const late = await heap();
const waiting = one.inUse[new URL(url).origin]?.waiting ?? 0;
await one.close();
const resources = process.getActiveResourcesInfo().filter((name) => /Socket|Wrap|Timeout|Immediate/.test(name));
const left = resources.filter((name) => !/^(?:Pipe|TTY)/.test(name));
console.log(JSON.stringify({ outcomes, grown: late - early, waiting, inUse: one.inUse, left }));
