/** The state of everything a program has named. */
import { unwrap } from "../../../src/deferred/index.js";
import { stream } from "./kit.js";
import type { Json, Snapshot } from "./program.js";
import { print, stateOf } from "./values.js";
import type { World } from "./world.js";

interface Description {
  readonly isClosed?: boolean;
  readonly isDrained?: boolean;
  readonly sink?: Description;
  readonly source?: Description;
  readonly bufferSize?: number;
  readonly pendingPuts?: number;
  readonly pendingTakes?: number;
}

export function snapshot(world: World, returned: unknown, threw: boolean): Snapshot {
  return {
    d: Object.fromEntries([...world.deferreds].map(([name, deferred]) => [name, stateOf(world, deferred)])),
    s: Object.fromEntries([...world.streams].map(([name, member]) => [name, streamState(world, member)])),
    l: Object.fromEntries([...world.logs].map(([name, entries]) => [name, [...entries]])),
    // A foreign promise shows its value only after a microtask, so what `unwrap` returned is opened here.
    r: returned === undefined ? undefined : print(world, unwrap(returned)),
    threw,
  };
}

/** Streams with queues of their own show all, spliced and coerced ones only what their halves know. */
function streamState(world: World, member: object): Json {
  const description = stream("description", member) as Description;
  const closed = closedOf(description);
  const drained = drainedOf(description);
  return {
    ...(closed === undefined ? {} : { closed }),
    ...(drained === undefined ? {} : { drained }),
    ...("pendingPuts" in description
      ? {
          buf: print(world, description.bufferSize),
          puts: print(world, description.pendingPuts),
          takes: print(world, description.pendingTakes),
        }
      : {}),
  };
}

/** A spliced stream describes its two halves, each of which may be spliced itself. */
const closedOf = ({ isClosed, sink }: Description): boolean | undefined =>
  isClosed ?? (sink === undefined ? undefined : closedOf(sink));
const drainedOf = ({ isDrained, source }: Description): boolean | undefined =>
  isDrained ?? (source === undefined ? undefined : drainedOf(source));
