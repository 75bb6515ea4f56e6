/** The state of everything a program has named. */
import { unwrap } from "../../../src/deferred/index.js";
import { stream } from "./kit.js";
import type { Json, Snapshot } from "./program.js";
import { print, stateOf } from "./values.js";
import type { World } from "./world.js";

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
  const description = stream("description", member) as Readonly<Record<string, unknown>>;
  if ("pendingPuts" in description) {
    const { isClosed, isDrained, bufferSize, pendingPuts, pendingTakes } = description;
    return {
      closed: print(world, isClosed),
      drained: print(world, isDrained),
      buf: print(world, bufferSize),
      puts: print(world, pendingPuts),
      takes: print(world, pendingTakes),
    };
  }
  if (description["type"] === "splice") {
    return { closed: half(description, "sink", "isClosed"), drained: half(description, "source", "isDrained") };
  }
  return {
    ...(stream("isSink", member) === true ? { closed: print(world, stream("isClosed", member)) } : {}),
    ...(stream("isSource", member) === true ? { drained: print(world, stream("isDrained", member)) } : {}),
  };
}

/** What the innermost half of a splice, which may be a splice itself, says of itself. */
function half(description: Readonly<Record<string, unknown>>, side: "sink" | "source", key: string): Json {
  const inner = description[side];
  return inner === undefined ? (description[key] as Json) : half(inner as Readonly<Record<string, unknown>>, side, key);
}
