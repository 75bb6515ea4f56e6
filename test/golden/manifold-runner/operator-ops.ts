/** Ops that make streams, or a result, of other streams. */
import type { Deferred } from "../../../src/deferred/index.js";
import { stream } from "./kit.js";
import { fn, fn2, fnN, transducer } from "./library.js";
import type { Ops } from "./ops.js";
import type { Json } from "./program.js";
import { decode, sourceOf } from "./values.js";
import type { World } from "./world.js";

const keep = (world: World, name: string, made: unknown): void => void world.streams.set(name, made as object);

/** `map` and `mapcat` are of one source, or of a list of them, zipped, and a function of as many arguments. */
const mapping =
  (operator: "map" | "mapcat") =>
  (world: World, name: string, spec: string, source: Json): void => {
    if (!Array.isArray(source)) return keep(world, name, stream(operator, fn(world, spec), sourceOf(world, source)));
    keep(world, name, stream(operator, fnN(world, spec), ...source.map((each: Json) => sourceOf(world, each))));
  };

/** Calls a function of one argument, a kit's operator, on a source. */
const byFunction =
  (operator: string) =>
  (world: World, name: string, spec: string, source: Json): void =>
    keep(world, name, stream(operator, fn(world, spec), sourceOf(world, source)));

/** `reductions` and `reduce`: with an initial value the source is the fourth item, without it the third. */
function reducing(world: World, operator: string, spec: string, rest: readonly Json[]): unknown {
  const two = fn2(world, spec);
  const f = (...args: unknown[]): unknown => (args.length === 0 ? "empty" : two(args[0], args[1]));
  const [first, second] = rest;
  return second === undefined
    ? stream(operator, f, sourceOf(world, first as Json))
    : stream(operator, f, decode(world, first as Json), sourceOf(world, second));
}

export const operatorOps = {
  map: mapping("map"),
  mapcat: mapping("mapcat"),
  filter: byFunction("filter"),
  lazilyPartitionBy: byFunction("lazilyPartitionBy"),
  transform: (world, name: string, xform: readonly string[], source: Json, options: { buffer?: number } = {}) =>
    keep(
      world,
      name,
      stream(
        "transform",
        transducer(world, xform),
        ...(options.buffer === undefined ? [] : [options.buffer]),
        sourceOf(world, source),
      ),
    ),
  partitionBy: (world, name: string, spec: string, source: Json) =>
    keep(world, name, stream("transform", transducer(world, [`partitionBy:${spec}`]), sourceOf(world, source))),
  partitionAll: (world, name: string, size: number, source: Json) =>
    keep(world, name, stream("transform", transducer(world, [`partitionAll:${size}`]), sourceOf(world, source))),
  reductions: (world, name: string, spec: string, ...rest: Json[]) =>
    keep(world, name, reducing(world, "reductions", spec, rest)),
  reduce: (world, name: string, spec: string, ...rest: Json[]) =>
    void world.deferreds.set(name, reducing(world, "reduce", spec, rest) as Deferred<unknown>),
  zipStreams: (world, name: string, sources: readonly Json[]) =>
    keep(world, name, stream("zip", ...sources.map((source) => sourceOf(world, source)))),
  concat: (world, name: string, source: Json) => keep(world, name, stream("concat", sourceOf(world, source))),
  realizeEach: (world, name: string, source: Json) => keep(world, name, stream("realizeEach", sourceOf(world, source))),
  buffer: (world, name: string, limit: number, source: Json, options: { metric?: string } = {}) => {
    const metric = options.metric === undefined ? [] : [fn(world, options.metric)];
    keep(world, name, stream("buffer", ...metric, limit, sourceOf(world, source)));
  },
  batch: (
    world,
    name: string,
    size: number,
    source: Json,
    { latency, metric }: { latency?: number; metric?: string } = {},
  ) => {
    const from = sourceOf(world, source);
    const made =
      metric !== undefined
        ? stream("batch", fn(world, metric), size, latency ?? 1e9, from)
        : latency === undefined
          ? stream("batch", size, from)
          : stream("batch", size, latency, from);
    keep(world, name, made);
  },
  throttle: (world, name: string, rate: number, source: Json, options: { backlog?: number } = {}) => {
    const backlog = options.backlog === undefined ? [] : [options.backlog];
    keep(world, name, stream("throttle", rate, ...backlog, sourceOf(world, source)));
  },
  periodically: (world, name: string, period: number, spec: string, options: { delay?: number } = {}) => {
    const f = fn(world, spec);
    let calls = 0;
    const delay = options.delay === undefined ? [] : [options.delay];
    keep(
      world,
      name,
      stream("periodically", period, ...delay, () => f(++calls)),
    );
  },
  mapLine: (world, name: string, source: string, count: number) => {
    let end: unknown = world.stream(source);
    for (let i = 0; i < count; i++) end = stream("map", fn(world, "inc"), end);
    keep(world, name, end);
  },
} satisfies Ops;
