/** Ops on streams: making them, putting, taking, closing, connecting. */
import type { Deferred } from "../../../src/deferred/index.js";
import { stream } from "./kit.js";
import { callback, fn, transducer } from "./library.js";
import type { Ops } from "./ops.js";
import type { Json } from "./program.js";
import { decode, failure, nameOf, same, sourceOf } from "./values.js";
import type { World } from "./world.js";

interface StreamOptions {
  readonly buffer?: number;
  readonly xform?: readonly string[];
  readonly permanent?: boolean;
}

/** Gives a name to the deferred, or the stream, that a function of the kit returned. */
const keepDeferred = (world: World, name: string, made: unknown): void =>
  void world.deferreds.set(name, made as Deferred<unknown>);
const keepStream = (world: World, name: string, made: unknown): void => void world.streams.set(name, made as object);

/** The options of a function of the kit, or no argument at all. */
const optional = (options: object | undefined): object[] => (options === undefined ? [] : [options]);

export const streamOps = {
  stream: (world, name: string, { buffer = 0, xform, permanent }: StreamOptions = {}) => {
    const transducers = xform === undefined ? [] : [transducer(world, xform)];
    if (permanent !== true) return keepStream(world, name, stream("stream", buffer, ...transducers));
    const [only] = transducers;
    keepStream(
      world,
      name,
      stream("streamOf", { permanent, bufferSize: buffer, ...(only === undefined ? {} : { xform: only }) }),
    );
  },
  bufferedStream: (world, name: string, limit: number, options: { metric?: string } = {}) =>
    keepStream(
      world,
      name,
      options.metric === undefined
        ? stream("bufferedStream", limit)
        : stream("bufferedStream", fn(world, options.metric), limit),
    ),
  droppingStream: (world, name: string, size: number, source?: Json) =>
    keepStream(world, name, stream("droppingStream", size, ...(source === undefined ? [] : [sourceOf(world, source)]))),
  slidingStream: (world, name: string, size: number, source?: Json) =>
    keepStream(world, name, stream("slidingStream", size, ...(source === undefined ? [] : [sourceOf(world, source)]))),
  source: (world, name: string, values: readonly Json[]) =>
    keepStream(world, name, stream("toSource", decode(world, values))),
  sourceDeferred: (world, name: string, deferred: string) =>
    keepStream(world, name, stream("toSource", world.deferred(deferred))),
  sinkDeferred: (world, name: string, deferred: string) =>
    keepStream(world, name, stream("toSink", world.deferred(deferred))),
  sourceOnly: (world, name: string, of: string) => keepStream(world, name, stream("sourceOnly", world.stream(of))),
  sinkOnly: (world, name: string, of: string) => keepStream(world, name, stream("sinkOnly", world.stream(of))),
  splice: (world, name: string, sink: string, source: string) =>
    keepStream(world, name, stream("splice", world.stream(sink), world.stream(source))),
  nameStream: (world, name: string, deferred: string) =>
    void world.deferred(deferred).onRealized(
      (value) => keepStream(world, name, value),
      () => {},
    ),

  put: (world, name: string, sink: string, value: Json) =>
    keepDeferred(world, name, stream("put", world.stream(sink), decode(world, value))),
  putAll: (world, name: string, sink: string, values: readonly Json[]) =>
    keepDeferred(world, name, stream("putAll", world.stream(sink), decode(world, values))),
  putRange: (world, name: string, sink: string, from: number, to: number) =>
    keepDeferred(
      world,
      name,
      stream(
        "putAll",
        world.stream(sink),
        Array.from({ length: to - from }, (_, i) => from + i),
      ),
    ),
  tryPut: (
    world,
    name: string,
    sink: string,
    value: Json,
    { timeout, timeoutValue }: { timeout: number; timeoutValue?: Json },
  ) =>
    keepDeferred(
      world,
      name,
      stream(
        "tryPut",
        world.stream(sink),
        decode(world, value),
        timeout,
        ...(timeoutValue === undefined ? [] : [timeoutValue]),
      ),
    ),
  take: (world, name: string, source: string, options?: { default: Json }) =>
    keepDeferred(
      world,
      name,
      stream("take", world.stream(source), ...(options === undefined ? [] : [options.default])),
    ),
  tryTake: (world, name: string, source: string, options: { default?: Json; timeout: number; timeoutValue?: Json }) => {
    const { default: fallback, timeout, timeoutValue } = options;
    const short = fallback === undefined && timeoutValue === undefined;
    const args = short ? [timeout] : [fallback, timeout, timeoutValue];
    keepDeferred(world, name, stream("tryTake", world.stream(source), ...args));
  },
  manyPuts: (world, sink: string, count: number) => {
    for (let i = 0; i < count; i++) stream("put", world.stream(sink), 0);
  },
  manyTakes: (world, source: string, count: number) => {
    for (let i = 0; i < count; i++) stream("take", world.stream(source));
  },

  close: (world, name: string) => void stream("close", world.stream(name)),
  isClosed: (world, name: string) => stream("isClosed", world.stream(name)),
  isDrained: (world, name: string) => stream("isDrained", world.stream(name)),
  onClosed: (world, log: string, name: string, text = "closed", spec = "identity") => {
    world.log(log);
    const then = fn(world, spec);
    stream("onClosed", world.stream(name), () => {
      world.log(log).push(text);
      then(null);
    });
  },
  onDrained: (world, log: string, name: string, text = "drained", spec = "identity") => {
    world.log(log);
    const then = fn(world, spec);
    stream("onDrained", world.stream(name), () => {
      world.log(log).push(text);
      then(null);
    });
  },

  connect: (world, source: Json, sink: string, options?: object) =>
    void stream("connect", sourceOf(world, source), world.stream(sink), ...optional(options)),
  connectVia: (world, name: string, source: Json, spec: string, sink: string, options?: object) =>
    keepDeferred(
      world,
      name,
      stream("connectVia", sourceOf(world, source), callback(world, spec), world.stream(sink), ...optional(options)),
    ),
  connectViaProxy: (world, name: string, source: Json, proxy: string, sink: string, options?: object) =>
    keepDeferred(
      world,
      name,
      stream("connectViaProxy", sourceOf(world, source), world.stream(proxy), world.stream(sink), ...optional(options)),
    ),
  drainInto: (world, name: string, source: Json, sink: string) =>
    keepDeferred(world, name, stream("drainInto", sourceOf(world, source), world.stream(sink))),
  consume: (world, name: string, log: string, source: Json, options: { throwOn?: Json; then?: string } = {}) => {
    world.log(log);
    const then = fn(world, options.then ?? "identity");
    const logMessage = fn(world, `log:${log}`);
    const each = (message: unknown): unknown => {
      logMessage(message);
      if (options.throwOn !== undefined && same(message, options.throwOn)) throw failure("consume");
      return then(message);
    };
    keepDeferred(world, name, stream("consume", each, sourceOf(world, source)));
  },
  consumeAsync: (world, name: string, log: string, source: Json, spec: string) => {
    world.log(log);
    const logMessage = fn(world, `log:${log}`);
    const answer = callback(world, spec);
    keepDeferred(
      world,
      name,
      stream(
        "consumeAsync",
        (message: unknown) => {
          logMessage(message);
          return answer(message);
        },
        sourceOf(world, source),
      ),
    );
  },
  streamLine: (world, name: string, source: string, count: number) => {
    let end: unknown = world.stream(source);
    for (let i = 0; i < count; i++) {
      const next = stream("stream");
      stream("connect", end, next);
      end = next;
    }
    keepStream(world, name, end);
  },

  description: (world, name: string) => stream("description", world.stream(name)),
  downstream: (world, name: string) => {
    const connections = (stream("downstream", world.stream(name)) ?? []) as readonly (readonly [unknown, object])[];
    return connections.map(([description, sink]) => [
      description,
      nameOf(world.streams, sink) ?? (stream("description", sink) as { type: string }).type,
    ]);
  },
  isSynchronous: (world, name: string) => stream("isSynchronous", world.stream(name)),
  isSource: (world, name: string) => stream("isSource", world.stream(name)),
  isSink: (world, name: string) => stream("isSink", world.stream(name)),
} satisfies Ops;
