import { createRequire } from "node:module";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { type Deferred, deferred, errorDeferred, successDeferred } from "../../src/deferred/index.js";

/** Some cases leave a rejection to nobody, which jest would count as a failure of theirs. */
function quiet<T>(promise: Deferred<T>): Deferred<T> {
  const then = promise.then.bind(promise) as (...args: unknown[]) => Promise<unknown>;
  return Object.assign(promise, {
    then(...args: unknown[]): Promise<unknown> {
      const next = then(...args);
      next.catch(() => {});
      return next;
    },
  });
}

/** What promises-aplus-tests asks of an implementation. */
const adapter = {
  resolved: (value: unknown) => quiet(successDeferred(value)),
  rejected: (reason: unknown) => quiet(errorDeferred(reason)),
  deferred() {
    const promise = quiet(deferred());
    return {
      promise,
      resolve: (value: unknown) => promise.success(value),
      reject: (reason: unknown) => promise.error(reason),
    };
  },
};

type Case = (done: (error?: unknown) => void) => void;

/** The suite gives a case 200 ms; on fake timers nobody waits for them. */
function specify(name: string, test: Case): void {
  // oxlint-disable-next-line jest/valid-title -- the suite names its cases
  it(name, async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    const done = jest.fn();
    test(done);
    await jest.advanceTimersByTimeAsync(200);
    // A case that takes no callback is done when it returns; the others say so once, without an error.
    expect(done.mock.calls).toEqual(test.length === 0 ? [] : [[]]);
  });
}

afterEach(() => {
  jest.useRealTimers();
});

// The suite is written for mocha, whose functions it finds in the global object.
Object.assign(globalThis, { adapter, specify });

describe("Deferred.prototype.then", () => {
  createRequire(import.meta.url)("promises-aplus-tests/lib/testFiles.js");
});
