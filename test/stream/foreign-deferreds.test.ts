import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import { deferred, error, errorDeferred, success, successDeferred } from "../../src/deferred/index.js";
import {
  close,
  connect,
  isClosed,
  isDrained,
  onClosed,
  onDrained,
  put,
  stream,
  take,
  toSink,
  toSource,
  tryPut,
  tryTake,
} from "../../src/stream/index.js";
import { collect, logged } from "./kit.js";

describe("a deferred as a source", () => {
  it.each([
    ["a deferred", () => successDeferred("a")],
    ["a promise", () => Promise.resolve("a")],
    ["a thenable", () => ({ then: (resolve: (value: string) => void) => resolve("a") })],
    [
      "a p-defer object",
      () => {
        const later = pDefer<string>();
        later.resolve("a");
        return later;
      },
    ],
  ])("gives the one message of %s", async (_name, make) => {
    expect(await collect(make() as never)).toEqual(["a"]);
  });

  it("is drained as soon as somebody has asked, and tells it once", () => {
    const later = deferred<string>();
    const source = toSource(later);
    const told: string[] = [];
    onDrained(source, () => told.push("drained"));
    expect(isDrained(source)).toBe(false);
    const taken = take(source);
    expect([isDrained(source), told, taken.isRealized]).toEqual([true, ["drained"], false]);
    success(later, "a");
    expect(taken.isRealized).toBe(true);
  });

  it("is not used up by a tryTake that does not wait", async () => {
    const later = deferred<string>();
    const source = toSource(later);
    expect(await tryTake(source, "the end", 0, "nothing")).toBe("nothing");
    success(later, "a");
    expect(await tryTake(source, "the end", 0, "nothing")).toBe("a");
    expect(await tryTake(source, "the end", 0, "nothing")).toBe("the end");
  });

  it("fails the take with its error, now or later", async () => {
    await expect(take(toSource(errorDeferred("boom")))).rejects.toBe("boom");
    const later = deferred<string>();
    const taken = take(toSource(later));
    error(later, "late");
    await expect(taken).rejects.toBe("late");
  });

  it("gives nothing once it is closed", async () => {
    const source = toSource(successDeferred("a"));
    close(source);
    expect(await take(source, "the end")).toBe("the end");
  });

  it("calls every callback of onDrained, though one throws", async () => {
    const source = toSource(deferred());
    const told: string[] = [];
    onDrained(source, () => {
      throw new Error("in a callback");
    });
    onDrained(source, () => told.push("second"));
    expect(await logged(() => close(source))).toMatchObject([{ message: "in a callback" }]);
    expect(told).toEqual(["second"]);
  });
});

describe("a deferred as a sink", () => {
  it("is realized by the first put, and closed then", async () => {
    const target = deferred<string>();
    const sink = toSink(target);
    const told: string[] = [];
    onClosed(sink, () => told.push("closed"));
    expect(isClosed(sink)).toBe(false);
    expect(await put(sink, "a")).toBe(true);
    expect(await tryPut(sink, "b", 0, "full")).toBe(false);
    expect(await target).toBe("a");
    expect([isClosed(sink), told]).toEqual([true, ["closed"]]);
  });

  it("refuses a put when it was realized otherwise", async () => {
    const target = deferred<string>();
    const sink = toSink(target);
    const told: string[] = [];
    onClosed(sink, () => told.push("closed"));
    success(target, "from elsewhere");
    expect([isClosed(sink), told]).toEqual([true, ["closed"]]);
    expect(await put(sink, "a")).toBe(false);
    expect(await put(toSink(successDeferred("before")), "a")).toBe(false);
  });

  it("stays pending when the sink is closed, which is told", async () => {
    const target = deferred<string>();
    const sink = toSink(target);
    const told: string[] = [];
    onClosed(sink, () => told.push("closed"));
    close(sink);
    close(sink);
    expect([told, target.isRealized]).toEqual([["closed"], false]);
    expect(await put(sink, "a")).toBe(false);
  });

  it("takes one message of a stream that is connected to it, which the next message closes", async () => {
    const from = stream<string>();
    const target = deferred<string>();
    connect(from, target);
    expect(await put(from, "a")).toBe(true);
    expect(await target).toBe("a");
    put(from, "refused");
    expect(isClosed(from)).toBe(true);
  });

  it("can be a p-defer object", async () => {
    const target = pDefer<string>();
    const sink = toSink<string>(target);
    expect(await put(sink, "a")).toBe(true);
    expect(await put(sink, "b")).toBe(false);
    expect(await target.promise).toBe("a");
  });
});
