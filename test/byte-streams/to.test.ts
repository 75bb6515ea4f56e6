import { PassThrough, Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import * as fc from "fast-check";
import { charset, file } from "../../src/byte-streams/core.js";
import * as bs from "../../src/byte-streams/index.js";
import {
  bytesEqual,
  compareBytes,
  formatBytes,
  printBytes,
  toByteArray,
  toByteArrays,
  toByteBuffers,
  toByteSource,
  toCharSequence,
  toDataInputStream,
  toHex,
  toLineSeq,
  toReader,
  toString,
} from "../../src/byte-streams/index.js";
import type { Awaitable, Deferred } from "../../src/deferred/index.js";
import { put, type Source, stream } from "../../src/stream/index.js";
import { rest } from "../stream/kit.js";
import { expectType } from "../types.js";
import { written } from "./samples.js";

async function all<T>(parts: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

const texts = async (parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string[]> =>
  (await all(parts)).map((chunk) => Buffer.from(chunk).toString());

/** The same chunks in everything that holds chunks. */
const holders: [string, (chunks: readonly (string | Uint8Array)[]) => unknown][] = [
  ["an array", (chunks) => chunks],
  ["an iterable", (chunks) => new Set(chunks.map((chunk) => Buffer.from(chunk)))],
  ["a Node stream", (chunks) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)))],
  ["a web stream", (chunks) => ReadableStream.from(chunks)],
  ["an async iterable", (chunks) => ReadableStream.from(chunks).values()],
  ["a blob", (chunks) => new Blob(chunks as string[])],
];

describe("toByteArrays, toByteBuffers", () => {
  it.each(holders)("cut %s into chunks of a size, and the rest", async (_kind, make) => {
    const chunks = make(["abc", "d", "efghi", "j"]);
    expect(await texts(toByteArrays(chunks, { chunkSize: 4 }))).toEqual(["abcd", "efgh", "ij"]);
  });

  it("cut into chunks of 4096 bytes by default", async () => {
    const lengths = Array.from(toByteBuffers("x".repeat(10_000)), (chunk) => chunk.length);
    expect(lengths).toEqual([4096, 4096, 1808]);
    expect([...toByteBuffers("")]).toEqual([]);
    expect(Buffer.isBuffer([...toByteBuffers(new Uint8Array(1))][0])).toBe(true);
  });

  it("cut bytes without copying them", () => {
    const bytes = Buffer.from("abcdef");
    for (const chunk of toByteArrays(bytes, { chunkSize: 4 })) expect(chunk.buffer).toBe(bytes.buffer);
  });

  it("lose nothing, whatever the chunks and the size", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), fc.integer({ min: 1, max: 7 }), (chunks, chunkSize) => {
        const cut = [...toByteArrays(chunks, { chunkSize })];
        expect(Buffer.concat(cut)).toEqual(Buffer.concat(chunks));
        expect(cut.slice(0, -1).every((chunk) => chunk.length === chunkSize)).toBe(true);
        expect((cut.at(-1)?.length ?? 1) > 0).toBe(true);
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])("refuse %s as the size of a chunk", (chunkSize) => {
    expect(() => toByteArrays("a", { chunkSize })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("toCharSequence", () => {
  // Test idea 120.
  it.each([1, 2, 3, 5, 128])("joins characters of three bytes that are cut every %s bytes", async (chunkSize) => {
    const text = "日本語".repeat(1000);
    const body = Readable.from(toByteArrays(text, { chunkSize }), { objectMode: true });
    expect((await all(toCharSequence(body))).join("")).toBe(text);
    expect([...toCharSequence([...toByteArrays(text, { chunkSize })])].join("")).toBe(text);
  });

  it("cuts at most so many characters, and no pair of surrogates", () => {
    expect([...toCharSequence("ab😀c", { chunkSize: 3 })]).toEqual(["ab", "😀c"]);
    expect([...toCharSequence("😀😀", { chunkSize: 1 })]).toEqual(["😀", "😀"]);
    expect([...toCharSequence("")]).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 9 }), (text, chunkSize) => {
        const pieces = [...toCharSequence(text, { chunkSize })];
        expect(pieces.join("")).toBe(text);
        expect(pieces.every((piece) => piece.length <= chunkSize)).toBe(true);
      }),
    );
  });

  it.each([
    ["report", undefined],
    ["ignore", "ab"],
    ["replace", "a\ufffdb\ufffd"],
  ] as const)("does with invalid bytes what is said: %s", async (onEncodingError, expected) => {
    const chunks = [Buffer.from([0x61, 0xff]), Buffer.from([0x62, 0xe2])];
    const later = async (): Promise<string> => toString(Readable.from(chunks), { onEncodingError });
    const malformed = expect.objectContaining({ code: "RING_MALFORMED_TEXT" });
    if (expected === undefined) {
      expect(() => [...toCharSequence(chunks, { onEncodingError })]).toThrow(malformed);
      expect(() => toString(chunks, { onEncodingError })).toThrow(malformed);
      await expect(later()).rejects.toEqual(malformed);
      await expect(all(toReader(Readable.from(chunks), { onEncodingError }))).rejects.toEqual(malformed);
    } else {
      expect([...toCharSequence(chunks, { onEncodingError })].join("")).toBe(expected);
      expect(toString(chunks, { onEncodingError })).toBe(expected);
      expect(await later()).toBe(expected);
      expect((await all(toReader(Readable.from(chunks), { onEncodingError }))).join("")).toBe(expected);
    }
  });

  it("closes what it reads when bytes are no text", async () => {
    const body = new PassThrough();
    body.write(Buffer.from([0xff]));
    await expect(all(toReader(body, { onEncodingError: "report" }))).rejects.toThrow("not text in utf-8");
    expect(body.destroyed).toBe(true);
  });
});

describe("toString", () => {
  it.each(["utf-8", "utf-16", "iso-8859-1", "shift_jis", "gb18030"])(
    "reads %s whole and in pieces",
    async (encoding) => {
      const bytes = charset(encoding).encode("ab c");
      const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(toString(bytes, { encoding })).toBe("ab c");
      expect(await toString(Readable.from(chunks), { encoding })).toBe("ab c");
      expect(await toString(ReadableStream.from(chunks), { encoding })).toBe("ab c");
      expect(toByteArray("ab c", { encoding })).toEqual(bytes);
    },
  );

  it("reads a file and a region of one", async () => {
    const path = written("this is a file");
    expect(await toString(file(path))).toBe("this is a file");
    expect(await toString(file(path, 5, 4))).toBe("is a");
    expect(await toString(file(path, 5, 4, 1))).toBe("is a");
    expect(await toString(file(path, 10))).toBe("file");
    await expect(toString(file(path, 10, 5))).rejects.toMatchObject({ code: "RING_FILE_REGION" });
  });
});

describe("toLineSeq", () => {
  // Test idea 119.
  it.each<[string, readonly string[], readonly string[]]>([
    ["both ends", ["a\nb\r\nc\n"], ["a", "b", "c"]],
    ["no end of the last", ["a\nb"], ["a", "b"]],
    ["nothing", [], []],
    ["an empty text", [""], []],
    ["empty lines", ["\n\r\n\na"], ["", "", "", "a"]],
    ["lines across chunks", ["ab", "c\nd"], ["abc", "d"]],
    ["an end across chunks", ["a\r", "\nb"], ["a", "b"]],
    ["a return that ends no line", ["a\rb\r"], ["a\rb\r"]],
  ])("gives the lines of %s", async (_what, chunks, expected) => {
    expect([...toLineSeq(chunks)]).toEqual(expected);
    expect(await all(toLineSeq(ReadableStream.from(chunks)))).toEqual(expected);
  });

  it("gives the same lines however the text is cut", () => {
    const part = fc.constantFrom("a", "\n", "\r\n", "\r", "é", "bc");
    fc.assert(
      fc.property(fc.array(fc.array(part).map((parts) => parts.join(""))), (chunks) => {
        const text = chunks.join("");
        const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
        const isEnded = (at: number): boolean => at < lines.length - 1 || text.endsWith("\n");
        const expected = lines.map((line, at) => (isEnded(at) ? line.replace(/\r$/, "") : line));
        expect([...toLineSeq(chunks)]).toEqual(expected);
      }),
    );
  });

  it("fails where the source fails, after the lines before", async () => {
    const body = new PassThrough();
    body.write("a\nb");
    const lines = toLineSeq(body)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("a");
    const next = lines.next();
    body.destroy(new Error("no more"));
    await expect(next).rejects.toThrow("no more");
  });

  it("reads no further than it is asked, and closes what it reads when it is left", async () => {
    const chunks = stream<string>();
    const puts = ["a\nb\n", "c\n", "d\n"].map((chunk) => put(chunks, chunk));
    for await (const line of toLineSeq(chunks)) if (line === "b") break;
    expect(puts.map((accepted) => accepted.isRealized)).toEqual([true, false, false]);
    expect(chunks.isClosed()).toBe(true);
  });

  it("gives up a line that is too long, as soon as it is, and closes what it reads (endless line)", async () => {
    let made = 0;
    let isEnded = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        yield "short\n";
        for (;;) {
          made++;
          yield "x".repeat(1000);
        }
      } finally {
        isEnded = true;
      }
    }
    const lines = toLineSeq(endless())[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("short");
    await expect(lines.next()).rejects.toMatchObject({
      code: "RING_LINE_TOO_LONG",
      message: expect.stringContaining("1048576 characters"),
    });
    expect(made).toBe(1049);
    expect(isEnded).toBe(true);
  });

  it.each<[string, readonly string[], number]>([
    ["in one piece", ["abcd\n"], 3],
    ["at the end", ["abcd"], 3],
    ["over pieces", ["a", "b", "c", "d", "\n"], 3],
    ["that is not empty", ["a"], 0],
  ])("takes a line of maxLineLength, and none that is longer: %s", async (_what, chunks, maxLineLength) => {
    const tooLong = expect.objectContaining({ code: "RING_LINE_TOO_LONG" });
    expect(() => [...toLineSeq(chunks, { maxLineLength })]).toThrow(tooLong);
    await expect(all(toLineSeq(ReadableStream.from(chunks), { maxLineLength }))).rejects.toEqual(tooLong);
    const line = chunks.join("").replace("\n", "");
    for (const end of ["\n", "\r\n", ""]) {
      expect([...toLineSeq([...line.split(""), end], { maxLineLength: maxLineLength + 1 })]).toEqual([line]);
    }
  });

  it.each([-1, Number.NaN, "5"])("refuses %s as maxLineLength", (maxLineLength) => {
    expect(() => toLineSeq("a", { maxLineLength: maxLineLength as number })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("takes a line of many chunks in linear time", () => {
    const chunks = Array.from({ length: 200_000 }, () => "x");
    expect([...toLineSeq(chunks)][0]).toHaveLength(200_000);
  });
});

describe("toByteSource", () => {
  const take = async (source: bs.ByteSource, count: number, eager = false): Promise<string | undefined> => {
    const bytes = await source.takeBytes(count, { eager });
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  };

  it("gives bytes by their number, across chunks, and undefined at the end", async () => {
    const source = toByteSource(["abc", "de", "fgh"]);
    expect(await take(source, 4)).toBe("abcd");
    expect(await take(source, 1)).toBe("e");
    expect(await take(source, 9)).toBe("fgh");
    expect(await take(source, 1)).toBeUndefined();
  });

  it("waits for all bytes, or, eagerly, for one", async () => {
    const body = new PassThrough();
    const source = toByteSource(body);
    body.write("ab");
    expect(await take(source, 4, true)).toBe("ab");
    const whole = source.takeBytes(4);
    body.write("cd");
    await rest();
    expect(whole.isRealized).toBe(false);
    body.write("efg");
    expect(Buffer.from((await whole) as Uint8Array).toString()).toBe("cdef");
    expect(await take(source, 4, true)).toBe("g");
    source.close();
    expect(body.destroyed).toBe(true);
  });

  it("answers takes in their order", async () => {
    const body = new PassThrough();
    const source = toByteSource(body);
    const taken = [take(source, 2), take(source, 1), take(source, 3)];
    body.end("abcdef");
    expect(await Promise.all(taken)).toEqual(["ab", "c", "def"]);
  });

  it("gives what was pushed back first", async () => {
    const source = toByteSource(["abc", "def"]);
    expect(await take(source, 2)).toBe("ab");
    source.pushBack(Buffer.from("AB"));
    source.pushBack(Buffer.from(""));
    expect(await take(source, 5)).toBe("ABcde");
  });

  it("gives to those who wait what has come, when it is closed", async () => {
    const body = new PassThrough();
    const source = toByteSource(body);
    const waiting = [take(source, 4), take(source, 4)];
    source.close();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  it("goes on after a take that failed with what the source failed with", async () => {
    const body = new PassThrough();
    const source = toByteSource(body);
    const waiting = [take(source, 4), take(source, 4)];
    body.destroy(new Error("no more"));
    await expect(waiting[0]).rejects.toThrow("no more");
    expect(await waiting[1]).toBeUndefined();
  });

  it.each([0, -1, 1.5])("refuses to take %s bytes", (count) => {
    expect(() => toByteSource("a").takeBytes(count)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});

describe("toDataInputStream", () => {
  it("reads numbers as they were written, big-endian", async () => {
    const bytes = Buffer.alloc(42);
    bytes.writeInt8(-1, 0);
    bytes.writeUInt8(255, 1);
    bytes.writeInt16BE(-2, 2);
    bytes.writeUInt16BE(65_534, 4);
    bytes.writeInt32BE(-3, 6);
    bytes.writeUInt32BE(4_000_000_000, 10);
    bytes.writeBigInt64BE(-4n, 14);
    bytes.writeBigUInt64BE(2n ** 63n, 22);
    bytes.writeFloatBE(0.5, 30);
    bytes.writeDoubleBE(-0.1, 34);
    const data = toDataInputStream(toByteArrays(bytes, { chunkSize: 3 }));
    expect(await data.readInt8()).toBe(-1);
    expect(await data.readUint8()).toBe(255);
    expect(await data.readInt16()).toBe(-2);
    expect(await data.readUint16()).toBe(65_534);
    expect(await data.readInt32()).toBe(-3);
    expect(await data.readUint32()).toBe(4_000_000_000);
    expect(await data.readBigInt64()).toBe(-4n);
    expect(await data.readBigUint64()).toBe(2n ** 63n);
    expect(await data.readFloat32()).toBe(0.5);
    expect(await data.readFloat64()).toBe(-0.1);
    await expect(data.readInt8()).rejects.toMatchObject({ code: "RING_END_OF_DATA" });
  });

  it("says how much was there", async () => {
    const data = toDataInputStream("ab");
    await expect(data.readBytes(3)).rejects.toMatchObject({
      code: "RING_END_OF_DATA",
      message: expect.stringContaining("after 2 of 3 bytes"),
    });
  });
});

describe("compareBytes", () => {
  // Test idea 121.
  it.each<[unknown, unknown, number]>([
    ["abc", "abd", -1],
    ["ab", "abc", -1],
    ["b", "aa", 1],
    ["", "", 0],
    [Buffer.from([0, 0, 0, 1]), Buffer.from([0x80, 0, 0, 1]), -1],
    [["ab", "cd"], ["abc", "d"], 0],
    [["ab", "", "cd"], "abce", -1],
  ])("orders %j and %j", async (a, b, order) => {
    expect(Math.sign(await compareBytes(a, b))).toBe(order);
    expect(Math.sign(await compareBytes(b, a))).toBe(0 - order || 0);
    const streamed = (x: unknown): unknown => Readable.from([x].flat(), { objectMode: true });
    expect(Math.sign(await compareBytes(streamed(a), b))).toBe(order);
    expect(Math.sign(await compareBytes(a, streamed(b)))).toBe(order);
    expect(await bytesEqual(streamed(a), streamed(b))).toBe(order === 0);
  });

  it("orders ASCII as strings are ordered", () => {
    const ascii = fc.string({ unit: fc.constantFrom("a", "b", "A", "~", " ", "0"), maxLength: 6 });
    fc.assert(
      fc.property(ascii, ascii, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
      { numRuns: 10_000 },
    );
  });

  it("reads streams up to the first difference, and closes both", async () => {
    const [a, b] = [new PassThrough(), new PassThrough()];
    a.write("abc");
    b.write("abd");
    expect(await compareBytes(a, b)).toBeLessThan(0);
    expect([a.destroyed, b.destroyed]).toEqual([true, true]);
  });

  it("fails, and closes the other, if one side cannot be read", async () => {
    const a = new PassThrough();
    await expect(compareBytes(a, 42)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    expect(a.destroyed).toBe(true);
  });
});

describe("formatBytes, printBytes, toHex", () => {
  it("write sixteen bytes a line, with their characters", async () => {
    const bytes = Buffer.from("hi\né and more than a line");
    expect(formatBytes(bytes)).toBe(
      [
        "68 69 0A C3 A9 20 61 6E  64 20 6D 6F 72 65 20 74  hi.Ã. and more t",
        "68 61 6E 20 61 20 6C 69  6E 65                    han a line",
        "",
      ].join("\n"),
    );
    expect(formatBytes("")).toBe("");
    expect(await formatBytes(Readable.from([bytes]))).toBe(formatBytes(bytes));
    expect(toHex(bytes.subarray(2, 5))).toBe("0ac3a9");
  });

  it("print what they format", async () => {
    const write = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    try {
      printBytes("hi");
      await printBytes(Readable.from([Buffer.from("ho")]));
      expect(write.mock.calls.map(([text]) => text)).toEqual([formatBytes("hi"), formatBytes("ho")]);
    } finally {
      write.mockRestore();
    }
  });
});

describe("the types", () => {
  it("tell what is there at once, and what comes later", async () => {
    expectType<string>()(toString("a"));
    expectType<string>()(toString(["a", Buffer.from("b")]));
    expectType<Deferred<string>>()(toString(Readable.from(["a"])));
    expectType<Deferred<Uint8Array>>()(toByteArray(new Blob(["a"])));
    expectType<Awaitable<string>>()(toString("a" as unknown));
    expectType<Iterable<string>>()(toLineSeq("a"));
    expectType<Source<string>>()(toLineSeq(Readable.from(["a"])));
    expectType<number>()(compareBytes("a", Buffer.from("a")));
    expectType<Deferred<number>>()(compareBytes("a", Readable.from(["a"])));
    expectType<boolean>()(bytesEqual("a", "a"));
    expectType<Buffer>()(bs.convertSync("a", bs.types.buffer));
    expectType<Awaitable<string>>()(bs.convert("a", bs.types.string));
    expectType<Source<Uint8Array>>()(bs.convertSync("a", bs.streamOf(bs.types.bytes)));
    expectType<bs.Type<readonly string[]>>()(bs.vectorOf(bs.types.string));
    // @ts-expect-error -- what answers later must say so
    expect(() => bs.defConversion(bs.types.unknown, bs.types.string, async () => "a", { cost: -1 })).toThrow("cost");
    // @ts-expect-error -- the conversion must give what the type says
    expect(() => bs.defConversion(bs.types.unknown, bs.types.string, () => 1, { cost: -1 })).toThrow("cost");
    expect(await bs.convert("a", bs.types.string)).toBe("a");
  });
});
