/** The loops of the programs. */
import { chain, type Deferred, errorDeferred, loop, recur, successDeferred } from "../../../src/deferred/index.js";
import { stream } from "./kit.js";
import type { Json } from "./program.js";
import { decode, failure, number, same } from "./values.js";
import type { World } from "./world.js";

export interface LoopOptions {
  readonly kind: keyof typeof loops;
  readonly from?: number;
  readonly to?: number;
  readonly gates?: readonly string[];
  readonly init?: Json;
  readonly src?: string;
  readonly stopAt?: Json;
  readonly n?: number;
}

type Loop = (world: World, options: LoopOptions) => Deferred<unknown>;

const drained = Symbol("drained");

const count: Loop = (_world, { from = 0, to = 0 }) =>
  loop([from] as [number], (i): unknown => (i < to ? recur(i + 1) : i));

const countChain: Loop = (_world, { from = 0, to = 0 }) =>
  loop([from] as [number], (i): unknown => chain(successDeferred(i), (n): unknown => (n < to ? recur(n + 1) : n)));

/** Sums the gates one after the other. */
const gates: Loop = (world, { gates: names = [], init = 0 }) =>
  loop([0, init] as [number, unknown], (place, sum): unknown => {
    const name = names[place];
    if (name === undefined) return sum;
    return chain(world.deferred(name), (value: unknown) => recur(place + 1, number(sum) + number(value)));
  });

/** Sums the messages of a stream until it is drained, or until one equals `stopAt`. */
const sumTake: Loop = (world, { src = "", init = 0, stopAt }) =>
  loop([init] as [unknown], (sum): unknown =>
    chain(stream("take", world.stream(src), drained) as Deferred<unknown>, (message: unknown) => {
      if (message === drained || (stopAt !== undefined && same(message, stopAt))) return sum;
      return recur(number(sum) + number(message));
    }),
  );

const throwAt: Loop = (_world, { n = 0 }) =>
  loop([0] as [number], (turn): unknown => {
    if (turn === n) throw failure("loop boom");
    return recur(turn + 1);
  });

const errAt: Loop = (_world, { n = 0 }) =>
  loop([0] as [number], (turn): unknown => (turn === n ? errorDeferred(failure("loop err")) : recur(turn + 1)));

const plain: Loop = (world, { init = null }) => loop([] as [], (): unknown => decode(world, init));

export const loops = { count, countChain, gates, sumTake, throwAt, errAt, plain };
