import { once } from "node:events";
import { createReadStream } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import { timeout } from "../../src/deferred/index.js";
import {
  close,
  connect,
  consume,
  description,
  isClosed,
  isDrained,
  onClosed,
  onDrained,
  put,
  putAll,
  splice,
  stream,
  take,
  toReadable,
  toSink,
  toSource,
  tryPut,
  tryTake,
} from "../../src/stream/index.js";
import { collect, logged, rest } from "./kit.js";

/** A Writable that finishes a chunk when it is told to. */
function slowWritable(options: { highWaterMark?: number; objectMode?: boolean } = {}) {
  const written: string[] = [];
  const finish: (() => void)[] = [];
  const writable = new Writable({
    ...options,
    write(chunk, _encoding, callback) {
      written.push(String(chunk));
      finish.push(callback);
    },
  });
  return { writable, written, finishOne: () => finish.shift()?.() };
}

/** A Readable that counts how many chunks it was asked for. */
function countedReadable(highWaterMark: number) {
  let asked = 0;
  const readable = new Readable({
    objectMode: true,
    highWaterMark,
    read() {
      this.push(asked++);
    },
  });
  return { readable, asked: () => asked };
}

describe("a Readable as a source", () => {
  it("gives its chunks and is drained at its end", async () => {
    const source = toSource<string>(Readable.from(["a", "b"]));
    expect([await take(source), await take(source)]).toEqual(["a", "b"]);
    expect(isDrained(source)).toBe(false);
    expect(await take(source, "the end")).toBe("the end");
    expect(isDrained(source)).toBe(true);
  });

  it("gives bytes, or text if it decodes them, also where a character is split", async () => {
    const bytes = new PassThrough();
    const text = new PassThrough().setEncoding("utf8");
    for (const through of [bytes, text]) {
      through.write(Buffer.from("caf\xc3", "latin1"));
      through.end(Buffer.from("\xa9", "latin1"));
    }
    expect(Buffer.concat(await collect<Buffer>(bytes)).toString()).toBe("café");
    expect((await collect<string>(text)).join("")).toBe("café");
  });

  it("gives values of any kind in object mode, empty ones too", async () => {
    const values = ["", 0, false, {}];
    expect(await collect(Readable.from(values))).toEqual(values);
  });

  it("skips empty chunks, as Node does", async () => {
    const through = new PassThrough();
    for (const chunk of ["a", "", Buffer.alloc(0), "b"]) through.write(chunk);
    through.end();
    expect(Buffer.concat(await collect<Buffer>(through)).toString()).toBe("ab");
  });

  it("is asked for nothing before the first take, and for no more than its highWaterMark ahead", async () => {
    const { readable, asked } = countedReadable(4);
    const source = toSource<number>(readable);
    await rest();
    expect(asked()).toBe(0);
    expect(await take(source)).toBe(0);
    await rest();
    const ahead = asked();
    expect(ahead).toBeLessThanOrEqual(6);
    for (let i = 1; i <= 3; i++) expect(await take(source)).toBe(i);
    await rest();
    expect(asked()).toBe(ahead + 3);
    close(source);
  });

  it("is slowed by a slow sink that it is connected to", async () => {
    const { readable, asked } = countedReadable(1);
    const to = stream<number>();
    connect(readable, to);
    await rest();
    const ahead = asked();
    expect(ahead).toBeLessThanOrEqual(4);
    expect([await take(to), await take(to)]).toEqual([0, 1]);
    await rest();
    expect(asked()).toBe(ahead + 2);
    readable.destroy();
  });

  it("fails the take that meets its error, and is drained then", async () => {
    const readable = new PassThrough();
    const source = toSource(readable);
    const taken = take(source);
    readable.destroy(new Error("boom"));
    await expect(taken).rejects.toThrow("boom");
    expect(await take(source, "the end")).toBe("the end");
  });

  it("keeps an error that comes before anybody asks", async () => {
    const readable = new PassThrough();
    const source = toSource(readable);
    readable.destroy(new Error("early"));
    await rest();
    await expect(take(source)).rejects.toThrow("early");
    expect(await take(source, "the end")).toBe("the end");
    await expect(take(toSource(createReadStream("/nonexistent/file")))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("fails when it is destroyed without an end", async () => {
    const readable = new PassThrough();
    const taken = take(toSource(readable));
    readable.destroy();
    await expect(taken).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  it("is destroyed when the source is closed, and leaves no listeners but one for late errors", async () => {
    const readable = new PassThrough();
    const before = readable.listenerCount("error");
    const source = toSource(readable);
    const taken = take(source, "the end");
    close(source);
    expect(await taken).toBe("the end");
    expect(readable.destroyed).toBe(true);
    expect(readable.eventNames()).not.toContain("readable");
    expect(readable.listenerCount("error")).toBe(before + 1);
  });

  it("is destroyed by leaving a loop over the source", async () => {
    const readable = Readable.from(["a", "b"]);
    for await (const message of toSource<string>(readable)) {
      expect(message).toBe("a");
      break;
    }
    expect(readable.destroyed).toBe(true);
  });

  it("is destroyed when the sink that it is connected to is closed, at the next message", async () => {
    const { readable } = countedReadable(1);
    const to = stream<number>();
    connect(readable, to);
    await rest();
    const gone = once(readable, "close");
    close(to);
    // Put before it was closed; only the next message is refused.
    expect(await take(to)).toBe(0);
    await gone;
    expect(isDrained(toSource(readable))).toBe(true);
  });

  it("reports an error that comes after the source was closed", async () => {
    const entries = await logged(async () => {
      const readable = new Readable({ read() {}, destroy: (_error, callback) => callback(new Error("late")) });
      close(toSource(readable));
      await rest();
    });
    expect(entries).toMatchObject([{ message: "late" }]);
  });

  it("loses nothing to a take that gives up", async () => {
    const through = new PassThrough({ objectMode: true });
    const source = toSource<string>(through);
    expect(await tryTake(source, "the end", 0, "nothing")).toBe("nothing");
    const given = timeout(take(source), 0, "gave up");
    expect(await given).toBe("gave up");
    through.write("a");
    expect(await take(source)).toBe("a");
    through.destroy();
  });

  it("keeps no trace of a hundred thousand takes that gave up", async () => {
    const through = new PassThrough();
    const source = toSource<string>(through);
    for (let i = 0; i < 100_000; i++) timeout(take(source), 0, "gave up");
    expect(description(source).pendingTakes).toBe(0);
    expect(isDrained(source)).toBe(false);
    through.destroy();
  });

  it("is closed, and says so, when more takes wait than may", async () => {
    const source = toSource<string>(new PassThrough());
    const entries = await logged(() => {
      for (let i = 0; i < 16_384; i++) void take(source);
      expect(isDrained(source)).toBe(false);
      void take(source);
    });
    expect(entries).toEqual([expect.stringContaining("16384 takes")]);
    expect(isDrained(source)).toBe(true);
  });

  it("tells once that it is drained, also if a message waits for a taker when it is closed", async () => {
    const through = new PassThrough({ objectMode: true });
    const source = toSource<string>(through);
    const told: string[] = [];
    onDrained(source, () => told.push("drained"));
    timeout(take(source), 0, "gave up");
    through.write("kept");
    await rest();
    close(source);
    expect([isDrained(source), told]).toEqual([false, []]);
    expect(await take(source)).toBe("kept");
    expect([isDrained(source), told]).toEqual([true, ["drained"]]);
  });

  it("needs no stack for a hundred thousand chunks", async () => {
    let sum = 0;
    const values = Array.from({ length: 100_000 }, (_, i) => i);
    await consume((n: number) => {
      sum += n;
    }, Readable.from(values));
    expect(sum).toBe(4_999_950_000);
  });
});

describe("a Writable as a sink", () => {
  it("accepts at once while there is room, and then when there is room again", async () => {
    const { writable, written, finishOne } = slowWritable({ highWaterMark: 2 });
    const sink = toSink<string>(writable);
    expect(put(sink, "a").isRealized).toBe(true);
    const full = put(sink, "b");
    const over = put(sink, "c");
    await rest();
    expect([full.isRealized, over.isRealized]).toEqual([false, false]);
    for (let i = 0; i < 3; i++) finishOne();
    await rest();
    for (let i = 0; i < 3; i++) finishOne();
    expect([await full, await over]).toEqual([true, true]);
    expect(written).toEqual(["a", "b", "c"]);
    expect(put(sink, "d").isRealized).toBe(true);
  });

  it("gives up the wait of a tryPut, not the message, and of no other put", async () => {
    const { writable, written, finishOne } = slowWritable({ highWaterMark: 1 });
    const sink = toSink<string>(writable);
    const waits = put(sink, "a");
    expect(await tryPut(sink, "b", 0, "full")).toBe("full");
    expect(waits.isRealized).toBe(false);
    finishOne();
    await rest();
    finishOne();
    expect(await waits).toBe(true);
    expect(written).toEqual(["a", "b"]);
  });

  it("slows the source that it is connected to", async () => {
    const { writable, finishOne } = slowWritable({ highWaterMark: 1, objectMode: true });
    const { readable, asked } = countedReadable(1);
    connect(readable, writable);
    await rest();
    const ahead = asked();
    expect(ahead).toBeLessThanOrEqual(4);
    finishOne();
    await rest();
    expect(asked()).toBe(ahead + 1);
    readable.destroy();
  });

  it("accepts values of any kind in object mode, and empty chunks otherwise", async () => {
    const { writable, written } = slowWritable({ objectMode: true });
    expect(await put(toSink<unknown>(writable), 0)).toBe(true);
    expect(written).toEqual(["0"]);
    const bytes = slowWritable();
    expect(await put(toSink<string>(bytes.writable), "")).toBe(true);
    expect(bytes.written).toEqual([""]);
  });

  it("fails a put of what is no chunk", async () => {
    const sink = toSink<unknown>(slowWritable().writable);
    await expect(put(sink, null)).rejects.toMatchObject({ code: "ERR_STREAM_NULL_VALUES" });
    await expect(put(sink, 1)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  });

  it("is ended by closing the sink: what was put is still written, and its puts are true", async () => {
    const { writable, written, finishOne } = slowWritable({ highWaterMark: 1 });
    const sink = toSink<string>(writable);
    const puts = [put(sink, "a"), put(sink, "b")];
    close(sink);
    expect(isClosed(sink)).toBe(true);
    expect(await put(sink, "late")).toBe(false);
    finishOne();
    await rest();
    expect(puts.map((accepted) => accepted.isRealized)).toEqual([false, false]);
    finishOne();
    expect(await Promise.all(puts)).toEqual([true, true]);
    expect(written).toEqual(["a", "b"]);
    expect(writable.writableFinished).toBe(true);
  });

  it("is ended when the source that it is connected to is drained", async () => {
    const through = new PassThrough();
    connect(["a", "b"], through);
    expect((await collect<Buffer>(through)).join("")).toBe("ab");
  });

  it("fails the waiting puts with its error, and every later one", async () => {
    const { writable } = slowWritable({ highWaterMark: 1 });
    const sink = toSink<string>(writable);
    const puts = [put(sink, "a"), put(sink, "b")];
    writable.destroy(new Error("boom"));
    for (const refused of puts) await expect(refused).rejects.toThrow("boom");
    await expect(put(sink, "c")).rejects.toThrow("boom");
    expect(isClosed(sink)).toBe(true);
  });

  it("keeps an error for the next put, or reports it when the sink is closed without one", async () => {
    const [told, untold] = [new PassThrough(), new PassThrough()];
    const sinks = [toSink<string>(told), toSink<string>(untold)] as const;
    told.destroy(new Error("told"));
    untold.destroy(new Error("untold"));
    await rest();
    await expect(put(sinks[0], "a")).rejects.toThrow("told");
    const entries = await logged(() => sinks.forEach(close));
    expect(entries).toMatchObject([{ message: "untold" }]);
  });

  it("reports an error that comes after it was closed", async () => {
    const writable = new Writable({
      write: (_chunk, _encoding, callback) => callback(),
      final: (c) => c(new Error("late")),
    });
    const entries = await logged(async () => {
      close(toSink(writable));
      await rest();
    });
    expect(entries).toMatchObject([{ message: "late" }]);
  });

  it("is closed when somebody else destroys or ends the writable, and refuses what is put then", async () => {
    const [destroyed, ended] = [slowWritable({ highWaterMark: 1 }), new PassThrough()];
    const sinks = [toSink<string>(destroyed.writable), toSink<string>(ended)] as const;
    const waiting = put(sinks[0], "a");
    const told: number[] = [];
    sinks.forEach((sink, i) => onClosed(sink, () => told.push(i)));
    destroyed.writable.destroy();
    ended.end();
    expect(sinks.map(isClosed)).toEqual([true, true]);
    expect(await put(sinks[1], "b")).toBe(false);
    ended.resume();
    expect(await waiting).toBe(false);
    await rest();
    expect(new Set(told)).toEqual(new Set([0, 1]));
    expect(told).toHaveLength(2);
  });

  it.each([
    ["destroyed", (writable: Writable) => writable.destroy()],
    ["ended", (writable: Writable) => writable.end()],
  ])("is closed from the beginning if the writable was %s before", async (_how, stop) => {
    const writable = new PassThrough();
    stop(writable);
    const sink = toSink<string>(writable);
    expect(isClosed(sink)).toBe(true);
    expect(await put(sink, "a")).toBe(false);
  });

  it("removes its listeners when the writable is gone", async () => {
    const writable = new PassThrough();
    const before = writable.eventNames().length;
    const sink = toSink<string>(writable);
    close(sink);
    writable.resume();
    await once(writable, "close");
    await rest();
    expect(writable.eventNames().filter((event) => writable.listenerCount(event) > 0).length).toBeLessThanOrEqual(
      before + 1,
    );
    expect(["drain", "error"].map((event) => writable.listenerCount(event))).toEqual([0, 0]);
  });

  it("calls every callback of onClosed, though one throws", async () => {
    const told: string[] = [];
    const sink = toSink<string>(new PassThrough());
    const entries = await logged(() => {
      onClosed(sink, () => {
        throw new Error("in a callback");
      });
      onClosed(sink, () => told.push("second"));
      close(sink);
    });
    expect(told).toEqual(["second"]);
    expect(entries).toMatchObject([{ message: "in a callback" }]);
  });
});

describe("a Duplex as both", () => {
  const open: { destroy(): void }[] = [];
  afterEach(() =>
    // A connection that is cut is an error to those who still read.
    logged(async () => {
      for (const socket of open.splice(0)) socket.destroy();
      await rest();
    }),
  );

  /** Two ends of a TCP connection. */
  async function sockets(): Promise<[Socket, Socket]> {
    const server = createServer({ allowHalfOpen: true }).listen(0);
    await once(server, "listening");
    const near = connectSocket({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
    const [far] = (await once(server, "connection")) as [Socket];
    server.close();
    open.push(near, far);
    return [near, far];
  }

  it("reads and writes", async () => {
    const [near, far] = await sockets();
    const duplex = splice(toSink<string>(near), toSource<Buffer>(near));
    connect(far, far);
    expect(await put(duplex, "hello")).toBe(true);
    expect(String(await take(duplex))).toBe("hello");
  });

  it("sends all that was put before it is closed", async () => {
    const [near, far] = await sockets();
    const duplex = splice(toSink<Buffer>(near), toSource<Buffer>(near));
    const megabyte = Buffer.alloc(1_000_000, "x");
    for (let i = 0; i < 8; i++) void put(duplex, megabyte);
    const gone = once(near, "close");
    close(duplex);
    expect(near.destroyed).toBe(false);
    const received = await collect<Buffer>(far);
    expect(Buffer.concat(received).length).toBe(8_000_000);
    await gone;
  });

  it("carries megabytes through a slow echo without gathering them", async () => {
    const [near, far] = await sockets();
    connect(far, far);
    const messages = Array.from({ length: 64 }, (_, i) => Buffer.alloc(65_536, i));
    const sent = putAll(toSink<Buffer>(near), messages);
    let length = 0;
    for await (const chunk of toSource<Buffer>(near)) {
      length += chunk.length;
      if (length === 64 * 65_536) break;
    }
    expect(await sent).toBe(true);
  });
});

describe("toReadable and back", () => {
  it("keeps the types of values in object mode", async () => {
    const values = [1, "a", { b: [] }, false, ""];
    expect(await collect(toSource(toReadable(values, { objectMode: true })))).toEqual(values);
  });
});
