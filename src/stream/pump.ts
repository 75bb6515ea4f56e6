import type { ClockOptions } from "../clock/index.js";
import {
  type Deferred,
  drain,
  ERROR,
  errorDeferred,
  errorOf,
  type Listener,
  mark,
  push,
  pushBelow,
  SUCCESS,
  subscribe,
  type Task,
} from "../deferred/core.js";
import { logError } from "../errors/index.js";
import type { CoreSource } from "./core-source.js";
import { type CoreSink, DRAINED, Failure, type PumpHandle, type Taker, TRUE, WAITING } from "./protocol.js";

/** How a source and a sink are connected. */
export interface ConnectOptions extends ClockOptions {
  /** Close the source when this sink closes, even if it feeds other sinks. @default false */
  readonly upstream?: boolean | undefined;
  /** Close the sink when the source is drained. @default true */
  readonly downstream?: boolean | undefined;
  /**
   * Milliseconds the sink may take to accept one message; after that the connection is cut and, if `downstream` is
   * true, the sink closed. @default no limit
   */
  readonly timeout?: number | undefined;
  /** Shows up in `downstream(source)`. */
  readonly description?: unknown;
}

/** For those who have nothing to say: one for all connections. */
export const NO_OPTIONS: ConnectOptions = {};

/** One sink of a source. */
export class Connection<T> {
  readonly sink: CoreSink<T>;
  readonly options: ConnectOptions;

  constructor(sink: CoreSink<T>, options: ConnectOptions) {
    this.sink = sink;
    this.options = options;
  }

  get upstream(): boolean {
    return this.options.upstream ?? false;
  }

  get downstream(): boolean {
    return this.options.downstream ?? true;
  }

  get timeout(): number | undefined {
    return this.options.timeout;
  }

  get description(): unknown {
    return this.options.description;
  }
}

/** The steps of a pump's turn. */
const TAKE = 0;
const SEND = 1;
const HEAR = 2;
const END = 3;

/** Most sources have one sink, and there may be many sources: a list of one would be half as much again. */
type Connections<T> = Connection<T> | readonly Connection<T>[];

const NONE: readonly never[] = [];

function listOf<T>(connections: Connections<T>): readonly Connection<T>[] {
  return connections instanceof Connection ? [connections] : connections;
}

function countOf<T>(connections: Connections<T>): number {
  return connections instanceof Connection ? 1 : connections.length;
}

function nth<T>(connections: Connections<T>, index: number): Connection<T> {
  return connections instanceof Connection ? connections : (connections[index] as Connection<T>);
}

/** What a put is realized with when the sink took too long. */
const TIMED_OUT: unique symbol = Symbol("timed out");

/**
 * Moves the messages of one source to all its sinks.
 *
 * A turn takes a message, offers it to every sink in the order they were connected, and hears their answers in that
 * order; only then comes the next turn, so the slowest sink sets the pace. Whenever a step sets other work in motion, the
 * pump steps back below that work and goes on once it is done: the order is that of plain calls, the call stack is not.
 */
export class Pump<T> implements Taker<T>, Listener<unknown>, Task, PumpHandle {
  /** Replaced, never changed: a turn works on the list as it was when the turn began. */
  #connections: Connections<T>;
  readonly #source: CoreSource<T>;
  #step: typeof TAKE | typeof SEND | typeof HEAR | typeof END = TAKE;
  #message: T | typeof DRAINED | typeof WAITING | Failure = WAITING;
  #round: Connections<T> = NONE;
  /** What the sinks have answered in this round, where they have to be waited for. */
  #answers: Deferred<unknown>[] | null = null;
  #next = 0;

  constructor(source: CoreSource<T>, connection: Connection<T>) {
    this.#source = source;
    this.#connections = connection;
  }

  get connections(): readonly Connection<T>[] {
    return listOf(this.#connections);
  }

  add(connection: Connection<T>): void {
    this.#connections = [...this.connections, connection];
  }

  isWaiting(): boolean {
    return true;
  }

  /** A message, the end or a failure that it waited for. */
  deliver(message: T | typeof DRAINED | Failure): void {
    this.#message = message;
    push(this);
  }

  /** The answer of a sink that it waited for. */
  onSuccess(): void {
    this.run();
  }

  onError(): void {
    this.run();
  }

  run(): void {
    for (;;) {
      switch (this.#step) {
        case TAKE: {
          if (this.#message === WAITING && !this.poll()) return;
          const message = this.#message;
          if (message === DRAINED) {
            this.forget();
            this.#round = this.#connections;
            this.#next = 0;
            this.#step = END;
            continue;
          }
          if (message instanceof Failure) {
            this.forget();
            logError(message.error, "error in the source of a connection, which ends");
            return;
          }
          this.#round = this.#connections;
          if (countOf(this.#round) === 0) {
            this.forget();
            this.#source.shut();
            return;
          }
          this.#next = 0;
          this.#step = SEND;
          continue;
        }
        case SEND: {
          if (this.#next === countOf(this.#round)) {
            this.#next = 0;
            this.#message = WAITING;
            this.#step = HEAR;
            continue;
          }
          const base = mark();
          const connection = nth(this.#round, this.#next);
          const answer = send(connection, this.#message as T);
          if (answer === TRUE && countOf(this.#round) === 1) {
            // The usual case: one sink, which has the message already. There is nothing to hear.
            this.#message = WAITING;
            this.#step = TAKE;
          } else (this.#answers ??= [])[this.#next++] = answer;
          if (this.stepBack(base)) return;
          continue;
        }
        case HEAR: {
          if (this.#next === countOf(this.#round)) {
            this.#step = TAKE;
            continue;
          }
          const answer = this.#answers?.[this.#next] as Deferred<unknown>;
          if (answer.stage < SUCCESS) {
            subscribe(answer, this);
            return;
          }
          const connection = nth(this.#round, this.#next++);
          if (answer === TRUE || (answer.stage === SUCCESS && answer.result !== false && answer.result !== TIMED_OUT)) {
            continue;
          }
          const base = mark();
          this.cut(connection, answer);
          if (this.stepBack(base)) return;
          continue;
        }
        case END: {
          if (this.#next === countOf(this.#round)) return;
          const connection = nth(this.#round, this.#next++);
          if (!connection.downstream) continue;
          const base = mark();
          connection.sink.shut();
          if (this.stepBack(base)) return;
        }
      }
    }
  }

  /** Takes the next message. @returns whether to go on now: not if it has to wait, or work comes first */
  private poll(): boolean {
    const base = mark();
    const found = this.#source.poll(this);
    if (found === WAITING) return false;
    this.#message = found;
    return !this.stepBack(base);
  }

  /** If something was set in motion since `base`: puts itself below it, to go on afterwards. */
  private stepBack(base: number): boolean {
    if (mark() === base) return false;
    pushBelow(base, this);
    return true;
  }

  /** A sink did not accept: it is no longer served. */
  private cut(connection: Connection<T>, answer: Deferred<unknown>): void {
    const others = this.connections.filter((other) => other !== connection);
    this.#connections = others;
    // What is pushed last is done first: the sink is closed before the source.
    if (connection.upstream || others.length === 0) {
      this.forget();
      this.#source.shut();
    }
    if (answer.stage === ERROR) {
      logError(errorOf(answer), "error in the sink of a connection, which is cut");
      connection.sink.shut();
    } else if (answer.result === TIMED_OUT && connection.downstream) connection.sink.shut();
  }

  /** From here on the source counts as not connected; a new connection gets a new pump. */
  private forget(): void {
    if (this.#source.origin.pump === this) this.#source.origin.pump = null;
  }
}

function send<T>(connection: Connection<T>, message: T): Deferred<unknown> {
  const { sink, timeout, options } = connection;
  try {
    return timeout === undefined ? sink.offer(message) : sink.tryPut(message, timeout, TIMED_OUT, options);
  } catch (error) {
    return errorDeferred(error);
  }
}

/** Adds a sink to a source, and starts its pump if it has none. */
export function connectCore<T>(source: CoreSource<T>, sink: CoreSink<T>, options: ConnectOptions): void {
  const { origin } = source;
  const connection = new Connection(sink, options);
  if (origin.pump !== null) {
    (origin.pump as Pump<T>).add(connection);
    return;
  }
  const pump = new Pump(source, connection);
  origin.pump = pump;
  const base = mark();
  pump.run();
  drain(base);
}
