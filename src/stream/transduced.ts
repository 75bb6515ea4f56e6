import type { ClockOptions } from "../clock/index.js";
import { type Deferred, drain, mark, PENDING, reverse, SUCCESS, settle } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { Reduced, type Reducer, type Transducer } from "../transducers/transducer.js";
import { expire } from "./core-source.js";
import { FALSE, TRUE } from "./protocol.js";
import { CoreStream, type StreamOptions } from "./stream.js";

/**
 * A stream with a transducer, which every message passes on its way in; the stream's messages are its outputs.
 *
 * A put answers for the last of its outputs; without any it is accepted at once. A transducer that ends, or throws, closes
 * the stream, and the put that made it do so yields false, although its outputs can be taken.
 */
export class TransducedStream<Out> extends CoreStream<Out> {
  readonly #reducer: Reducer<Out[], unknown>;
  /** The outputs of the last put that found no place. */
  #waiting: Deferred<boolean>[] = [];

  constructor(options: StreamOptions, transducer: Transducer<never, Out>) {
    super(options);
    this.#reducer = (transducer as Transducer<unknown, Out>)<Out[]>({
      step: (outputs, output) => {
        outputs.push(output);
        return outputs;
      },
      complete: (outputs) => outputs,
    });
  }

  override offer(message: unknown): Deferred<boolean> {
    this.#waiting = [];
    if (this.isClosed()) return FALSE;
    const outputs: Out[] = [];
    let ended = false;
    try {
      ended = this.#reducer.step(outputs, message) instanceof Reduced;
    } catch (error) {
      logError(error, "error in the transducer of a stream, which is closed");
      ended = true;
    }
    // What is pushed first is done last: the stream closes when its outputs are where they belong.
    if (ended) this.shut();
    const answer = this.#placeAll(outputs);
    return ended ? FALSE : answer;
  }

  /** Every output that waits is given up when the time is up. */
  override tryPut(
    message: Out,
    milliseconds: number,
    timeoutValue: unknown = false,
    options?: ClockOptions,
  ): Deferred<never> {
    const base = mark();
    const accepted = this.offer(message);
    const waiting = this.#waiting;
    drain(base);
    for (const output of waiting) {
      if (milliseconds > 0) expire(output, milliseconds, timeoutValue, options);
      else if (output.stage === PENDING) settle<unknown>(output, SUCCESS, timeoutValue);
    }
    return accepted as Deferred<never>;
  }

  override flush(): void {
    const outputs: Out[] = [];
    try {
      this.#reducer.complete(outputs);
    } catch (error) {
      logError(error, "error in the completion of a stream's transducer");
    }
    this.#placeAll(outputs);
  }

  #placeAll(outputs: readonly Out[]): Deferred<boolean> {
    const base = mark();
    let answer = TRUE;
    for (const output of outputs) {
      answer = this.place(output);
      if (answer.stage === PENDING) this.#waiting.push(answer);
    }
    reverse(base);
    return answer;
  }
}
