/** Measures one function: `node micro.js <module> <entry> <warm-up seconds> <seconds>`; tells operations per second. */
import { Bench } from "tinybench";

interface MicroModule {
  /** How often the task is done in one call. */
  readonly operations: number;
  readonly [entry: string]: unknown;
}

const [module = "", entry = "", warmup, seconds] = process.argv.slice(2);
const contenders = (await import(module)) as MicroModule;
const task = contenders[entry];
if (typeof task !== "function") throw new Error(`${module} does not export ${entry}`);

const bench = new Bench({ time: Number(seconds) * 1000, warmupTime: Number(warmup) * 1000, throws: true });
bench.add(entry, task as () => unknown);
const check = (await task()) as number;
const [measured] = await bench.run();
if (measured?.result.state !== "completed") throw new Error(`${entry} did not complete`);

const { user, system } = process.cpuUsage();
const rate = (contenders.operations * 1000) / measured.result.latency.mean;
process.stdout.write(JSON.stringify({ check, rate, processor: (user + system) / 1000 / performance.now() }));
