/** Errors that nobody has looked at: told when their deferred is collected as garbage. Source: `manifold.debug`. */

import { InvalidArgumentError, logError } from "../errors/index.js";

/** Told of an error that was dropped. */
export type DroppedErrorHandler = (error: unknown) => void;

/** What a failed deferred holds in place of its error until somebody looks; it outlives the deferred, and does not lead back. */
class Unseen {
  readonly error: unknown;
  isSeen = false;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** A deferred that has failed, as far as this file knows it. */
interface Failed {
  result: unknown;
}

const toLog: DroppedErrorHandler = (error) =>
  logError(error, "unconsumed deferred in error state, make sure you're using `catch`", "warn");

let handler: DroppedErrorHandler | null = toLog;

const collected = new FinalizationRegistry<Unseen>(({ error, isSeen }) => {
  if (isSeen) return;
  try {
    handler?.(error);
  } catch (thrown) {
    logError(thrown, "error in the handler of dropped errors");
  }
});

/** So many failed deferreds wait for the end of the turn before they are gone through at once. */
const FRESH_LIMIT = 1024;
let fresh: Failed[] = [];

/**
 * Watches a deferred that has failed without a listener.
 *
 * Finalizers are dear, and most errors are looked at in the turn in which they come up: only what is left at its end gets one.
 */
export function watch(deferred: Failed): void {
  if (handler === null) return;
  deferred.result = new Unseen(deferred.result);
  const count = fresh.push(deferred);
  if (count === 1) setImmediate(watchTheRest).unref();
  else if (count >= FRESH_LIMIT) watchTheRest();
}

function watchTheRest(): void {
  const failed = fresh;
  fresh = [];
  for (const deferred of failed) if (deferred.result instanceof Unseen) collected.register(deferred, deferred.result);
}

/** The error of a deferred that has failed, which is seen now. */
export function errorOf(deferred: Failed): unknown {
  const error = peek(deferred);
  if (deferred.result !== error) {
    (deferred.result as Unseen).isSeen = true;
    deferred.result = error;
  }
  return error;
}

/** The error of a deferred that has failed, without looking at it. */
export function peek({ result }: Failed): unknown {
  return result instanceof Unseen ? result.error : result;
}

/**
 * Logs a warning for every deferred that failed and was collected before anybody looked at its error; this is the default.
 *
 * Looked at means: a listener, a chain, a `catch`, an `await`, a zip. A chain hands the duty on to its result. It costs
 * something only where a deferred fails; the warning comes when the garbage collector does.
 *
 * @see Source: `manifold.debug/enable-dropped-error-logging!`.
 */
export function enableDroppedErrorLogging(): void {
  handler = toLog;
}

/** Says nothing of dropped errors. @see Source: `manifold.debug/disable-dropped-error-logging!`. */
export function disableDroppedErrorLogging(): void {
  handler = null;
}

/**
 * Hands dropped errors to a function instead of the log.
 *
 * @example
 * setDroppedErrorHandler((error) => metrics.increment("dropped", { error }));
 */
export function setDroppedErrorHandler(next: DroppedErrorHandler): void {
  handler = next;
}

/**
 * Counts the errors that `body` drops, for tests.
 *
 * Collects garbage before and after, so Node has to run with `--expose-gc`. Not to be nested.
 *
 * @returns the number of dropped errors, which `report` gets, too.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the garbage collector cannot be called.
 * @see Source: `manifold.debug/with-dropped-error-detection`.
 */
export async function withDroppedErrorDetection(
  body: () => unknown,
  report: (count: number) => void = () => {},
): Promise<number> {
  const before = handler;
  await collectGarbage();
  let count = 0;
  handler = () => void count++;
  try {
    await body();
    await collectGarbage();
  } finally {
    handler = before;
  }
  report(count);
  return count;
}

/** Finalizers run in a later turn of the event loop, and some only after a second collection. */
async function collectGarbage(): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) {
    throw new InvalidArgumentError("withDroppedErrorDetection needs the garbage collector: run node with --expose-gc");
  }
  watchTheRest();
  for (let round = 0; round < 2; round++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
