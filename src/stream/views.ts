import type { ClockOptions } from "../clock/index.js";
import type { Deferred } from "../deferred/core.js";
import { CoreSource } from "./core-source.js";
import type { CoreSink, DRAINED, Failure, Origin, Taker, WAITING } from "./protocol.js";
import type { Description, Stream } from "./types.js";

/** The source half of something; closing it closes the whole. */
export class SourceView<T> extends CoreSource<T> {
  protected readonly source: CoreSource<T>;

  constructor(source: CoreSource<T>) {
    super();
    this.source = source;
  }

  override get origin(): Origin {
    return this.source.origin;
  }

  poll(taker: Taker<T> | null): T | typeof WAITING | typeof DRAINED | Failure {
    return this.source.poll(taker);
  }

  override take(): Deferred<T | undefined>;
  override take<D>(fallback: D): Deferred<T | D>;
  override take(fallback?: unknown): Deferred<unknown> {
    return this.source.take(fallback);
  }

  override tryTake(milliseconds: number): Deferred<T | undefined>;
  override tryTake<D, V>(
    fallback: D,
    milliseconds: number,
    timeoutValue: V,
    options?: ClockOptions,
  ): Deferred<T | D | V>;
  override tryTake(...args: [number] | [unknown, number, unknown, (ClockOptions | undefined)?]): Deferred<unknown> {
    return args.length === 1 ? this.source.tryTake(args[0]) : this.source.tryTake(...args);
  }

  shut(): void {
    this.source.shut();
  }

  isDrained(): boolean {
    return this.source.isDrained();
  }

  onDrained(callback: () => void): void {
    this.source.onDrained(callback);
  }

  description(): Description {
    return this.source.description();
  }
}

/** The sink half of something. */
export class SinkView<T> implements CoreSink<T> {
  readonly #sink: CoreSink<T>;

  constructor(sink: CoreSink<T>) {
    this.#sink = sink;
  }

  /** What is put into in truth. */
  get sinkHalf(): CoreSink<T> {
    return this.#sink;
  }

  offer(message: T): Deferred<boolean> {
    return this.#sink.offer(message);
  }

  shut(): void {
    this.#sink.shut();
  }

  put(message: T): Deferred<boolean> {
    return this.#sink.put(message);
  }

  tryPut<V>(message: T, milliseconds: number, timeoutValue?: V, options?: ClockOptions): Deferred<boolean | V> {
    return this.#sink.tryPut(message, milliseconds, timeoutValue as V, options);
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

  description(): Description {
    return this.#sink.description();
  }
}

/** A sink and a source that belong together; nothing flows between them. */
export class Splice<In, Out> extends SourceView<Out> implements Stream<In, Out>, CoreSink<In> {
  readonly #sink: CoreSink<In>;

  constructor(sink: CoreSink<In>, source: CoreSource<Out>) {
    super(source);
    this.#sink = sink;
  }

  /** What is put into in truth. */
  get sinkHalf(): CoreSink<In> {
    return this.#sink;
  }

  offer(message: In): Deferred<boolean> {
    return this.#sink.offer(message);
  }

  put(message: In): Deferred<boolean> {
    return this.#sink.put(message);
  }

  tryPut<V>(message: In, milliseconds: number, timeoutValue?: V, options?: ClockOptions): Deferred<boolean | V> {
    return this.#sink.tryPut(message, milliseconds, timeoutValue as V, options);
  }

  /** Closes the source half, then the sink half. */
  override shut(): void {
    this.#sink.shut();
    this.source.shut();
  }

  isClosed(): boolean {
    return this.#sink.isClosed();
  }

  onClosed(callback: () => void): void {
    this.#sink.onClosed(callback);
  }

  override description(): Description {
    return { type: "splice", sink: this.#sink.description(), source: this.source.description() };
  }
}
