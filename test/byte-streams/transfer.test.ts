import { readFileSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, Readable, Writable } from "node:stream";
import { WritableStream } from "node:stream/web";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { file } from "../../src/byte-streams/core.js";
import {
  defTransfer,
  defType,
  devNull,
  isOptimizedTransfer,
  seqOf,
  toByteSink,
  toReadable,
  toString,
  toWritable,
  toWritableStream,
  transfer,
  types,
} from "../../src/byte-streams/index.js";
import { deferred } from "../../src/deferred/index.js";
import { stream, take } from "../../src/stream/index.js";
import { exposeGarbageCollector } from "../garbage.js";
import { rest } from "../stream/kit.js";
import { newPath, sampleOf, sources } from "./samples.js";

exposeGarbageCollector();

const text = "naïve 日本 😀 text";
const contentOf = (path: string): string => readFileSync(path, "utf8");

/** What a sink got, and what became of it. */
class Recorded {
  readonly chunks: Uint8Array[] = [];
  isClosed = false;
  aborted: unknown;

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

function nodeSink(got: Recorded): Writable {
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      got.chunks.push(Buffer.from(chunk));
      done();
    },
    final: (done) => {
      got.isClosed = true;
      done();
    },
    destroy: (error, done) => {
      got.aborted = error;
      done(error);
    },
  });
}

function webSink(got: Recorded): WritableStream<Uint8Array> {
  return new WritableStream({
    write: (chunk) => void got.chunks.push(Buffer.from(chunk)),
    close: () => {
      got.isClosed = true;
    },
    abort: (error) => {
      got.aborted = error;
    },
  });
}

const sinks: [string, (got: Recorded) => unknown][] = [
  ["a Node stream", nodeSink],
  ["a web stream", webSink],
  ["a byte sink", (got) => toByteSink(nodeSink(got))],
  ["a Node stream over a web stream", (got) => toWritable(webSink(got))],
  ["a web stream over a Node stream", (got) => toWritableStream(nodeSink(got))],
];

const pairs = sources.flatMap((from) => sinks.map(([name, make]) => ({ from, make, name: `${from.name} to ${name}` })));

describe("transfer", () => {
  it.each(pairs)("copies $name, and closes it", async ({ from, make }) => {
    const got = new Recorded();
    await transfer(await sampleOf(from, text), make(got), { sourceType: from });
    expect([got.text, got.isClosed]).toEqual([text, true]);
  });

  it.each(sources.map((from) => ({ from, name: from.name })))(
    "copies $name to files and to nowhere",
    async ({ from }) => {
      const path = newPath();
      const sourceType = from;
      await transfer(await sampleOf(from, text), file(path), { sourceType });
      expect(contentOf(path)).toBe(text);
      await transfer(await sampleOf(from, text), pathToFileURL(path), { sourceType });
      expect(contentOf(path)).toBe(text + text);
      await transfer(await sampleOf(from, "short"), file(path), { sourceType, append: false });
      expect(contentOf(path)).toBe("short");
      await transfer(await sampleOf(from, text), devNull(), { sourceType });
    },
  );

  // Test idea 122.
  it("writes at the end of a file, unless told otherwise", async () => {
    const path = newPath();
    await transfer("onetwo", file(path));
    await transfer("three", file(path));
    expect(contentOf(path)).toBe("onetwothree");
    await transfer("z", file(path), { append: false });
    expect(contentOf(path)).toBe("z");
  });

  it("copies a file to a file, and a region of one", async () => {
    const [from, to] = [newPath(), newPath()];
    writeFileSync(from, "this is a file");
    await transfer(file(from), file(to), { append: false });
    await transfer(file(from, 4, 5), file(to));
    expect(contentOf(to)).toBe("this is a file is a");
    await transfer(file(from), file(from), { append: false });
    expect(contentOf(from)).toBe("this is a file");
  });

  it("writes to a handle, and closes it, unless told otherwise", async () => {
    const path = newPath();
    const handle = await open(path, "w");
    await transfer("one", handle, { close: false });
    await transfer("two", handle);
    expect(contentOf(path)).toBe("onetwo");
    expect(handle.fd).toBe(-1);
  });

  it("copies to a sink of the kit, and closes it", async () => {
    const sink = stream<Uint8Array>();
    const copied = transfer("hello", sink);
    expect(await take(sink)).toEqual(Buffer.from("hello"));
    await copied;
    expect(sink.isClosed()).toBe(true);
  });

  it.each(sinks.slice(0, 2))("leaves %s open, if told so", async (_name, make) => {
    const got = new Recorded();
    const sink = make(got);
    await transfer("one ", sink, { close: false });
    await transfer("two", sink, { close: false });
    expect([got.text, got.isClosed]).toEqual(["one two", false]);
    await transfer("", sink);
    expect(got.isClosed).toBe(true);
  });

  it("leaves no listener on a stream that is left open", async () => {
    const sink = devNull();
    const before = sink.eventNames().length;
    await transfer(["a", "b"], sink, { close: false });
    expect(sink.eventNames()).toHaveLength(before);
  });

  it("encodes text as told", async () => {
    const got = new Recorded();
    await transfer("é", nodeSink(got), { encoding: "latin1" });
    expect(Buffer.concat(got.chunks)).toEqual(Buffer.from([0xe9]));
  });

  it("waits for the source, if it is a promise", async () => {
    const got = new Recorded();
    await transfer(Promise.resolve("later"), nodeSink(got));
    expect(got.text).toBe("later");
  });

  it.each([
    ["null", null, devNull()],
    ["a number", 42, devNull()],
    ["a string as a sink", "text", "text"],
    ["null as a sink", "text", null],
  ])("refuses %s", async (_what, source, sink) => {
    await expect(transfer(source, sink)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });

  it("refuses to write to a region of a file", async () => {
    await expect(transfer("a", file(newPath(), 1))).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it("fails with the error of the file it writes to", async () => {
    await expect(transfer("a", file("/nowhere/at/all"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("does not touch the sink for a source that there is not", async () => {
    const path = newPath();
    writeFileSync(path, "kept");
    await expect(transfer({}, file(path), { append: false })).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    expect(contentOf(path)).toBe("kept");
  });

  it.each(sinks)("fails with the error of the source, and gives %s up", async (_name, make) => {
    const got = new Recorded();
    const source = new PassThrough();
    const copied = transfer(source, make(got));
    source.write("one");
    await rest();
    const failure = new Error("no more");
    source.destroy(failure);
    await expect(copied).rejects.toThrow("no more");
    await rest();
    expect(got.isClosed).toBe(false);
    expect(got.aborted).toBe(failure);
  });

  it.each([
    ["Node", (error: Error) => new Writable({ write: (_chunk, _encoding, done) => done(error) })],
    [
      "web",
      (failure: Error) =>
        new WritableStream({
          write: () => {
            throw failure;
          },
        }),
    ],
  ])("fails with the error of a %s sink, and closes the source", async (_kind, make) => {
    const source = new PassThrough();
    const copied = transfer(source, make(new Error("full")));
    source.write("one");
    await expect(copied).rejects.toThrow("full");
    expect(source.destroyed).toBe(true);
  });

  it("fails, and closes the source, when the sink is destroyed while the source has nothing", async () => {
    const source = new PassThrough();
    const sink = devNull();
    const copied = transfer(source, sink);
    await rest();
    sink.destroy();
    await expect(copied).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
    expect(source.destroyed).toBe(true);
  });

  it("fails when a sink of the kit closes itself", async () => {
    const source = new PassThrough();
    const sink = stream<Uint8Array>();
    const copied = transfer(source, sink);
    await rest();
    sink.close();
    await expect(copied).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
    expect(source.destroyed).toBe(true);
  });

  it("fails when the sink is destroyed with a write under way", async () => {
    const sink = new Writable({ write: () => {} });
    const copied = transfer("one", sink);
    await rest();
    sink.destroy();
    await expect(copied).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
  });

  it("reads no more than a few chunks ahead of a slow sink", async () => {
    let made = 0;
    const body = Readable.from(
      (function* () {
        for (; made < 1000; made++) yield Buffer.alloc(1024);
      })(),
      { objectMode: false, highWaterMark: 4096 },
    );
    let asked = deferred<() => void>();
    const sink = new Writable({ highWaterMark: 1024, write: (_chunk, _encoding, done) => void asked.success(done) });
    const copied = transfer(body, sink);
    for (let written = 1; written <= 20; written++) {
      const done = await asked;
      await rest();
      expect(made).toBeLessThanOrEqual(written * 5 + 16);
      asked = deferred<() => void>();
      done();
    }
    sink.destroy();
    await expect(copied).rejects.toMatchObject({ code: "RING_SINK_CLOSED" });
    expect(body.destroyed).toBe(true);
    expect(made).toBeLessThan(200);
  });

  it("takes little memory for a hundred megabytes", async () => {
    const from = newPath();
    const to = newPath();
    const megabyte = Buffer.alloc(1_000_000, "x");
    function* hundred(): Generator<Uint8Array> {
      for (let at = 0; at < 100; at++) yield megabyte;
    }
    await transfer(hundred(), file(from));
    expect(statSync(from).size).toBe(100_000_000);
    const inUse = (): number => {
      globalThis.gc?.();
      return process.memoryUsage().arrayBuffers;
    };
    const before = inUse();
    const used: number[] = [];
    let chunks = 0;
    const watched = new Writable({
      write: (_chunk, _encoding, done) => {
        if (++chunks % 100 === 0) used.push(inUse() - before);
        done();
      },
    });
    await transfer(file(from), watched);
    expect(used.length).toBeGreaterThan(10);
    expect(Math.max(...used)).toBeLessThan(20_000_000);
    await transfer(toReadable(file(from)), file(to));
    expect(statSync(to).size).toBe(100_000_000);
    const [first, last] = [await toString(file(to, 0, 10)), await toString(file(to, 99_999_990))];
    expect([first, last]).toEqual(["x".repeat(10), "x".repeat(10)]);
    await Promise.all([transfer("", file(from), { append: false }), transfer("", file(to), { append: false })]);
  }, 60_000);
});

describe("defTransfer", () => {
  class Tally {
    bytes = 0;
  }
  const tally = defType("tally", (x): x is Tally => x instanceof Tally);

  it("is used for what can be converted into its types, too", async () => {
    expect(isOptimizedTransfer(types.string, tally)).toBe(false);
    defTransfer(seqOf(types.bytes), tally, (chunks, sink) => {
      for (const chunk of chunks) sink.bytes += chunk.length;
    });
    const sink = new Tally();
    await transfer("hé", sink);
    await transfer(["a", "b"], sink);
    await transfer(Readable.from(["c"]), sink);
    expect(sink.bytes).toBe(6);
    expect(isOptimizedTransfer(types.readable, tally)).toBe(true);
  });

  it("fails with what the copy fails with", async () => {
    defTransfer(types.string, tally, () => Promise.reject(new Error("no")));
    await expect(transfer("a", new Tally())).rejects.toThrow("no");
  });
});

describe("isOptimizedTransfer", () => {
  it.each([
    [types.string, types.file, true],
    [types.file, types.writable, true],
    [types.blob, types.webWritable, true],
    [types.string, types.string, false],
    [types.writable, types.writable, false],
  ])("says whether bytes can be copied: %#", (from, to, expected) => {
    expect(isOptimizedTransfer(from, to)).toBe(expected);
  });
});

describe("toByteSink", () => {
  it("refuses what is sent after its end", async () => {
    const sink = toByteSink(devNull());
    expect(await sink.sendBytes(Buffer.from("a"))).toBe(true);
    await sink.close();
    await sink.close();
    expect(await sink.sendBytes(Buffer.from("a"))).toBe(false);
  });

  it("answers when there is room, with the error of the sink if it has failed", async () => {
    const written = deferred<(error?: Error) => void>();
    const sink = toByteSink(new Writable({ write: (_chunk, _encoding, done) => void written.success(done) }));
    const sent = sink.sendBytes(Buffer.from("a"));
    await rest();
    expect(sent.isRealized).toBe(false);
    (await written)(new Error("full"));
    await expect(sent).rejects.toThrow("full");
    await expect(sink.sendBytes(Buffer.from("b"))).rejects.toThrow("full");
    await expect(sink.close()).rejects.toThrow("full");
  });
});
