import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { mockClock, withClock } from "../../src/clock/index.js";
import { isRealized, success, timeout } from "../../src/deferred/index.js";
import { type Logger, setLogger } from "../../src/errors/index.js";
import {
  close,
  description,
  isClosed,
  isDrained,
  onClosed,
  onDrained,
  put,
  putAll,
  type Stream,
  stream,
  streamOf,
  take,
  tryPut,
  tryTake,
} from "../../src/stream/index.js";
import { take as firstOnes, map, partitionAll } from "../../src/transducers/index.js";
import { valueOf } from "../helpers.js";

const log = jest.fn<Logger>();
beforeEach(() => void setLogger(log));
afterEach(() => {
  setLogger(null);
  log.mockReset();
});

describe("put and take", () => {
  it("meet at once, whoever comes first", () => {
    const subject = stream<string>();
    const taken = take(subject);
    expect(valueOf(put(subject, "a"))).toBe(true);
    expect(valueOf(taken)).toBe("a");
    const accepted = put(subject, "b");
    expect(isRealized(accepted)).toBe(false);
    expect(valueOf(take(subject))).toBe("b");
    expect(valueOf(accepted)).toBe(true);
  });

  it("carry false, null and undefined as messages, through a buffer too", () => {
    const subject = stream<unknown>(3);
    for (const message of [false, null, undefined]) put(subject, message);
    expect([take(subject, "end"), take(subject, "end"), take(subject, "end")].map(valueOf)).toEqual([
      false,
      null,
      undefined,
    ]);
  });

  it("run the taker's callbacks inside put, and the putter's before take returns", () => {
    const order: string[] = [];
    const subject = stream<string>();
    take(subject).onRealized(
      () => order.push("taken"),
      () => {},
    );
    put(subject, "a");
    order.push("put returned");
    put(subject, "b").onRealized(
      () => order.push("accepted"),
      () => {},
    );
    take(subject);
    order.push("take returned");
    expect(order).toEqual(["taken", "put returned", "accepted", "take returned"]);
  });

  it("skip a take that was realized from outside, so that no message is lost", () => {
    const subject = stream<string>();
    const given = take(subject);
    success(given, "from outside");
    const waiting = take(subject);
    put(subject, "a");
    expect(valueOf(waiting)).toBe("a");
  });

  it("move the next live put into the place a taken message leaves, past those that timed out", () => {
    const clock = mockClock();
    const subject = stream<number>(1);
    put(subject, 1);
    withClock(clock, () => tryPut(subject, 2, 10));
    const third = put(subject, 3);
    clock.advance(10);
    expect(valueOf(take(subject))).toBe(1);
    expect(valueOf(third)).toBe(true);
    expect(valueOf(take(subject))).toBe(3);
  });

  it("close the stream, with a word to the log, when more than 16384 puts wait", () => {
    const subject = stream<number>();
    const answers = Array.from({ length: 16_384 }, (_, n) => put(subject, n));
    expect(isClosed(subject)).toBe(false);
    expect(valueOf(put(subject, -1))).toBe(false);
    expect(isClosed(subject)).toBe(true);
    expect(log.mock.calls[0]?.[2]).toMatch("16384 puts");
    expect(valueOf(take(subject))).toBe(0);
    expect(valueOf(answers[0] as never)).toBe(true);
  });

  it("close the stream, and answer all, when more than 16384 takes wait", () => {
    const subject = stream<number>();
    const takes = Array.from({ length: 16_385 }, () => take(subject, "end"));
    expect(isClosed(subject)).toBe(true);
    expect(takes.every((taken) => valueOf(taken) === "end")).toBe(true);
    expect(log.mock.calls[0]?.[2]).toMatch("16384 takes");
  });

  it("do not count what timed out among what waits", () => {
    const clock = mockClock();
    const subject = stream<number>();
    withClock(clock, () => {
      for (let n = 0; n < 20_000; n++) {
        timeout(take(subject), 1, "late");
        clock.advance(1);
      }
    });
    expect(isClosed(subject)).toBe(false);
    expect(description(subject).pendingTakes).toBe(0);
  });
});

describe("tryPut and tryTake", () => {
  it("give up at once when they may not wait, and leave nothing behind", () => {
    const subject = stream<number>();
    expect(valueOf(tryPut(subject, 1, 0))).toBe(false);
    expect(valueOf(tryPut(subject, 1, 0, "full"))).toBe("full");
    expect(valueOf(tryTake(subject, "end", 0, "empty"))).toBe("empty");
    expect(description(subject)).toMatchObject({ pendingPuts: 0, pendingTakes: 0 });
  });

  it("give up after their time, on the clock they are given", () => {
    const clock = mockClock();
    const subject = stream<number>();
    const accepted = tryPut(subject, 1, 5, "full", { clock });
    clock.advance(4);
    expect(isRealized(accepted)).toBe(false);
    clock.advance(1);
    expect(valueOf(accepted)).toBe("full");
    const taken = tryTake(subject, "end", 5, "empty", { clock });
    clock.advance(5);
    expect(valueOf(taken)).toBe("empty");
  });

  it("say that the stream is closed, not that it is late", () => {
    const subject = stream<number>();
    const taken = tryTake(subject, "end", 1000, "empty");
    close(subject);
    expect(valueOf(taken)).toBe("end");
    expect(valueOf(tryPut(subject, 1, 0, "full"))).toBe(false);
  });
});

describe("putAll", () => {
  it("waits for each message, and stops at the first refusal", () => {
    const subject = stream<number>(1);
    const all = putAll(subject, [1, 2, 3]);
    expect(isRealized(all)).toBe(false);
    expect([take(subject), take(subject)].map(valueOf)).toEqual([1, 2]);
    expect(valueOf(all)).toBe(true);
    close(subject);
    expect(valueOf(putAll(subject, [4]))).toBe(false);
    expect(valueOf(putAll(subject, []))).toBe(true);
  });

  it("fails when the messages fail", () => {
    const broken = (function* () {
      yield 1;
      throw new Error("broken");
    })();
    expect(() => valueOf(putAll(stream<number>(5), broken))).toThrow("broken");
  });
});

describe("close", () => {
  it("refuses puts, keeps what is there, and is drained when that is taken", () => {
    const told: string[] = [];
    const subject = stream<number>(1);
    onClosed(subject, () => told.push("closed"));
    onDrained(subject, () => told.push("drained"));
    put(subject, 1);
    const waiting = put(subject, 2);
    close(subject);
    close(subject);
    expect(told).toEqual(["closed"]);
    expect([isClosed(subject), isDrained(subject)]).toEqual([true, false]);
    expect(valueOf(put(subject, 3))).toBe(false);
    expect([take(subject), take(subject)].map(valueOf)).toEqual([1, 2]);
    expect(valueOf(waiting)).toBe(true);
    expect(told).toEqual(["closed", "drained"]);
    expect(valueOf(take(subject, "end"))).toBe("end");
    onClosed(subject, () => told.push("closed before"));
    onDrained(subject, () => told.push("drained before"));
    expect(told.slice(2)).toEqual(["closed before", "drained before"]);
  });

  it("is drained when the last waiting put gives up", () => {
    const clock = mockClock();
    const subject = stream<number>();
    const told = jest.fn();
    onDrained(subject, told);
    tryPut(subject, 1, 10, false, { clock });
    close(subject);
    expect(isDrained(subject)).toBe(false);
    clock.advance(10);
    expect(isDrained(subject)).toBe(true);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("does not look closed to those it answers, and tells the rest although one throws", () => {
    const subject = stream<number>();
    const seen: unknown[] = [];
    take(subject, "end").onRealized(
      (value) => seen.push(value, isClosed(subject)),
      () => {},
    );
    onClosed(subject, () => {
      throw new Error("in a callback");
    });
    onClosed(subject, () => seen.push("told"));
    close(subject);
    expect(seen).toEqual(["end", false, "told"]);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it("does nothing to a permanent stream", () => {
    const subject = streamOf<number>({ permanent: true });
    close(subject);
    expect(isClosed(subject)).toBe(false);
    expect(description(subject).isPermanent).toBe(true);
  });

  it("survives a taker that takes again whenever it is answered", () => {
    const subject = stream<number>();
    let answered = 0;
    const again = (): void => {
      take(subject, "end").onRealized(
        () => {
          if (answered++ < 50_000 && !isClosed(subject)) again();
        },
        () => {},
      );
    };
    again();
    close(subject);
    expect(isDrained(subject)).toBe(true);
  });
});

describe("a stream with a transducer", () => {
  it("holds its outputs, and answers for the last of them", () => {
    const subject = stream(
      2,
      map((n: number) => n * 2),
    );
    expect([put(subject, 1), put(subject, 2)].map(valueOf)).toEqual([true, true]);
    expect([take(subject), take(subject)].map(valueOf)).toEqual([2, 4]);
  });

  it("gives out what it kept back when it closes", () => {
    const subject = stream(0, partitionAll<number>(2));
    expect(valueOf(put(subject, 1))).toBe(true);
    close(subject);
    expect(isDrained(subject)).toBe(false);
    expect(valueOf(take(subject))).toEqual([1]);
    expect(isDrained(subject)).toBe(true);
  });

  it("closes when the transducer has enough; the last put yields false although its message is there", () => {
    const subject = stream(5, firstOnes<number>(2));
    expect([put(subject, 1), put(subject, 2), put(subject, 3)].map(valueOf)).toEqual([true, false, false]);
    expect([take(subject), take(subject), take(subject, "end")].map(valueOf)).toEqual([1, 2, "end"]);
  });

  it("closes when the transducer throws, and says so to the log", () => {
    const subject = stream(
      5,
      map((n: number) => {
        if (n === 2) throw new Error("two");
        return n;
      }),
    );
    expect([put(subject, 1), put(subject, 2)].map(valueOf)).toEqual([true, false]);
    expect(isClosed(subject)).toBe(true);
    expect(log).toHaveBeenCalledTimes(1);
  });
});

describe("async iteration", () => {
  it("ends when the stream is drained", async () => {
    const subject = stream<number>(3);
    putAll(subject, [1, 2, 3]);
    close(subject);
    const seen: number[] = [];
    for await (const message of subject) seen.push(message);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("closes the stream when the loop is left", async () => {
    const subject: Stream<number> = stream<number>(3);
    putAll(subject, [1, 2, 3]);
    for await (const message of subject) if (message === 1) break;
    expect(isClosed(subject)).toBe(true);
    expect(valueOf(take(subject))).toBe(2);
  });
});

describe("description", () => {
  it("can be added to", () => {
    const subject = streamOf<number>({ bufferSize: 2, description: (base) => ({ ...base, name: "numbers" }) });
    put(subject, 1);
    expect(description(subject)).toEqual({
      type: "manifold",
      isSink: true,
      isSource: true,
      pendingPuts: 0,
      pendingTakes: 0,
      bufferCapacity: 2,
      bufferSize: 1,
      isPermanent: false,
      isClosed: false,
      isDrained: false,
      name: "numbers",
    });
  });
});
