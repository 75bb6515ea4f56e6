/** Every op of the programs: a function of the world and the op's arguments; what it returns is the op's `r`. */
import { busOps } from "./bus-ops.js";
import { deferredOps } from "./deferred-ops.js";
import { operatorOps } from "./operator-ops.js";
import { RunnerError } from "./program.js";
import { streamOps } from "./stream-ops.js";
import { timeOps } from "./time-ops.js";
import type { World } from "./world.js";

type Op = (world: World, ...args: never[]) => unknown;
export type Ops = Readonly<Record<string, Op>>;

const ops: Ops = { ...deferredOps, ...timeOps, ...streamOps, ...operatorOps, ...busOps };

export function op(name: string): Op {
  const found = ops[name];
  if (found === undefined) throw new RunnerError(`the runner has no op ${name}`);
  return found;
}
