import { PassThrough, Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import {
  type ConvertOptions,
  conversionCost,
  conversionGraph,
  conversionPath,
  convert,
  convertSync,
  defConversion,
  defType,
  possibleConversions,
  seqOf,
  streamOf,
  type Type,
  toByteArray,
  toDot,
  toReadable,
  toReadableStream,
  toString,
  typeDescriptor,
  types,
  vectorOf,
} from "../../src/byte-streams/index.js";
import { deferred, isDeferred } from "../../src/deferred/index.js";
import { put, stream, take } from "../../src/stream/index.js";
import { newPath, readable, sources, written } from "./samples.js";

/** A thing of this test, with a type of its own; never the same type twice. */
function newType<T = string>(): {
  readonly type: Type<{ readonly content: T }>;
  readonly make: (content: T) => { readonly content: T };
} {
  class Thing {
    readonly content: T;
    constructor(content: T) {
      this.content = content;
    }
  }
  const type = defType(`thing${++things}`, (x): x is Thing => x instanceof Thing);
  return { type, make: (content) => new Thing(content) };
}
let things = 0;

const namesOf = (path: ReturnType<typeof conversionPath>) =>
  path?.map(([from, to]) => `${from.name} > ${to.name}`) ?? null;

describe("convert", () => {
  it("returns a value that has the type already", () => {
    const bytes = new Uint8Array([1, 2]);
    expect(convert(bytes, types.bytes)).toBe(bytes);
    const buffer = Buffer.from("a");
    expect(convert(buffer, types.bytes)).toBe(buffer);
    expect(conversionPath(types.string, types.string)).toEqual([]);
  });

  it("answers in place where no step has to wait, and with a deferred where one has", async () => {
    expect(convert(["a", Buffer.from("b")], types.string)).toBe("ab");
    const later = convert(Readable.from([Buffer.from("a")]), types.string);
    expect(isDeferred(later)).toBe(true);
    expect(await later).toBe("a");
  });

  it("answers with a deferred even if a stream has been read before", async () => {
    const body = Readable.from([Buffer.from("a")]);
    await toString(body);
    const again = toString(body);
    expect(isDeferred(again)).toBe(true);
    expect(await again).toBe("");
  });

  it("waits for a deferred or promise of something", async () => {
    const text = deferred<string>();
    const bytes = convert(text, types.bytes);
    text.success("a");
    expect(await bytes).toEqual(Buffer.from("a"));
    expect(await toString(Promise.resolve(Readable.from(["b"])))).toBe("b");
  });

  // Test idea 125.
  it.each([
    ["null", null, "null"],
    ["undefined", undefined, "undefined"],
    ["a number", 42, "a number"],
    ["a plain object", {}, "an object"],
    ["a function", () => {}, "a function"],
  ])("refuses %s, and names both types", (_what, x, name) => {
    expect(() => convert(x, types.string)).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE", message: `cannot convert ${name} to string` }),
    );
  });

  it("does not take a string for a path", () => {
    const path = written("content");
    expect(toString(path)).toBe(path);
  });

  it("refuses what there is no way to", () => {
    expect(() => convert("text", types.file)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
  });

  it.each<[string, unknown]>([
    ["an array", ["a", 1]],
    ["an iterable", new Set(["a", 1])],
    ["a nested array", ["a", [1]]],
  ])("refuses an element that cannot be converted, in %s", (_kind, x) => {
    expect(() => convert(x, types.string)).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE", message: expect.stringContaining("a number") }),
    );
  });

  it.each<[string, () => unknown]>([
    ["a stream", () => Readable.from(["a", 1])],
    ["a web stream", () => ReadableStream.from(["a", 1])],
    ["an async iterable", () => Readable.from(["a", 1])[Symbol.asyncIterator]()],
    ["an array with a stream in it", () => ["a", Readable.from(["b"]), 1]],
  ])("fails with an element that cannot be converted, in %s", async (_kind, make) => {
    await expect(convert(make(), types.string)).rejects.toMatchObject({
      code: "RING_NOT_CONVERTIBLE",
      message: expect.stringContaining("a number"),
    });
  });

  it("puts an array of streams, files and text together in its order", async () => {
    const parts = ["a", Readable.from(["b"]), new Blob(["c"]), Promise.resolve("d"), Buffer.from("e")];
    expect(await toString(parts)).toBe("abcde");
  });

  it("takes elements of lists by themselves, and text pieces together", () => {
    expect(toString(["\ud83d", "\ude00"])).toBe("😀");
    expect(toString([Buffer.from([0xc3]), Buffer.from([0xa9])])).toBe("é");
    expect(toString(new Set<string | Uint8Array>([Buffer.from([0xc3]), Buffer.from([0xa9]), "!"]))).toBe("é!");
  });

  // Test idea 123.
  it("leaves a view as it is, and reads its range only, however often", () => {
    const view = Buffer.from("0123456789").subarray(2, 5);
    const data = new DataView(view.buffer, view.byteOffset, view.byteLength);
    for (let time = 0; time < 2; time++) {
      expect([toString(view), toString(data)]).toEqual(["234", "234"]);
      expect(Buffer.from(convertSync(view, types.arrayBuffer)).toString()).toBe("234");
    }
    expect([view.byteOffset, view.byteLength, data.byteLength]).toEqual([view.byteOffset, 3, 3]);
    expect(toByteArray(view)).toBe(view);
  });

  it("shares memory where it can", () => {
    const buffer = new ArrayBuffer(4);
    expect(convertSync(new Uint8Array(buffer), types.arrayBuffer)).toBe(buffer);
    expect(convertSync(buffer, types.bytes).buffer).toBe(buffer);
    const floats = new Float32Array([1]);
    expect(convertSync(floats, types.bytes).buffer).toBe(floats.buffer);
  });

  it.each<[string, ConvertOptions]>([
    ["chunkSize", { chunkSize: 0 }],
    ["chunkSize", { chunkSize: 1.5 }],
    ["bufferSize", { bufferSize: -1 }],
    ["onEncodingError", { onEncodingError: "throw" as never }],
  ])("refuses a %s that is out of range", (name, options) => {
    expect(() => convert("a", types.bytes, options)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(name) }),
    );
  });

  it("fails for a charset that there is not, with the stream unread", async () => {
    const body = Readable.from([Buffer.from("a")]);
    await expect(toString(body, { encoding: "bogus" })).rejects.toMatchObject({ code: "RING_UNKNOWN_CHARSET" });
    expect(() => toString("a" as unknown as Uint8Array, { encoding: "bogus" })).not.toThrow();
    expect(() => toByteArray("a", { encoding: "bogus" })).toThrow(
      expect.objectContaining({ code: "RING_UNKNOWN_CHARSET" }),
    );
    expect(await toString(body)).toBe("a");
  });

  it.each<[string, () => unknown]>([
    ["a Node stream", () => Readable.from([Buffer.from("1234"), Buffer.from("5")])],
    ["a web stream", () => ReadableStream.from([Buffer.from("1234"), Buffer.from("5")])],
    ["a blob", () => new Blob(["12345"])],
    ["an async iterable", () => ReadableStream.from(["1234", "5"]).values()],
    ["an array with a stream in it", () => [Readable.from(["1234"]), "5"]],
  ])("gathers no more than maxBytes from %s", async (_kind, make) => {
    await expect(toString(make(), { maxBytes: 4 })).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
    expect(await toString(make(), { maxBytes: 5 })).toBe("12345");
  });

  it("gathers no more than maxBytes of text", async () => {
    const pieces = (): unknown => Readable.from(["éé", "é"]);
    const sourceType = streamOf(types.string);
    await expect(toString(pieces(), { sourceType, maxBytes: 5 })).rejects.toMatchObject({
      code: "RING_BODY_TOO_LARGE",
    });
    expect(await toString(pieces(), { sourceType, maxBytes: 6 })).toBe("ééé");
  });

  it("waits for what is said to be of a type", async () => {
    const later = Promise.resolve([Buffer.from("é")]);
    expect(await toString(later, { sourceType: seqOf(types.bytes) })).toBe("é");
  });

  it("fails with what a missing file and a folder fail with", async () => {
    const missing = new URL(`file://${newPath()}`);
    await expect(toString(missing)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(toString(new URL("file:///tmp/"))).rejects.toMatchObject({ code: "EISDIR" });
  });
});

describe("convertSync", () => {
  it("refuses what has to be waited for, whatever it is said to be of", () => {
    expect(() => convertSync(Promise.resolve("a"), types.bytes, { sourceType: types.string })).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }),
    );
  });

  it("says that a way has to wait", () => {
    for (const x of [Readable.from(["a"]), new Blob(["a"]), new URL("file:///tmp/none"), ["a", new Blob(["b"])]]) {
      expect(() => convertSync(x, types.string)).toThrow(
        expect.objectContaining({
          code: "RING_ASYNCHRONOUS_CONVERSION",
          message: expect.stringMatching(/becomes string only asynchronously; use convert/),
        }),
      );
    }
  });

  it("makes streams of everything at once", () => {
    for (const x of ["a", Buffer.from("a"), new Blob(["a"]), ["a"], Readable.from(["a"])]) {
      const made = convertSync(x, types.readable);
      expect(typeof made.pipe).toBe("function");
      made.destroy();
    }
  });
});

describe("a new type", () => {
  // Test idea 124.
  it("is connected with all others by one conversion to bytes", async () => {
    const { type, make } = newType();
    defConversion(type, types.bytes, ({ content }) => Buffer.from(content));
    for (const to of readable) {
      const made = await convert(make("héllo"), to);
      expect([to.name, await convert(made, types.string, { sourceType: to })]).toEqual([to.name, "héllo"]);
    }
    expect(toString([make("a"), make("b")])).toBe("ab");
    expect(
      await toString(Readable.from([make("a"), make("b")], { objectMode: true }), {
        sourceType: streamOf(type),
      }),
    ).toBe("ab");
    expect(namesOf(conversionPath(type, types.string))).toEqual([`${type.name} > bytes`, "bytes > string"]);
  });

  it("is reached from all others by one conversion from text", async () => {
    const { type, make } = newType();
    defConversion(types.string, type, make);
    for (const from of sources) expect([from.name, conversionCost(from, type) < 9]).toEqual([from.name, true]);
    expect(await convert(new Blob(["héllo"]), type)).toEqual(make("héllo"));
    expect(possibleConversions("text").has(type)).toBe(true);
  });

  it("is found after a search that failed", () => {
    const { type, make } = newType();
    expect(() => toString(make("a"))).toThrow("to string");
    expect(conversionPath(type, types.string)).toBeNull();
    defConversion(type, types.string, ({ content }) => content);
    expect(toString(make("a"))).toBe("a");
  });

  it("may be converted later, which keeps it from synchronous conversions", async () => {
    const { type, make } = newType();
    defConversion(type, types.string, async ({ content }) => content, { async: true });
    expect(await toString(make("a"))).toBe("a");
    expect(await toString([make("a"), make("b")])).toBe("ab");
    expect(() => convertSync(make("a"), types.string)).toThrow(
      expect.objectContaining({ code: "RING_ASYNCHRONOUS_CONVERSION" }),
    );
  });

  it("gets the options", () => {
    const { type, make } = newType();
    const options = { encoding: "latin1" };
    const conversion = jest.fn(({ content }: { readonly content: string }, _options: ConvertOptions) => content);
    defConversion(type, types.string, conversion);
    toString(make("é"), options);
    expect(conversion).toHaveBeenCalledWith(make("é"), options);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %s as a cost", (cost) => {
    expect(() => defConversion(newType().type, types.bytes, () => Buffer.from(""), { cost })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});

describe("a path", () => {
  it("is the cheapest one, and of equally cheap ones the shortest", () => {
    const [a, b, c, d] = [newType(), newType(), newType(), newType()].map(({ type }) => type) as [
      Type,
      Type,
      Type,
      Type,
    ];
    defConversion(a, b, (x) => x, { cost: 1 });
    defConversion(b, d, (x) => x, { cost: 1 });
    defConversion(a, d, (x) => x, { cost: 3 });
    expect(conversionPath(a, d)).toEqual([
      [a, b],
      [b, d],
    ]);
    defConversion(a, d, (x) => x, { cost: 2 });
    expect(conversionPath(a, d)).toEqual([[a, d]]);
    defConversion(a, c, (x) => x, { cost: 0 });
    defConversion(c, d, (x) => x, { cost: 0.5 });
    expect(conversionPath(a, d)).toEqual([
      [a, c],
      [c, d],
    ]);
    expect(conversionCost(a, d)).toBe(0.5);
  });

  it("needs not wait, if there is such a one", () => {
    const [a, b] = [newType().type, newType().type];
    defConversion(a, b, (x) => Promise.resolve(x), { cost: 0, async: true });
    const c = newType().type;
    defConversion(a, c, (x) => x, { cost: 5 });
    defConversion(c, b, (x) => x, { cost: 5 });
    expect(conversionPath(a, b)).toEqual([
      [a, c],
      [c, b],
    ]);
  });

  it.each([
    [types.string, types.buffer, ["string > bytes", "bytes > buffer"]],
    [types.buffer, types.string, ["bytes > string"]],
    [types.url, types.string, ["url > file", "file > readable", "readable > string"]],
    [vectorOf(types.buffer), types.bytes, ["vectorOf(bytes) > bytes"]],
    [types.writable, types.readable, null],
  ])("leads from %p to %p", (from, to, expected) => {
    expect(namesOf(conversionPath(from, to))).toEqual(expected);
  });

  it("costs infinitely much where there is none", () => {
    expect(conversionCost(42, types.string)).toBe(Number.POSITIVE_INFINITY);
    expect(conversionCost("a", types.bytes)).toBe(2);
    expect(conversionCost(new PassThrough(), types.byteSink)).toBe(0);
  });
});

describe("possibleConversions", () => {
  it("lists all that can be reached, each once", () => {
    const names = [...possibleConversions("text")].map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["string", "bytes", "readable", "blob", "seqOf(string)"]));
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain("file");
    expect(possibleConversions(42).size).toBe(0);
    expect(possibleConversions(types.file).has(types.webWritable)).toBe(true);
    expect(possibleConversions(new PassThrough()).has(types.webWritable)).toBe(true);
  });
});

describe("typeDescriptor", () => {
  it.each([
    ["an empty array", [], vectorOf(types.unknown)],
    ["an array of buffers", [Buffer.from("a")], vectorOf(types.buffer)],
    ["a mixed array", ["a", Buffer.from("a")], vectorOf(types.unknown)],
    ["an array of arrays", [["a"]], vectorOf(types.unknown)],
    ["a stream of the kit", stream(), streamOf(types.unknown)],
    ["a socket-like thing", new PassThrough(), types.readable],
    ["a URL of the web", new URL("http://localhost/"), undefined],
    ["a Map", new Map([["a", 1]]), seqOf(types.unknown)],
    ["a date", new Date(0), undefined],
    ["an iterator", { next: () => ({ done: true, value: undefined }) }, streamOf(types.unknown)],
  ])("knows %s", (_what, x, type) => {
    expect(typeDescriptor(x)).toBe(type);
  });
});

describe("what a conversion has opened", () => {
  /** A type whose conversion opens something to be closed, which gives chunks. */
  function opening(chunks: () => Iterable<string>) {
    const handle = { close: jest.fn<() => void>() };
    const opened = newType<null>();
    const inner = defType(`handle${++things}`, (x): x is typeof handle => x === handle);
    defConversion(opened.type, inner, () => handle);
    defConversion(inner, seqOf(types.string), () => chunks());
    return { handle, x: opened.make(null) };
  }

  it("is closed when the whole is there", () => {
    const { handle, x } = opening(() => ["a", "b"]);
    expect(toString(x)).toBe("ab");
    expect(handle.close).toHaveBeenCalledTimes(1);
  });

  it("is closed when the next step has given the whole", async () => {
    for (const isAsync of [false, true]) {
      const handle = { close: jest.fn<() => void>() };
      const { type, make } = newType<null>();
      const inner = defType(`handle${++things}`, (x): x is typeof handle => x === handle);
      defConversion(type, inner, () => handle);
      if (isAsync) defConversion(inner, types.string, async () => "a", { async: true });
      else defConversion(inner, types.string, () => "a");
      expect(await toString(make(null))).toBe("a");
      expect(handle.close).toHaveBeenCalledTimes(1);
    }
  });

  it("is closed, a stream that was given too, when a chunk is none", async () => {
    const body = new PassThrough({ objectMode: true });
    body.write(1);
    await expect(take(convertSync(body, streamOf(types.bytes)))).rejects.toMatchObject({
      code: "RING_NOT_CONVERTIBLE",
    });
    expect(body.destroyed).toBe(true);
  });

  it("is closed when a step fails", () => {
    const { handle, x } = opening(function* () {
      yield "a";
      throw new Error("no more");
    });
    expect(() => toString(x)).toThrow("no more");
    expect(handle.close).toHaveBeenCalled();
  });

  it("is closed when a sequence has ended, or has been left, not before", () => {
    const { handle, x } = opening(() => ["a", "b"]);
    const whole = convertSync(x as unknown, seqOf(types.bytes));
    expect(handle.close).not.toHaveBeenCalled();
    expect([...whole]).toHaveLength(2);
    expect(handle.close).toHaveBeenCalledTimes(1);
    const left = opening(() => ["a", "b"]);
    for (const chunk of convertSync(left.x as unknown, seqOf(types.bytes))) {
      expect(Buffer.from(chunk).toString()).toBe("a");
      break;
    }
    expect(left.handle.close).toHaveBeenCalledTimes(1);
  });

  it.each([true, false])("is closed when a stream has ended, or (%p) been left", async (isLeft) => {
    const { handle, x } = opening(() => ["a", "b"]);
    const body = toReadable(x);
    expect(handle.close).not.toHaveBeenCalled();
    for await (const chunk of body) {
      expect(Buffer.isBuffer(chunk)).toBe(true);
      if (isLeft) break;
    }
    expect(handle.close).toHaveBeenCalled();
  });

  it("is closed when a step that has to wait fails", async () => {
    const handle = { close: jest.fn<() => void>() };
    const { type, make } = newType<null>();
    const inner = defType(`handle${++things}`, (x): x is typeof handle => x === handle);
    defConversion(type, inner, () => handle);
    defConversion(inner, types.string, () => Promise.reject<string>(new Error("no more")), { async: true });
    await expect(toString(make(null))).rejects.toThrow("no more");
    expect(handle.close).toHaveBeenCalledTimes(1);
  });

  it("is read and closed through all layers: a stream that is left, or cancelled", async () => {
    const origin = new PassThrough();
    origin.write("one");
    const web = toReadableStream(toReadable(toReadableStream(origin)));
    const reader = web.getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe("one");
    await reader.cancel();
    expect(origin.destroyed).toBe(true);
  });

  it("fails through all layers", async () => {
    const origin = new PassThrough();
    const text = toString(toReadableStream(toReadable(origin)));
    origin.write("one");
    origin.destroy(new Error("no more"));
    await expect(text).rejects.toThrow("no more");
  });

  it("closes an iterator whose stream is cancelled while it waits", async () => {
    const ended = jest.fn(async () => ({ done: true as const, value: undefined }));
    const never = { next: () => new Promise<never>(() => {}), return: ended, [Symbol.asyncIterator]: () => never };
    const source = convertSync(never, streamOf(types.bytes));
    const taken = take(source);
    source.close();
    expect(await taken).toBeUndefined();
    expect(ended).toHaveBeenCalledTimes(1);
  });
});

describe("an endless sequence as a readable", () => {
  // Test idea 126.
  it("is read as far as it is asked for, and ended when the readable is destroyed", async () => {
    let made = 0;
    let ended = false;
    function* endless(): Generator<string> {
      try {
        for (;;) {
          made++;
          yield "hello";
        }
      } finally {
        ended = true;
      }
    }
    const body = toReadable(endless(), { bufferSize: 256 });
    expect(made).toBe(0);
    await new Promise((resolve) => body.once("readable", resolve));
    expect(body.read(128)).toHaveLength(128);
    expect(body.read(128)).toHaveLength(128);
    await new Promise((resolve) => body.once("close", resolve).destroy());
    expect(ended).toBe(true);
    expect(made).toBeLessThan(200);
  });
});

describe("a stream of the kit", () => {
  it("is not read further than it is asked", async () => {
    const chunks = stream<string>();
    const bytes = convertSync(chunks, streamOf(types.bytes));
    const first = put(chunks, "a");
    expect(first.isRealized).toBe(false);
    expect(await take(bytes)).toEqual(Buffer.from("a"));
    expect(await first).toBe(true);
    expect(put(chunks, "b").isRealized).toBe(false);
  });
});

describe("toDot", () => {
  it("draws every type and conversion, dashed where they wait", () => {
    const dot = toDot();
    const { types: names, conversions } = conversionGraph();
    for (const name of names) expect(dot).toContain(`  "${name}";`);
    expect(dot).toContain('  "readable" -> "bytes" [label="1.5", style=dashed];');
    expect(dot).toContain('  "bytes" -> "string" [label="2"];');
    expect(dot).toContain('  "streamOf(bytes)" -> "vectorOf(bytes)" [label="1", style=dashed];');
    expect(dot.split(" -> ")).toHaveLength(conversions.length + 1);
    expect(dot).toMatch(/^digraph conversions \{\n[^]*\n\}\n$/);
  });

  it("quotes names", () => {
    const name = 'a "b" \\';
    expect(toDot({ types: [name], conversions: [] })).toContain('"a \\"b\\" \\\\";');
  });
});
