import pDefer from "p-defer";
import { InvalidClaimError, logError } from "../errors/index.js";
import { errorOf, peek, watch } from "./dropped.js";
import { drain, mark, push, type Task } from "./propagation.js";

export { errorOf } from "./dropped.js";

/** A value, or something that will yield it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** The value behind a deferred, a promise, or a plain value. */
export type Realized<T> = T extends PDeferred<infer V> ? Awaited<V> : Awaited<T>;

/** What `p-defer` and `Promise.withResolvers` give: accepted wherever a promise is. */
export interface PDeferred<T> {
  readonly promise: PromiseLike<T>;
  resolve(value?: Awaitable<T>): void;
  reject(reason?: unknown): void;
}

/** A deferred, a promise, a thenable or a p-defer object. */
export type Deferrable<T> = PromiseLike<T> | PDeferred<T>;

/** Called when a deferred is realized; made by `listener`, told apart by identity. */
export interface Listener<T> {
  onSuccess(value: T): void;
  onError(error: unknown): void;
}

/** The right to realize a claimed deferred; opaque. */
export interface ClaimToken {
  readonly claimed: true;
}

/** The stages of a deferred; it only ever moves forward. */
export const PENDING = 0;
export const CLAIMED = 1;
export const SUCCESS = 2;
export const ERROR = 3;
export type Outcome = typeof SUCCESS | typeof ERROR;

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** In place of the listeners of a deferred that was made realized: it was never open, so tokens mean nothing to it. */
const NEVER_OPEN: Listener<unknown>[] = [];

/**
 * A write-once cell with listeners, and a thenable.
 *
 * Realizing it calls its listeners **in place**, in the order they were added; a listener added later is called at once.
 * `then`, `catch` and `finally` are those of a promise (asynchronous, Promises/A+), so `await` works; that promise is
 * made only when somebody asks for it.
 *
 * @see Source: `manifold.deferred`. Differs: no executors; it is a thenable, not a `CompletionStage`.
 */
export class Deferred<T> implements PromiseLike<T> {
  /** @internal */
  stage: typeof PENDING | typeof CLAIMED | Outcome = PENDING;
  /** @internal The value, the error, or, while it is claimed, the token. */
  result: unknown = undefined;
  /** @internal */
  listeners: Listener<T> | Listener<T>[] | null = null;

  /** Realizes it with a value as it is (nothing is flattened). @returns false if it was realized or claimed already */
  success(value: T, token?: ClaimToken): boolean {
    return realize(this, SUCCESS, value, token);
  }

  /** Realizes it with an error, which may be any value. @returns false if it was realized or claimed already */
  error(error: unknown, token?: ClaimToken): boolean {
    return realize(this, ERROR, error, token);
  }

  /** Reserves it: from now on only the holder of the token can realize it. @returns null if it is too late for that */
  claim(): ClaimToken | null {
    if (this.stage !== PENDING) return null;
    const token: ClaimToken = { claimed: true };
    this.stage = CLAIMED;
    this.result = token;
    return token;
  }

  /** Calls one of the two when it is realized: now if it is already. A throw of a waiting listener is logged. */
  onRealized(onSuccess: (value: T) => void, onError: (error: unknown) => void): this {
    if (this.stage === SUCCESS) onSuccess(this.result as T);
    else if (this.stage === ERROR) onError(errorOf(this));
    else subscribe(this, { onSuccess, onError });
    return this;
  }

  /** Adds a listener; the same one added twice is called twice. */
  addListener(listener: Listener<T>): true {
    if (this.stage < SUCCESS) subscribe(this, listener);
    else if (this.stage === SUCCESS) listener.onSuccess(this.result as T);
    else listener.onError(errorOf(this));
    return true;
  }

  /** Removes the first waiting entry of a listener. @returns false if there is none, or the deferred is claimed or realized */
  cancelListener(listener: Listener<T>): boolean {
    const { listeners } = this;
    if (this.stage !== PENDING || listeners === null) return false;
    if (!Array.isArray(listeners)) {
      if (!isFor(listener, listeners)) return false;
      this.listeners = null;
      return true;
    }
    const place = listeners.findIndex((waiting) => isFor(listener, waiting));
    if (place === -1) return false;
    listeners.splice(place, 1);
    return true;
  }

  /** Is it realized, either way? */
  get isRealized(): boolean {
    return this.stage >= SUCCESS;
  }

  /** As a promise's: asynchronous, flattening. */
  // oxlint-disable-next-line unicorn/no-thenable -- being awaitable is the point
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => Awaitable<A>) | null,
    onRejected?: ((error: unknown) => Awaitable<B>) | null,
  ): Promise<A | B> {
    return toPromise(this).then(onFulfilled, onRejected);
  }

  /** As a promise's. */
  catch<B = never>(onRejected?: ((error: unknown) => Awaitable<B>) | null): Promise<T | B> {
    return toPromise(this).catch(onRejected);
  }

  /** As a promise's. */
  finally(onSettled?: (() => void) | null): Promise<T> {
    return toPromise(this).finally(onSettled);
  }

  /** @internal Tells the waiting listeners: a `Task`, which is not said above, for it is not among the published types. */
  run(): void {
    const { listeners } = this;
    this.listeners = null;
    if (listeners === null) return;
    if (Array.isArray(listeners)) push(new RemainingListeners(this, listeners));
    else tell(this, listeners);
  }

  get [Symbol.toStringTag](): string {
    return "Deferred";
  }

  /** @internal How Node's console shows it. */
  [INSPECT](_depth: number, options: object, inspect: Inspect): string {
    if (this.stage === SUCCESS) return `<< ${inspect(this.result, options)} >>`;
    if (this.stage === ERROR) return `<< ERROR: ${inspect(peek(this), options)} >>`;
    return "<< … >>";
  }
}

/** Not a private method: those cost every instance a word. */
function realize(
  deferred: Deferred<never> | Deferred<unknown>,
  outcome: Outcome,
  result: unknown,
  token: ClaimToken | undefined,
): boolean {
  if (deferred.stage !== PENDING || token !== undefined) {
    if (token === undefined || deferred.listeners === NEVER_OPEN) return false;
    if (deferred.stage !== CLAIMED) throw new InvalidClaimError("deferred isn't claimed");
    if (deferred.result !== token) throw new InvalidClaimError("invalid claim token");
  }
  deferred.stage = outcome;
  deferred.result = result;
  if (deferred.listeners !== null) {
    const base = mark();
    deferred.run();
    drain(base);
  } else if (outcome === ERROR) watch(deferred);
  return true;
}

type Inspect = (value: unknown, options: object) => string;

/**
 * Several listeners of one deferred: what the first one causes is done before the second one is told.
 *
 * Here and in the other listeners of the kit members are private by type only: they are made for every link of every
 * chain, and setting up `#` members takes longer than all the rest.
 */
class RemainingListeners<T> implements Task {
  private next = 0;
  private readonly deferred: Deferred<T>;
  private readonly listeners: Listener<T>[];

  constructor(deferred: Deferred<T>, listeners: Listener<T>[]) {
    this.deferred = deferred;
    this.listeners = listeners;
  }

  run(): void {
    const listener = this.listeners[this.next++];
    if (listener === undefined) return;
    if (this.next < this.listeners.length) push(this);
    tell(this.deferred, listener);
  }
}

function tell<T>(deferred: Deferred<T>, listener: Listener<T>): void {
  try {
    if (deferred.stage === SUCCESS) listener.onSuccess(deferred.result as T);
    else listener.onError(deferred.result);
  } catch (error) {
    logError(error, "error in a listener of a deferred");
  }
}

/** What waits in place of a listener. */
interface StandIn<T> extends Listener<T> {
  readonly listener: Listener<T>;
}

/** Gives what is to wait in place of a listener; undefined as long as listeners wait themselves. */
let keeper: (<T>(listener: Listener<T>) => StandIn<T>) | undefined;

export function setKeeper(next: typeof keeper): void {
  keeper = next;
}

/** Is it the listener, or what waits in its place? */
function isFor<T>(listener: Listener<T>, waiting: Listener<T>): boolean {
  return waiting === listener || (waiting as Partial<StandIn<T>>).listener === listener;
}

/** Adds a listener to a deferred that is known to be pending. */
export function subscribe<T>(deferred: Deferred<T>, given: Listener<T>): void {
  const { listeners } = deferred;
  const listener = keeper === undefined ? given : keeper(given);
  if (listeners === null) deferred.listeners = listener;
  else if (Array.isArray(listeners)) listeners.push(listener);
  else deferred.listeners = [listeners, listener];
}

/**
 * Realizes a deferred from inside a listener of the kit's own, as the last thing it does: the deferred's own listeners
 * are told once that listener has returned.
 */
export function settle<T>(deferred: Deferred<T>, outcome: Outcome, result: unknown): boolean {
  if (deferred.stage !== PENDING) return false;
  deferred.stage = outcome;
  deferred.result = result;
  if (deferred.listeners !== null) push(deferred);
  else if (outcome === ERROR) watch(deferred);
  return true;
}

/** Realizes a deferred and tells its listeners before it returns; for the kit's own code outside listeners. */
export function settleNow<T>(deferred: Deferred<T>, outcome: Outcome, result: unknown): boolean {
  const base = mark();
  const first = settle(deferred, outcome, result);
  drain(base);
  return first;
}

/** Realizes a deferred that nobody has seen yet, so that it is as if it had been made realized. */
export function realizeUnseen<D extends Deferred<never> | Deferred<unknown>>(
  made: D,
  outcome: Outcome,
  result: unknown,
): D {
  made.stage = outcome;
  made.result = result;
  made.listeners = NEVER_OPEN;
  if (outcome === ERROR) watch(made);
  return made;
}

/**
 * Makes a pending deferred.
 *
 * @example
 * const d = deferred<number>();
 * d.onRealized((value) => console.log(value), console.error);
 * success(d, 1); // prints 1
 * @see Source: `manifold.deferred/deferred`.
 */
export function deferred<T = unknown>(): Deferred<T> {
  return new Deferred<T>();
}

/** Makes a deferred that is realized with a value already. @see Source: `manifold.deferred/success-deferred`. */
export function successDeferred<T>(value: T): Deferred<T> {
  return realizeUnseen(new Deferred<T>(), SUCCESS, value);
}

/** Makes a deferred that has failed already. @see Source: `manifold.deferred/error-deferred`. */
export function errorDeferred<T = never>(error: unknown): Deferred<T> {
  return realizeUnseen(new Deferred<T>(), ERROR, error);
}

/**
 * Realizes a deferred with a value and calls its listeners, in order, before it returns.
 *
 * @param token What `claim` gave, if the deferred is claimed.
 * @returns false, and nothing happens, if it is realized or (without the token) claimed.
 * @throws {InvalidClaimError} code `RING_INVALID_CLAIM`, if the token is not the one, or is used up.
 * @see Source: `manifold.deferred/success!`.
 */
export function success<T>(deferred: Deferred<T>, value: T, token?: ClaimToken): boolean {
  return deferred.success(value, token);
}

/** Realizes a deferred with an error, as `success` does with a value. @see Source: `manifold.deferred/error!`. */
export function error(deferred: Deferred<never> | Deferred<unknown>, error: unknown, token?: ClaimToken): boolean {
  return deferred.error(error, token);
}

/**
 * Reserves a deferred, so that only the holder of the token can realize it.
 *
 * @returns the token, or null if the deferred is realized or claimed.
 * @see Source: `manifold.deferred/claim!`.
 */
export function claim(deferred: Deferred<never> | Deferred<unknown>): ClaimToken | null {
  return deferred.claim();
}

/** Makes a listener that can be added to, and taken from, deferreds. @see Source: `manifold.deferred/listener`. */
export function listener<T>(onSuccess: (value: T) => void, onError: (error: unknown) => void = () => {}): Listener<T> {
  return { onSuccess, onError };
}

/** Adds a listener. @see Source: `manifold.deferred/add-listener!`. */
export function addListener<T>(deferred: Deferred<T>, listener: Listener<T>): true {
  return deferred.addListener(listener);
}

/** Takes a listener away again. @see Source: `manifold.deferred/cancel-listener!`. */
export function cancelListener<T>(deferred: Deferred<T>, listener: Listener<T>): boolean {
  return deferred.cancelListener(listener);
}

/** Calls one of the two functions when the deferred is realized, and returns it. @see Source: `manifold.deferred/on-realized`. */
export function onRealized<T>(
  deferred: Deferred<T>,
  onSuccess: (value: T) => void,
  onError: (error: unknown) => void,
): Deferred<T> {
  return deferred.onRealized(onSuccess, onError);
}

/** Is the deferred realized, either way? @see Source: `manifold.deferred/realized?`. */
export function isRealized(deferred: Deferred<never> | Deferred<unknown>): boolean {
  return deferred.isRealized;
}

/**
 * The native promise of a deferred (`then` is this promise's).
 *
 * @example
 * const response = await toPromise(d);
 */
export function toPromise<T>(deferred: Deferred<T>): Promise<Awaited<T>> {
  // A rejection is the author's own value, whatever it is.
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors
  if (deferred.stage === ERROR) return Promise.reject(errorOf(deferred));
  if (deferred.stage === SUCCESS && deferred.result !== deferred) return Promise.resolve(deferred.result as Awaited<T>);
  const { promise, resolve, reject } = pDefer<Awaited<T>>();
  deferred.onRealized((value) => {
    // A promise would ask it for its value again and again.
    if (value === (deferred as unknown)) reject(new TypeError("a deferred that holds itself has no value to wait for"));
    else resolve(value as Awaited<T>);
  }, reject);
  return promise;
}
