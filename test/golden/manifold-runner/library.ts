/** The function library: functions that programs name, as `name` or `name:argument,argument`. */
import { chain, type Deferred, errorDeferred, listener, successDeferred } from "../../../src/deferred/index.js";
import { kit, stream } from "./kit.js";
import { RunnerError } from "./program.js";
import { failure, messageOf, number, print, same, stateOf } from "./values.js";
import type { World } from "./world.js";

type Argument = null | boolean | number | string;
export type Fn = (x: unknown) => unknown;
export type Fn2 = (a: unknown, b: unknown) => unknown;
type Table<F> = Readonly<Record<string, (world: World, ...args: never[]) => F>>;

function parseArgument(text: string): Argument {
  if (text === "null") return null;
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** Splits `name:argument,argument`. */
export function parseSpec(spec: string): [name: string, ...args: Argument[]] {
  const colon = spec.indexOf(":");
  if (colon === -1) return [spec];
  return [
    spec.slice(0, colon),
    ...spec
      .slice(colon + 1)
      .split(",")
      .map(parseArgument),
  ];
}

function lookUp<F>(table: Table<F>, world: World, spec: string): F | undefined {
  const [name, ...args] = parseSpec(spec);
  return table[name]?.(world, ...(args as never[]));
}

function must<F>(found: F | undefined, spec: string): F {
  if (found === undefined) throw new RunnerError(`the runner's library has no function ${spec}`);
  return found;
}

const numeric = (f: (x: number) => unknown) => () => (x: unknown) => f(number(x));
const list = (x: unknown): unknown[] => x as unknown[];
const upTo = (x: unknown): number[] => Array.from({ length: Math.max(0, Math.min(6, number(x))) }, (_, i) => i);

/** Functions of one argument. */
const functions: Table<Fn> = {
  identity: () => (x) => x,
  inc: numeric((x) => x + 1),
  dec: numeric((x) => x - 1),
  double: numeric((x) => x * 2),
  neg: numeric((x) => -x),
  square: numeric((x) => x * x),
  half: numeric((x) => Math.trunc(x / 2)),
  mod3: numeric((x) => ((x % 3) + 3) % 3),
  even: numeric((x) => x % 2 === 0),
  odd: numeric((x) => x % 2 !== 0),
  pos: numeric((x) => x > 0),
  small: numeric((x) => x < 5),
  isNull: () => (x) => x === null || x === undefined,
  not: () => (x) => x === null || x === undefined || x === false,
  yes: () => () => true,
  no: () => () => false,
  one: () => () => 1,
  const: (_world, value: Argument) => () => value,
  toNull: () => () => null,
  twice: () => (x) => [x, x],
  pair: numeric((x) => [x, x + 1]),
  upTo: () => upTo,
  none: () => () => [],
  pairThrow: numeric((x) => {
    if (x % 2 !== 0) throw failure("odd");
    return [x, x + 1];
  }),
  sum: () => (x) => list(x).reduce((sum: number, item) => sum + number(item), 0),
  first: () => (x) => list(x)[0],
  count: () => (x) => list(x).length,
  throwBoom: () => () => {
    throw failure("boom");
  },
  throw: (_world, message: string) => () => {
    throw failure(message);
  },
  // The recorder read the two arguments of its `throwClass` the other way round; "No matching clause" is what came of it.
  throwClass: (_world, className: string, message: string) => () => {
    throw failure(message, className);
  },
  throwIfOdd: numeric((x) => {
    if (x % 2 !== 0) throw failure("odd");
    return x;
  }),
  throwIfNeg: numeric((x) => {
    if (x < 0) throw failure("negative");
    return x;
  }),
  throwOn: (_world, value: Argument) => (x) => {
    if (same(x, value)) throw failure(`on ${value}`);
    return x;
  },
  toDeferred: (world, name: string) => () => world.reference(name),
  wrap: () => (x) => successDeferred(x),
  wrap2: () => (x) => successDeferred(successDeferred(x)),
  wrapErr:
    (_world, message = "wrapped") =>
    () =>
      errorDeferred(failure(message)),
  plusRef: (world, name: string) => (x) => chain(world.reference(name), (y: unknown) => number(x) + number(y)),
  log: (world, log: string) => (x) => {
    world.log(log).push(print(world, x));
    return x;
  },
  mark: (world, log: string, text: string) => (x) => {
    world.log(log).push(text);
    return x;
  },
  trace: (world, log: string, spec: string) => {
    const f = fn(world, spec);
    return (x) => {
      world.log(log).push(print(world, x));
      return f(x);
    };
  },
  success: (world, name: string) => (x) => {
    world.deferred(name).success(x);
    return x;
  },
  error:
    (world, name: string, message = "cb") =>
    (x) => {
      world.deferred(name).error(failure(message));
      return x;
    },
  put: (world, name: string) => (x) => stream("put", world.stream(name), x),
  putVal: (world, name: string, value: Argument) => () => stream("put", world.stream(name), value),
  take: (world, name: string) => () => stream("take", world.stream(name)),
  close: (world, name: string) => (x) => {
    stream("close", world.stream(name));
    return x;
  },
  probe: (world, log: string, name: string) => (x) => {
    const probed = world.stream(name);
    world.log(log).push({
      closed: print(world, stream("isClosed", probed)),
      drained: print(world, stream("isDrained", probed)),
    });
    return x;
  },
  probeD: (world, log: string, name: string) => (x) => {
    world.log(log).push(stateOf(world, world.deferred(name)));
    return x;
  },
  listen: (world, log: string, name: string, as: string) => (x) => {
    world.deferred(name).addListener(logging(world, log, as));
    return x;
  },
  streamOf: () => (x) => {
    const messages = upTo(x);
    const made = stream("stream", 16);
    for (const message of messages) stream("put", made, message);
    stream("close", made);
    return made;
  },
};

export function fn(world: World, spec: string): Fn {
  return must(lookUp(functions, world, spec), spec);
}

/** A listener that logs the outcome, and under which name it listened. */
export function logging(world: World, log: string, as?: string) {
  const label = as === undefined ? {} : { as };
  return listener<unknown>(
    (value) => void world.log(log).push({ ok: print(world, value), ...label }),
    (error) => void world.log(log).push({ err: messageOf(world, error), ...label }),
  );
}

const numeric2 = (f: (a: number, b: number) => unknown) => () => (a: unknown, b: unknown) => f(number(a), number(b));

/** Functions of two arguments. */
const functions2: Table<Fn2> = {
  add: numeric2((a, b) => a + b),
  sub: numeric2((a, b) => a - b),
  mul: numeric2((a, b) => a * b),
  max: numeric2((a, b) => Math.max(a, b)),
  pairUp: () => (a, b) => [a, b],
  conj: () => (a, b) => (Array.isArray(a) ? [...(a as unknown[]), b] : [a, b]),
  last: () => (_a, b) => b,
  addThrow: numeric2((a, b) => {
    if (a + b > 10) throw failure("too big");
    return a + b;
  }),
  addReduced: (_world, limit: number) => (a, b) => {
    const sum = number(a) + number(b);
    return sum >= limit ? kit("transducers", "reduced")(sum) : sum;
  },
  addWrap: numeric2((a, b) => successDeferred(a + b)),
  traceAdd: (world, log: string) => (a, b) => {
    world.log(log).push([print(world, a), print(world, b)]);
    return number(a) + number(b);
  },
};

export function fn2(world: World, spec: string): Fn2 {
  return must(lookUp(functions2, world, spec), spec);
}

/** Functions of as many arguments as there are streams. */
const variadic: Table<(...xs: unknown[]) => unknown> = {
  sumAll:
    () =>
    (...xs) =>
      xs.reduce((sum: number, x) => sum + number(x), 0),
  vec:
    () =>
    (...xs) =>
      xs,
};

export function fnN(world: World, spec: string): (...xs: unknown[]) => unknown {
  const two = lookUp(functions2, world, spec) as ((...xs: unknown[]) => unknown) | undefined;
  return two ?? must(lookUp(variadic, world, spec), spec);
}

/** Handlers of `catch`. */
const handlers: Table<Fn> = {
  recover: (_world, value: Argument) => () => value,
  recoverMsg: (world) => (error) => messageOf(world, error),
  rethrow: () => (error) => {
    throw error;
  },
  throwOther: (_world, message: string) => () => {
    throw failure(message);
  },
  toDeferred: (world, name: string) => () => world.reference(name),
  wrap: (_world, value: Argument) => () => successDeferred(value),
  wrapErr:
    (_world, message = "wrapped") =>
    () =>
      errorDeferred(failure(message)),
  log: (world, log: string) => (error) => {
    world.log(log).push(messageOf(world, error));
    return "logged";
  },
  probe2: (world, log: string, one: string, other: string) => () => {
    world.log(log).push(stateOf(world, world.deferred(one)), stateOf(world, world.deferred(other)));
    return 0;
  },
};

export function handler(world: World, spec: string): Fn {
  return must(lookUp(handlers, world, spec), spec);
}

const logged = (world: World, log: string, x: unknown): void => void world.log(log).push(print(world, x));

/** Callbacks of `connectVia` and `consumeAsync`; all give a deferred. */
const callbacks: Table<(x: unknown) => Deferred<unknown>> = {
  put: (world, name: string, spec = "identity") => {
    const f = fn(world, spec);
    return (x) => stream("put", world.stream(name), f(x)) as Deferred<unknown>;
  },
  putTwice: (world, name: string) => (x) =>
    chain(stream("put", world.stream(name), x) as Deferred<unknown>, () => stream("put", world.stream(name), x)),
  drop: () => () => successDeferred(true),
  logTrue: (world, log: string) => (x) => {
    logged(world, log, x);
    return successDeferred(true);
  },
  falseOn: (_world, value: Argument) => (x) => successDeferred(!same(x, value)),
  logFalseOn: (world, log: string, value: Argument) => (x) => {
    logged(world, log, x);
    return successDeferred(!same(x, value));
  },
  throwOn: (_world, value: Argument) => (x) => {
    if (same(x, value)) throw failure("cb boom");
    return successDeferred(true);
  },
  logThrowOn: (world, log: string, value: Argument) => (x) => {
    logged(world, log, x);
    if (same(x, value)) throw failure("cb boom");
    return successDeferred(true);
  },
  errOn: (_world, value: Argument) => (x) =>
    same(x, value) ? errorDeferred(failure("cb err")) : successDeferred(true),
  gate: (world, name: string) => () => world.deferred(name),
  logGate: (world, log: string, name: string) => (x) => {
    logged(world, log, x);
    return world.deferred(name);
  },
};

export function callback(world: World, spec: string): (x: unknown) => Deferred<unknown> {
  return must(lookUp(callbacks, world, spec), spec);
}

/** Transducers whose argument is a function; those of the others are numbers and values. */
const takesFunction = new Set(["map", "filter", "remove", "mapcat", "keep", "takeWhile", "dropWhile", "partitionBy"]);

/** The composition, left to right, of the transducers a program names. */
export function transducer(world: World, specs: readonly string[]): unknown {
  const parts = specs.map((spec) => {
    const [name, ...args] = parseSpec(spec);
    const argument = spec.slice(name.length + 1);
    return kit("transducers", name)(...(takesFunction.has(name) ? [fn(world, argument)] : args));
  });
  return parts.length === 1 ? parts[0] : kit("transducers", "compose")(...parts);
}
