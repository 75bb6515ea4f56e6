import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "@jest/globals";
import { errorDeferred } from "../../src/deferred/index.js";
import {
  close,
  description,
  isClosed,
  isDrained,
  onClosed,
  put,
  putAll,
  splice,
  stream,
  take,
  toDuplex,
  toReadable,
  toSource,
  toWebReadable,
  toWebWritable,
  toWritable,
} from "../../src/stream/index.js";
import { collect, rest } from "./kit.js";

/** A source that counts how often it was asked. */
function counted(length: number): { readonly taken: () => number; readonly values: Iterable<string> } {
  let taken = 0;
  function* values() {
    while (taken < length) yield String(taken++);
  }
  return { taken: () => taken, values: values() };
}

async function text(readable: Readable): Promise<string> {
  return Buffer.concat(await collect<Uint8Array>(readable)).toString();
}

/** A source whose first take gives a message and whose second one fails. */
async function* failing(error: unknown) {
  yield "first";
  throw error;
}

describe("toReadable", () => {
  it("gives the messages as chunks, strings in UTF-8", async () => {
    expect(await text(toReadable(["é", Buffer.from("ß"), new Uint8Array([33])]))).toBe("éß!");
  });

  it("decodes a character that is split across two messages, if the reader asks for text", async () => {
    const [head, tail] = [Buffer.from("caf\xc3", "latin1"), Buffer.from("\xa9", "latin1")];
    expect((await collect<string>(toReadable([head, tail]).setEncoding("utf8"))).join("")).toBe("café");
  });

  it("passes over empty messages, a hundred thousand of them too", async () => {
    const messages = ["", new Uint8Array(), ...new Array<string>(100_000).fill(""), "a", "", "b"];
    expect(await text(toReadable(messages))).toBe("ab");
  });

  it("passes over empty messages that have to be waited for", async () => {
    const from = stream<string>();
    const read = text(toReadable(from));
    for (const message of ["", "a", "", ""]) expect(await put(from, message)).toBe(true);
    close(from);
    expect(await read).toBe("a");
  });

  it("gives values of any kind in object mode, empty strings and false too", async () => {
    const values = [{ a: 1 }, "", 0, false, []];
    expect(await collect(toReadable(values, { objectMode: true }))).toEqual(values);
  });

  it.each([null, undefined])("is destroyed by %s, which is no chunk", async (nothing) => {
    const from = stream<unknown>(2);
    const readable = toReadable(from, { objectMode: true });
    put(from, nothing);
    await expect(collect(readable)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    expect(isClosed(from)).toBe(true);
  });

  it("is destroyed by a message that is no chunk outside object mode", async () => {
    await expect(collect(toReadable([1]))).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  });

  it("takes no more than the reader wants: up to highWaterMark ahead", async () => {
    const { taken, values } = counted(1000);
    const readable = toReadable(values, { objectMode: true, highWaterMark: 3 });
    await rest();
    expect(taken()).toBe(0);
    readable.read(0);
    await rest();
    expect(taken()).toBe(3);
    expect(readable.read()).toBe("0");
    await rest();
    expect(taken()).toBe(4);
  });

  it("holds puts back while the reader is slow", async () => {
    const from = stream<string>();
    const readable = toReadable(from, { highWaterMark: 2 });
    readable.read(0);
    const puts = ["aa", "bb", "cc"].map((message) => put(from, message));
    await rest();
    expect(puts.map((accepted) => accepted.isRealized)).toEqual([true, false, false]);
    expect(readable.read(2)?.toString()).toBe("aa");
    await rest();
    expect(puts.map((accepted) => accepted.isRealized)).toEqual([true, true, false]);
    readable.destroy();
  });

  it("closes the source when it is destroyed", async () => {
    const from = stream<string>();
    const readable = toReadable(from);
    readable.read(0);
    readable.destroy();
    await once(readable, "close");
    expect(isDrained(from)).toBe(true);
  });

  it("closes the source when its reader leaves early", async () => {
    const from = stream<string>(3);
    void putAll(from, ["a", "b", "c"]);
    for await (const chunk of toReadable(from, { objectMode: true })) {
      expect(chunk).toBe("a");
      break;
    }
    expect(isClosed(from)).toBe(true);
  });

  it.each([
    ["an error", new Error("boom"), { message: "boom" }],
    ["nothing", undefined, { code: "RING_SOURCE_FAILED" }],
  ])("is destroyed when the source fails with %s", async (_what, error, expected) => {
    // A Node stream that fails throws away what it has read ahead.
    const readable = toReadable(failing(error), { objectMode: true, highWaterMark: 1 });
    const read: unknown[] = [];
    const all = (async () => {
      for await (const message of readable) read.push(message);
    })();
    await expect(all).rejects.toMatchObject(expected);
    expect(read).toEqual(["first"]);
  });
});

describe("toWebReadable", () => {
  it("gives the messages", async () => {
    expect(await collect(toWebReadable([1, null, ""]))).toEqual([1, null, ""]);
  });

  it("takes nothing before it is read, and with a highWaterMark that much ahead", async () => {
    for (const highWaterMark of [0, 2]) {
      const { taken, values } = counted(10);
      const reader = toWebReadable(values, { highWaterMark }).getReader();
      await rest();
      expect(taken()).toBe(highWaterMark);
      expect(await reader.read()).toEqual({ done: false, value: "0" });
      await rest();
      expect(taken()).toBe(highWaterMark + 1);
    }
  });

  it("closes the source when it is cancelled", async () => {
    const from = stream<string>();
    await toWebReadable(from).cancel("enough");
    expect(isClosed(from)).toBe(true);
  });

  it("fails with the error of the source", async () => {
    const reader = toWebReadable(failing("boom")).getReader();
    expect(await reader.read()).toEqual({ done: false, value: "first" });
    await expect(reader.read()).rejects.toBe("boom");
  });
});

describe("toWritable", () => {
  it("puts chunks, strings as strings", async () => {
    const to = stream<unknown>(3);
    const writable = toWritable(to);
    for (const chunk of ["é", Buffer.from("b"), ""]) writable.write(chunk);
    writable.end();
    expect(await collect(to)).toEqual(["é", Buffer.from("b"), ""]);
  });

  it("undoes the encoding of strings that are written in another than UTF-8", async () => {
    const to = stream<unknown>(3);
    const writable = toWritable(to);
    writable.write("6869", "hex");
    writable.write("aGk=", "base64");
    writable.end("é", "latin1");
    expect(await collect(to)).toEqual([Buffer.from("hi"), Buffer.from("hi"), Buffer.from([0xe9])]);
  });

  it("puts values of any kind in object mode", async () => {
    const to = stream<unknown>(3);
    const writable = toWritable(to, { objectMode: true });
    for (const value of [0, false, { a: 1 }]) writable.write(value);
    writable.end();
    expect(await collect(to)).toEqual([0, false, { a: 1 }]);
  });

  it("writes the next chunk when the one before is accepted, and is full at highWaterMark", async () => {
    const to = stream<string>();
    const writable = toWritable(to, { highWaterMark: 3 });
    expect(writable.write("a")).toBe(true);
    expect(writable.write("b")).toBe(true);
    expect(writable.write("c")).toBe(false);
    expect(description(to).pendingPuts).toBe(1);
    const drained = once(writable, "drain");
    expect([await take(to), await take(to), await take(to)]).toEqual(["a", "b", "c"]);
    await drained;
    writable.destroy();
  });

  it("slows a reader that is piped into it", async () => {
    const { taken, values } = counted(1000);
    const to = stream<string>();
    Readable.from(values, { highWaterMark: 1 }).pipe(toWritable(to, { objectMode: true, highWaterMark: 1 }));
    await rest();
    const before = taken();
    expect(before).toBeLessThan(6);
    expect(await take(to)).toBe("0");
    await rest();
    expect(taken()).toBe(before + 1);
    close(to);
  });

  it("closes the sink at its end, after what was written", async () => {
    const to = stream<string>();
    const writable = toWritable(to);
    writable.write("a");
    writable.end("b");
    expect(isClosed(to)).toBe(false);
    expect(await collect(to)).toEqual(["a", "b"]);
    await rest();
    expect(writable.writableFinished).toBe(true);
  });

  it("closes the sink when it is destroyed", async () => {
    const to = stream<string>();
    const writable = toWritable(to);
    writable.destroy(new Error("boom"));
    await expect(once(writable, "close")).rejects.toThrow("boom");
    expect(isClosed(to)).toBe(true);
  });

  it("is destroyed when the sink closes by itself, so that a pipeline into it ends", async () => {
    const to = stream<string>();
    const piped = pipeline(new PassThrough(), toWritable(to));
    close(to);
    await expect(piped).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  it("fails a write that the sink refuses", async () => {
    const to = stream<string>();
    const writable = toWritable({ ...sinkOf(to), onClosed: () => {} });
    close(to);
    const failed = once(writable, "close");
    writable.write("a");
    await expect(failed).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
  });

  it.each([
    ["an error", new Error("boom"), { message: "boom" }],
    ["nothing", undefined, { code: "RING_SINK_CLOSED" }],
  ])("fails when the sink fails with %s", async (_what, error, expected) => {
    const writable = toWritable({ ...sinkOf(stream<string>()), put: () => errorDeferred(error) });
    const failed = once(writable, "close");
    writable.write("a");
    await expect(failed).rejects.toMatchObject(expected);
  });
});

/** The methods of a sink, for one that differs. */
function sinkOf(to: ReturnType<typeof stream<string>>) {
  return {
    put: (message: string) => to.put(message),
    tryPut: () => errorDeferred("not used here"),
    close: () => to.close(),
    isClosed: () => to.isClosed(),
    onClosed: (callback: () => void) => to.onClosed(callback),
    description: () => to.description(),
  };
}

describe("toDuplex", () => {
  it("reads from and writes into a stream", async () => {
    const [incoming, outgoing] = [stream<string>(), stream<string>()];
    const duplex = toDuplex(splice(outgoing, incoming));
    duplex.write("out");
    put(incoming, "in");
    expect(await take(outgoing)).toBe("out");
    expect((await once(duplex, "data")).toString()).toBe("in");
    duplex.destroy();
  });

  it("is an echo over a plain stream", async () => {
    const duplex = toDuplex(stream<string>(), { objectMode: true });
    expect(await collect(Readable.from(["a", "b"]).pipe(duplex))).toEqual(["a", "b"]);
  });

  it("closes the sink half only when its writing half ends", async () => {
    const [incoming, outgoing] = [stream<string>(), stream<string>()];
    const duplex = toDuplex(splice(outgoing, incoming));
    duplex.end();
    await once(duplex, "finish");
    expect([isClosed(outgoing), isClosed(incoming)]).toEqual([true, false]);
    put(incoming, "still read");
    expect((await once(duplex, "data")).toString()).toBe("still read");
    duplex.destroy();
  });

  it("closes both halves when it is destroyed", async () => {
    const [incoming, outgoing] = [stream<string>(), stream<string>()];
    toDuplex(splice(outgoing, incoming)).destroy();
    await rest();
    expect([isClosed(outgoing), isClosed(incoming)]).toEqual([true, true]);
  });

  it("ends its writing half when the sink closes by itself, and lets the rest be read", async () => {
    const [incoming, outgoing] = [stream<string>(2), stream<string>()];
    const duplex = toDuplex(splice(outgoing, incoming), { objectMode: true });
    close(outgoing);
    expect(duplex.writableEnded).toBe(true);
    void putAll(incoming, ["a", "b"]);
    close(incoming);
    expect(await collect(duplex)).toEqual(["a", "b"]);
  });

  it("is ended and destroyed by the end of a reader", async () => {
    const echo = stream<string>(1);
    const duplex = toDuplex(echo, { objectMode: true });
    duplex.write("a");
    for await (const message of duplex) {
      expect(message).toBe("a");
      break;
    }
    expect(isClosed(echo)).toBe(true);
  });
});

describe("toWebWritable", () => {
  it("puts chunks, and closes the sink at its end", async () => {
    const to = stream<unknown>(3);
    const writer = toWebWritable(to).getWriter();
    for (const chunk of ["a", null, 0]) await writer.write(chunk);
    await writer.close();
    expect(await collect(to)).toEqual(["a", null, 0]);
  });

  it("is full at highWaterMark, until puts are accepted", async () => {
    const to = stream<string>();
    const writer = toWebWritable(to, { highWaterMark: 2 }).getWriter();
    await writer.ready;
    const written = [writer.write("a"), writer.write("b")];
    expect(writer.desiredSize).toBe(0);
    await rest();
    expect(description(to).pendingPuts).toBe(1);
    expect([await take(to), await take(to)]).toEqual(["a", "b"]);
    await Promise.all(written);
    expect(writer.desiredSize).toBe(2);
  });

  it("closes the sink when it is aborted", async () => {
    const to = stream<string>();
    await toWebWritable(to).abort("enough");
    expect(isClosed(to)).toBe(true);
  });

  it("fails when the sink closes by itself, so that a pipe into it ends and its source is cancelled", async () => {
    const to = stream<string>();
    const from = stream<string>();
    const piped = toWebReadable(from).pipeTo(toWebWritable(to));
    await rest();
    close(to);
    await expect(piped).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
    expect(isClosed(from)).toBe(true);
  });

  it("fails with the error of the sink", async () => {
    const writer = toWebWritable({
      ...sinkOf(stream<string>()),
      put: () => errorDeferred<boolean>("boom"),
    }).getWriter();
    await expect(writer.write("a")).rejects.toBe("boom");
    await expect(writer.closed).rejects.toBe("boom");
  });
});

describe("there and back", () => {
  it.each([
    ["a Readable", (from: Iterable<string>) => toReadable(from, { objectMode: true })],
    ["a web stream", (from: Iterable<string>) => toWebReadable(from)],
    ["an async iterable", (from: Iterable<string>) => toSource(from)],
  ])("nothing is lost or changed through %s", async (_name, through) => {
    const messages = Array.from({ length: 5000 }, (_, i) => `${i} é`);
    expect(await collect(toSource<string>(through(messages)))).toEqual(messages);
  });

  it("a close goes all the way up", async () => {
    const from = stream<string>();
    const around = toSource(toReadable(toSource(toWebReadable(toSource(toReadable(from))))));
    const closed = new Promise<void>((resolve) => onClosed(from, resolve));
    void take(around);
    close(around);
    await closed;
    expect(isDrained(from)).toBe(true);
  });
});
