import { describe, expect, it, jest } from "@jest/globals";
import {
  alt,
  catchError,
  chain,
  connect,
  type Deferred,
  deferred,
  error,
  finallyDo,
  loop,
  onRealized,
  recur,
  success,
  successDeferred,
  zip,
} from "../../src/deferred/index.js";
import { outcome } from "./helpers.js";

const MILLION = 1_000_000;
const inc = (n: number): number => n + 1;

type Line = (before: Deferred<number>) => Deferred<number>;

const lines: [name: string, link: Line, end: number][] = [
  ["chain", (before) => chain(before, inc), MILLION],
  ["zip", (before) => chain(zip(before, 1), ([n, one]) => n + one), MILLION],
  ["alt", (before) => alt(before), 0],
  ["catch", (before) => catchError(before, () => 0), 0],
  ["finally", (before) => finallyDo(before, () => {}), 0],
  [
    "connect",
    (before) => {
      const next = deferred<number>();
      connect(before, next);
      return next;
    },
    0,
  ],
];

describe("a million", () => {
  it.each(lines)("links of %s are realized depth first", (_name, link, end) => {
    const calls: string[] = [];
    const first = deferred<number>();
    let last: Deferred<number> = first;
    for (let i = 1; i <= MILLION; i++) {
      last = link(last);
      if (i % 250_000 === 0) onRealized(last, () => calls.push(`link ${i}`), jest.fn());
    }
    onRealized(first, () => calls.push("next listener of the first"), jest.fn());
    expect(success(first, 0)).toBe(true);
    expect(outcome(last)).toEqual({ ok: end });
    expect(calls).toEqual(["link 250000", "link 500000", "link 750000", "link 1000000", "next listener of the first"]);
  });

  it("links of chain fail to the end", () => {
    const first = deferred<number>();
    let last: Deferred<number> = first;
    for (let i = 0; i < MILLION; i++) last = chain(last, inc);
    error(first, "e");
    expect(outcome(last)).toEqual({ err: "e" });
  });

  it("chains on a realized deferred are realized one by one", () => {
    let last: Deferred<number> = successDeferred(0);
    for (let i = 0; i < MILLION; i++) last = chain(last, inc);
    expect(outcome(last)).toEqual({ ok: MILLION });
  });

  it("listeners are told in order", () => {
    const d = deferred<number>();
    const ignore = (): void => {};
    let told = 0;
    let inOrder = true;
    for (let i = 0; i < MILLION; i++) onRealized(d, () => void (inOrder &&= told++ === i), ignore);
    success(d, 1);
    expect([told, inOrder]).toEqual([MILLION, true]);
  });

  it("turns of a loop over plain and over realized values", () => {
    expect(outcome(loop([0], (n) => (n < MILLION ? recur(n + 1) : n)))).toEqual({ ok: MILLION });
    const chained = loop([0], (n) => chain(n, (m) => (m < MILLION ? recur(m + 1) : m)));
    expect(outcome(chained)).toEqual({ ok: MILLION });
  });

  it("turns of a loop, each realized from outside", () => {
    let gate = deferred<number>();
    const result = loop([0], (n) => {
      gate = deferred();
      return chain(gate, (m) => (n < MILLION ? recur(n + m) : n));
    });
    while (!result.isRealized) success(gate, 1);
    expect(outcome(result)).toEqual({ ok: MILLION });
  });

  it("turns of a loop, each realized by the turn before", () => {
    // Every gate is chained to the one before, so that one success sets off all turns.
    const first = deferred<number>();
    let before: Deferred<number> = first;
    const result = loop([0], (n) => {
      before = chain(before, inc);
      return chain(before, (m) => (n < MILLION ? recur(m) : n));
    });
    expect(outcome(result)).toBe("pending");
    success(first, 0);
    expect(outcome(result)).toEqual({ ok: MILLION });
  });
});
