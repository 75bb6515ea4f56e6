import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import * as d from "../../src/deferred/index.js";
import { type Awaitable, type Deferred, deferred, successDeferred } from "../../src/deferred/index.js";
import { TimeoutError } from "../../src/errors/index.js";
import { expectType } from "../types.js";
import { outcome } from "./helpers.js";

class Boom extends Error {
  readonly size: number = 1;
}
const later = <T>(value: T): Promise<T> => Promise.resolve(value);
const maybe = (): number | Promise<number> => 1;
const many: Promise<number>[] = [later(1), later(2)];

describe("the types of chain", () => {
  it("follow stages that are plain, asynchronous, deferred, nested", async () => {
    expectType<Deferred<number>>()(d.chain(1));
    expectType<Deferred<number>>()(d.chain(1, (n) => n + 1));
    expectType<Deferred<number>>()(
      d.chain(
        later(1),
        async (n) => String(n),
        (s) => s.length,
      ),
    );
    expectType<Deferred<string>>()(d.chain(successDeferred(1), (n) => d.chain(n, (m) => `${m}`)));
    expectType<Deferred<number>>()(d.chain(successDeferred(successDeferred(later(1)))));
    expectType<Deferred<string>>()(d.chain(1, (n) => (n > 1 ? "a" : later("b"))));
    expectType<Deferred<number>>()(d.chain(maybe(), (n) => n * 2));
    expectType<Deferred<boolean>>()(
      d.chain(
        1,
        (a) => a + 1,
        async (b) => b + 1,
        (c) => d.chain(c),
        (e) => `${e}`,
        (f) => f.length,
        (g) => g > 0,
      ),
    );
    expectType<Deferred<boolean>>()(d.chainPrime(1, (a) => a > 1));
    expect(await d.chain(later(1), (n) => successDeferred(later(n + 1)))).toBe(2);
  });

  it("open p-defer objects, and what has their shape", async () => {
    const resolvers = {
      promise: later(1),
      resolve: (_value: number | PromiseLike<number>): void => {},
      reject: (_reason?: unknown): void => {},
    };
    expectType<Deferred<number>>()(d.chain(pDefer<number>(), (n) => n + 1));
    expectType<Deferred<number>>()(
      d.chain(
        1,
        () => pDefer<number>(),
        (n) => n + 1,
      ),
    );
    const opened = expectType<Deferred<number>>()(d.chain(resolvers));
    expect(await opened).toBe(1);
  });

  it("know a stage that only throws", () => {
    const failed = expectType<Deferred<never>>()(
      d.chain(1, () => {
        throw new Boom();
      }),
    );
    expect(outcome(failed)).toEqual({ err: expect.any(Boom) });
  });

  it("take a list of stages of one type, and lose track after six different ones", () => {
    const stages = [(n: number) => n + 1, async (n: number) => n * 2];
    expectType<Deferred<number>>()(d.chain(1, ...stages));
    const text = (n: number): string => `${n}`;
    const length = (s: string): number => s.length;
    const seven = expectType<Deferred<unknown>>()(d.chain(1, text, length, text, length, text, length, text));
    expect(outcome(seven)).toEqual({ ok: "1" });
  });

  it("refuse stages that do not fit", () => {
    const text = (s: string): string => `${s}!`;
    const length = (s: string): number => s.length;
    // @ts-expect-error -- the value is a number
    expect(outcome(d.chain(1, text))).toEqual({ ok: "1!" });
    // @ts-expect-error -- the stage before gives a number
    expect(outcome(d.chain("a", length, text))).toEqual({ ok: "1!" });
  });

  it("of andThen follow values and promises", async () => {
    expectType<Awaitable<number>>()(d.andThen(1, (n) => n + 1));
    expectType<Awaitable<string>>()(d.andThen(later(1), async (n) => String(n)));
    expectType<Awaitable<number>>()(
      d.andThen(
        maybe(),
        async (n) => String(n),
        (s) => s.length,
      ),
    );
    const generic = <T>(x: Awaitable<T>, f: (value: T) => number): Awaitable<number> => d.andThen(x, f);
    expect(await generic(later("abc"), (text) => text.length)).toBe(3);
  });
});

describe("the types of zip and alt", () => {
  it("are those of the members, in their order", () => {
    expectType<Deferred<[number, string, boolean]>>()(d.zip(1, later("a"), deferred<boolean>()));
    expectType<Deferred<number[]>>()(d.zip(...many));
    expectType<Deferred<[]>>()(d.zip());
    expectType<Deferred<number>>()(d.chain(d.zip(1, later("a")), ([n, s]) => n + s.length));
    const first = expectType<Deferred<number | string>>()(d.alt(1, deferred<string>()));
    expect(outcome(first)).toEqual({ ok: 1 });
  });
});

describe("the types of letFlow", () => {
  it("give a tuple's values as arguments", async () => {
    const result = d.letFlow([successDeferred(1), later("a"), pDefer<boolean>(), 1], (n, text, flag, one) => {
      expectType<number>()(n);
      expectType<string>()(text);
      expectType<boolean>()(flag);
      expectType<number>()(one);
      return later(n);
    });
    expectType<Deferred<number>>()(result);
    expectType<Deferred<number>>()(d.letFlow(many, (...values) => values.length));
    expect(await d.letFlow([later(1)], (n) => n + 1)).toBe(2);
  });

  it("give a record's values under their names", async () => {
    const result = d.letFlow({ user: later({ id: 1 }), ads: ["a"], n: 1 }, async (all) => {
      expectType<{ user: { id: number }; ads: string[]; n: number }>()(all);
      return all.n;
    });
    expectType<Deferred<number>>()(result);
    expect(await result).toBe(1);
  });
});

describe("the types of flow", () => {
  it("know what is bound, and what each binding needs", async () => {
    const page = d
      .flow()
      .let("user", async () => ({ id: 1 }))
      .let("ads", () => ["a"])
      .let("posts", ["user"], (needed) => {
        expectType<{ user: { id: number } }>()(needed);
        return d.chain(needed.user.id, (id) => [id]);
      })
      .in((all) => {
        expectType<{ user: { id: number }; ads: string[]; posts: number[] }>()(all);
        return later(all.user.id + all.ads.length + all.posts.length);
      });
    expectType<Deferred<number>>()(page);
    expect(await page).toBe(3);
  });

  it("follow a name that is bound again", async () => {
    const result = d
      .flow()
      .let("a", () => 1)
      .let("a", ["a"], ({ a }) => `${a}`)
      .in((all) => {
        expectType<{ a: string }>()(all);
        return all.a;
      });
    expect(await result).toBe("1");
  });

  it("refuse needs that are not bound, and values that are not needed", () => {
    const bound = d.flow().let("a", () => 1);
    // @ts-expect-error -- nothing is bound to b
    expect(() => bound.let("c", ["b"], () => 1)).toThrow('"b"');
    // @ts-expect-error -- c does not say that it needs a
    bound.let("b", () => 2).let("c", ["b"], ({ a }) => a as unknown);
  });
});

describe("the types of catch and finally", () => {
  it("join the value's and the handler's", () => {
    expectType<Deferred<number | string>>()(
      d.catchError(later(1), (error) => {
        expectType<unknown>()(error);
        return "x";
      }),
    );
    expectType<Deferred<number>>()(
      d.catchError(later(1), () => {
        throw new Boom();
      }),
    );
    expectType<Deferred<number>>()(d.finallyDo(later(1), () => {}));
    const ended = expectType<Deferred<number>>()(d.finallyDo(1, () => {}));
    expect(outcome(ended)).toEqual({ ok: 1 });
  });

  it("give the handler an error of the class", () => {
    expectType<Deferred<number | string>>()(
      d.catchError(successDeferred(1), Boom, async (error) => {
        expectType<number>()(error.size);
        return "x";
      }),
    );
    const caught = expectType<Deferred<number | null>>()(
      d.catchError(d.errorDeferred<number>(new TimeoutError(1)), TimeoutError, (error) => {
        expectType<string>()(error.code);
        return null;
      }),
    );
    expect(outcome(caught)).toEqual({ ok: null });
  });
});

describe("the other types", () => {
  it("of timeout join the value's", () => {
    expectType<Deferred<number>>()(d.timeout(successDeferred(1), 1));
    const timed = expectType<Deferred<number | string>>()(d.timeout(deferred<number>(), 0, "late"));
    expect(outcome(timed)).toEqual({ ok: "late" });
  });

  it("of loop leave recur out", () => {
    expectType<Deferred<number>>()(d.loop([0], (n) => (n < 10 ? d.recur(n + 1) : n)));
    expectType<Deferred<number>>()(
      d.loop([0, "a"], (n, text) => d.chain(n, (m) => (m < 10 ? d.recur(m + 1, text) : m))),
    );
    const ended = expectType<Deferred<string>>()(d.loop([], () => "a"));
    expect(outcome(ended)).toEqual({ ok: "a" });
  });

  it("of connect want a target that takes the value", () => {
    expectType<boolean>()(d.connect(later(1), deferred<number>()));
    d.connect(1, deferred<number>());
    d.connect(pDefer<number>(), deferred<number>());
    d.connect(successDeferred(successDeferred(1)), deferred<number>());
    d.connect(successDeferred(1), deferred<number | string>());
    // @ts-expect-error -- a text is no number
    expect(d.connect("a", deferred<number>())).toBe(true);
  });

  it("of toDeferred tell what is deferrable for sure", () => {
    const unsure: unknown = 3;
    expectType<Deferred<number>>()(d.toDeferred(later(1)));
    expectType<Deferred<number>>()(d.toDeferred(pDefer<number>()));
    expectType<Deferred<number>>()(d.toDeferred(later(1), null));
    expectType<Deferred<unknown> | null>()(d.toDeferred(unsure, null));
    // @ts-expect-error -- a number is nothing to wait for
    expect(() => d.toDeferred(3)).toThrow("cannot convert a number to a deferred");
  });

  it("of success want the deferred's own", async () => {
    const made = deferred<number>();
    // @ts-expect-error -- a text is no number
    d.success(made, "a");
    expectType<number>()(await successDeferred(1));
    expectType<Promise<number>>()(d.toPromise(successDeferred(successDeferred(1))));
    const failed: Deferred<string> = d.errorDeferred(new Boom());
    expect(d.isRealized(failed)).toBe(true);
  });
});
