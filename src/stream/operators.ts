/**
 * Operators: sources made of sources.
 *
 * They start at once, so one message is worked on ahead and waits in the result. A drained source closes the result; a
 * closed result closes the source at the next message that would go into it. A throw of a function is logged, closes the
 * result and cuts the connection.
 */

import type { Deferred } from "../deferred/core.js";
import { catchPrime, chain, chainPrime, loop, recur, zip as zipDeferreds } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { isEqual } from "../transducers/equality.js";
import { isTruthy, Reduced, type Transducer } from "../transducers/transducer.js";
import { CallbackSink } from "./callback-sink.js";
import { type Sourceable, toSource } from "./coerce.js";
import { connectVia, connectViaProxy } from "./consume.js";
import { TRUE } from "./protocol.js";
import { connectCore } from "./pump.js";
import { CoreStream } from "./stream.js";
import { TransducedStream } from "./transduced.js";
import type { Source } from "./types.js";
import { SourceView } from "./views.js";

/** What a take yields when there is nothing left. */
const END: unique symbol = Symbol("end");

/** Connects a source to a result through a function, which does the delivery. */
function operate<A, B>(
  op: string,
  source: Sourceable<A>,
  result: CoreStream<B>,
  accept: (message: A) => Deferred<boolean>,
): Source<B> {
  connectCore(toSource(source), new CallbackSink({ accept, target: result }), { description: { op } });
  return new SourceView(result);
}

/** The message types of several sources. */
export type Messages<S extends readonly unknown[]> = {
  -readonly [K in keyof S]: S[K] extends Sourceable<infer T> ? T : never;
};

/**
 * The messages of a source, each put through `f`. What `f` returns is passed on as it is, deferreds too.
 *
 * With several sources `f` gets one message of each.
 *
 * @example
 * const doubled = map((n: number) => n * 2, numbers);
 * @see Source: `manifold.stream/map`.
 */
export function map<A, B>(f: (message: A) => B, source: Sourceable<A>): Source<B>;
export function map<S extends readonly Sourceable<unknown>[], B>(
  f: (...messages: Messages<S>) => B,
  ...sources: S
): Source<B>;
export function map(f: (...messages: never[]) => unknown, ...sources: Sourceable<unknown>[]): Source<unknown> {
  const call = f as (...messages: unknown[]) => unknown;
  if (sources.length > 1) return map((messages: unknown[]) => call(...messages), zip(...sources));
  const result = new CoreStream<unknown>({});
  return operate("map", sources[0] as Sourceable<unknown>, result, (message) => result.offer(call(message)));
}

/**
 * The messages of a source that pass: everything but null, undefined and false counts as passing.
 *
 * @example
 * const even = filter((n: number) => n % 2 === 0, numbers);
 * @see Source: `manifold.stream/filter`.
 */
export function filter<A, B extends A>(passes: (message: A) => message is B, source: Sourceable<A>): Source<B>;
export function filter<A>(passes: (message: A) => unknown, source: Sourceable<A>): Source<A>;
export function filter<A>(passes: (message: A) => unknown, source: Sourceable<A>): Source<A> {
  const result = new CoreStream<A>({});
  return operate("filter", source, result, (message) => (isTruthy(passes(message)) ? result.offer(message) : TRUE));
}

/**
 * The elements of what `f` makes of each message, one by one; null and undefined make none.
 *
 * @example
 * const words = mapcat((line: string) => line.split(" "), lines);
 * @see Source: `manifold.stream/mapcat`. Differs: that the result is closed is noticed.
 */
export function mapcat<A, B>(f: (message: A) => Iterable<B> | null | undefined, source: Sourceable<A>): Source<B>;
export function mapcat<S extends readonly Sourceable<unknown>[], B>(
  f: (...messages: Messages<S>) => Iterable<B> | null | undefined,
  ...sources: S
): Source<B>;
export function mapcat(
  f: (...messages: never[]) => Iterable<unknown> | null | undefined,
  ...sources: Sourceable<unknown>[]
): Source<unknown> {
  const call = f as (...messages: unknown[]) => Iterable<unknown> | null | undefined;
  if (sources.length > 1) return mapcat((messages: unknown[]) => call(...messages), zip(...sources));
  const result = new CoreStream<unknown>({});
  return operate("mapcat", sources[0] as Sourceable<unknown>, result, (message) => {
    const elements = (call(message) ?? [])[Symbol.iterator]();
    const putNext = (): unknown => {
      const { done, value } = elements.next();
      return done ? true : chainPrime(result.put(value), (accepted) => accepted && recur());
    };
    return loop([], putNext) as Deferred<boolean>;
  });
}

/**
 * The messages of a source, put through a transducer.
 *
 * @example
 * import { take } from "express-ring/transducers";
 *
 * const firstTen = transform(take(10), numbers);
 * @see Source: `manifold.stream/transform`.
 */
export function transform<A, B>(transducer: Transducer<A, B>, source: Sourceable<A>): Source<B>;
/**
 * As above, with a buffer.
 *
 * @param bufferSize Outputs the result holds.
 */
export function transform<A, B>(transducer: Transducer<A, B>, bufferSize: number, source: Sourceable<A>): Source<B>;
export function transform<A, B>(
  transducer: Transducer<A, B>,
  ...rest: [Sourceable<A>] | [number, Sourceable<A>]
): Source<B> {
  const [bufferSize, source] = rest.length === 1 ? [0, rest[0]] : rest;
  const result = new TransducedStream<B>({ bufferSize }, transducer as Transducer<never, B>);
  connectCore<unknown>(toSource(source), result as unknown as CoreStream<unknown>, {
    description: { op: "transducer" },
  });
  return new SourceView(result);
}

/**
 * The messages of a source; those that are deferreds are awaited, in order. One that fails is logged and ends the result.
 *
 * @see Source: `manifold.stream/realize-each`.
 */
export function realizeEach<A>(source: Sourceable<A | Deferred<A>>): Source<A> {
  const result = new CoreStream<A>({});
  return operate("realize-each", source, result, (message) =>
    catchPrime(
      chainPrime(message as A, (value) => result.put(value as A)),
      (error: unknown) => {
        logError(error, "a deferred in a stream has failed, the stream is closed");
        result.close();
        return false;
      },
    ),
  );
}

/**
 * The accumulators of a reduction over a source: of each message and the accumulator before, `f` makes the next one.
 *
 * `f` may answer with a deferred; messages that are deferreds are awaited. Without an initial value the first message is
 * the first accumulator; with one, that is given out first, and nothing is read before it is taken.
 *
 * @example
 * const sums = reductions((sum: number, n: number) => sum + n, 0, numbers);
 * @see Source: `manifold.stream/reductions`. Differs: an error closes the result too.
 */
export function reductions<A>(f: (accumulator: A, message: A) => A | PromiseLike<A>, source: Sourceable<A>): Source<A>;
export function reductions<A, B>(
  f: (accumulator: B, message: A) => B | PromiseLike<B>,
  initial: B,
  source: Sourceable<A>,
): Source<B>;
export function reductions(f: (accumulator: never, message: never) => unknown, ...rest: unknown[]): Source<unknown> {
  const call = f as (accumulator: unknown, message: unknown) => unknown;
  const result = new CoreStream<unknown>({});
  let accumulator: unknown = rest.length > 1 ? rest[0] : END;
  const source = toSource(rest[rest.length - 1] as Sourceable<unknown>);
  const accept = (message: unknown): unknown => {
    if (accumulator === END) {
      accumulator = message;
      return result.put(message);
    }
    const next = chain(
      message,
      (value: unknown) => call(accumulator, value),
      (value: unknown) => {
        accumulator = value;
        return result.put(value);
      },
    );
    return catchPrime(next, (error: unknown) => {
      logError(error, "error in reductions, the stream is closed");
      source.close();
      result.close();
      return false;
    });
  };
  chain(accumulator === END ? true : result.put(accumulator), () => void connectVia(source, accept, result));
  return new SourceView(result);
}

/**
 * Reduces all messages of a source to one value.
 *
 * It reads as fast as messages come. A step that answers `reduced(value)` ends it at once, the source stays as it is. A
 * throw of `f` fails the result. Of no message and no initial value it makes `f()`.
 *
 * @example
 * const sum = await reduce((sum: number, n: number) => sum + n, 0, numbers);
 * @see Source: `manifold.stream/reduce`.
 */
export function reduce<A>(f: (accumulator: A, message: A) => A | Reduced<A>, source: Sourceable<A>): Deferred<A>;
export function reduce<A, B>(
  f: (accumulator: B, message: A) => B | Reduced<B>,
  initial: B,
  source: Sourceable<A>,
): Deferred<B>;
export function reduce(f: (accumulator: never, message: never) => unknown, ...rest: unknown[]): Deferred<unknown> {
  const call = f as (...args: unknown[]) => unknown;
  const source = toSource(rest[rest.length - 1] as Sourceable<unknown>);
  return chainPrime(rest.length > 1 ? rest[0] : source.take<unknown>(END), (initial: unknown) => {
    if (initial === END) return call();
    return loop([initial], (accumulator) =>
      chainPrime(source.take<unknown>(END), (message: unknown) => {
        if (message === END) return accumulator;
        const next = call(accumulator, message);
        return next instanceof Reduced ? next.value : recur(next);
      }),
    );
  });
}

/**
 * Tuples of one message of each source. It ends when one of them is drained; the others are not closed.
 *
 * @example
 * const pairs = zip(names, numbers); // a source of [name, number]
 * @see Source: `manifold.stream/zip`.
 */
export function zip<S extends readonly Sourceable<unknown>[]>(...sources: S): Source<Messages<S>> {
  if (sources.length === 1) {
    return map((message: unknown) => [message], sources[0] as Sourceable<unknown>) as Source<Messages<S>>;
  }
  const result = new CoreStream<Messages<S>>({});
  const feeds = sources.map((source) => {
    const feed = new CoreStream<unknown>({});
    const accept = (message: unknown): Deferred<boolean> => feed.offer(message);
    const sink = new CallbackSink({ accept, target: result, closes: feed });
    connectCore(toSource(source), sink, { description: { op: "zip" } });
    return feed;
  });
  loop([], () =>
    chainPrime(zipDeferreds(...feeds.map((feed) => feed.take<unknown>(END))), (messages: unknown[]) => {
      if (!messages.includes(END)) {
        return chainPrime(result.put(messages as Messages<S>), (accepted) => (accepted ? recur() : false));
      }
      result.close();
      return false;
    }),
  );
  return new SourceView(result);
}

/**
 * The messages of the streams that a source yields: of the first until it is drained, then of the second, and so on.
 *
 * @see Source: `manifold.stream/concat`.
 */
export function concat<A>(source: Sourceable<Sourceable<A>>): Source<A> {
  const outer = new CoreStream<Sourceable<A>>({});
  const result = new CoreStream<A>({});
  connectViaProxy(source, outer, result, { description: { op: "concat" } });
  loop([], () =>
    chainPrime(outer.take<typeof END>(END), (next: unknown): unknown => {
      if (next === END) {
        result.close();
        return false;
      }
      const inner = toSource(next as Sourceable<A>);
      if (result.isClosed()) {
        inner.close();
        return recur();
      }
      return chainPrime(drainInner(inner, result), (drained) => {
        if (!drained) {
          inner.close();
          outer.close();
        }
        return recur();
      });
    }),
  );
  return new SourceView(result);
}

/** Puts the messages of one stream into the result. Yields false if the result is closed. */
function drainInner<A>(inner: ReturnType<typeof toSource<A>>, result: CoreStream<A>): Deferred<boolean> {
  return loop([], () =>
    chainPrime(inner.take<typeof END>(END), (message: unknown) => {
      if (message === END) return true;
      return chainPrime(result.put(message as A), (accepted) => (accepted ? recur() : false));
    }),
  ) as Deferred<boolean>;
}

/**
 * A stream for each run of messages for which `f` gives equal values.
 *
 * The next run is given out when the one before is read to its end.
 *
 * @see Source: `manifold.stream/lazily-partition-by`.
 */
export function lazilyPartitionBy<A>(f: (message: A) => unknown, source: Sourceable<A>): Source<Source<A>> {
  const messages = new CoreStream<A>({});
  const result = new CoreStream<Source<A>>({});
  connectViaProxy(source, messages, result, { description: { op: "lazily-partition-by" } });
  let run: CoreStream<A> | null = null;
  let key: unknown;
  loop([], () =>
    chainPrime(messages.take<typeof END>(END), (message: unknown): unknown => {
      if (message === END) {
        run?.close();
        result.close();
        return false;
      }
      let next: unknown;
      try {
        next = f(message as A);
      } catch (error) {
        logError(error, "error in lazilyPartitionBy, the stream is closed");
        messages.close();
        result.close();
        return false;
      }
      if (run !== null && isEqual(key, next)) return chainPrime(run.put(message as A), () => recur());
      run?.close();
      const begun = new CoreStream<A>({});
      run = begun;
      key = next;
      return chainPrime(
        result.put(begun),
        () => begun.put(message as A),
        () => recur(),
      );
    }),
  );
  return new SourceView(result);
}
