/**
 * The parent of processes that share a port by `node:cluster`: `primary.ts <processes> <host> <Redis's port> <port>`. A process
 * that dies is replaced; whoever started this one is told which there are, once all listen, and may order more.
 */
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What may be ordered: to replace one process after the other, or to kill one. */
export type Order = "restart" | "kill";

const [count, ...args] = process.argv.slice(2);
cluster.setupPrimary({ exec: fileURLToPath(new URL("worker.ts", import.meta.url)), args });

const workers: Worker[] = [];
/** Those that were asked to end. */
const leaving = new WeakSet<Worker>();

async function add(place: number): Promise<void> {
  const worker = cluster.fork();
  workers[place] = worker;
  const failed = (): never => process.exit(1);
  worker.once("exit", failed);
  await once(worker, "message");
  worker.off("exit", failed).once("exit", () => {
    if (!leaving.has(worker)) void add(place).then(tell);
  });
}

async function replace(place: number): Promise<void> {
  const worker = workers[place] as Worker;
  leaving.add(worker);
  worker.process.kill("SIGTERM");
  await once(worker, "exit");
  await add(place);
}

const tell = (): void => void process.send?.(workers.map((worker) => worker.process.pid));

process.on("message", async (order: Order) => {
  if (order === "kill") {
    workers[0]?.process.kill("SIGKILL");
    return;
  }
  // oxlint-disable-next-line no-await-in-loop -- one after the other, so that somebody is always there
  for (const place of workers.keys()) await replace(place);
  tell();
});
process.once("disconnect", () => {
  for (const worker of workers) {
    leaving.add(worker);
    worker.process.kill("SIGKILL");
  }
  // A restart may be under way, which would go on with the next process.
  process.exit();
});

await Promise.all(Array.from({ length: Number(count) }, (_, place) => add(place)));
tell();
