import { describe, expect, it } from "@jest/globals";
import { chain, deferred, success } from "../../src/deferred/index.js";
import { close, connect, consume, filter, isClosed, map, put, stream, take } from "../../src/stream/index.js";

describe("depth", () => {
  it("carries a message through a line of a million streams", async () => {
    const first = stream<number>();
    let last = first;
    for (let i = 0; i < 1_000_000; i++) {
      const next = stream<number>();
      connect(last, next);
      last = next;
    }
    put(first, 1);
    expect(await take(last)).toBe(1);
    close(first);
    expect(isClosed(last)).toBe(true);
  });

  it("realizes a line of a million chains", async () => {
    const first = deferred<number>();
    let last = first;
    for (let i = 0; i < 1_000_000; i++) last = chain(last, (n: number) => n + 1);
    success(first, 0);
    expect(await last).toBe(1_000_000);
  });

  it("moves a million messages through a pipeline", async () => {
    const source = stream<number>();
    let sum = 0;
    const result = map(
      (n: number) => n + 1,
      filter(
        (n: number) => n % 2 === 0,
        map((n: number) => n * 2, source),
      ),
    );
    const end = consume((n: number) => {
      sum += n;
    }, result);
    for (let i = 0; i < 1_000_000; i++) put(source, i);
    close(source);
    expect(await end).toBe(true);
    expect(sum).toBe(1_000_000_000_000);
  });
});
