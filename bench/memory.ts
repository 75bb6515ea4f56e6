/** Weighs what one function makes: `node --expose-gc memory.js <module> <entry>`; tells how many fit into a megabyte. */
const [module = "", entry = ""] = process.argv.slice(2);
const make = ((await import(module)) as Readonly<Record<string, unknown>>)[entry];
if (typeof make !== "function") throw new Error(`${module} does not export ${entry}`);
const { gc } = globalThis;
if (gc === undefined) throw new Error("node needs --expose-gc here");

/** Bytes in use, on the heap and beside it. */
function inUse(): number {
  gc?.();
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const COUNT = 100_000;
const made: unknown[] = new Array(COUNT).fill(null);
// What is set up once for all is not counted.
made[0] = (make as () => unknown)();
const before = inUse();
for (let i = 0; i < COUNT; i++) made[i] = (make as () => unknown)();
const bytes = (inUse() - before) / COUNT;
if (made.includes(undefined)) throw new Error(`${entry} made nothing`);
// Memory does not depend on how much of a processor was to be had.
process.stdout.write(JSON.stringify({ rate: 1_000_000 / bytes, processor: 1 }));
