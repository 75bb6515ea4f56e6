import { describe, expect, it, jest } from "@jest/globals";
import * as fc from "fast-check";
import {
  chain,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  type Flow,
  flow,
  flowPrime,
  letFlow,
  letFlowPrime,
  success,
  successDeferred,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

describe.each([
  ["letFlow", letFlow],
  ["letFlowPrime", letFlowPrime],
])("%s", (_name, letFlow) => {
  it("calls the body with a record of what was bound", () => {
    const [user, ads] = [deferred<string>(), deferred<string[]>()];
    const page = letFlow({ user, ads, title: "hello" }, ({ user, ads, title }) => [title, user, ...ads]);
    success(ads, ["a", "b"]);
    expect(outcome(page)).toBe("pending");
    success(user, "joe");
    expect(outcome(page)).toEqual({ ok: ["hello", "joe", "a", "b"] });
  });

  it("calls the body with as many arguments as a tuple has", () => {
    const a = deferred<number>();
    const sum = letFlow([a, 2, successDeferred(3)], (a, b, c) => a + b + c);
    success(a, 1);
    expect(outcome(sum)).toEqual({ ok: 6 });
  });

  it("is realized at once where everything is there", () => {
    expect(outcome(letFlow([], () => "nothing"))).toEqual({ ok: "nothing" });
    expect(outcome(letFlow({ a: 1 }, ({ a }) => a))).toEqual({ ok: 1 });
  });

  it("flattens the body's answer, and flows inside flows", () => {
    const [a, b] = [deferred<number>(), deferred<number>()];
    const result = letFlow({ a }, ({ a }) => letFlow({ b }, ({ b }) => successDeferred(a + b)));
    success(a, 1);
    success(b, 2);
    expect(outcome(result)).toEqual({ ok: 3 });
  });

  it("fails with the first error in time, and never calls the body", () => {
    const body = jest.fn();
    const [a, b] = [deferred(), deferred()];
    const result = letFlow({ a, b }, body);
    error(b, "first");
    error(a, "second");
    expect(outcome(result)).toEqual({ err: "first" });
    expect(body).not.toHaveBeenCalled();
  });

  it("takes a throw of the body for the error", () => {
    const result = letFlow([1], () => {
      throw "e";
    });
    expect(outcome(result)).toEqual({ err: "e" });
  });

  it("keeps a name such as __proto__ a name", () => {
    const bindings = JSON.parse('{"__proto__": 1, "a": 2}') as Record<string, number>;
    expect(outcome(letFlow(bindings, (values) => [Object.keys(values), values["__proto__"]]))).toEqual({
      ok: [["__proto__", "a"], 1],
    });
  });
});

describe("letFlow", () => {
  it("waits for promises", async () => {
    expect(await letFlow([Promise.resolve(1), successDeferred(2)], (a, b) => Promise.resolve(a + b))).toBe(3);
    expect(await letFlow({ a: Promise.resolve(1) }, async ({ a }) => a + 1)).toBe(2);
    await expect(letFlow([Promise.reject(new Error("no"))], () => 1)).rejects.toThrow("no");
  });
});

describe("letFlowPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    expect(outcome(letFlowPrime({ promise }, (all) => all.promise as unknown))).toEqual({ ok: promise });
    expect(outcome(letFlowPrime([promise, 2], (first) => first as unknown))).toEqual({ ok: promise });
  });
});

describe.each([
  ["flow", flow],
  ["flowPrime", flowPrime],
])("%s", (_name, flow) => {
  it("starts what needs nothing at once, and the rest when what it needs is there", () => {
    const started: string[] = [];
    const start =
      <T>(name: string, value: T) =>
      (): T => {
        started.push(name);
        return value;
      };
    const [user, ads, posts] = [deferred<number>(), deferred<string>(), deferred<string[]>()];
    const page = flow()
      .let("user", start("user", user))
      .let("ads", start("ads", ads))
      .let("posts", ["user"], ({ user }) => start(`posts of ${user}`, posts)())
      .in(({ user, ads, posts }) => [user, ads, posts]);
    expect(started).toEqual(["user", "ads"]);
    success(user, 7);
    expect(started).toEqual(["user", "ads", "posts of 7"]);
    success(posts, ["p"]);
    expect(outcome(page)).toBe("pending");
    success(ads, "a");
    expect(outcome(page)).toEqual({ ok: [7, "a", ["p"]] });
  });

  it("waits for bindings that the body does not use", () => {
    const unused = deferred();
    const result = flow()
      .let("a", () => 1)
      .let("unused", () => unused)
      .in(({ a }) => a);
    expect(outcome(result)).toBe("pending");
    success(unused, "");
    expect(outcome(result)).toEqual({ ok: 1 });
  });

  it("starts the dependents of a binding in their order, each with its own, the body last", () => {
    const started: string[] = [];
    const a = deferred<number>();
    flow()
      .let("a", () => a)
      .let("b", ["a"], () => started.push("b"))
      .let("c", ["a"], () => started.push("c"))
      .let("d", ["b"], () => started.push("d"))
      .in(() => started.push("body"));
    success(a, 1);
    expect(started).toEqual(["b", "d", "c", "body"]);
  });

  it("lets what is bound later see the latest binding of a name", () => {
    const a = deferred<number>();
    const result = flow()
      .let("a", () => a)
      .let("a", ["a"], ({ a }) => a + 1)
      .let("b", ["a"], ({ a }) => a * 10)
      .let("a", ["a"], ({ a }) => `${a}!`)
      .in((all) => ({ ...all }));
    success(a, 1);
    expect(outcome(result)).toEqual({ ok: { a: "2!", b: 20 } });
  });

  it("lets a throw of what needs nothing escape", () => {
    const boom = new Error("boom");
    const throws = (): never => {
      throw boom;
    };
    expect(() => flow().let("a", throws)).toThrow(boom);
    expect(() => flow().let("a", [], throws)).toThrow(boom);
  });

  it("never starts what needs a failed binding, and goes on with the rest", () => {
    const [failing, other] = [deferred<number>(), deferred<number>()];
    const [never, started, body] = [jest.fn(), jest.fn(), jest.fn()];
    const result = flow()
      .let("failing", () => failing)
      .let("other", () => other)
      .let("never", ["failing"], never)
      .let("nor", ["never", "other"], never)
      .let("started", ["other"], started)
      .in(body);
    error(failing, "e");
    expect(outcome(result)).toEqual({ err: "e" });
    success(other, 1);
    expect([never.mock.calls, body.mock.calls]).toEqual([[], []]);
    expect(started).toHaveBeenCalledTimes(1);
  });

  it("goes on with the bindings of a result that was realized from outside", () => {
    const a = deferred<number>();
    const started = jest.fn();
    const result = flow()
      .let("a", () => a)
      .let("b", ["a"], started)
      .in(() => {});
    success(result as Deferred<unknown>, "outside");
    success(a, 1);
    expect([started.mock.calls.length, outcome(result)]).toEqual([1, { ok: "outside" }]);
  });

  it("refuses a need that is not bound", () => {
    const untyped = flow() as unknown as Flow<{ missing: number }>;
    expect(() => untyped.let("a", ["missing"], () => 1)).toThrow('"missing" is needed before it is bound');
  });

  it("starts a binding without needs at once, also if it says so", () => {
    const result = flow()
      .let("a", [], (values) => Object.keys(values))
      .in(({ a }) => a);
    expect(outcome(result)).toEqual({ ok: [] });
  });

  // What random graphs are made of: the bindings that each one needs, and how it answers.
  const graphs = fc
    .array(fc.record({ needs: fc.array(fc.nat(), { maxLength: 3 }), kind: fc.constantFrom("gate", "gate", "plain") }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((bindings) =>
      bindings.map(({ needs, kind }, place) => ({
        kind,
        needs: place === 0 ? [] : [...new Set(needs.map((need) => need % place))],
      })),
    );

  it("starts every binding of a random graph exactly when the last of its needs is there", () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat()), fc.option(fc.nat(), { freq: 3 }), (bindings, picks, failing) => {
        const gates = bindings.map(() => deferred<number>());
        const started = new Map<number, unknown>();
        let ran = 0;
        let graph = flow() as Flow<Record<string, unknown>>;
        for (const [place, { needs, kind }] of bindings.entries()) {
          const start = (values: unknown): unknown => {
            if (started.has(place)) throw new Error("started twice");
            started.set(place, { ...(values as object) });
            return kind === "gate" ? gates[place] : place;
          };
          const names = needs.map(String);
          graph = names.length === 0 ? graph.let(`${place}`, () => start({})) : graph.let(`${place}`, names, start);
        }
        const result = graph.in((values) => {
          ran++;
          return { ...values };
        });

        // The model: a binding is there when it has started and is plain or its gate is realized.
        const opened = new Set<number>();
        const failed = failing === null ? -1 : failing % bindings.length;
        const there = (place: number): boolean =>
          starts(place) && (bindings[place]?.kind === "plain" || (opened.has(place) && place !== failed));
        const starts = (place: number): boolean => bindings[place]?.needs.every(there) ?? false;
        const check = (): void => {
          const places = bindings.map((_, place) => place);
          expect([...started.keys()].sort((a, b) => a - b)).toEqual(places.filter(starts));
          for (const [place, values] of started) {
            const needed = bindings[place]?.needs ?? [];
            expect(values).toEqual(Object.fromEntries(needed.map((need) => [`${need}`, need])));
          }
          const failure = opened.has(failed) && starts(failed) && bindings[failed]?.kind === "gate";
          const done = places.every(there);
          expect(ran).toBe(done ? 1 : 0);
          expect(outcome(result)).toEqual(
            failure ? { err: failed } : done ? { ok: Object.fromEntries(places.map((p) => [`${p}`, p])) } : "pending",
          );
        };

        check();
        const closed = bindings.map((_, place) => place).filter((place) => bindings[place]?.kind === "gate");
        while (closed.length > 0) {
          const [place] = closed.splice(picks.next().value % closed.length, 1) as [number];
          opened.add(place);
          if (place === failed) error(gates[place] as Deferred<number>, place);
          else success(gates[place] as Deferred<number>, place);
          check();
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe.each([
  ["flow", flow, 0],
  ["flowPrime", flowPrime, 1],
])("%s", (_name, flow, calls) => {
  it(`calls the body of a result that was realized from outside ${calls} times`, () => {
    const a = deferred<number>();
    const body = jest.fn();
    const result = flow()
      .let("a", () => a)
      .in(body);
    success(result as Deferred<unknown>, "outside");
    success(a, 1);
    expect([body.mock.calls.length, outcome(result)]).toEqual([calls, { ok: "outside" }]);
  });
});

describe("flow", () => {
  it("waits for promises", async () => {
    const result = flow()
      .let("user", async () => 1)
      .let("posts", ["user"], async ({ user }) => [user])
      .in(async ({ user, posts }) => [user, ...posts]);
    expect(await result).toEqual([1, 1]);
  });

  it("fails with a rejection of a binding", async () => {
    const result = flow()
      .let("user", async (): Promise<number> => {
        throw new Error("no user");
      })
      .let("posts", ["user"], ({ user }) => chain(user))
      .in(({ posts }) => posts);
    await expect(result).rejects.toThrow("no user");
  });

  it("fails with the first error of several that are there, in the order of binding", () => {
    const result = flow()
      .let("a", () => errorDeferred("a"))
      .let("b", () => errorDeferred("b"))
      .in(() => 1);
    expect(outcome(result)).toEqual({ err: "a" });
  });
});

describe("flowPrime", () => {
  it("takes a promise for a value", () => {
    const promise = Promise.resolve(1);
    const result = flowPrime()
      .let("a", () => promise)
      .let("b", ["a"], ({ a }) => [a] as unknown)
      .in(({ b }) => b);
    expect(outcome(result)).toEqual({ ok: [promise] });
  });
});
