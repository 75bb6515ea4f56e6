import { describe, expect, it } from "@jest/globals";
import { chain, deferred, loop, recur, success, successDeferred, zip } from "../../src/deferred/index.js";
import { close, connect, consume, filter, map, put, type Source, stream, take } from "../../src/stream/index.js";
import { heapInUse } from "../garbage.js";

const MEGABYTE = 1024 * 1024;

/** Bytes that stay in use after some work, and once more of the same. */
function growth(work: () => void): number {
  work();
  const before = heapInUse();
  work();
  return heapInUse() - before;
}

describe("memory", () => {
  it("is given back after a million chained, looped and zipped deferreds", () => {
    const chained = growth(() => {
      const first = deferred<number>();
      let last = first;
      for (let i = 0; i < 1_000_000; i++) last = chain(last, (n: number) => n + 1);
      success(first, 0);
    });
    const looped = growth(() => {
      loop([0], (n) => (n < 1_000_000 ? chain(successDeferred(n), (m) => recur(m + 1)) : n));
    });
    const zipped = growth(() => {
      const members = Array.from({ length: 1_000_000 }, () => deferred<number>());
      zip(...members.slice(0, 50_000));
      for (const member of members) success(member, 1);
    });
    expect(Math.max(chained, looped, zipped)).toBeLessThan(2 * MEGABYTE);
  });

  it("is given back after a million messages through ten stages", () => {
    const grown = growth(() => {
      const source = stream<number>();
      let last: Source<number> = source;
      for (let stage = 0; stage < 5; stage++)
        last = filter(
          (n: number) => n >= 0,
          map((n: number) => n + 1, last),
        );
      let count = 0;
      consume(() => void count++, last);
      for (let n = 0; n < 1_000_000; n++) put(source, n);
      close(source);
      expect(count).toBe(1_000_000);
    });
    expect(grown).toBeLessThan(2 * MEGABYTE);
  });

  it("does not grow with the messages that pass a stream, nor with the takes that time out", () => {
    const subject = stream<number>();
    const sinks = Array.from({ length: 1000 }, () => stream<number>());
    for (const sink of sinks) {
      connect(subject, sink);
      consume(() => {}, sink);
    }
    const other = stream<number>();
    const grown = growth(() => {
      for (let n = 0; n < 1000; n++) put(subject, n);
      for (let n = 0; n < 100_000; n++) success(take(other), 0);
    });
    expect(grown).toBeLessThan(MEGABYTE);
  });
});
