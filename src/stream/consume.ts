/** Consumers: connections that end in a function. */

import { Deferred, type Listener, SUCCESS, settle } from "../deferred/core.js";
import { chain } from "../deferred/index.js";
import { logError, NotConvertibleError } from "../errors/index.js";
import { backpressure, CallbackSink } from "./callback-sink.js";
import { type Sinkable, type Sourceable, toSink, toSource } from "./coerce.js";
import { TRUE } from "./protocol.js";
import { type ConnectOptions, connectCore, NO_OPTIONS } from "./pump.js";

/**
 * Sends every message of `source` to `sink`.
 *
 * One message is in flight at a time, so a slow sink slows the source; of several sinks the slowest sets the pace, and each
 * gets every message. A put on a connected source yields true once the connection has the message. That a sink is closed is
 * noticed at the next message, which is lost; when the last sink is gone, the source is closed. It starts at once: what is
 * in the source flows before `connect` returns.
 *
 * @param source A stream, a Node `Readable`, a web `ReadableStream`, an iterable or async iterable, a deferred.
 * @param sink A stream, a Node `Writable`, a web `WritableStream`, a deferred.
 * @param options Who closes whom, and how long one put may take; see {@link ConnectOptions}.
 * @throws {NotConvertibleError} at once, code `RING_NOT_CONVERTIBLE`, if an argument is none of these.
 * @example
 * const from = stream<number>(), to = stream<number>();
 * connect(from, to);
 * put(from, 1);
 * await take(to); // => 1
 * @see Source: `manifold.stream/connect`.
 */
export function connect<T>(source: Sourceable<T>, sink: Sinkable<T>, options: ConnectOptions = NO_OPTIONS): void {
  connectCore(toSource(source), toSink(sink), options);
}

/**
 * Calls `callback` with every message. What it returns is ignored, so nothing slows the source down.
 *
 * @returns a deferred that yields true when the source is drained. A throw of the callback is logged, ends the connection
 *   and realizes it too.
 * @example
 * await consume((message) => console.log(message), source);
 * @see Source: `manifold.stream/consume`.
 */
export function consume<T>(callback: (message: T) => unknown, source: Sourceable<T>): Deferred<boolean> {
  const ended = new Deferred<boolean>();
  const accept = (message: T): Deferred<boolean> => {
    callback(message);
    return TRUE;
  };
  connectCore(toSource(source), new CallbackSink({ accept, ended }), NO_OPTIONS);
  return ended;
}

/**
 * Calls `callback` with every message, and takes the next one when what it returned is realized.
 *
 * Messages that are deferreds or promises are awaited first. The callback yields true, or nothing, to go on; false ends the
 * connection, and so does, as an error, anything else.
 *
 * @returns a deferred that yields true when the source is drained or the connection has ended; a throw or a failed deferred
 *   of the callback, or a message that fails, is logged and ends it too.
 * @example
 * await consumeAsync(async (row) => {
 *   await database.insert(row);
 * }, rows);
 * @see Source: `manifold.stream/consume-async`.
 */
export function consumeAsync<T>(callback: (message: T) => unknown, source: Sourceable<T>): Deferred<boolean> {
  const ended = new Deferred<boolean>();
  const accept = (message: T): Deferred<boolean> => {
    const answer = chain(message as unknown, callback as (message: unknown) => unknown) as Deferred<unknown>;
    if (answer.stage === SUCCESS && goesOn(answer.result)) return TRUE;
    const outcome = new Deferred<boolean>();
    answer.addListener(new ConsumerAnswer(outcome, ended));
    return outcome;
  };
  connectCore(toSource(source), new CallbackSink({ accept, ended }), NO_OPTIONS);
  return ended;
}

/** Turns the answer of a consumer into the connection's: false and errors end it, and are the end of the consuming. */
class ConsumerAnswer implements Listener<unknown> {
  readonly #outcome: Deferred<boolean>;
  readonly #ended: Deferred<boolean>;

  constructor(outcome: Deferred<boolean>, ended: Deferred<boolean>) {
    this.#outcome = outcome;
    this.#ended = ended;
  }

  onSuccess(answer: unknown): void {
    if (goesOn(answer)) settle(this.#outcome, SUCCESS, true);
    else if (answer === false) this.#end();
    else this.onError(new NotConvertibleError(answer, "the true or false that a consumer has to yield"));
  }

  onError(error: unknown): void {
    logError(error, "error in a consumer of a stream, which ends");
    this.#end();
  }

  #end(): void {
    settle(this.#outcome, SUCCESS, false);
    settle(this.#ended, SUCCESS, true);
  }
}

const goesOn = (answer: unknown): boolean => answer === true || answer === undefined || answer === null;

/**
 * Connects `source` to `sink` through a callback that does the delivery itself and returns when the next message may come.
 *
 * @returns a deferred that yields true when the source is drained, or the callback has failed (`sink` is closed then). It
 *   stays pending if the callback answers false, or if `downstream` is false.
 * @example
 * connectVia(source, (n) => put(sink, n * 2), sink);
 * @see Source: `manifold.stream/connect-via`.
 */
export function connectVia<T>(
  source: Sourceable<T>,
  callback: (message: T) => unknown,
  sink: Sinkable<never>,
  options: ConnectOptions = NO_OPTIONS,
): Deferred<boolean> {
  const ended = new Deferred<boolean>();
  const accept = (message: T): Deferred<boolean> => backpressure(callback(message));
  connectCore(toSource(source), new CallbackSink({ accept, ended, target: toSink(sink) }), options);
  return ended;
}

/**
 * Connects `source` to `proxy`, which stands for `target` in the description of the graph.
 *
 * @returns a deferred that yields true when the source is drained.
 * @see Source: `manifold.stream/connect-via-proxy`.
 */
export function connectViaProxy<T>(
  source: Sourceable<T>,
  proxy: Sinkable<T>,
  target: Sinkable<never>,
  options: ConnectOptions = NO_OPTIONS,
): Deferred<boolean> {
  const ended = new Deferred<boolean>();
  const closes = toSink(proxy);
  const accept = (message: T): Deferred<boolean> => closes.offer(message);
  connectCore(toSource(source), new CallbackSink({ accept, ended, target: toSink(target), closes }), options);
  return ended;
}

/**
 * Sends every message of `source` to `sink`, which stays open at the end.
 *
 * @returns a deferred that yields true when the source is drained; it stays pending if the sink closes before.
 * @see Source: `manifold.stream/drain-into`.
 */
export function drainInto<T>(source: Sourceable<T>, sink: Sinkable<T>): Deferred<boolean> {
  const ended = new Deferred<boolean>();
  const target = toSink(sink);
  const accept = (message: T): Deferred<boolean> => target.offer(message);
  connectCore(toSource(source), new CallbackSink({ accept, ended, target, closes: null }), {
    description: "drain-into",
  });
  return ended;
}
