import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  catchError,
  chain,
  deferred,
  disableDroppedErrorLogging,
  enableDroppedErrorLogging,
  error,
  errorDeferred,
  onRealized,
  setDroppedErrorHandler,
  withDroppedErrorDetection,
  zip,
} from "../../src/deferred/index.js";
import { type Logger, setLogger } from "../../src/errors/index.js";
import { exposeGarbageCollector } from "../garbage.js";

beforeAll(exposeGarbageCollector);
afterEach(disableDroppedErrorLogging);

const ignore = (): void => {};
const failing = (): Error => new Error("dropped");

describe("withDroppedErrorDetection", () => {
  it.each<[string, number, () => unknown]>([
    ["a failed deferred that nobody looks at", 1, () => void errorDeferred(failing())],
    ["a deferred that fails later", 1, () => void error(deferred(), failing())],
    [
      "only the end of a chain, which has the duty of all before it",
      1,
      () => void chain(errorDeferred(failing()), ignore, ignore),
    ],
    [
      "each of many that fail in one turn",
      3000,
      () => {
        for (let i = 0; i < 3000; i++) errorDeferred(failing());
      },
    ],
    ["no value", 0, () => void chain(1, ignore)],
    ["no error that is caught", 0, () => void catchError(errorDeferred(failing()), ignore)],
    [
      "no error that is caught in a later turn",
      0,
      async () => {
        const failed = errorDeferred(failing());
        await new Promise((resolve) => setImmediate(resolve));
        catchError(failed, ignore);
      },
    ],
    ["no error that a listener is told", 0, () => void onRealized(errorDeferred(failing()), ignore, ignore)],
    [
      "a zip, and the member that it did not look at",
      2,
      () => void zip(errorDeferred(failing()), errorDeferred(failing())),
    ],
  ])("counts %s", async (_what, count, body) => {
    const report = jest.fn<(count: number) => void>();
    expect(await withDroppedErrorDetection(body, report)).toBe(count);
    expect(report).toHaveBeenCalledWith(count);
  });

  it("says what it needs when the garbage collector is out of reach", async () => {
    (globalThis as { gc?: unknown }).gc = undefined;
    await expect(withDroppedErrorDetection(ignore)).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
    exposeGarbageCollector();
  });
});

describe("dropped errors", () => {
  /** Drops an error and collects it. */
  async function drop(): Promise<void> {
    (() => void errorDeferred(failing()))();
    // In the first turn it is not yet let go, in the second it is collected, in the third it is told.
    for (let round = 0; round < 3; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it("go to the log, to a handler, or nowhere", async () => {
    const log = jest.fn<Logger>();
    const before = setLogger(log);
    enableDroppedErrorLogging();
    await drop();
    expect(log.mock.calls).toEqual([["warn", expect.objectContaining({ message: "dropped" }), expect.any(String)]]);

    const handler = jest.fn();
    setDroppedErrorHandler(handler);
    await drop();
    expect(handler).toHaveBeenCalledTimes(1);

    disableDroppedErrorLogging();
    await drop();
    expect(handler).toHaveBeenCalledTimes(1);
    expect(log).toHaveBeenCalledTimes(1);
    setLogger(before);
  });
});
