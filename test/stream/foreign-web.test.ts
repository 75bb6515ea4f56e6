import { ReadableStream, TransformStream, WritableStream } from "node:stream/web";
import { describe, expect, it } from "@jest/globals";
import {
  close,
  connect,
  consume,
  isClosed,
  isDrained,
  onClosed,
  put,
  stream,
  take,
  toSink,
  toSource,
  tryPut,
} from "../../src/stream/index.js";
import { collect, logged, rest } from "./kit.js";

/** A ReadableStream that counts how many chunks it was asked for. */
function countedReadable(highWaterMark: number) {
  const state = { asked: 0, cancelled: undefined as unknown };
  const readable = new ReadableStream<number>(
    {
      pull(controller) {
        controller.enqueue(state.asked++);
      },
      cancel(reason) {
        state.cancelled = reason ?? "cancelled";
      },
    },
    { highWaterMark },
  );
  return { readable, state };
}

/** A WritableStream that finishes a chunk when it is told to. */
function slowWritable(highWaterMark: number) {
  const written: unknown[] = [];
  const ends: string[] = [];
  const finish: (() => void)[] = [];
  const writable = new WritableStream<unknown>(
    {
      write(chunk) {
        written.push(chunk);
        return new Promise((resolve) => finish.push(() => resolve()));
      },
      close: () => void ends.push("closed"),
      abort: () => void ends.push("aborted"),
    },
    { highWaterMark },
  );
  return { writable, written, ends, finishOne: () => finish.shift()?.() };
}

describe("a web ReadableStream as a source", () => {
  it("gives chunks of any kind, empty ones too, and is drained at its end", async () => {
    const chunks = ["a", "", new Uint8Array(), null, 0, false];
    const readable = new ReadableStream<unknown>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
    const source = toSource(readable);
    expect(await collect(source)).toEqual(chunks);
    expect(isDrained(source)).toBe(true);
  });

  it.each([0, 3])("is asked for no more than its highWaterMark (%i) ahead", async (highWaterMark) => {
    const { readable, state } = countedReadable(highWaterMark);
    const source = toSource(readable);
    await rest();
    expect(state.asked).toBe(highWaterMark);
    expect(await take(source)).toBe(0);
    await rest();
    expect(state.asked).toBe(highWaterMark + 1);
  });

  it("is slowed by a slow sink that it is connected to", async () => {
    const { readable, state } = countedReadable(0);
    const to = stream<number>();
    connect(readable, to);
    await rest();
    expect(state.asked).toBe(1);
    expect(await take(to)).toBe(0);
    await rest();
    expect(state.asked).toBe(2);
  });

  it("fails the take that meets its error, and is drained then", async () => {
    const readable = new ReadableStream({
      pull(controller) {
        controller.error("boom");
      },
    });
    const source = toSource(readable);
    await expect(take(source)).rejects.toBe("boom");
    expect(await take(source, "the end")).toBe("the end");
  });

  it("is cancelled when the source is closed, and a take under way gets its fallback", async () => {
    const readable = new ReadableStream({});
    const source = toSource(readable);
    const taken = take(source, "the end");
    close(source);
    expect(await taken).toBe("the end");
    expect(isDrained(source)).toBe(true);
  });

  it("is cancelled by leaving a loop over the source", async () => {
    const { readable, state } = countedReadable(0);
    for await (const message of toSource(readable)) if (message === 1) break;
    expect(state.cancelled).toBe("cancelled");
  });

  it("reports an error of its cancellation", async () => {
    const readable = new ReadableStream({ cancel: () => Promise.reject(new Error("late")) });
    const entries = await logged(async () => {
      close(toSource(readable));
      await rest();
    });
    expect(entries).toMatchObject([{ message: "late" }]);
  });
});

describe("a web WritableStream as a sink", () => {
  it("accepts at once while there is room, and then when there is room again", async () => {
    const { writable, written, finishOne } = slowWritable(2);
    const sink = toSink(writable);
    expect(put(sink, "a").isRealized).toBe(true);
    const [full, over] = [put(sink, "b"), put(sink, "c")];
    await rest();
    expect([full.isRealized, over.isRealized]).toEqual([false, false]);
    finishOne();
    await rest();
    expect([full.isRealized, over.isRealized]).toEqual([false, false]);
    finishOne();
    await rest();
    expect([full.isRealized, over.isRealized]).toEqual([true, true]);
    expect(written).toEqual(["a", "b", "c"]);
  });

  it("accepts when a chunk is written, if it has no room at all", async () => {
    const { writable, finishOne } = slowWritable(0);
    const sink = toSink(writable);
    const [first, second] = [put(sink, "a"), put(sink, "b")];
    await rest();
    expect(first.isRealized).toBe(false);
    finishOne();
    expect(await first).toBe(true);
    expect(second.isRealized).toBe(false);
    await rest();
    finishOne();
    expect(await second).toBe(true);
  });

  it("gives up the wait of a tryPut, not the message", async () => {
    const { writable, written } = slowWritable(1);
    expect(await tryPut(toSink(writable), "a", 0, "full")).toBe("full");
    await rest();
    expect(written).toEqual(["a"]);
  });

  it("slows the source that it is connected to", async () => {
    const { readable, state } = countedReadable(0);
    const { writable, finishOne } = slowWritable(1);
    connect(readable, writable);
    await rest();
    expect(state.asked).toBe(1);
    finishOne();
    await rest();
    expect(state.asked).toBe(2);
  });

  it("is closed by closing the sink: what was put is still written, and its puts are true", async () => {
    const { writable, written, ends, finishOne } = slowWritable(1);
    const sink = toSink(writable);
    const puts = [put(sink, "a"), put(sink, "b")];
    close(sink);
    expect(isClosed(sink)).toBe(true);
    expect(await put(sink, "late")).toBe(false);
    for (let i = 0; i < 2; i++) {
      await rest();
      finishOne();
    }
    expect(await Promise.all(puts)).toEqual([true, true]);
    await rest();
    expect([written, ends]).toEqual([["a", "b"], ["closed"]]);
  });

  it("fails the waiting puts with its error, and every later one", async () => {
    const writable = new WritableStream({ write: () => Promise.reject(new Error("boom")) }, { highWaterMark: 1 });
    const sink = toSink<string>(writable);
    const told = new Promise<void>((resolve) => onClosed(sink, resolve));
    await expect(put(sink, "a")).rejects.toThrow("boom");
    await told;
    expect(isClosed(sink)).toBe(true);
    await expect(put(sink, "b")).rejects.toThrow("boom");
  });

  it("fails a put while it is about to fail", async () => {
    let fail = (_error: unknown): void => {};
    const writable = new WritableStream<string>({
      start(controller) {
        fail = (error) => controller.error(error);
      },
    });
    const sink = toSink(writable);
    fail("boom");
    await expect(put(sink, "a")).rejects.toBe("boom");
  });

  it("refuses puts if it was closed before", async () => {
    const writable = new WritableStream<string>();
    await writable.close();
    const sink = toSink(writable);
    expect(await put(sink, "a")).toBe(false);
    expect(isClosed(sink)).toBe(true);
  });

  it("is locked, so that nobody else writes into it", () => {
    const writable = new WritableStream();
    toSink(writable);
    expect(writable.locked).toBe(true);
  });
});

describe("a web TransformStream", () => {
  it("is a sink and a source, with backpressure through both", async () => {
    const { readable, writable } = new TransformStream<number, string>({
      transform: (n, controller) => controller.enqueue(`#${n}`),
    });
    connect([1, 2, 3], writable);
    const seen: string[] = [];
    await consume((message: string) => {
      seen.push(message);
    }, readable);
    expect(seen).toEqual(["#1", "#2", "#3"]);
  });
});
