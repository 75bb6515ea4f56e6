import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import {
  alt,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  goOff,
  park,
  parkQuietly,
  success,
  successDeferred,
  timeout,
} from "../../src/deferred/index.js";
import { close, put, stream } from "../../src/stream/index.js";

/** Is `A` the same type as `B`? A wrong expectation does not compile. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const typeIs = <A, B>(_same: Same<A, B>): void => {};

/** The value of a deferred that has succeeded already. */
function now<T>(d: Deferred<T>): T | "pending" {
  let found: T | "pending" = "pending";
  d.onRealized(
    (value) => {
      found = value;
    },
    (reason) => {
      throw reason;
    },
  );
  return found;
}

describe("goOff", () => {
  it("gives what the block returns, at once if nothing has to be waited for", () => {
    const sum = goOff(function* () {
      const one = yield* park(successDeferred(1));
      const two = yield* park(2);
      return one + two;
    });
    expect(now(sum)).toBe(3);
  });

  it("goes on inside the call that realizes what it waits for", () => {
    const first = deferred<string>();
    const second = deferred<string>();
    const steps: unknown[] = [];
    const end = goOff(function* () {
      steps.push(yield first);
      steps.push(yield second);
      return steps.length;
    });
    expect(steps).toEqual([]);
    success(first, "a");
    expect(steps).toEqual(["a"]);
    success(second, "b");
    expect(now(end)).toBe(2);
  });

  it("runs in the order of plain code, before what follows the realizing call", () => {
    const d = deferred<number>();
    const log: string[] = ["start"];
    goOff(function* () {
      log.push("in the block");
      yield d;
      log.push("resumed");
    });
    log.push("after goOff");
    success(d, 1);
    log.push("after success");
    expect(log).toEqual(["start", "in the block", "after goOff", "resumed", "after success"]);
  });

  it("throws an error of a deferred where the block waits for it, so that try and finally work", () => {
    const d = deferred<number>();
    const log: unknown[] = [];
    const recovered = goOff(function* () {
      try {
        return yield* park(d);
      } catch (reason) {
        return yield* park(successDeferred(`recovered from ${String(reason)}`));
      } finally {
        log.push("finally");
      }
    });
    error(d, "boom");
    expect(now(recovered)).toBe("recovered from boom");
    expect(log).toEqual(["finally"]);
  });

  it.each([
    ["the block throws", () => goOff(() => thrower())],
    ["the block throws after a wait", () => goOff(() => thrower(successDeferred(1)))],
    ["an error is not caught", () => goOff(() => thrower(errorDeferred("boom")))],
    [
      "no generator comes about",
      () =>
        goOff(() => {
          throw "boom";
        }),
    ],
  ])("fails when %s", async (_when, run) => {
    await expect(run()).rejects.toBe("boom");
  });

  it("flattens what the block returns and what it waits for, however deep", () => {
    const inner = deferred<number>();
    const outer = deferred<Deferred<number>>();
    const nested = goOff(() => waiting(outer));
    const around = goOff(function* () {
      return yield* park(goOff(() => returning(nested)));
    });
    success(outer, inner);
    expect(now(around)).toBe("pending");
    success(inner, 7);
    expect(now(around)).toBe(7);
  });

  it("fails with an error that is nested in a success", async () => {
    const outer = deferred<Deferred<number>>();
    const end = goOff(() => waiting(outer));
    success(outer, errorDeferred("inside"));
    await expect(end).rejects.toBe("inside");
  });

  it("waits for promises and p-defer objects", async () => {
    const later = pDefer<string>();
    const both = goOff(function* () {
      return [yield* park(Promise.resolve("a")), yield* park(later)];
    });
    later.resolve("b");
    expect(await both).toEqual(["a", "b"]);
  });

  it("takes from streams, and gets undefined once they are drained", () => {
    const names = stream<string>();
    const seen: unknown[] = [];
    goOff(function* () {
      for (let name = yield* park(names); name !== undefined; name = yield* park(names)) seen.push(name);
      seen.push("the end");
    });
    put(names, "a");
    put(names, "b");
    expect(seen).toEqual(["a", "b"]);
    close(names);
    expect(seen).toEqual(["a", "b", "the end"]);
  });

  it("throws into the block what taking throws", () => {
    const broken = stream<string>();
    broken.take = () => {
      throw "cannot take";
    };
    const end = goOff(function* () {
      return yield* parkQuietly(broken);
    });
    expect(now(end)).toBe("cannot take");
  });

  it("is not stopped when its result is realized from outside", () => {
    const d = deferred<number>();
    const log: unknown[] = [];
    const end = goOff(function* () {
      log.push(yield d);
      return "from the block";
    });
    expect(now(timeout(end, 0, "late"))).toBe("late");
    success(d, 1);
    expect(log).toEqual([1]);
    expect(now(end)).toBe("late");
  });

  it("works with alt and with time-outs of what it waits for", () => {
    const end = goOff(function* () {
      const slow = deferred<string>();
      const winner = yield* park(alt(slow, successDeferred("fast")));
      return [winner, yield* park(timeout(slow, 0, "none"))];
    });
    expect(now(end)).toEqual(["fast", "none"]);
  });

  it("needs no stack for a million waits, whether they are realized or not", () => {
    const numbers = stream<number>();
    const sum = goOff(function* () {
      let total = 0;
      for (let i = 0; i < 1_000_000; i++) total += yield* park(successDeferred(1));
      for (let n = yield* park(numbers); n !== undefined; n = yield* park(numbers)) total += n;
      return total;
    });
    for (let i = 0; i < 1_000_000; i++) put(numbers, 1);
    close(numbers);
    expect(now(sum)).toBe(2_000_000);
  });

  it("knows what is waited for, and what comes out", () => {
    const end = goOff(function* () {
      const value = yield* park(successDeferred(1));
      typeIs<typeof value, number>(true);
      const message = yield* park(stream<Date>());
      typeIs<typeof message, Date | undefined>(true);
      const bare = yield successDeferred(1);
      typeIs<typeof bare, unknown>(true);
      return Promise.resolve("text");
    });
    typeIs<typeof end, Deferred<string>>(true);
    expect(now(end)).toBe("pending");
  });
});

describe("parkQuietly", () => {
  it("gives values and errors alike", () => {
    const both = goOff(function* () {
      return [yield* parkQuietly(successDeferred(1)), yield* parkQuietly(errorDeferred("boom"))];
    });
    expect(now(both)).toEqual([1, "boom"]);
  });
});

function* thrower(first?: Deferred<unknown>) {
  yield first;
  throw "boom";
}

function* waiting<X>(x: X) {
  return yield* park(x);
}

function* returning<X>(x: X) {
  yield undefined;
  return x;
}
