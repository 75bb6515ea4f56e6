import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { type ClaimToken, type Deferred, deferred, type Listener, listener } from "../../src/deferred/index.js";
import { setLogger } from "../../src/errors/index.js";
import { outcome } from "./helpers.js";

/** What a listener does when it is told, besides saying so. */
type Behaviour = "nothing" | "adds another" | "realizes again" | "throws" | "cancels the last";

type Step =
  | { readonly do: "success" | "error"; readonly value: number; readonly token: boolean }
  | { readonly do: "claim" }
  | { readonly do: "add"; readonly listener: number }
  | { readonly do: "cancel"; readonly listener: number };

const LISTENERS = 4;
/** One more, which only says that it was told. */
const QUIET = LISTENERS;
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("success", "error"), value: fc.nat(9), token: fc.boolean() }),
    fc.record({ do: fc.constant("claim") }),
    { weight: 4, arbitrary: fc.record({ do: fc.constant("add"), listener: fc.nat(LISTENERS - 1) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel"), listener: fc.nat(LISTENERS - 1) }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 25 },
);
const behaviours = fc
  .array(
    fc.constantFrom<Behaviour>("nothing", "nothing", "adds another", "realizes again", "throws", "cancels the last"),
    { minLength: LISTENERS, maxLength: LISTENERS },
  )
  .map((kinds): Behaviour[] => [...kinds, "nothing"]);

/** Both sides write down what they see: who is told what, and what every call answers. */
type Log = unknown[];

interface Subject {
  success(value: number, token: boolean): unknown;
  error(value: number, token: boolean): unknown;
  claim(): unknown;
  add(listener: number): unknown;
  cancel(listener: number): unknown;
  state(): unknown;
}

/** What a listener does is the same on both sides. */
function behave(subject: Subject, behaviour: Behaviour, log: Log): void {
  if (behaviour === "adds another") log.push(["added", subject.add(QUIET)]);
  if (behaviour === "realizes again") log.push(["again", subject.success(0, false), subject.error(0, false)]);
  if (behaviour === "cancels the last") log.push(["cancelled", subject.cancel(LISTENERS - 1)]);
  if (behaviour === "throws") throw new Error("a listener throws");
}

/** The deferred itself. */
function real(kinds: readonly Behaviour[], log: Log): Subject {
  const d: Deferred<number> = deferred();
  let token: ClaimToken | undefined;
  const listeners: Listener<number>[] = kinds.map((behaviour, name) =>
    listener(
      (value: number) => {
        log.push([name, "ok", value]);
        behave(subject, behaviour, log);
      },
      (reason) => {
        log.push([name, "err", reason]);
        behave(subject, behaviour, log);
      },
    ),
  );
  const subject: Subject = {
    success: (value, withToken) => d.success(value, withToken ? token : undefined),
    error: (value, withToken) => d.error(value, withToken ? token : undefined),
    claim() {
      const claimed = d.claim();
      token = claimed ?? token;
      return claimed !== null;
    },
    add: (name) => d.addListener(listeners[name] as Listener<number>),
    cancel: (name) => d.cancelListener(listeners[name] as Listener<number>),
    state: () => outcome(d),
  };
  return subject;
}

/** The rules of spec: states that only move forward, a queue of listeners, told one by one. */
function model(kinds: readonly Behaviour[], log: Log): Subject {
  let state: "open" | "claimed" | "ok" | "err" = "open";
  let result: number | undefined;
  let tokens = 0;
  const queue: number[] = [];
  const tell = (name: number): void => {
    log.push([name, state, result]);
    behave(subject, kinds[name] as Behaviour, log);
  };
  const realize = (outcome: "ok" | "err", value: number, withToken: boolean): boolean => {
    const token = withToken && tokens > 0;
    if (!token && state !== "open") return false;
    if (token && state !== "claimed") throw new Error("used token");
    state = outcome;
    result = value;
    for (const name of queue.splice(0)) {
      try {
        tell(name);
      } catch {
        // Logged, and the others are told.
      }
    }
    return true;
  };
  const subject: Subject = {
    success: (value, token) => realize("ok", value, token),
    error: (value, token) => realize("err", value, token),
    claim() {
      if (state !== "open") return false;
      state = "claimed";
      tokens++;
      return true;
    },
    add(name) {
      if (state === "open" || state === "claimed") queue.push(name);
      else tell(name);
      return true;
    },
    cancel(name) {
      const place = queue.indexOf(name);
      if (state !== "open" || place === -1) return false;
      queue.splice(place, 1);
      return true;
    },
    state: () => (state === "ok" || state === "err" ? { [state]: result } : "pending"),
  };
  return subject;
}

function run(make: typeof real, kinds: readonly Behaviour[], program: readonly Step[]): Log {
  const log: Log = [];
  const subject = make(kinds, log);
  for (const step of program) {
    try {
      if (step.do === "claim") log.push(["claim", subject.claim()]);
      else if (step.do === "add") log.push(["add", subject.add(step.listener)]);
      else if (step.do === "cancel") log.push(["cancel", subject.cancel(step.listener)]);
      else log.push([step.do, subject[step.do](step.value, step.token)]);
    } catch {
      log.push([step.do, "threw"]);
    }
    log.push(subject.state());
  }
  return log;
}

describe("a deferred under random calls", () => {
  let before: ReturnType<typeof setLogger>;
  beforeAll(() => {
    before = setLogger(() => {});
  });
  afterAll(() => {
    setLogger(before);
  });

  it("does what the model does", () => {
    fc.assert(
      fc.property(behaviours, steps, (kinds, program) => {
        expect(run(real, kinds, program)).toEqual(run(model, kinds, program));
      }),
      { numRuns: 2000 },
    );
  });
});
