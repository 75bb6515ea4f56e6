import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  addListener,
  cancelListener,
  catchError,
  chain,
  deferred,
  error,
  letFlow,
  listener,
  success,
  zip,
} from "../../src/deferred/index.js";
import { keepAsyncContext } from "../../src/ring/diagnostics/index.js";

const storage = new AsyncLocalStorage<string>();
const where = (): string | undefined => storage.getStore();

let stop = (): void => {};
afterEach(() => stop());

describe("keepAsyncContext", () => {
  it("calls listeners and stages in the context in which they were added", async () => {
    stop = keepAsyncContext();
    const d = deferred<number>();
    const seen: unknown[] = [];
    const later = storage.run("mine", () => [
      chain(d, where, (first) => [first, where()]),
      chain(zip(d, 1), where),
      letFlow({ d }, where),
    ]);
    storage.run("yours", () =>
      addListener(
        d,
        listener(() => seen.push(where())),
      ),
    );
    storage.run("somebody else's", () => success(d, 1));
    expect(seen).toEqual(["yours"]);
    expect(await Promise.all(later)).toEqual([["mine", "mine"], "mine", "mine"]);
  });

  it("holds for errors, too", async () => {
    stop = keepAsyncContext();
    const d = deferred<number>();
    const seen = storage.run("mine", () => catchError(d, where));
    error(d, new Error("no"));
    expect(await seen).toBe("mine");
  });

  it("lets listeners be taken back, one or one of several", () => {
    stop = keepAsyncContext();
    const d = deferred<number>();
    const seen: string[] = [];
    const [a, b] = [listener(() => seen.push("a")), listener(() => seen.push("b"))];
    addListener(d, a);
    expect(cancelListener(d, b)).toBe(false);
    expect(cancelListener(d, a)).toBe(true);
    addListener(d, a);
    addListener(d, b);
    expect(cancelListener(d, a)).toBe(true);
    expect(cancelListener(d, a)).toBe(false);
    success(d, 1);
    expect(seen).toEqual(["b"]);
  });

  it("is not so before, nor after the last one has stopped it", () => {
    const seenBy = (): unknown => {
      const d = deferred<number>();
      const seen: unknown[] = [];
      storage.run("mine", () =>
        addListener(
          d,
          listener(() => seen.push(where())),
        ),
      );
      storage.run("theirs", () => success(d, 1));
      return seen[0];
    };
    expect(seenBy()).toBe("theirs");
    const [first, second] = [keepAsyncContext(), keepAsyncContext()];
    first();
    first();
    expect(seenBy()).toBe("mine");
    second();
    expect(seenBy()).toBe("theirs");
  });
});
