/** Ops on the clock. */
import type { Deferred } from "../../../src/deferred/index.js";
import { kit } from "./kit.js";
import { fn } from "./library.js";
import type { Ops } from "./ops.js";
import { failure } from "./values.js";
import { found } from "./world.js";

export const timeOps = {
  advance: (world, milliseconds: number) => world.clock.advance(milliseconds),
  in: (world, name: string, milliseconds: number, spec: string) => {
    const f = fn(world, spec);
    world.deferreds.set(name, kit("time", "in")(milliseconds, () => f(world.clock.now())) as Deferred<unknown>);
  },
  at: (world, name: string, timestamp: number, spec: string) => {
    const f = fn(world, spec);
    world.deferreds.set(name, kit("time", "at")(timestamp, () => f(world.clock.now())) as Deferred<unknown>);
  },
  every: (world, name: string, period: number, log: string, options: { delay?: number; throwAt?: number } = {}) => {
    world.log(log);
    let calls = 0;
    const tick = (): void => {
      world.log(log).push(world.clock.now());
      if (++calls === options.throwAt) throw failure("every");
    };
    const every = kit("time", "every");
    const cancel = options.delay === undefined ? every(period, tick) : every(period, options.delay, tick);
    world.repetitions.set(name, cancel as () => void);
  },
  cancelEvery: (world, name: string) => found(world.repetitions, name)(),
} satisfies Ops;
