import { inspect } from "node:util";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import pDefer from "p-defer";
import {
  addListener,
  cancelListener,
  chain,
  claim,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  isDeferrable,
  isDeferred,
  isRealized,
  listener,
  onRealized,
  success,
  successDeferred,
  toDeferred,
  toPromise,
  unwrap,
  unwrapPrime,
} from "../../src/deferred/index.js";
import { setLogger } from "../../src/errors/index.js";
import { outcome } from "./helpers.js";

afterEach(() => {
  setLogger(null);
});

describe("success", () => {
  it("realizes a deferred once", () => {
    const d = deferred<number>();
    expect([success(d, 1), success(d, 2), error(d, "late")]).toEqual([true, false, false]);
    expect(outcome(d)).toEqual({ ok: 1 });
  });

  it("has called every listener, in order, when it returns", () => {
    const d = deferred<number>();
    const calls: string[] = [];
    for (let i = 0; i < 50; i++) onRealized(d, (value) => calls.push(`${i}:${value}`), jest.fn());
    success(d, 7);
    expect(calls).toEqual(Array.from({ length: 50 }, (_, i) => `${i}:7`));
  });

  it("stores a deferred as it is, without flattening", () => {
    const inner = successDeferred(1);
    const d = deferred<Deferred<number>>();
    success(d, inner);
    expect(outcome(d)).toEqual({ ok: inner });
  });

  it("finishes what a listener causes before the next listener is told", () => {
    const [a, b] = [deferred<number>(), deferred<number>()];
    const calls: string[] = [];
    onRealized(
      a,
      (value) => {
        calls.push("first");
        success(b, value);
        calls.push("first is done");
      },
      jest.fn(),
    );
    onRealized(a, () => calls.push("second"), jest.fn());
    onRealized(b, () => calls.push("of the other"), jest.fn());
    success(a, 1);
    expect(calls).toEqual(["first", "of the other", "first is done", "second"]);
  });

  it("calls a listener that is added by a listener before those that wait", () => {
    const d = deferred<number>();
    const calls: string[] = [];
    onRealized(
      d,
      () => {
        onRealized(d, () => calls.push("added"), jest.fn());
        calls.push("adder");
      },
      jest.fn(),
    );
    onRealized(d, () => calls.push("waiting"), jest.fn());
    success(d, 1);
    expect(calls).toEqual(["added", "adder", "waiting"]);
  });

  it("logs what a waiting listener throws, and tells the others", () => {
    const log = jest.fn();
    setLogger(log);
    const d = deferred<number>();
    const boom = new Error("boom");
    onRealized(
      d,
      () => {
        throw boom;
      },
      jest.fn(),
    );
    const told = jest.fn();
    onRealized(d, told, jest.fn());
    expect(success(d, 1)).toBe(true);
    expect(told).toHaveBeenCalledWith(1);
    expect(log).toHaveBeenCalledWith("error", boom, expect.stringContaining("listener"));
  });
});

describe("error", () => {
  it("realizes a deferred with an error, which may be any value", () => {
    const d = deferred();
    expect([error(d, "plain"), error(d, "late"), success(d, 1)]).toEqual([true, false, false]);
    expect(outcome(d)).toEqual({ err: "plain" });
  });

  it("calls the error half of every listener, in order", () => {
    const d = deferred();
    const calls: unknown[] = [];
    for (let i = 0; i < 50; i++) onRealized(d, jest.fn(), (reason) => calls.push([i, reason]));
    error(d, "e");
    expect(calls).toEqual(Array.from({ length: 50 }, (_, i) => [i, "e"]));
  });
});

describe("claim", () => {
  it("leaves realizing to the holder of the token", () => {
    const d = deferred<number>();
    const token = claim(d);
    expect(token).not.toBeNull();
    expect([claim(d), success(d, 1), error(d, "e"), isRealized(d)]).toEqual([null, false, false, false]);
    expect(success(d, 2, token ?? undefined)).toBe(true);
    expect(outcome(d)).toEqual({ ok: 2 });
  });

  it("lets the holder of the token fail it", () => {
    const d = deferred();
    const token = claim(d) ?? undefined;
    expect(error(d, "e", token)).toBe(true);
    expect(outcome(d)).toEqual({ err: "e" });
  });

  it("is refused once the deferred is realized", () => {
    const d = deferred<number>();
    success(d, 1);
    expect([claim(d), claim(successDeferred(1)), claim(errorDeferred("e"))]).toEqual([null, null, null]);
  });

  it("keeps listeners, old and new, until the holder realizes it", () => {
    const d = deferred<number>();
    const [before, after] = [jest.fn(), jest.fn()];
    onRealized(d, before, jest.fn());
    const token = claim(d) ?? undefined;
    onRealized(d, after, jest.fn());
    success(d, 3, token);
    expect([before.mock.calls, after.mock.calls]).toEqual([[[3]], [[3]]]);
  });

  it("makes wrong and used tokens throw, and change nothing", () => {
    const [d, other] = [deferred<number>(), deferred<number>()];
    const foreign = claim(other) ?? undefined;
    const invalid = expect.objectContaining({ code: "RING_INVALID_CLAIM" });
    expect(() => success(d, 1, foreign)).toThrow(invalid);
    const token = claim(d) ?? undefined;
    expect(() => success(d, 1, foreign)).toThrow(invalid);
    expect(() => error(d, "e", foreign)).toThrow(invalid);
    expect(isRealized(d)).toBe(false);
    success(d, 2, token);
    expect(() => success(d, 3, token)).toThrow(invalid);
    expect(outcome(d)).toEqual({ ok: 2 });
  });

  it("means nothing to a deferred that was made realized", () => {
    const token = claim(deferred()) ?? undefined;
    expect([success(successDeferred(1), 2, token), error(errorDeferred("e"), "f", token)]).toEqual([false, false]);
  });
});

describe("addListener", () => {
  it("calls a listener as often as it was added", () => {
    const d = deferred<number>();
    const told = jest.fn();
    const twice = listener(told);
    expect([addListener(d, twice), addListener(d, twice)]).toEqual([true, true]);
    success(d, 1);
    expect(told).toHaveBeenCalledTimes(2);
  });

  it("calls it now if the deferred is realized", () => {
    const [onSuccess, onError] = [jest.fn(), jest.fn()];
    addListener(successDeferred(1), listener(onSuccess, onError));
    addListener(errorDeferred("e"), listener(onSuccess, onError));
    expect([onSuccess.mock.calls, onError.mock.calls]).toEqual([[[1]], [["e"]]]);
  });

  it("lets through what a listener throws then", () => {
    const boom = new Error("boom");
    const throws = (): never => {
      throw boom;
    };
    expect(() => onRealized(successDeferred(1), throws, throws)).toThrow(boom);
    expect(() => onRealized(errorDeferred(1), throws, throws)).toThrow(boom);
  });

  it("takes a listener for values only", () => {
    const log = jest.fn();
    setLogger(log);
    const d = deferred();
    addListener(d, listener(jest.fn()));
    error(d, "e");
    expect(log).not.toHaveBeenCalled();
  });
});

describe("cancelListener", () => {
  it("is false before the listener is added, true once after, false at the end", () => {
    const d = deferred<number>();
    const told = jest.fn();
    const one = listener(told);
    expect(cancelListener(d, one)).toBe(false);
    addListener(d, one);
    expect([cancelListener(d, one), cancelListener(d, one)]).toEqual([true, false]);
    addListener(d, one);
    success(d, 1);
    expect(cancelListener(d, one)).toBe(false);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("removes the first entry and keeps the order of the others", () => {
    const d = deferred<number>();
    const calls: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map((name) => listener<number>(() => calls.push(name)));
    for (const each of [a, b, c, a]) if (each) addListener(d, each);
    if (a) cancelListener(d, a);
    success(d, 1);
    expect(calls).toEqual(["b", "c", "a"]);
  });

  it("has no effect while the deferred is claimed", () => {
    const d = deferred<number>();
    const told = jest.fn();
    const one = listener(told);
    addListener(d, one);
    const token = claim(d) ?? undefined;
    expect(cancelListener(d, one)).toBe(false);
    success(d, 1, token);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("knows a listener that another one cancels too late", () => {
    const d = deferred<number>();
    const told = jest.fn();
    const second = listener(told);
    let cancelled: boolean | undefined;
    onRealized(
      d,
      () => {
        cancelled = cancelListener(d, second);
      },
      jest.fn(),
    );
    addListener(d, second);
    success(d, 1);
    expect([cancelled, told.mock.calls]).toEqual([false, [[1]]]);
  });
});

describe("onRealized", () => {
  it("returns the deferred", () => {
    const d = deferred();
    expect(onRealized(d, jest.fn(), jest.fn())).toBe(d);
  });
});

describe("isRealized", () => {
  it("tells realized from pending and claimed", () => {
    const claimed = deferred();
    claim(claimed);
    expect([deferred(), claimed, successDeferred(1), errorDeferred(1)].map((d) => isRealized(d))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

/** A thenable in the widest sense: an object with a `then` that is a function. */
const thenable = (then: (...args: ((x: unknown) => void)[]) => void): PromiseLike<unknown> =>
  ({ then }) as unknown as PromiseLike<unknown>;

describe("isDeferrable", () => {
  it.each([
    ["a deferred", deferred(), true],
    ["a promise", Promise.resolve(), true],
    ["a thenable", thenable(() => {}), true],
    ["a function with a then", Object.assign(() => {}, { then: () => {} }), true],
    ["a p-defer object", pDefer(), true],
    ["null", null, false],
    ["undefined", undefined, false],
    ["a string", "then", false],
    ["an object with a then that is no function", { then: 1 }, false],
    ["an object with a promise and nothing to realize it", { promise: Promise.resolve() }, false],
    ["a function", () => {}, false],
  ])("of %s", (_name, x, expected) => {
    expect(isDeferrable(x)).toBe(expected);
  });
});

describe("isDeferred", () => {
  it("knows the deferreds of this kit only", () => {
    expect([deferred(), successDeferred(1), Promise.resolve(), pDefer(), null].map((x) => isDeferred(x))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("toDeferred", () => {
  it("returns a deferred as it is", () => {
    const d = deferred();
    expect(toDeferred(d)).toBe(d);
  });

  it("follows a promise, kept or broken", async () => {
    expect(await toDeferred(Promise.resolve(1))).toBe(1);
    await expect(toPromise(toDeferred(Promise.reject(new Error("broken"))))).rejects.toThrow("broken");
  });

  it("follows a p-defer object", async () => {
    const [kept, broken] = [pDefer<number>(), pDefer<number>()];
    const [a, b] = [toDeferred(kept), toDeferred(broken)];
    kept.resolve(1);
    broken.reject("broken");
    expect(await a).toBe(1);
    await expect(toPromise(b)).rejects.toBe("broken");
  });

  it("is realized at once by a thenable that answers at once", () => {
    expect(outcome(toDeferred(thenable((resolve) => resolve?.(1))))).toEqual({ ok: 1 });
  });

  it.each([
    ["keeps twice", (resolve: Settle) => [resolve(1), resolve(2)], { ok: 1 }],
    ["keeps and breaks", (resolve: Settle, reject: Settle) => [resolve(1), reject("e")], { ok: 1 }],
    ["breaks and keeps", (resolve: Settle, reject: Settle) => [reject("e"), resolve(1)], { err: "e" }],
  ])("takes the first answer of a thenable that %s", (_name, then, expected) => {
    expect(outcome(toDeferred(thenable(then as never)))).toEqual(expected);
  });

  it("takes a throw of then for a break, unless it has answered", () => {
    const throws = (answer?: (resolve: Settle) => void) =>
      thenable((resolve) => {
        if (resolve) answer?.(resolve);
        throw "thrown";
      });
    expect(outcome(toDeferred(throws()))).toEqual({ err: "thrown" });
    expect(outcome(toDeferred(throws((resolve) => resolve(1))))).toEqual({ ok: 1 });
  });

  it("takes a then that cannot be read for a break", () => {
    const unreadable = {
      get then(): never {
        throw "unreadable";
      },
    };
    expect(outcome(toDeferred(unreadable as unknown as PromiseLike<unknown>))).toEqual({ err: "unreadable" });
    expect(outcome(chain(1, () => unreadable))).toEqual({ err: "unreadable" });
  });

  it("is independent of the promise", async () => {
    const { promise, resolve } = pDefer<number>();
    const d = toDeferred(promise);
    success(d, 1);
    resolve(2);
    expect([await promise, await d]).toEqual([2, 1]);
  });

  it("gives the fallback for anything else, or throws", () => {
    expect([toDeferred(5, "none"), toDeferred(null, undefined)]).toEqual(["none", undefined]);
    const convert = toDeferred as (x: unknown) => unknown;
    for (const x of [5, null, undefined, "a", {}]) {
      expect(() => convert(x)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
    }
  });
});

type Settle = (x: unknown) => void;

describe("unwrap", () => {
  it("opens deferreds that are there, however deep", () => {
    let nested: unknown = 7;
    for (let i = 0; i < 100_000; i++) nested = successDeferred(nested);
    expect([unwrap(nested), unwrap(1), unwrap(null)]).toEqual([7, 1, null]);
  });

  it("stops at a pending and at a failed one", () => {
    const [pending, failed] = [deferred(), errorDeferred("e")];
    expect(unwrap(successDeferred(pending))).toBe(pending);
    expect(unwrap(successDeferred(failed))).toBe(failed);
  });

  it("makes a deferred of a promise", () => {
    expect(isDeferred(unwrap(successDeferred(Promise.resolve(1))))).toBe(true);
  });
});

describe("unwrapPrime", () => {
  it("leaves a promise as it is", () => {
    const promise = Promise.resolve(1);
    expect(unwrapPrime(successDeferred(promise))).toBe(promise);
  });

  it("stops at a pending and at a failed one", () => {
    const [pending, failed] = [deferred(), errorDeferred("e")];
    expect([unwrapPrime(successDeferred(pending)), unwrapPrime(failed)]).toEqual([pending, failed]);
  });
});

describe("Deferred.prototype.then", () => {
  it("makes a deferred awaitable, flattening as a promise does", async () => {
    expect(await successDeferred(successDeferred(Promise.resolve(1)))).toBe(1);
    const d = deferred<number>();
    setImmediate(() => success(d, 2));
    expect(await d).toBe(2);
  });

  it("rejects with the error as it is", async () => {
    await expect(errorDeferred("plain")).rejects.toBe("plain");
  });

  it("is asynchronous, also on a realized deferred", async () => {
    const told = jest.fn();
    const then = successDeferred(1).then(told);
    expect(told).not.toHaveBeenCalled();
    await then;
    expect(told).toHaveBeenCalledWith(1);
  });

  it("rejects where a deferred holds itself", async () => {
    const [before, after] = [deferred(), deferred()];
    success(after, after);
    const waiting = toPromise(before);
    success(before, before);
    await expect(waiting).rejects.toThrow("holds itself");
    await expect(toPromise(after)).rejects.toThrow("holds itself");
  });
});

describe("Deferred.prototype.catch", () => {
  it("is a promise's", async () => {
    const caught = errorDeferred("e").catch((reason) => ["caught", reason]);
    expect(await caught).toEqual(["caught", "e"]);
    expect(await successDeferred(1).catch(() => 2)).toBe(1);
  });
});

describe("Deferred.prototype.finally", () => {
  it("is a promise's", async () => {
    const ended = jest.fn();
    expect(await successDeferred(1).finally(ended)).toBe(1);
    await expect(errorDeferred("e").finally(ended)).rejects.toBe("e");
    expect(ended.mock.calls).toEqual([[], []]);
  });
});

describe("printing", () => {
  it("shows the state", () => {
    expect([successDeferred("a"), errorDeferred(1), deferred()].map((d) => inspect(d))).toEqual([
      "<< 'a' >>",
      "<< ERROR: 1 >>",
      "<< … >>",
    ]);
    expect(Object.prototype.toString.call(deferred())).toBe("[object Deferred]");
  });
});
