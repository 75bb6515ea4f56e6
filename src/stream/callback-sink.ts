import { Deferred, isDeferrable, push } from "../deferred/core.js";
import { chain } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { type CoreSink, FALSE, SettleLater, TRUE } from "./protocol.js";
import type { Description } from "./types.js";

/** What a callback sink is made of. */
export interface CallbackSinkOptions<T> {
  /** Called with each message; its answer says when the next one may come. Pushes what it causes. */
  readonly accept: (message: T) => Deferred<boolean>;
  /** Realized with true when the source is drained, or the callback has failed. */
  readonly ended?: Deferred<boolean> | undefined;
  /** Where the messages end up, as `downstream` and `isClosed` tell it. */
  readonly target?: CoreSink<never> | undefined;
  /** Closed when the source is drained. @default the target */
  readonly closes?: CoreSink<never> | null | undefined;
}

/** A sink that is a function: what operators and consumers put at the end of a connection. */
export class CallbackSink<T> implements CoreSink<T> {
  readonly target: CoreSink<never> | undefined;
  readonly #options: CallbackSinkOptions<T>;

  constructor(options: CallbackSinkOptions<T>) {
    this.#options = options;
    this.target = options.target;
  }

  offer(message: T): Deferred<boolean> {
    try {
      return this.#options.accept(message);
    } catch (error) {
      logError(error, "error in a callback of a stream");
      this.shut();
      return FALSE;
    }
  }

  shut(): void {
    const { ended, target, closes = target } = this.#options;
    // What is pushed last is done first: the target is closed before the result is there.
    if (ended !== undefined) push(new SettleLater(ended, true));
    closes?.shut();
  }

  put(message: T): Deferred<boolean> {
    return this.offer(message);
  }

  /** How long a callback takes is its own affair: there is no time-out. */
  tryPut(message: T): Deferred<boolean> {
    return this.offer(message);
  }

  close(): void {
    this.shut();
  }

  isClosed(): boolean {
    return this.target?.isClosed() ?? false;
  }

  onClosed(callback: () => void): void {
    this.target?.onClosed(callback);
  }

  description(): Description {
    return { type: "callback" };
  }
}

/** The answer of a user's callback as back-pressure: what is neither deferred nor promise means "go on". */
export function backpressure(answer: unknown): Deferred<boolean> {
  if (answer instanceof Deferred) return answer;
  if (isDeferrable(answer)) return chain(answer) as Deferred<boolean>;
  return answer === false ? FALSE : TRUE;
}
