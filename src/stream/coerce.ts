/** What can be used as a source and as a sink, and how it becomes one. */

import type { Readable, Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { Deferred } from "../deferred/core.js";
import { type Deferrable, isDeferrable, type PDeferred, toDeferred } from "../deferred/index.js";
import { NotConvertibleError } from "../errors/index.js";
import { CoreSource } from "./core-source.js";
import { DeferredSink, DeferredSource } from "./deferred-ends.js";
import { type Emitter, eventSource, isEmitter, isEventTarget } from "./events.js";
import { NodeSink, ObserverSink, OtherSink, WebSink } from "./foreign-sinks.js";
import { NodeReader, readsOf, stepsOf, takesOf } from "./foreign-sources.js";
import { hasMethods } from "./methods.js";
import { isObservable, type ObservableLike, type Observer, observableSource } from "./observable-source.js";
import type { CoreSink } from "./protocol.js";
import { PullSource } from "./pull-source.js";
import { PushSource } from "./push-source.js";
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
  | ObservableLike<T>
  | Deferrable<T>
  | Emitter
  | EventTarget;

/** What `toSink` takes. */
export type Sinkable<T> = Sink<T> | Writable | WritableStream<T> | Observer<T> | Deferred<T> | PDeferred<T>;

/** Is it a source: something with `take`? @see Source: `manifold.stream/source?`. */
export function isSource(x: unknown): x is Source<unknown> {
  return hasMethods<Source<unknown>>(x, "take", "tryTake", "isDrained", "onDrained", "close");
}

/** Is it a sink: something with `put`? @see Source: `manifold.stream/sink?`. */
export function isSink(x: unknown): x is Sink<unknown> {
  return hasMethods<Sink<unknown>>(x, "put", "tryPut", "isClosed", "onClosed", "close");
}

/** Is it a source or a sink? @see Source: `manifold.stream/stream?`. */
export function isStream(x: unknown): x is Source<unknown> | Sink<unknown> {
  return isSource(x) || isSink(x);
}

/** Is it a source, or something that `toSource` can make one of? @see Source: `manifold.stream/sourceable?`. */
export function isSourceable(x: unknown): x is Sourceable<unknown> {
  return sourceKinds.some((kind) => kind.matches(x));
}

/** Is it a sink, or something that `toSink` can make one of? @see Source: `manifold.stream/sinkable?`. */
export function isSinkable(x: unknown): x is Sinkable<unknown> {
  return isCoreSink(x) || sinkKinds.some((kind) => kind.matches(x));
}

/** One kind of foreign thing; the first kind that matches decides. */
interface Kind<X, End> {
  matches(x: unknown): x is X;
  make(x: X): End;
  /** Does each coercion of the same thing begin anew? Else it is the same source, and its connections share one pump. */
  readonly anew?: boolean;
}

/** Keeps the type of one kind, for a table of many. */
const kind = <X, End>(
  matches: (x: unknown) => x is X,
  make: (x: X) => End,
  options: { readonly anew?: boolean } = {},
): Kind<unknown, End> => ({ matches, make, ...options }) as Kind<unknown, End>;

const isDeferred = (x: unknown): x is Deferred<unknown> => x instanceof Deferred;
const isWebReadable = (x: unknown): x is ReadableStream => hasMethods<ReadableStream>(x, "getReader", "cancel");
const isReadable = (x: unknown): x is Readable => hasMethods<Readable>(x, "read", "on", "off", "destroy", "pipe");
const isAsyncIterable = (x: unknown): x is AsyncIterable<unknown> =>
  hasMethods<AsyncIterable<unknown>>(x, Symbol.asyncIterator as never);
const isIterable = (x: unknown): x is Iterable<unknown> => hasMethods<Iterable<unknown>>(x, Symbol.iterator as never);
const isIterator = (x: unknown): x is Iterator<unknown, unknown> => hasMethods<Iterator<unknown>>(x, "next");

const sourceKinds: readonly Kind<unknown, CoreSource<unknown>>[] = [
  kind(isDeferred, (x) => new DeferredSource(x), { anew: true }),
  kind(isSource, (x) => new PullSource(takesOf(x), "source")),
  // Before the iterators: subjects have a method named `next`.
  kind(isObservable, (x) => observableSource(x, {}), { anew: true }),
  kind(isWebReadable, (x) => new PullSource(readsOf(x), "web")),
  kind(isReadable, (x) => new PullSource(new NodeReader(x), "node")),
  kind(isAsyncIterable, (x) => new PullSource(stepsOf(x[Symbol.asyncIterator]()), "iterable")),
  kind(isIterable, (x) => new PullSource(stepsOf(x[Symbol.iterator]()), "seq"), { anew: true }),
  kind(isIterator, (x) => new PullSource(stepsOf(x), "iterator")),
  kind(isDeferrable, (x) => new DeferredSource(toDeferred(x)), { anew: true }),
  // Last, because much of what is something else is an emitter too.
  kind(isEventTarget, (x) => listening(eventSource(x, {}))),
  kind(isEmitter, (x) => listening(eventSource(x, {}))),
];

function listening<T>(source: PushSource<T>): PushSource<T> {
  source.start();
  return source;
}

const sources = new WeakMap<object, CoreSource<unknown>>();

/** The source that something foreign has become, if it has. */
export function knownSource(x: unknown): CoreSource<unknown> | undefined {
  const known = sources.get(x as object);
  // Who listens to an emitter, and stops, may listen again.
  return known instanceof PushSource && known.isClosed() ? undefined : known;
}

/**
 * Makes a source of a Node `Readable`, a web `ReadableStream`, an iterable, an async iterable, an iterator, a deferred, a
 * promise, an observable, an event emitter or an event target; a source is returned as it is.
 *
 * Nothing is read that nobody asks for. What cannot be asked is kept, up to 1024 messages: see `fromObservable` for
 * observables, `fromEvents` for emitters (`data`, `end`, `close`, `error`) and targets (`message`, `close`, `error`). An
 * error of the origin fails the take that meets it. Closing the source destroys, cancels or returns the origin, or stops
 * listening to it.
 *
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for anything else, without a fallback. Strings are not sources.
 * @example
 * const lines = toSource(createInterface({ input }));
 * await take(lines);
 * @see Source: `manifold.stream/->source`.
 */
export function toSource<T>(x: Sourceable<T>): CoreSource<T>;
/**
 * As above, with something in place of the error.
 *
 * @param fallback Returned for anything else, if given.
 */
export function toSource<T, D>(x: Sourceable<T> | unknown, fallback: D): CoreSource<T> | D;
export function toSource(x: unknown, ...fallback: unknown[]): unknown {
  if (x instanceof CoreSource) return x;
  const known = knownSource(x);
  if (known !== undefined) return known;
  const found = sourceKinds.find((candidate) => candidate.matches(x));
  if (found === undefined) {
    if (fallback.length > 0) return fallback[0];
    throw new NotConvertibleError(x, "a source");
  }
  const source = found.make(x);
  if (!found.anew) sources.set(x as object, source);
  return source;
}

const isCoreSink = (x: unknown): x is CoreSink<never> => hasMethods<CoreSink<never>>(x, "offer", "put", "isClosed");
const isWritable = (x: unknown): x is Writable => hasMethods<Writable>(x, "write", "end", "on", "off");
const isWebWritable = (x: unknown): x is WritableStream => hasMethods<WritableStream>(x, "getWriter", "abort");
const isObserver = (x: unknown): x is Observer<unknown> =>
  hasMethods<Observer<unknown>>(x, "next", "error", "complete");
const isPDeferred = (x: unknown): x is PDeferred<unknown> =>
  isDeferrable(x) && hasMethods<PDeferred<unknown>>(x, "resolve", "reject");

const sinkKinds: readonly Kind<unknown, CoreSink<never>>[] = [
  kind(isDeferred, (x) => new DeferredSink(x)),
  kind(isSink, (x) => new OtherSink(x)),
  kind(isWebWritable, (x) => new WebSink(x)),
  kind(isWritable, (x) => new NodeSink(x)),
  kind(isObserver, (x) => new ObserverSink(x)),
  kind(isPDeferred, (x) => new DeferredSink(resolving(x))),
];

/** A deferred that hands what it is realized with to a p-defer object. */
function resolving(x: PDeferred<unknown>): Deferred<unknown> {
  return new Deferred<unknown>().onRealized(
    (value) => x.resolve(value),
    (error) => x.reject(error),
  );
}

const sinks = new WeakMap<object, CoreSink<never>>();

/** The sink that something foreign has become, if it has. */
export const knownSink = (x: unknown): CoreSink<never> | undefined => sinks.get(x as object);

/**
 * Makes a sink of a Node `Writable`, a web `WritableStream`, an observer, a deferred or a p-defer object; a sink is returned
 * as it is.
 *
 * A put on a writable yields true when there is room for more, false when it has ended, and fails with its error. Closing
 * the sink ends the writable, and completes an observer, which accepts every message. A deferred accepts one message, which
 * realizes it.
 *
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for anything else, without a fallback.
 * @see Source: `manifold.stream/->sink`.
 */
export function toSink<T>(x: Sinkable<T>): CoreSink<T>;
/**
 * As above, with something in place of the error.
 *
 * @param fallback Returned for anything else, if given.
 */
export function toSink<T, D>(x: Sinkable<T> | unknown, fallback: D): CoreSink<T> | D;
export function toSink(x: unknown, ...fallback: unknown[]): unknown {
  if (isCoreSink(x)) return x;
  const known = knownSink(x);
  if (known !== undefined) return known;
  const found = sinkKinds.find((candidate) => candidate.matches(x));
  if (found === undefined) {
    if (fallback.length > 0) return fallback[0];
    throw new NotConvertibleError(x, "a sink");
  }
  const sink = found.make(x);
  sinks.set(x as object, sink);
  return sink;
}
