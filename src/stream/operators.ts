/**
 * Operators: sources made of sources.
 *
 * They start at once, so one message is worked on ahead and waits in the result. A drained source closes the result; a
 * closed result closes the source at the next message that would go into it. A throw of a function is logged, closes the
 * result and cuts the connection.
 */

import type { Deferred } from "../deferred/core.js";
import { CallbackSink } from "./callback-sink.js";
import { type Sourceable, toSource } from "./coerce.js";
import { TRUE } from "./protocol.js";
import { connectCore } from "./pump.js";
import { CoreStream } from "./stream.js";
import type { Source } from "./types.js";
import { SourceView } from "./views.js";

/** Connects a source to a result through a function, which does the delivery. */
export function operate<A, B>(
  name: string,
  source: Sourceable<A>,
  result: CoreStream<B>,
  accept: (message: A) => Deferred<boolean>,
): Source<B> {
  connectCore(toSource(source), new CallbackSink({ accept, target: result }), { description: { op: name } });
  return new SourceView(result);
}

const truthy = (x: unknown): boolean => x !== false && x !== null && x !== undefined;

/**
 * The messages of a source, each put through `f`. What `f` returns is passed on as it is, deferreds too.
 *
 * With several sources `f` gets one message of each.
 *
 * @example
 * const doubled = map((n: number) => n * 2, numbers);
 * @see Source: `manifold.stream/map`.
 */
export function map<A, B>(f: (message: A) => B, source: Sourceable<A>): Source<B> {
  const result = new CoreStream<B>({});
  return operate("map", source, result, (message) => result.offer(f(message)));
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
  return operate("filter", source, result, (message) => (truthy(passes(message)) ? result.offer(message) : TRUE));
}
