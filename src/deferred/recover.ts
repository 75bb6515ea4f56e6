import { chain, chainInto, chainPrime, listenFlat } from "./chain.js";
import { isDeferrable, isOpened } from "./coerce.js";
import {
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  type Listener,
  type Realized,
  SUCCESS,
  settle,
  subscribe,
  successDeferred,
} from "./deferred.js";

/** A class an error may be an instance of. */
export type ErrorClass<E> = abstract new (...args: never[]) => E;

interface Catch {
  <A, B>(x: A, handler: (error: unknown) => B): Deferred<Realized<A> | Realized<B>>;
  <A, B, E>(x: A, errorClass: ErrorClass<E>, handler: (error: E) => B): Deferred<Realized<A> | Realized<B>>;
}

class Recovery implements Listener<unknown> {
  private readonly result: Deferred<unknown>;
  private readonly recover: (error: unknown) => unknown;
  private readonly prime: boolean;

  constructor(result: Deferred<unknown>, recover: (error: unknown) => unknown, prime: boolean) {
    this.result = result;
    this.recover = recover;
    this.prime = prime;
  }

  onSuccess(value: unknown): void {
    if (isOpened(value, this.prime)) listenFlat(value, this, this.prime);
    else settle(this.result, SUCCESS, value);
  }

  onError(error: unknown): void {
    let recovered: unknown;
    try {
      recovered = this.recover(error);
    } catch (thrown) {
      settle(this.result, ERROR, thrown);
      return;
    }
    chainInto(this.result, recovered, this.prime);
  }
}

function catching(prime: boolean): Catch {
  const chained = prime ? chainPrime : chain;
  return (x: unknown, ...rest: unknown[]): Deferred<never> => {
    const handler = rest[rest.length - 1] as (error: unknown) => unknown;
    const errorClass = rest.length > 1 ? (rest[0] as ErrorClass<unknown>) : undefined;
    if (!isOpened(x, prime)) return successDeferred(x) as Deferred<never>;
    const recover = (error: unknown): unknown => {
      if (errorClass === undefined || error instanceof errorClass) return handler(error);
      throw error;
    };
    const source = x instanceof Deferred && !x.isRealized ? x : (chained(x) as Deferred<unknown>);
    if (source.stage === SUCCESS) return source as Deferred<never>;
    if (source.stage === ERROR) {
      try {
        return chained(recover(errorOf(source))) as Deferred<never>;
      } catch (thrown) {
        return errorDeferred(thrown);
      }
    }
    const result = new Deferred<never>();
    subscribe(source, new Recovery(result, recover, prime));
    return result;
  };
}

/**
 * Recovers from an error: the handler's answer, which may come later, takes the error's place.
 *
 * Covers everything before it and nothing after it. Without a class every error is caught, with one only its instances; a
 * throw or a failed deferred from the handler is the new error.
 *
 * @param x A value (passes through), deferred or promise.
 * @param handler Called once with the error, in place.
 * @example
 * const user = catchError(loadUser(id), RangeError, () => guest);
 * @see Source: `manifold.deferred/catch`. Exported as `catch` too. Differs: a plain value comes back as a deferred.
 */
export const catchError: Catch = catching(false);

/** As `catch`, but foreign promises are plain values to it. @see Source: `manifold.deferred/catch'`. */
export const catchPrime: Catch = catching(true);

class Finalizer implements Listener<unknown> {
  private readonly result: Deferred<unknown>;
  private readonly f: () => void;

  constructor(result: Deferred<unknown>, f: () => void) {
    this.result = result;
    this.f = f;
  }

  onSuccess(value: unknown): void {
    this.end(SUCCESS, value);
  }

  onError(error: unknown): void {
    this.end(ERROR, error);
  }

  private end(outcome: typeof SUCCESS | typeof ERROR, result: unknown): void {
    try {
      this.f();
    } catch (thrown) {
      settle(this.result, ERROR, thrown);
      return;
    }
    settle(this.result, outcome, result);
  }
}

function finalizing(prime: boolean) {
  return <A>(x: A, f: () => void): Deferred<Realized<A>> => {
    const source = (x instanceof Deferred ? x : !prime && isDeferrable(x) ? chain(x) : successDeferred(x)) as Deferred<
      Realized<A>
    >;
    if (!source.isRealized) {
      const result = new Deferred<Realized<A>>();
      subscribe(source, new Finalizer(result, f));
      return result;
    }
    try {
      f();
    } catch (thrown) {
      return errorDeferred(thrown);
    }
    return source.stage === SUCCESS ? source : errorDeferred(errorOf(source));
  };
}

/**
 * Calls `f` once when `x` is realized, either way, and then takes over its outcome; a throw of `f` replaces it.
 *
 * What `f` returns is not awaited.
 *
 * @example
 * const page = finallyDo(render(handle), () => handle.close());
 * @see Source: `manifold.deferred/finally`. Exported as `finally` too. Differs: a plain value is allowed.
 */
export const finallyDo: <A>(x: A, f: () => void) => Deferred<Realized<A>> = finalizing(false);

/** As `finally`, but foreign promises are plain values to it. @see Source: `manifold.deferred/finally'`. */
export const finallyPrime: <A>(x: A, f: () => void) => Deferred<Realized<A>> = finalizing(true);
