import { chainInto } from "./chain.js";
import { unwrap } from "./coerce.js";
import {
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  type Listener,
  type Realized,
  settle,
  subscribe,
} from "./deferred.js";

/** What messages are taken from: a stream, told by its methods, as deferreds know nothing of streams. */
export interface Takeable<T> extends AsyncIterable<T> {
  take(): Deferred<T | undefined>;
  isDrained(): boolean;
}

/** What waiting for something gives: the value of a deferred, the next message of a stream, a plain value as it is. */
export type Parked<X> =
  X extends Takeable<unknown> ? (X extends AsyncIterable<infer Message> ? Message | undefined : never) : Realized<X>;

/** A block that `goOff` runs: it waits for what it yields. */
export type Block<R> = Generator<unknown, R, unknown>;

/** A block on its way: it runs until it has to wait, and goes on inside the call that realizes what it waits for. */
class Run implements Listener<unknown> {
  readonly result = new Deferred<unknown>();
  readonly #block: Block<unknown>;

  constructor(block: Block<unknown>) {
    this.#block = block;
  }

  onSuccess(value: unknown): void {
    this.proceed(value);
  }

  onError(error: unknown): void {
    this.proceed(errorDeferred(error));
  }

  /** Hands the block what it waits for, if that is there; a million operands that are need no stack. */
  proceed(first: unknown): void {
    for (let operand = first; ; ) {
      const value = unwrap(operand);
      if (value instanceof Deferred && value.stage !== ERROR) {
        subscribe(value, this);
        return;
      }
      let step: IteratorResult<unknown, unknown>;
      try {
        step = value instanceof Deferred ? this.#block.throw(errorOf(value)) : this.#block.next(value);
      } catch (error) {
        settle(this.result, ERROR, error);
        return;
      }
      if (step.done) {
        chainInto(this.result, step.value, false);
        return;
      }
      operand = operandOf(step.value);
    }
  }
}

/** What is waited for when a block yields `x`. */
function operandOf(x: unknown): unknown {
  if (!isTakeable(x)) return x;
  try {
    return x.take();
  } catch (error) {
    return errorDeferred(error);
  }
}

function isTakeable(x: unknown): x is Takeable<unknown> {
  const candidate = x as Partial<Takeable<unknown>> | null | undefined;
  return typeof candidate?.take === "function" && typeof candidate.isDrained === "function";
}

/**
 * Runs a generator as a block that reads from top to bottom and waits where it yields.
 *
 * `yield x` gives the value of a deferred or promise, however deep, or throws its error; of a stream it takes the next
 * message (undefined once it is drained); a plain value comes back as it is. The block starts at once. What is realized
 * already is handed back in place; otherwise the block goes on inside the call that realizes what it waits for. TypeScript
 * cannot tell what a bare `yield` gives, so it is `unknown`: write `yield* park(x)`, which is the same and typed.
 *
 * @returns a deferred of what the block returns, flattened; a throw is its error. Realizing it from outside does not stop
 *   the block.
 * @example
 * const total = goOff(function* () {
 *   const user = yield* park(loadUser(id));
 *   const prices = yield* park(loadPrices(user));
 *   return prices.reduce((sum, price) => sum + price, 0);
 * });
 * @see Source: `manifold.go-off/go-off`. Differs: it runs in place, not on an executor.
 */
export function goOff<R>(block: () => Block<R>): Deferred<Realized<R>> {
  let run: Run;
  try {
    run = new Run(block());
  } catch (error) {
    return errorDeferred(error);
  }
  run.proceed(undefined);
  return run.result as Deferred<Realized<R>>;
}

/**
 * Waits, inside a block of `goOff`, for a deferred, a promise or the next message of a stream; an error is thrown.
 *
 * @example
 * goOff(function* () {
 *   const name = yield* park(names); // the next message of a stream
 *   return name === undefined ? "the end" : yield* park(greet(name));
 * });
 * @see Source: `manifold.go-off/<!?`.
 */
export function* park<X>(x: X): Generator<X, Parked<X>, unknown> {
  return (yield x) as Parked<X>;
}

/**
 * As `park`, but an error is given back as a value instead of being thrown.
 *
 * @see Source: `manifold.go-off/<!`.
 */
export function* parkQuietly<X>(x: X): Generator<X, unknown, unknown> {
  try {
    return yield* park(x);
  } catch (error) {
    return error;
  }
}
