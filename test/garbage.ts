/** The garbage collector, without a flag on the command line. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Lets `globalThis.gc` be found, as with `--expose-gc`. */
export function exposeGarbageCollector(): void {
  globalThis.gc = collect as NonNullable<typeof globalThis.gc>;
}

/** Lets go of everything that can go. */
export const collectGarbage: () => void = collect;

/** Bytes in use once everything that can go is gone. */
export function heapInUse(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Bytes of buffers in use once everything that can go is gone. */
export function buffersInUse(): number {
  // Twice: a thread frees those of the first, and the second waits for it.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
