import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { mockClock } from "../../src/clock/index.js";
import { deferred, errorDeferred, success } from "../../src/deferred/index.js";
import { type Logger, setLogger } from "../../src/errors/index.js";
import {
  close,
  connect,
  connectVia,
  consume,
  consumeAsync,
  downstream,
  drainInto,
  isClosed,
  isDrained,
  put,
  putAll,
  stream,
  streamOf,
  take,
} from "../../src/stream/index.js";
import { valueOf } from "../helpers.js";

const log = jest.fn<Logger>();
beforeEach(() => void setLogger(log));
afterEach(() => {
  setLogger(null);
  log.mockReset();
});

describe("connect", () => {
  it("lets the slowest sink set the pace, one message in flight", () => {
    const source = stream<number>();
    const fast = stream<number>(10);
    const slow = stream<number>();
    connect(source, fast);
    connect(source, slow);
    expect(valueOf(put(source, 1))).toBe(true);
    const second = put(source, 2);
    expect(second.isRealized).toBe(false);
    expect(valueOf(take(slow))).toBe(1);
    expect(valueOf(second)).toBe(true);
    expect([take(fast), take(fast)].map(valueOf)).toEqual([1, 2]);
  });

  it("closes the sink when the source is drained, unless told not to", () => {
    const source = stream<number>(2);
    const closing = stream<number>(2);
    const staying = stream<number>(2);
    connect(source, closing);
    connect(source, staying, { downstream: false });
    put(source, 1);
    close(source);
    expect([isClosed(closing), isClosed(staying)]).toEqual([true, false]);
    expect(valueOf(take(closing))).toBe(1);
  });

  it("notices a closed sink at the next message, and closes the source with the last one", () => {
    const source = stream<number>();
    const sink = stream<number>();
    connect(source, sink);
    close(sink);
    expect(isClosed(source)).toBe(false);
    expect(valueOf(put(source, 1))).toBe(true);
    expect(isClosed(source)).toBe(true);
  });

  it("closes the source with the first closed sink if upstream is set", () => {
    const source = stream<number>();
    const first = stream<number>(5);
    const second = stream<number>(5);
    connect(source, first, { upstream: true });
    connect(source, second);
    close(first);
    put(source, 1);
    expect(isClosed(source)).toBe(true);
    expect(valueOf(take(second))).toBe(1);
    expect(isDrained(second)).toBe(true);
  });

  it("cuts a sink that takes too long, and closes it", () => {
    const clock = mockClock();
    const source = stream<number>();
    const stuck = stream<number>();
    connect(source, stuck, { timeout: 10, clock });
    put(source, 1);
    clock.advance(10);
    expect([isClosed(stuck), isClosed(source)]).toEqual([true, true]);
  });

  it("leaves a sink that takes too long open if downstream is false", () => {
    const clock = mockClock();
    const source = stream<number>();
    const stuck = stream<number>();
    connect(source, stuck, { timeout: 10, downstream: false, clock });
    put(source, 1);
    clock.advance(10);
    expect([isClosed(stuck), isClosed(source)]).toEqual([false, true]);
  });

  it("logs the error of a failed source, and leaves the sinks open", () => {
    const sink = stream<number>();
    connect(errorDeferred<number>(new Error("no source")), sink);
    expect(isClosed(sink)).toBe(false);
    expect(log.mock.calls[0]?.[1]).toMatchObject({ message: "no source" });
  });

  it("tells what a source is connected to", () => {
    const source = stream<number>();
    const sink = stream<number>();
    connect(source, sink, { description: "to the sink" });
    expect(downstream(source)).toEqual([["to the sink", sink]]);
    close(source);
    expect(downstream(source)).toEqual([]);
  });

  it("serves a thousand sinks", () => {
    const source = stream<number>();
    const sinks = Array.from({ length: 1000 }, () => stream<number>(1));
    for (const sink of sinks) connect(source, sink);
    put(source, 7);
    close(source);
    expect(sinks.every((sink) => valueOf(take(sink)) === 7 && isDrained(sink))).toBe(true);
  });

  it("goes on with a permanent source after its last sink, but for the message it has in hand", () => {
    const source = streamOf<number>({ permanent: true, bufferSize: 5 });
    const sink = stream<number>();
    connect(source, sink);
    close(sink);
    putAll(source, [1, 2, 3]);
    expect(valueOf(take(source))).toBe(3);
  });
});

describe("consume", () => {
  it("ends with the source", () => {
    const source = stream<number>();
    const seen: number[] = [];
    const end = consume((n: number) => seen.push(n), source);
    putAll(source, [1, 2]);
    expect(end.isRealized).toBe(false);
    close(source);
    expect(valueOf(end)).toBe(true);
    expect(seen).toEqual([1, 2]);
  });

  it("ends with a throw, which is logged", () => {
    const source = stream<number>();
    const end = consume(() => {
      throw new Error("cannot");
    }, source);
    put(source, 1);
    expect(valueOf(end)).toBe(true);
    expect(isClosed(source)).toBe(true);
    expect(log).toHaveBeenCalledTimes(1);
  });
});

describe("consumeAsync", () => {
  it("takes the next message when the callback's answer is there", () => {
    const source = stream<number>(5);
    const gates = [deferred<boolean>(), deferred<boolean>()];
    const seen: number[] = [];
    consumeAsync((n: number) => {
      seen.push(n);
      return gates[n];
    }, source);
    putAll(source, [0, 1]);
    expect(seen).toEqual([0]);
    success(gates[0] as never, true as never);
    expect(seen).toEqual([0, 1]);
  });

  it("accepts an async function that returns nothing", async () => {
    const source = stream<number>(5);
    const seen: number[] = [];
    const end = consumeAsync(async (n: number) => {
      await Promise.resolve();
      seen.push(n);
    }, source);
    putAll(source, [1, 2, 3]);
    close(source);
    expect(await end).toBe(true);
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each([
    ["false", () => false, 0],
    ["a throw", () => errorDeferred(new Error("cannot")), 1],
    ["an answer that is neither true nor false", () => 0, 1],
  ])("ends with %s", (_what, callback, logged) => {
    const source = stream<number>();
    const end = consumeAsync(callback, source);
    put(source, 1);
    expect(valueOf(end)).toBe(true);
    expect(isClosed(source)).toBe(true);
    expect(log).toHaveBeenCalledTimes(logged);
  });
});

describe("connectVia", () => {
  it("lets the callback deliver, and closes the sink at the end", () => {
    const source = stream<number>();
    const sink = stream<number>(5);
    const end = connectVia(source, (n: number) => put(sink, n * 2), sink);
    putAll(source, [1, 2]);
    close(source);
    expect(valueOf(end)).toBe(true);
    expect([take(sink), take(sink), take(sink, "end")].map(valueOf)).toEqual([2, 4, "end"]);
  });

  it("waits for promises, and takes plain answers for yes", async () => {
    const source = stream<number>(5);
    const sink = stream<number>(5);
    const end = connectVia(
      source,
      async (n: number) => {
        await put(sink, n);
      },
      sink,
    );
    putAll(source, [1, 2]);
    close(source);
    expect(await end).toBe(true);
    expect([take(sink), take(sink)].map(valueOf)).toEqual([1, 2]);
  });
});

describe("drainInto", () => {
  it("leaves the sink open", () => {
    const sink = stream<number>(5);
    expect(valueOf(drainInto([1, 2], sink))).toBe(true);
    expect(isClosed(sink)).toBe(false);
  });
});
