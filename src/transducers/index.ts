/** Transducers for `transform` and for streams made with one. Source: `clojure.core`. */

import { InvalidArgumentError } from "../errors/index.js";
import { isEqual, ValueSet } from "./equality.js";
import { isTruthy, Reduced, type Reducer, type Transducer } from "./transducer.js";

export { isReduced, Reduced, type Reducer, reduced, type Transducer } from "./transducer.js";

/** A transducer that only decides, step by step, what to pass on; it keeps nothing back. */
function stepwise<In, Out>(
  makeStep: () => <Acc>(reducer: Reducer<Acc, Out>, accumulator: Acc, input: In) => Acc | Reduced<Acc>,
): Transducer<In, Out> {
  return (reducer) => {
    const step = makeStep();
    return {
      step: (accumulator, input) => step(reducer, accumulator, input),
      complete: (accumulator) => reducer.complete(accumulator),
    };
  };
}

const unreduced = <T>(x: T | Reduced<T>): T => (x instanceof Reduced ? x.value : x);

/** Passes on what `f` makes of each input. @see Source: `clojure.core/map`. */
export function map<A, B>(f: (input: A) => B): Transducer<A, B> {
  return stepwise(() => (reducer, accumulator, input) => reducer.step(accumulator, f(input)));
}

/** Passes on the inputs that pass. @see Source: `clojure.core/filter`. */
export function filter<A, B extends A>(passes: (input: A) => input is B): Transducer<A, B>;
export function filter<A>(passes: (input: A) => unknown): Transducer<A, A>;
export function filter<A>(passes: (input: A) => unknown): Transducer<A, A> {
  return stepwise(
    () => (reducer, accumulator, input) => (isTruthy(passes(input)) ? reducer.step(accumulator, input) : accumulator),
  );
}

/** Passes on the inputs that do not pass. @see Source: `clojure.core/remove`. */
export function remove<A>(passes: (input: A) => unknown): Transducer<A, A> {
  return filter((input: A) => !isTruthy(passes(input)));
}

/** Passes on what `f` makes of each input, unless that is null or undefined. @see Source: `clojure.core/keep`. */
export function keep<A, B>(f: (input: A) => B | null | undefined): Transducer<A, B> {
  return stepwise(() => (reducer, accumulator, input) => {
    const output = f(input);
    return output === null || output === undefined ? accumulator : reducer.step(accumulator, output);
  });
}

/** Passes on each element of each input. @see Source: `clojure.core/cat`. */
export function cat<A>(): Transducer<Iterable<A> | null | undefined, A> {
  return stepwise(() => <Acc>(reducer: Reducer<Acc, A>, accumulator: Acc, input: Iterable<A> | null | undefined) => {
    let result: Acc = accumulator;
    for (const element of input ?? []) {
      const next = reducer.step(result, element);
      if (next instanceof Reduced) return next;
      result = next;
    }
    return result;
  });
}

/** Passes on each element of what `f` makes of each input. @see Source: `clojure.core/mapcat`. */
export function mapcat<A, B>(f: (input: A) => Iterable<B> | null | undefined): Transducer<A, B> {
  return compose(map(f), cat<B>());
}

/** Passes on the first `n` inputs, then ends. @see Source: `clojure.core/take`. */
export function take<A>(n: number): Transducer<A, A> {
  return stepwise(() => {
    let left = n;
    return <Acc>(reducer: Reducer<Acc, A>, accumulator: Acc, input: A) => {
      const result = left > 0 ? reducer.step(accumulator, input) : accumulator;
      left--;
      return left > 0 || result instanceof Reduced ? result : new Reduced<Acc>(result);
    };
  });
}

/** Passes on inputs as long as they pass, then ends. @see Source: `clojure.core/take-while`. */
export function takeWhile<A>(passes: (input: A) => unknown): Transducer<A, A> {
  return stepwise(
    () =>
      <Acc>(reducer: Reducer<Acc, A>, accumulator: Acc, input: A) =>
        isTruthy(passes(input)) ? reducer.step(accumulator, input) : new Reduced<Acc>(accumulator),
  );
}

/** Passes on every `n`-th input, from the first one on. @see Source: `clojure.core/take-nth`. */
export function takeNth<A>(n: number): Transducer<A, A> {
  return stepwise(() => {
    let seen = -1;
    return (reducer, accumulator, input) => {
      seen++;
      return seen % n === 0 ? reducer.step(accumulator, input) : accumulator;
    };
  });
}

/** Leaves out the first `n` inputs. @see Source: `clojure.core/drop`. */
export function drop<A>(n: number): Transducer<A, A> {
  return stepwise(() => {
    let left = n;
    return (reducer, accumulator, input) => (left-- > 0 ? accumulator : reducer.step(accumulator, input));
  });
}

/** Leaves out inputs as long as they pass. @see Source: `clojure.core/drop-while`. */
export function dropWhile<A>(passes: (input: A) => unknown): Transducer<A, A> {
  return stepwise(() => {
    let dropping = true;
    return (reducer, accumulator, input) => {
      if (dropping && isTruthy(passes(input))) return accumulator;
      dropping = false;
      return reducer.step(accumulator, input);
    };
  });
}

/** Leaves out inputs that equal the one before, by value. @see Source: `clojure.core/dedupe`. */
export function dedupe<A>(): Transducer<A, A> {
  return stepwise(() => {
    let before: A | typeof NONE = NONE;
    return (reducer, accumulator, input) => {
      const repeats = before !== NONE && isEqual(before, input);
      before = input;
      return repeats ? accumulator : reducer.step(accumulator, input);
    };
  });
}

/** Leaves out inputs that equal an earlier one, by value; all of them are remembered. @see Source: `clojure.core/distinct`. */
export function distinct<A>(): Transducer<A, A> {
  return stepwise(() => {
    const seen = new ValueSet();
    return (reducer, accumulator, input) => (seen.add(input) ? reducer.step(accumulator, input) : accumulator);
  });
}

/** Puts a separator between inputs. @see Source: `clojure.core/interpose`. */
export function interpose<A, S>(separator: S): Transducer<A, A | S> {
  return stepwise(() => {
    let started = false;
    return (reducer, accumulator, input) => {
      if (!started) {
        started = true;
        return reducer.step(accumulator, input);
      }
      const separated = reducer.step(accumulator, separator);
      return separated instanceof Reduced ? separated : reducer.step(separated, input);
    };
  });
}

/** Gathers inputs into arrays of `n`; the last one, at the end, may be shorter. @see Source: `clojure.core/partition-all`. */
export function partitionAll<A>(n: number): Transducer<A, A[]> {
  if (!(n > 0)) throw new InvalidArgumentError(`partitionAll: the size must be above 0, not ${n}`);
  return grouping(() => {
    let count = 0;
    return { before: () => false, after: () => ++count % n === 0 };
  });
}

/** Gathers runs of inputs for which `f` gives equal values into arrays. @see Source: `clojure.core/partition-by`. */
export function partitionBy<A>(f: (input: A) => unknown): Transducer<A, A[]> {
  return grouping(() => {
    let key: unknown = NONE;
    return {
      before: (input: A) => {
        const previous = key;
        key = f(input);
        return previous !== NONE && !isEqual(previous, key);
      },
      after: () => false,
    };
  });
}

const NONE: unique symbol = Symbol("none");

interface Boundary<A> {
  /** Does a group end before this input? */
  before(input: A): boolean;
  /** Does a group end after it? */
  after(): boolean;
}

function grouping<A>(makeBoundary: () => Boundary<A>): Transducer<A, A[]> {
  return <Acc>(reducer: Reducer<Acc, A[]>): Reducer<Acc, A> => {
    const boundary = makeBoundary();
    let group: A[] = [];
    const emit = (accumulator: Acc): Acc | Reduced<Acc> => {
      const whole = group;
      group = [];
      return reducer.step(accumulator, whole);
    };
    return {
      step(accumulator, input) {
        let result: Acc | Reduced<Acc> = accumulator;
        if (boundary.before(input) && group.length > 0) result = emit(accumulator);
        if (result instanceof Reduced) return result;
        group.push(input);
        return boundary.after() ? emit(result) : result;
      },
      complete: (accumulator) => reducer.complete(group.length > 0 ? unreduced(emit(accumulator)) : accumulator),
    };
  };
}

/** Composes transducers: inputs meet them from left to right. @see Source: `clojure.core/comp`. */
export function compose<A, B>(f: Transducer<A, B>): Transducer<A, B>;
export function compose<A, B, C>(f: Transducer<A, B>, g: Transducer<B, C>): Transducer<A, C>;
export function compose<A, B, C, D>(f: Transducer<A, B>, g: Transducer<B, C>, h: Transducer<C, D>): Transducer<A, D>;
export function compose<A, B, C, D, E>(
  f: Transducer<A, B>,
  g: Transducer<B, C>,
  h: Transducer<C, D>,
  i: Transducer<D, E>,
): Transducer<A, E>;
export function compose<A, B, C, D, E, F>(
  f: Transducer<A, B>,
  g: Transducer<B, C>,
  h: Transducer<C, D>,
  i: Transducer<D, E>,
  j: Transducer<E, F>,
): Transducer<A, F>;
export function compose(...transducers: Transducer<unknown, unknown>[]): Transducer<unknown, unknown>;
export function compose(...transducers: Transducer<never, never>[]): Transducer<never, never> {
  return (reducer) =>
    transducers.reduceRight<Reducer<never, never>>(
      (inner, transducer) => transducer(inner as never),
      reducer as never,
    ) as never;
}
