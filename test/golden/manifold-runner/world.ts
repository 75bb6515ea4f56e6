/** All that a running program has given a name to. */
import type { DeferredPromise } from "p-defer";
import { type MockClock, mockClock } from "../../../src/clock/index.js";
import type { ClaimToken, Deferrable, Deferred, Listener } from "../../../src/deferred/index.js";
import { type Json, RunnerError } from "./program.js";

/** A foreign promise, with its two ends. */
export type External = DeferredPromise<unknown>;

export class World {
  readonly clock: MockClock = mockClock();
  readonly deferreds = new Map<string, Deferred<unknown>>();
  readonly externals = new Map<string, External>();
  readonly streams = new Map<string, object>();
  readonly logs = new Map<string, Json[]>();
  readonly tokens = new Map<string, ClaimToken>();
  readonly listeners = new Map<string, Listener<unknown>>();
  readonly repetitions = new Map<string, () => void>();
  readonly buses = new Map<string, unknown>();

  deferred(name: string): Deferred<unknown> {
    return found(this.deferreds, name);
  }

  stream(name: string): object {
    return found(this.streams, name);
  }

  /** The deferred or the foreign promise of that name. */
  reference(name: string): Deferrable<unknown> {
    return this.externals.get(name)?.promise ?? this.deferred(name);
  }

  /** The log of that name; made when it is first mentioned. */
  log(name: string): Json[] {
    let log = this.logs.get(name);
    if (log === undefined) this.logs.set(name, (log = []));
    return log;
  }
}

/** What a program names exists; if not, the op before it failed, and the comparison has said so already. */
export function found<V>(map: ReadonlyMap<string, V>, name: string): V {
  const value = map.get(name);
  if (value === undefined) throw new RunnerError(`the program names "${name}", which was never made`);
  return value;
}
