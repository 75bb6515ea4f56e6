/** The functions of streams, over the methods: what reads as in Clojure. */

import type { ClockOptions } from "../clock/index.js";
import { chain, type Deferred, loop, recur } from "../deferred/index.js";
import type { Transducer } from "../transducers/transducer.js";
import { CallbackSink } from "./callback-sink.js";
import { toSink, toSource } from "./coerce.js";
import { CoreSource } from "./core-source.js";
import { CoreStream, type StreamOptions } from "./stream.js";
import { TransducedStream } from "./transduced.js";
import type { Description, Sink, Source, Stream } from "./types.js";
import { SinkView, SourceView, Splice } from "./views.js";

/**
 * Makes a stream.
 *
 * Puts beyond the buffer wait until a message is taken; 16384 of them may wait, and as many takes, the next one closes the
 * stream and is logged.
 *
 * @param bufferSize Messages it holds before puts have to wait. @default 0: each put waits for a take
 * @example
 * const numbers = stream<number>(10);
 * await put(numbers, 1); // => true
 * await take(numbers); // => 1
 * @see Source: `manifold.stream/stream`. Differs: no executor.
 */
export function stream<T>(bufferSize?: number): Stream<T>;
/**
 * As above, with a transducer.
 *
 * @param transducer What messages pass on their way in; see `express-ring/transducers`.
 */
export function stream<In, Out>(bufferSize: number, transducer: Transducer<In, Out>): Stream<In, Out>;
export function stream(bufferSize = 0, transducer?: Transducer<never, unknown>): Stream<unknown> {
  return transducer === undefined
    ? new CoreStream({ bufferSize })
    : (new TransducedStream({ bufferSize }, transducer) as Stream<unknown>);
}

/** Makes a stream from options: buffer, transducer, permanence, description. @see Source: `manifold.stream/stream*`. */
export function streamOf<T>(options: StreamOptions): Stream<T>;
export function streamOf<In, Out>(options: StreamOptions & { readonly xform: Transducer<In, Out> }): Stream<In, Out>;
export function streamOf(options: StreamOptions & { readonly xform?: Transducer<never, unknown> }): Stream<unknown> {
  return options.xform === undefined
    ? new CoreStream(options)
    : (new TransducedStream(options, options.xform) as Stream<unknown>);
}

/**
 * Puts a message into a sink.
 *
 * @returns a deferred of true once it is accepted (it waits while the sink is full), of false if the sink is closed.
 * @example
 * if (!(await put(sink, message))) stop();
 * @see Source: `manifold.stream/put!`.
 */
export function put<T>(sink: Sink<T>, message: T): Deferred<boolean> {
  return sink.put(message);
}

/**
 * Puts messages one after the other, each when the one before was accepted.
 *
 * @returns a deferred of true at the end, of false at the first message that was not accepted.
 * @see Source: `manifold.stream/put-all!`.
 */
export function putAll<T>(sink: Sink<T>, messages: Iterable<T>): Deferred<boolean> {
  const left = messages[Symbol.iterator]();
  return loop([], (): unknown => {
    const next = left.next();
    if (next.done) return true;
    // A message goes in without a turn of its own when it is accepted at once.
    return chain(sink.put(next.value), (accepted) => (accepted ? recur() : false));
  }) as Deferred<boolean>;
}

/**
 * Puts a message, but gives up after some time, and yields false then.
 *
 * @param milliseconds How long it may wait; 0 or less not at all.
 * @see Source: `manifold.stream/try-put!`.
 */
export function tryPut<T>(sink: Sink<T>, message: T, milliseconds: number): Deferred<boolean>;
/**
 * As above, with a value for when it gives up.
 *
 * @param timeoutValue What the deferred yields then.
 */
export function tryPut<T, V>(
  sink: Sink<T>,
  message: T,
  milliseconds: number,
  timeoutValue: V,
  options?: ClockOptions,
): Deferred<boolean | V>;
export function tryPut<T>(
  sink: Sink<T>,
  message: T,
  milliseconds: number,
  timeoutValue: unknown = false,
  options?: ClockOptions,
): Deferred<unknown> {
  return sink.tryPut(message, milliseconds, timeoutValue, options);
}

/**
 * Takes the next message of a source; undefined once it is drained.
 *
 * @example
 * const message = await take(source, "the end");
 * @see Source: `manifold.stream/take!`.
 */
export function take<T>(source: Source<T>): Deferred<T | undefined>;
/**
 * As above, with a value for the end.
 *
 * @param fallback What the deferred yields once the source is drained.
 */
export function take<T, D>(source: Source<T>, fallback: D): Deferred<T | D>;
export function take<T>(source: Source<T>, fallback?: unknown): Deferred<unknown> {
  return source.take(fallback);
}

/**
 * Takes the next message, but gives up after some time, and yields undefined then; no message is lost by that.
 *
 * @param milliseconds How long it may wait; 0 or less not at all.
 * @see Source: `manifold.stream/try-take!`.
 */
export function tryTake<T>(source: Source<T>, milliseconds: number): Deferred<T | undefined>;
/**
 * As above, with values for the end and for when it gives up.
 *
 * @param timeoutValue What the deferred yields then.
 */
export function tryTake<T, D, V>(
  source: Source<T>,
  fallback: D,
  milliseconds: number,
  timeoutValue: V,
  options?: ClockOptions,
): Deferred<T | D | V>;
export function tryTake<T>(
  source: Source<T>,
  ...args: [number] | [unknown, number, unknown, (ClockOptions | undefined)?]
): Deferred<unknown> {
  return args.length === 1 ? source.tryTake(args[0]) : source.tryTake(...args);
}

/** Closes a stream: puts are refused from now on, what is in it can still be taken. @see Source: `manifold.stream/close!`. */
export function close(stream: Source<unknown> | Sink<never>): void {
  stream.close();
}

/** Are puts refused? @see Source: `manifold.stream/closed?`. */
export function isClosed(sink: Sink<never>): boolean {
  return sink.isClosed();
}

/** Is it closed, and nothing left in it? @see Source: `manifold.stream/drained?`. */
export function isDrained(source: Source<unknown>): boolean {
  return source.isDrained();
}

/** Calls `callback` once, when the sink is closed; at once if it is. @see Source: `manifold.stream/on-closed`. */
export function onClosed(sink: Sink<never>, callback: () => void): void {
  sink.onClosed(callback);
}

/** Calls `callback` once, when the source is drained; at once if it is. @see Source: `manifold.stream/on-drained`. */
export function onDrained(source: Source<unknown>, callback: () => void): void {
  source.onDrained(callback);
}

/** The state of a stream: its kind, what waits in it, whether it is closed. @see Source: `manifold.stream/description`. */
export function description(stream: Source<unknown> | Sink<never>): Description {
  return stream.description();
}

/** Always false: nothing blocks here. @see Source: `manifold.stream/synchronous?`. */
export function isSynchronous(_stream: Source<unknown> | Sink<never>): boolean {
  return false;
}

/**
 * What a source is connected to: pairs of the connection's description and the sink, in the order they were connected.
 *
 * @see Source: `manifold.stream/downstream`.
 */
export function downstream(stream: Source<unknown> | Sink<never>): [description: unknown, sink: Sink<never>][] {
  if (stream instanceof CallbackSink) return stream.target === undefined ? [] : [[stream.description(), stream.target]];
  if (!(stream instanceof CoreSource)) return [];
  return (stream.origin.pump?.connections ?? []).map((connection) => [connection.description, connection.sink]);
}

/** The source half of a stream; closing it closes the stream. @see Source: `manifold.stream/source-only`. */
export function sourceOnly<T>(source: Source<T>): Source<T> {
  return new SourceView(toSource(source));
}

/** The sink half of a stream. @see Source: `manifold.stream/sink-only`. */
export function sinkOnly<T>(sink: Sink<T>): Sink<T> {
  return new SinkView(toSink(sink));
}

/**
 * Makes a duplex of a sink and a source; nothing flows between the two. Closing it closes the source, then the sink.
 *
 * @example
 * const duplex = splice(outgoing, incoming);
 * @see Source: `manifold.stream/splice`.
 */
export function splice<In, Out>(sink: Sink<In>, source: Source<Out>): Stream<In, Out> {
  return new Splice(toSink(sink), toSource(source));
}
