/** What sources and sinks can do. Source: `manifold.stream.core`'s IEventSource and IEventSink. */

import type { ClockOptions } from "../clock/index.js";
import type { Deferred } from "../deferred/index.js";

/** The state of a source or sink at a moment, for tools and tests; which keys are there depends on the kind. */
export interface Description {
  readonly type: string;
  readonly isSink?: boolean;
  readonly isSource?: boolean;
  readonly isClosed?: boolean;
  readonly isDrained?: boolean;
  readonly isPermanent?: boolean;
  /** Puts that wait for a taker or for room. */
  readonly pendingPuts?: number;
  /** Takes that wait for a message. */
  readonly pendingTakes?: number;
  readonly bufferSize?: number;
  readonly bufferCapacity?: number;
  readonly [key: string]: unknown;
}

/** Gives messages. */
export interface Source<T> extends AsyncIterable<T> {
  /** The next message; undefined once the source is drained. */
  take(): Deferred<T | undefined>;
  /** As above; `fallback` once the source is drained. */
  take<D>(fallback: D): Deferred<T | D>;
  /** As `take`, but yields undefined after `milliseconds` without a message. */
  tryTake(milliseconds: number): Deferred<T | undefined>;
  /** As above; `fallback` once the source is drained, `timeoutValue` after `milliseconds`. */
  tryTake<D, V>(fallback: D, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<T | D | V>;
  /** Ends the source: its producers are refused, what is in it can still be taken. */
  close(): void;
  /** Closed, and nothing left to take? */
  isDrained(): boolean;
  /** Calls `callback` once, when the source is drained; at once if it is. */
  onDrained(callback: () => void): void;
  /** What it is like at the moment, for tools and tests. */
  description(): Description;
}

/** Accepts messages. */
export interface Sink<T> {
  /** Yields true once the message is accepted, which may take until there is room; false if the sink is closed. */
  put(message: T): Deferred<boolean>;
  /** As `put`, but gives up after `milliseconds` and yields false. */
  tryPut(message: T, milliseconds: number): Deferred<boolean>;
  /** As above; yields `timeoutValue` when it gives up. */
  tryPut<V>(message: T, milliseconds: number, timeoutValue: V, options?: ClockOptions): Deferred<boolean | V>;
  /** No more puts are accepted after this. */
  close(): void;
  /** Are puts refused? */
  isClosed(): boolean;
  /** Calls `callback` once, when the sink is closed; at once if it is. */
  onClosed(callback: () => void): void;
  /** What it is like at the moment, for tools and tests. */
  description(): Description;
}

/** Both halves: messages put into it, or (a duplex) into its sink half, and messages taken from it. */
export interface Stream<In, Out = In> extends Sink<In>, Source<Out> {}
