import { describe, expect, it } from "@jest/globals";
import {
  close,
  connect,
  consume,
  isDrained,
  map,
  put,
  stream,
  take,
  toSource,
  tryTake,
} from "../../src/stream/index.js";
import { collect, logged, rest } from "./kit.js";

/** A generator that tells what happens to it. */
function* watched(log: string[], length = Number.POSITIVE_INFINITY) {
  try {
    for (let i = 0; i < length; i++) {
      log.push(`asked ${i}`);
      yield i;
    }
  } finally {
    log.push("ended");
  }
}

async function* watchedLater(log: string[], length = Number.POSITIVE_INFINITY) {
  yield* watched(log, length);
}

describe("a sequence as a source", () => {
  it.each([
    ["an array", [1, null, ""]],
    ["a Set", new Set([1, null, ""])],
    ["a Map", new Map([[1, "a"]])],
    ["bytes", new Uint8Array([1, 2])],
  ])("gives the elements of %s", async (_name, elements) => {
    expect(await collect<unknown>(elements)).toEqual([...elements]);
  });

  it("is asked only when somebody takes, and is drained when a take has found the end", async () => {
    const log: string[] = [];
    const source = toSource(watched(log, 1));
    expect(log).toEqual([]);
    expect(await take(source)).toBe(0);
    expect(isDrained(source)).toBe(false);
    expect(await take(source, "the end")).toBe("the end");
    expect(isDrained(source)).toBe(true);
  });

  it("is asked no further than a slow sink goes", async () => {
    const log: string[] = [];
    const to = stream<number>(1);
    connect(watched(log), to);
    expect(log).toEqual(["asked 0", "asked 1"]);
    expect(await take(to)).toBe(0);
    expect(log).toHaveLength(3);
  });

  it("is ended by leaving a loop, and by an operator's result that is closed", async () => {
    const looped: string[] = [];
    const mapped: string[] = [];
    for await (const n of toSource(watched(looped))) if (n === 1) break;
    expect(looped).toEqual(["asked 0", "asked 1", "ended"]);
    const result = map((n: number) => n, watched(mapped));
    close(result);
    await take(result);
    expect(mapped.at(-1)).toBe("ended");
  });

  it("fails the take that meets its error, and is drained then", async () => {
    const source = toSource(
      (function* () {
        yield 1;
        throw "boom";
      })(),
    );
    expect(await take(source)).toBe(1);
    await expect(take(source)).rejects.toBe("boom");
    expect(await take(source, "the end")).toBe("the end");
  });

  it("reports an error of its end", async () => {
    const source = toSource({
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          throw new Error("late");
        },
      }),
    });
    expect(await logged(() => close(source))).toMatchObject([{ message: "late" }]);
  });

  it("needs no stack for a million elements", async () => {
    let sum = 0;
    function* million() {
      for (let i = 0; i < 1_000_000; i++) yield 1;
    }
    await consume((n: number) => {
      sum += n;
    }, million());
    expect(sum).toBe(1_000_000);
  });
});

describe("an async iterable as a source", () => {
  it("gives its messages and is drained at its end", async () => {
    expect(await collect(watchedLater([], 3))).toEqual([0, 1, 2]);
  });

  it("is asked for one message at a time, and only when somebody takes", async () => {
    const log: string[] = [];
    const source = toSource(watchedLater(log));
    await rest();
    expect(log).toEqual([]);
    const taken = [take(source), take(source)];
    expect(await Promise.all(taken)).toEqual([0, 1]);
    await rest();
    expect(log).toEqual(["asked 0", "asked 1"]);
  });

  it("is asked no further than a slow sink goes", async () => {
    const log: string[] = [];
    const to = stream<number>();
    connect(watchedLater(log), to);
    await rest();
    expect(log).toEqual(["asked 0"]);
    expect(await take(to)).toBe(0);
    await rest();
    expect(log).toEqual(["asked 0", "asked 1"]);
  });

  it("is ended by leaving a loop", async () => {
    const log: string[] = [];
    for await (const n of toSource(watchedLater(log))) if (n === 1) break;
    expect(log).toEqual(["asked 0", "asked 1", "ended"]);
  });

  it("drops the message under way when it is closed, and stays drained", async () => {
    let arrive = (_result: IteratorResult<string>): void => {};
    const source = toSource({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<string>>((resolve) => (arrive = resolve)),
        return: async () => ({ done: true as const, value: undefined }),
      }),
    });
    const taken = take(source, "the end");
    close(source);
    expect(await taken).toBe("the end");
    arrive({ done: false, value: "late" });
    await rest();
    expect(isDrained(source)).toBe(true);
    expect(await take(source, "the end")).toBe("the end");
  });

  it("fails the take that meets its error", async () => {
    const source = toSource(
      (async function* () {
        yield 1;
        throw "boom";
      })(),
    );
    expect(await take(source)).toBe(1);
    await expect(take(source)).rejects.toBe("boom");
    expect(isDrained(source)).toBe(true);
  });

  it("keeps an error that no taker was left for", async () => {
    let fail = (_error: unknown): void => {};
    const source = toSource({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<string>>((_resolve, reject) => {
            fail = reject;
          }),
      }),
    });
    const gaveUp = tryTake(source, "the end", 1, "gave up");
    expect(await gaveUp).toBe("gave up");
    fail("boom");
    await rest();
    expect(isDrained(source)).toBe(false);
    await expect(take(source)).rejects.toBe("boom");
    expect(isDrained(source)).toBe(true);
  });
});

describe("an iterator as a source", () => {
  it("gives what its steps give, at once or later", async () => {
    const steps = [{ done: false, value: 1 }, Promise.resolve({ done: false, value: 2 }), { done: true, value: 3 }];
    expect(await collect({ next: () => steps.shift() } as never)).toEqual([1, 2]);
  });

  it("cannot be closed without a method for that, and goes on", async () => {
    const source = toSource({ next: () => ({ done: false, value: 1 }) });
    close(source);
    expect(await take(source)).toBe(1);
  });
});

describe("a stream as an async iterable", () => {
  it("gives its messages until it is drained", async () => {
    const from = stream<number>(3);
    for (const n of [1, 2, 3]) put(from, n);
    close(from);
    expect(await collect(from)).toEqual([1, 2, 3]);
  });

  it("holds puts back while the loop's body is at work", async () => {
    const from = stream<number>();
    const puts = [1, 2, 3].map((n) => put(from, n));
    for await (const n of from) {
      await rest();
      expect(puts.filter((accepted) => accepted.isRealized)).toHaveLength(n);
      if (n === 3) break;
    }
    expect(await put(from, 4)).toBe(false);
  });

  it("closes the stream when the loop's body throws", async () => {
    const from = stream<number>(1);
    put(from, 1);
    const loop = async () => {
      for await (const n of from) throw n;
    };
    await expect(loop()).rejects.toBe(1);
    expect(isDrained(from)).toBe(true);
  });
});

describe("a source of an iterator that takes its time", () => {
  it("asks for one message at a time, however fast they are taken", async () => {
    let asked = 0;
    let most = 0;
    let given = 0;
    const numbers = {
      async next() {
        most = Math.max(most, ++asked);
        await rest();
        asked--;
        return { done: false as const, value: ++given };
      },
    };
    const from = toSource(numbers);
    const taken: unknown[] = [];
    await new Promise<void>((resolve) => {
      // Takes the next one from within the answer.
      const next = (n: unknown): void => {
        taken.push(n);
        if (taken.length === 5) resolve();
        else take(from).onRealized(next, next);
      };
      take(from).onRealized(next, next);
    });
    expect(taken).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(1);
  });
});
