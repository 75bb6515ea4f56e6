/** Streams that hold messages back, gather them, thin them out, or slow them down. */

import { type ClockOptions, currentClock } from "../clock/index.js";
import { Deferred, drain, ERROR, errorOf, mark, SUCCESS, subscribe } from "../deferred/core.js";
import { chainPrime, loop, recur, timeout } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { CallbackSink } from "./callback-sink.js";
import { type Sourceable, toSource } from "./coerce.js";
import { connectViaProxy } from "./consume.js";
import { CoreSource } from "./core-source.js";
import { type CoreSink, DRAINED, FALSE, Failure, type Taker, TRUE, WAITING } from "./protocol.js";
import { connectCore } from "./pump.js";
import { CoreStream } from "./stream.js";
import type { Description, Source, Stream } from "./types.js";
import { SourceView, Splice } from "./views.js";
import { hidden } from "./watching.js";

const END: unique symbol = Symbol("end");
const LATE: unique symbol = Symbol("late");

/** How much a message counts. */
export type Metric<T> = (message: T) => number;

const one = (): number => 1;

/** Takes every message, and says by its answers whether there are too many. */
class MeasuredStream<T> extends CoreSource<T> implements Stream<T>, CoreSink<T> {
  readonly #messages = hidden(new CoreStream<Measured<T>>({ bufferSize: Number.POSITIVE_INFINITY }));
  readonly #metric: Metric<T>;
  readonly #limit: number;
  readonly #describe: Describe | undefined;
  #size = 0;
  /** The answer of all puts since the limit was passed. */
  #relief: Deferred<boolean> | null = null;

  constructor(metric: Metric<T>, limit: number, describe?: Describe) {
    super();
    this.#metric = metric;
    this.#limit = limit;
    this.#describe = describe;
  }

  offer(message: T): Deferred<boolean> {
    if (this.#messages.isClosed()) return FALSE;
    const size = this.#metric(message);
    this.#size += size;
    const base = mark();
    this.#messages.offer({ message, size });
    drain(base);
    if (this.#size <= this.#limit) return TRUE;
    this.#relief ??= new Deferred();
    return this.#relief;
  }

  put(message: T): Deferred<boolean> {
    return this.offer(message);
  }

  /** The message is accepted in any case, so there is nothing to give up. */
  tryPut(message: T): Deferred<boolean> {
    return this.offer(message);
  }

  override take(): Deferred<T | undefined>;
  override take<D>(fallback: D): Deferred<T | D>;
  override take(fallback?: unknown): Deferred<unknown> {
    return this.#release(this.#messages.take<typeof END>(END), fallback, fallback);
  }

  override tryTake(milliseconds: number): Deferred<T | undefined>;
  override tryTake<D, V>(fallback: D, ms: number, timeoutValue: V, options?: ClockOptions): Deferred<T | D | V>;
  override tryTake(...args: [number] | [unknown, number, unknown, (ClockOptions | undefined)?]): Deferred<unknown> {
    const [fallback, milliseconds, timeoutValue, options] =
      args.length === 1 ? [undefined, args[0], undefined, undefined] : args;
    return this.#release(this.#messages.tryTake(END, milliseconds, LATE, options), fallback, timeoutValue);
  }

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    const taken = taker === null ? this.tryTake(DRAINED, 0, WAITING) : this.take<typeof DRAINED>(DRAINED);
    if (taken.stage === SUCCESS) return taken.result as T | typeof WAITING | typeof DRAINED;
    if (taken.stage === ERROR) return new Failure(errorOf(taken));
    if (taker !== null) {
      subscribe<unknown>(taken, {
        onSuccess: (message) => taker.deliver(message as T),
        onError: (error) => taker.deliver(new Failure(error)),
      });
    }
    return WAITING;
  }

  /** The message of a take, which makes room; one that is a deferred is awaited. */
  #release(taken: Deferred<unknown>, fallback: unknown, late: unknown): Deferred<unknown> {
    return chainPrime(taken, (found: unknown) => {
      if (found === END) return fallback;
      if (found === LATE) return late;
      const { message, size } = found as Measured<T>;
      this.#size -= size;
      if (this.#size <= this.#limit && this.#relief !== null) {
        const relief = this.#relief;
        this.#relief = null;
        relief.success(true);
      }
      return message;
    });
  }

  shut(): void {
    this.#messages.shut();
  }

  isClosed(): boolean {
    return this.#messages.isClosed();
  }

  onClosed(callback: () => void): void {
    this.#messages.onClosed(callback);
  }

  isDrained(): boolean {
    return this.#messages.isDrained();
  }

  onDrained(callback: () => void): void {
    this.#messages.onDrained(callback);
  }

  description(): Description {
    const description = {
      ...this.#messages.description(),
      bufferSize: this.#size,
      bufferCapacity: this.#limit,
    };
    return this.#describe === undefined ? description : this.#describe(description);
  }
}

/** A message and how much it counts. */
interface Measured<T> {
  readonly message: T;
  readonly size: number;
}

type Describe = (description: Description) => Description;

/**
 * A stream that accepts every message, but whose puts wait while the messages in it measure more than the limit.
 *
 * @param limit The measure beyond which puts wait.
 * @example
 * const bytes = bufferedStream((chunk: Uint8Array) => chunk.length, 65_536);
 * @see Source: `manifold.stream/buffered-stream`.
 */
export function bufferedStream<T>(limit: number): Stream<T>;
/**
 * As above, with messages that count more, or less, than 1.
 *
 * @param metric How much a message counts.
 */
export function bufferedStream<T>(metric: Metric<T>, limit: number, description?: Describe): Stream<T>;
export function bufferedStream<T>(...args: [number] | [Metric<T>, number, (Describe | undefined)?]): Stream<T> {
  if (args.length === 1) return new MeasuredStream<T>(one, args[0]);
  const [metric, limit, description] = args;
  return new MeasuredStream<T>(metric, limit, description);
}

/**
 * The messages of a source, of which up to `limit` are read ahead.
 *
 * @see Source: `manifold.stream/buffer`.
 */
export function buffer<T>(limit: number, source: Sourceable<T>): Source<T>;
export function buffer<T>(metric: Metric<T>, limit: number, source: Sourceable<T>): Source<T>;
export function buffer<T>(...args: [number, Sourceable<T>] | [Metric<T>, number, Sourceable<T>]): Source<T> {
  const [metric, limit, source] = args.length === 2 ? [one, ...args] : args;
  const result = new MeasuredStream<T>(metric, limit);
  connectCore(toSource(source), result, {});
  return new SourceView(result);
}

/**
 * The messages of a source, in arrays.
 *
 * An array is given out when its messages measure `maxSize`, or `maxLatency` milliseconds after its first message. A message
 * that would exceed the size begins the next array; one that is larger stands alone.
 *
 * @param maxSize Above 0.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the size is not above 0.
 * @example
 * const inserts = batch(100, 50, rows); // up to 100 rows, at least every 50 ms
 * @see Source: `manifold.stream/batch`.
 */
export function batch<T>(maxSize: number, source: Sourceable<T>, options?: ClockOptions): Source<T[]>;
/**
 * As above, with a limit of time.
 *
 * @param maxLatency Milliseconds.
 */
export function batch<T>(
  maxSize: number,
  maxLatency: number | null,
  source: Sourceable<T>,
  options?: ClockOptions,
): Source<T[]>;
/**
 * As above, with messages that count more, or less, than 1.
 *
 * @param metric How much a message counts.
 */
export function batch<T>(
  metric: Metric<T>,
  maxSize: number,
  maxLatency: number | null,
  source: Sourceable<T>,
  options?: ClockOptions,
): Source<T[]>;
export function batch<T>(...args: unknown[]): Source<T[]> {
  const metric = (typeof args[0] === "function" ? args.shift() : one) as Metric<T>;
  const maxSize = args.shift() as number;
  const maxLatency = (typeof args[0] === "number" || args[0] === null ? args.shift() : null) as number | null;
  const [source, options] = args as [Sourceable<T>, ClockOptions?];
  if (!(maxSize > 0)) throw new InvalidArgumentError(`batch: maxSize must be above 0, not ${maxSize}`);

  const clock = currentClock(options);
  const messages = new CoreStream<T>({});
  const result = new CoreStream<T[]>({});
  connectViaProxy(source, messages, result, { description: { op: "batch" } });
  result.onClosed(() => messages.close());

  /** Takes a message, but not after the first one of the batch has waited long enough. */
  const next = (gathered: readonly T[], since: number): unknown => {
    if (maxLatency === null || gathered.length === 0) return messages.take<typeof END>(END);
    const left = maxLatency - (clock.now() - since);
    return left > 0 ? messages.tryTake(END, left, LATE, { clock }) : LATE;
  };

  const emit = (whole: T[], rest: T[], size: number, since: number): unknown =>
    chainPrime(result.put(whole), (accepted) => {
      if (accepted) return recur(rest, size, since, since);
      messages.close();
      return false;
    });

  loop([[] as T[], 0, 0, 0], (gathered, size, first, last): unknown => {
    if (size === maxSize || (size > maxSize && gathered.length === 1)) return emit(gathered, [], 0, 0);
    if (size > maxSize) {
      const carried = gathered[gathered.length - 1] as T;
      return emit(gathered.slice(0, -1), [carried], metric(carried), last);
    }
    return chainPrime(next(gathered, first), (message: unknown): unknown => {
      if (message === LATE) return emit(gathered, [], 0, 0);
      if (message === END) {
        if (gathered.length > 0) result.put(gathered);
        result.close();
        return false;
      }
      const now = clock.now();
      const grown = [...gathered, message as T];
      return recur(grown, size + metric(message as T), gathered.length === 0 ? now : first, now);
    });
  });
  return new SourceView(result);
}

/**
 * The messages of a source, at most `maxRate` a second on average.
 *
 * Time in which fewer came is saved up, for bursts of up to `maxBacklog` messages, by default one second's worth. The pause between two messages is a whole
 * number of milliseconds, so a rate above 1000 is no limit.
 *
 * @param maxRate Messages a second.
 * @example
 * const polite = throttle(10, requests);
 * @see Source: `manifold.stream/throttle`.
 */
export function throttle<T>(maxRate: number, source: Sourceable<T>, options?: ClockOptions): Source<T>;
/**
 * As above, with a limit to what is saved up.
 *
 * @param maxBacklog Messages.
 */
export function throttle<T>(
  maxRate: number,
  maxBacklog: number,
  source: Sourceable<T>,
  options?: ClockOptions,
): Source<T>;
export function throttle<T>(maxRate: number, ...args: unknown[]): Source<T> {
  const maxBacklog = (typeof args[0] === "number" ? args.shift() : maxRate) as number;
  const [source, options] = args as [Sourceable<T>, ClockOptions?];
  const clock = currentClock(options);
  const period = Math.trunc(1000 / maxRate);
  const from = toSource(source);
  const messages = new CoreStream<T>({});
  const result = new CoreStream<T>({});
  connectViaProxy(from, messages, result, { description: { op: "throttle" } });
  result.onClosed(() => messages.close());

  loop([0, clock.now()], (backlog, since) =>
    chainPrime(
      messages.take<typeof END>(END),
      (message: unknown) => {
        if (message !== END) return result.put(message as T);
        result.close();
        return false;
      },
      (accepted: unknown): unknown => {
        if (!accepted) {
          from.close();
          return false;
        }
        const elapsed = clock.now() - since;
        const saved = Math.min(backlog + elapsed / period - 1, maxBacklog);
        if (saved >= 1) return recur(saved - 1, clock.now());
        return chainPrime(timeout(new Deferred<number>(), period - elapsed, 0, { clock }), () => recur(0, clock.now()));
      },
    ),
  );
  return new SourceView(result);
}

/** Feeds a window stream from a source, closing both ways. */
function feed<T>(
  op: string,
  source: Sourceable<T>,
  window: CoreStream<T>,
  accept: (m: T) => Deferred<boolean>,
): Stream<T> {
  const sink = new CallbackSink({ accept, target: window });
  connectCore(toSource(source), sink, { description: { op }, upstream: true, downstream: true });
  return window;
}

/** A window that is fed through a stream of its own, so that messages can be put into it. */
function spliced<T>(make: (source: Source<T>) => Stream<T>): Stream<T> {
  const incoming = new CoreStream<T>({});
  return new Splice(incoming, toSource(make(incoming)));
}

/**
 * A stream of `n` messages which drops what finds no room; every put is accepted at once.
 *
 * @param source Fed from this source, if one is given.
 * @see Source: `manifold.stream/dropping-stream`. Differs: messages that are deferreds are not awaited.
 */
export function droppingStream<T>(n: number, source?: Sourceable<T>): Stream<T> {
  if (source === undefined) return spliced((incoming) => droppingStream(n, incoming));
  const window = new CoreStream<T>({ bufferSize: n });
  return feed("dropping-stream", source, window, (message) => {
    const accepted = window.tryPut(message, 0, true);
    return accepted as Deferred<boolean>;
  });
}

/**
 * A stream of the last `n` messages: the oldest is dropped when there is no room; every put is accepted at once.
 *
 * @param source Fed from this source, if one is given.
 * @see Source: `manifold.stream/sliding-stream`.
 */
export function slidingStream<T>(n: number, source?: Sourceable<T>): Stream<T> {
  if (source === undefined) return spliced((incoming) => slidingStream(n, incoming));
  const window = new CoreStream<T>({ bufferSize: n });
  return feed(
    "sliding-stream",
    source,
    window,
    (message) =>
      loop([], () =>
        chainPrime(window.tryPut(message, 0, LATE), (accepted: unknown): unknown =>
          accepted === LATE ? chainPrime(window.take(), () => recur()) : accepted,
        ),
      ) as Deferred<boolean>,
  );
}
