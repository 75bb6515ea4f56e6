/** Errors that nobody has looked at: told when their deferred is collected as garbage. Source: `manifold.debug`. */

import { InvalidArgumentError, logError } from "../errors/index.js";

/** Told of an error that was dropped. */
export type DroppedErrorHandler = (error: unknown) => void;

/** What outlives the deferred: it must not lead back to it. */
interface Watched {
  readonly error: unknown;
  isConsumed: boolean;
}

const toLog: DroppedErrorHandler = (error) =>
  logError(error, "unconsumed deferred in error state, make sure you're using `catch`", "warn");

let handler: DroppedErrorHandler | null = toLog;

const watched = new WeakMap<object, Watched>();
const collected = new FinalizationRegistry<Watched>(({ error, isConsumed }) => {
  if (isConsumed) return;
  try {
    handler?.(error);
  } catch (thrown) {
    logError(thrown, "error in the handler of dropped errors");
  }
});

/** Watches a deferred that has failed without a listener. */
export function watch(deferred: object, error: unknown): void {
  if (handler === null) return;
  const record: Watched = { error, isConsumed: false };
  watched.set(deferred, record);
  collected.register(deferred, record);
}

/** Somebody has seen the error of this deferred. */
export function consume(deferred: object): void {
  const record = watched.get(deferred);
  if (record !== undefined) record.isConsumed = true;
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
  for (let round = 0; round < 2; round++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
