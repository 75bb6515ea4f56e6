import { describe, expect, it, jest } from "@jest/globals";
import * as d from "../../src/deferred/index.js";
import {
  catchError,
  catchPrime,
  chain,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  finallyDo,
  finallyPrime,
  success,
  successDeferred,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

class Boom extends Error {}
class Other extends Error {}

/** The three states in which an error may reach a handler. */
const failing: [name: string, fail: (reason: unknown, use: (x: Deferred<unknown>) => Deferred<unknown>) => unknown][] =
  [
    ["a failed deferred", (reason, use) => outcome(use(errorDeferred(reason)))],
    [
      "a pending deferred that fails",
      (reason, use) => {
        const x = deferred();
        const result = use(x);
        error(x, reason);
        return outcome(result);
      },
    ],
    ["a deferred that holds a failed one", (reason, use) => outcome(use(successDeferred(errorDeferred(reason))))],
    [
      "a pending deferred that yields a failed one",
      (reason, use) => {
        const x = deferred();
        const result = use(x);
        success(x, errorDeferred(reason));
        return outcome(result);
      },
    ],
  ];

describe.each([
  ["catchError", catchError],
  ["catchPrime", catchPrime],
])("%s", (_name, catchError) => {
  it.each(failing)("recovers from %s", (_state, fail) => {
    const boom = new Boom("boom");
    const handler = jest.fn((reason: unknown) => [reason]);
    expect(fail(boom, (x) => catchError(x, handler))).toEqual({ ok: [boom] });
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each(failing)("lets %s pass, where the class is another", (_state, fail) => {
    const boom = new Boom("boom");
    const handler = jest.fn();
    expect(fail(boom, (x) => catchError(x, Other, handler))).toEqual({ err: boom });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each(failing)("recovers from %s by its class", (_state, fail) => {
    const recovered = fail(new Boom("boom"), (x) => catchError(x, Boom, (reason) => reason.message));
    expect(recovered).toEqual({ ok: "boom" });
  });

  it.each(failing)("answers %s with a new error", (_state, fail) => {
    const throws = (): never => {
      throw "thrown";
    };
    expect(fail("e", (x) => catchError(x, throws))).toEqual({ err: "thrown" });
    expect(fail("e", (x) => catchError(x, () => errorDeferred("failed")))).toEqual({ err: "failed" });
  });

  it.each(failing)("waits for the handler's answer to %s", (_state, fail) => {
    const gate = deferred();
    let result: Deferred<unknown> | undefined;
    expect(
      fail("e", (x) => {
        result = catchError(x, () => successDeferred(gate));
        return result;
      }),
    ).toBe("pending");
    success(gate, 1);
    expect(outcome(result as Deferred<unknown>)).toEqual({ ok: 1 });
  });

  it("matches no class with an error that is none", () => {
    expect(outcome(catchError(errorDeferred("plain"), Error, () => 1))).toEqual({ err: "plain" });
    expect(outcome(catchError(errorDeferred("plain"), () => 1))).toEqual({ ok: 1 });
  });

  it("lets values pass, flattened", () => {
    const never = jest.fn();
    const x = deferred();
    const result = catchError(x, never);
    success(x, successDeferred(successDeferred(1)));
    expect([outcome(result), outcome(catchError(successDeferred(2), never))]).toEqual([{ ok: 1 }, { ok: 2 }]);
    expect(outcome(catchError(3, never))).toEqual({ ok: 3 });
    expect(never).not.toHaveBeenCalled();
  });

  it("covers what comes before it, not what comes after", () => {
    const x = deferred<number>();
    const result = chain(
      catchError(x, () => 1),
      () => {
        throw "after";
      },
    );
    error(x, "before");
    expect(outcome(result)).toEqual({ err: "after" });
  });

  it("tests a cascade in order", () => {
    const x = deferred();
    const result = catchError(
      catchError(x, Other, () => "other"),
      Boom,
      () => "boom",
    );
    error(x, new Boom());
    expect(outcome(result)).toEqual({ ok: "boom" });
  });
});

describe("catchError", () => {
  it("recovers from a rejection, and waits for a promise of the handler", async () => {
    expect(await catchError(Promise.reject(new Boom()), Boom, async () => "caught")).toBe("caught");
  });

  it("is exported as catch", () => {
    expect(d.catch).toBe(catchError);
  });
});

describe("catchPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    expect(outcome(catchPrime(promise, () => 2))).toEqual({ ok: promise });
    expect(outcome(catchPrime(errorDeferred("e"), () => promise))).toEqual({ ok: promise });
  });
});

describe.each([
  ["finallyDo", finallyDo],
  ["finallyPrime", finallyPrime],
])("%s", (_name, finallyDo) => {
  it("calls the function once, without arguments, and takes over the outcome", () => {
    const ended = jest.fn();
    const [kept, broken] = [deferred(), deferred()];
    const results = [finallyDo(kept, ended), finallyDo(broken, ended)];
    expect(ended).not.toHaveBeenCalled();
    success(kept, 1);
    error(broken, "e");
    expect(results.map(outcome)).toEqual([{ ok: 1 }, { err: "e" }]);
    expect(ended.mock.calls).toEqual([[], []]);
  });

  it("calls it at once where the deferred is realized, which it returns if it has a value", () => {
    const ended = jest.fn();
    const kept = successDeferred(1);
    expect(finallyDo(kept, ended)).toBe(kept);
    const broken = errorDeferred("e");
    const result = finallyDo(broken, ended);
    expect(outcome(result)).toEqual({ err: "e" });
    expect(result).not.toBe(broken);
    expect(outcome(finallyDo(2, ended))).toEqual({ ok: 2 });
    expect(ended).toHaveBeenCalledTimes(3);
  });

  it("lets its throw take the place of value and error", () => {
    const throws = (): never => {
      throw "fin";
    };
    const [kept, broken] = [deferred(), deferred()];
    const results = [finallyDo(kept, throws), finallyDo(broken, throws), finallyDo(successDeferred(1), throws)];
    success(kept, 1);
    error(broken, "e");
    expect(results.map(outcome)).toEqual([{ err: "fin" }, { err: "fin" }, { err: "fin" }]);
  });

  it("waits for nothing that the function returns, and flattens nothing", () => {
    const inner = successDeferred(1);
    const x = deferred();
    const result = finallyDo(x, () => deferred());
    success(x, inner);
    expect(outcome(result)).toEqual({ ok: inner });
  });
});

describe("finallyDo", () => {
  it("waits for a promise", async () => {
    const ended = jest.fn();
    expect(await finallyDo(Promise.resolve(1), ended)).toBe(1);
    await expect(finallyDo(Promise.reject(new Boom("no")), ended)).rejects.toThrow("no");
    expect(ended).toHaveBeenCalledTimes(2);
  });

  it("is exported as finally", () => {
    expect(d.finally).toBe(finallyDo);
  });
});

describe("finallyPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    expect(outcome(finallyPrime(promise, () => {}))).toEqual({ ok: promise });
  });
});
