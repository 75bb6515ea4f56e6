/** What transducers are: functions from a reducer to a reducer. Source: `clojure.core`. */

/** Takes inputs one by one into an accumulator, and is told of the end. */
export interface Reducer<Acc, In> {
  /** The next accumulator; wrapped by `reduced` it says that no more input is wanted. */
  step(accumulator: Acc, input: In): Acc | Reduced<Acc>;
  /** Called once, at the end: what was kept back goes out now. */
  complete(accumulator: Acc): Acc;
}

/** Turns a reducer of its outputs into a reducer of its inputs. */
export type Transducer<In, Out> = <Acc>(reducer: Reducer<Acc, Out>) => Reducer<Acc, In>;

/** A result after which no more input is wanted. */
export class Reduced<T> {
  readonly value: T;

  constructor(value: T) {
    this.value = value;
  }
}

/** Says that a reduction ends with this value. @see Source: `clojure.core/reduced`. */
export function reduced<T>(value: T): Reduced<T> {
  return new Reduced(value);
}

/** Did a step say that it was the last one? @see Source: `clojure.core/reduced?`. */
export function isReduced(x: unknown): x is Reduced<unknown> {
  return x instanceof Reduced;
}

/** Everything counts as true but null, undefined and false. */
export function isTruthy(x: unknown): boolean {
  return x !== false && x !== null && x !== undefined;
}
