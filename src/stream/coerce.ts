/** What can be used as a source and as a sink, and how it becomes one. */

import type { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { Deferred } from "../deferred/core.js";
import { type Deferrable, isDeferrable, toDeferred } from "../deferred/index.js";
import { NotConvertibleError } from "../errors/index.js";
import { CoreSource } from "./core-source.js";
import { DeferredSink, DeferredSource } from "./deferred-ends.js";
import { NodeSink, WebSink } from "./foreign-sinks.js";
import type { CoreSink } from "./protocol.js";
import { type Puller, PullSource } from "./pull-source.js";
import type { Sink, Source } from "./types.js";

/** What `toSource` takes. */
export type Sourceable<T> =
  | Source<T>
  | Readable
  | ReadableStream<T>
  | Iterable<T>
  | AsyncIterable<T>
  | Iterator<T, unknown>
  | AsyncIterator<T, unknown>
  | Deferrable<T>;

/** What `toSink` takes. */
export type Sinkable<T> = Sink<T> | Writable | WritableStream<T> | Deferred<T>;

type Members<T> = { readonly [K in keyof T]?: unknown };

function has<T>(x: unknown, ...methods: (keyof T & string)[]): x is T {
  if (x === null || (typeof x !== "object" && typeof x !== "function")) return false;
  return methods.every((method) => typeof (x as Members<Record<string, unknown>>)[method] === "function");
}

const isCoreSink = <T>(x: unknown): x is CoreSink<T> => has<CoreSink<T>>(x, "offer", "put", "isClosed");

/** Is it a source: something with `take`? @see Source: `manifold.stream/source?`. */
export function isSource(x: unknown): x is Source<unknown> {
  return has<Source<unknown>>(x, "take", "tryTake", "isDrained", "onDrained", "close");
}

/** Is it a sink: something with `put`? @see Source: `manifold.stream/sink?`. */
export function isSink(x: unknown): x is Sink<unknown> {
  return has<Sink<unknown>>(x, "put", "tryPut", "isClosed", "onClosed", "close");
}

/** Is it a source or a sink? @see Source: `manifold.stream/stream?`. */
export function isStream(x: unknown): x is Source<unknown> | Sink<unknown> {
  return isSource(x) || isSink(x);
}

/** Is it a source, or something that `toSource` can make one of? @see Source: `manifold.stream/sourceable?`. */
export function isSourceable(x: unknown): x is Sourceable<unknown> {
  return isSource(x) || isDeferrable(x) || pullerOf(x) !== undefined;
}

/** Is it a sink, or something that `toSink` can make one of? @see Source: `manifold.stream/sinkable?`. */
export function isSinkable(x: unknown): x is Sinkable<unknown> {
  return isSink(x) || x instanceof Deferred || isWritable(x) || isWebWritable(x);
}

const isWritable = (x: unknown): x is Writable => has<Writable>(x, "write", "end", "on", "once");
const isWebWritable = (x: unknown): x is WritableStream => has<WritableStream>(x, "getWriter", "abort");

/**
 * Makes a source of a Node `Readable`, a web `ReadableStream`, an iterable, an async iterable, an iterator, a deferred or a
 * promise; a source is returned as it is.
 *
 * Nothing is read that nobody asks for. An error of the origin fails the take that meets it. Closing the source destroys,
 * cancels or returns the origin.
 *
 * @param fallback Returned for anything else, if given.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for anything else, without a fallback. Strings are not sources.
 * @example
 * const lines = toSource(createInterface({ input }));
 * await take(lines);
 * @see Source: `manifold.stream/->source`.
 */
export function toSource<T>(x: Sourceable<T>): CoreSource<T>;
export function toSource<T, D>(x: Sourceable<T> | unknown, fallback: D): CoreSource<T> | D;
export function toSource(x: unknown, ...fallback: unknown[]): unknown {
  if (x instanceof CoreSource) return x;
  const known = typeof x === "object" && x !== null ? coerced.get(x) : undefined;
  if (known !== undefined) return known;
  const puller = pullerOf(x);
  const source =
    puller !== undefined
      ? new PullSource(puller[1], puller[0])
      : isDeferrable(x)
        ? new DeferredSource(toDeferred(x))
        : null;
  if (source !== null) {
    // The same origin twice is the same source: its connections share one pump.
    if (puller !== undefined && puller[0] !== "seq") coerced.set(x as object, source);
    return source;
  }
  if (fallback.length > 0) return fallback[0];
  throw new NotConvertibleError(x, "a source");
}

const coerced = new WeakMap<object, CoreSource<unknown>>();

/** How the messages of a foreign source are asked for, and what kind it is. */
function pullerOf(x: unknown): [kind: string, puller: Puller<unknown>] | undefined {
  if (x instanceof Deferred) return undefined;
  if (isSource(x)) return ["source", takesOf(x)];
  if (has<ReadableStream>(x, "getReader", "cancel")) return ["web", readsOf(x)];
  if (has<Readable>(x, "read", "on", "destroy")) return ["node", chunksOf(x)];
  if (typeof x === "string") return undefined;
  const iterable = x as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function")
    return ["iterable", stepsOf((iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]())];
  if (typeof iterable?.[Symbol.iterator] === "function")
    return ["seq", stepsOf((iterable as Iterable<unknown>)[Symbol.iterator]())];
  if (has<Iterator<unknown, unknown>>(x, "next")) return ["iterator", stepsOf(x)];
  return undefined;
}

function stepsOf(iterator: Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>): Puller<unknown> {
  if (typeof iterator.return !== "function") return { next: () => iterator.next() };
  return { next: () => iterator.next(), cancel: () => iterator.return?.() };
}

const END: unique symbol = Symbol("end");

function takesOf(source: Source<unknown>): Puller<unknown> {
  return {
    next: () => {
      const taken = source.take<unknown>(END);
      return new MappedStep(taken);
    },
    cancel: () => source.close(),
  };
}

/** A take of a source that is not the kit's, as an iterator's step. */
class MappedStep extends Deferred<IteratorResult<unknown, unknown>> {
  constructor(taken: PromiseLike<unknown>) {
    super();
    toDeferred(taken).onRealized(
      (value) => this.success(value === END ? { done: true, value: undefined } : { done: false, value }),
      (error) => this.error(error),
    );
  }
}

function readsOf(readable: ReadableStream): Puller<unknown> {
  const reader = readable.getReader();
  return { next: () => reader.read() as Promise<IteratorResult<unknown, unknown>>, cancel: () => reader.cancel() };
}

function chunksOf(readable: Readable): Puller<unknown> {
  const chunks = readable[Symbol.asyncIterator]();
  return { next: () => chunks.next(), cancel: () => readable.destroy() };
}

/**
 * Makes a sink of a Node `Writable`, a web `WritableStream` or a deferred; a sink is returned as it is.
 *
 * A put on a writable yields true when there is room for more, false when it has ended, and fails with its error. Closing
 * the sink ends the writable. A deferred accepts one message, which realizes it.
 *
 * @param fallback Returned for anything else, if given.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for anything else, without a fallback.
 * @see Source: `manifold.stream/->sink`.
 */
export function toSink<T>(x: Sinkable<T>): CoreSink<T>;
export function toSink<T, D>(x: Sinkable<T> | unknown, fallback: D): CoreSink<T> | D;
export function toSink(x: unknown, ...fallback: unknown[]): unknown {
  if (isCoreSink(x)) return x;
  if (x instanceof Deferred) return new DeferredSink(x);
  if (isSink(x)) return new ForeignSinkAdapter(x);
  const known = typeof x === "object" && x !== null ? sinks.get(x) : undefined;
  if (known !== undefined) return known;
  const sink = isWebWritable(x) ? new WebSink(x) : isWritable(x) ? new NodeSink(x) : null;
  if (sink !== null) {
    sinks.set(x as object, sink);
    return sink;
  }
  if (fallback.length > 0) return fallback[0];
  throw new NotConvertibleError(x, "a sink");
}

const sinks = new WeakMap<object, CoreSink<never>>();

/** A sink that somebody else has written, by its public methods. */
class ForeignSinkAdapter<T> implements CoreSink<T> {
  readonly #sink: Sink<T>;

  constructor(sink: Sink<T>) {
    this.#sink = sink;
  }

  offer(message: T): Deferred<boolean> {
    return toDeferred(this.#sink.put(message));
  }

  shut(): void {
    this.#sink.close();
  }

  put(message: T): Deferred<boolean> {
    return this.#sink.put(message);
  }

  tryPut<V = boolean>(message: T, milliseconds: number, timeoutValue?: V): Deferred<boolean | V> {
    return this.#sink.tryPut(message, milliseconds, timeoutValue as V);
  }

  close(): void {
    this.#sink.close();
  }

  isClosed(): boolean {
    return this.#sink.isClosed();
  }

  onClosed(callback: () => void): void {
    this.#sink.onClosed(callback);
  }

  description(): ReturnType<Sink<T>["description"]> {
    return this.#sink.description();
  }
}
