import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import { type ByteBody, type ByteChunks, readChunks } from "../../src/byte-streams/core.js";
import { close, put, stream } from "../../src/stream/index.js";

async function textOf(chunks: ByteChunks): Promise<string> {
  let text = "";
  for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) text += chunk.toString();
  return text;
}

const filled = (): ByteBody => {
  const source = stream<string>(2);
  put(source, "a");
  put(source, "é");
  close(source);
  return source;
};

describe("readChunks", () => {
  it.each<[string, () => ByteBody]>([
    ["a string", () => "aé"],
    ["bytes", () => new TextEncoder().encode("aé")],
    ["a Node stream of bytes", () => Readable.from([Buffer.from("a"), Buffer.from("é")], { objectMode: false })],
    ["a Node stream of text in another charset", () => Readable.from([Buffer.from("aé")]).setEncoding("latin1")],
    ["a web stream", () => new Blob(["a", "é"]).stream() as ReadableStream<Uint8Array>],
    [
      "an iterable",
      async function* () {
        yield "a";
        yield Buffer.from("é");
      },
    ],
    ["a stream of the kit", filled],
  ])("reads %s, and is at the end after it", async (_what, body) => {
    const chunks = readChunks(body());
    expect(await textOf(chunks)).toBe("aé");
    expect(await chunks.next()).toBeUndefined();
  });

  it("is empty for a stream that was read before", async () => {
    const body = Readable.from(["a"]);
    await body.toArray();
    expect(await readChunks(body).next()).toBeUndefined();
  });

  it("pauses a stream while more than 256 KiB wait, and loses none of it", async () => {
    const body = new PassThrough();
    const chunks = readChunks(body);
    const piece = Buffer.alloc(65_536);
    for (let sent = 0; sent < 4; sent++) body.write(piece);
    // oxlint-disable-next-line no-await-in-loop -- it flows by itself
    while (!body.isPaused()) await new Promise(setImmediate);
    body.end("last");
    let length = 0;
    for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) length += chunk.length;
    expect(length).toBe(4 * 65_536 + 4);
  });

  it("fails with what the stream fails with, now and again", async () => {
    const body = new PassThrough();
    const chunks = readChunks(body);
    const next = chunks.next();
    body.destroy(new Error("boom"));
    await expect(next).rejects.toThrow("boom");
    await expect(chunks.next()).rejects.toThrow("boom");
    await expect(readChunks(body).next()).rejects.toThrow("boom");
  });

  it("tells that a stream was cut off", async () => {
    const body = new PassThrough();
    const next = readChunks(body).next();
    body.destroy();
    await expect(next).rejects.toMatchObject({ code: "RING_BODY_ABORTED", status: 400 });
  });

  it("refuses chunks that are no bytes, and bodies that are none", async () => {
    const numbers = Readable.from([1]);
    await expect(readChunks(numbers).next()).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    expect(numbers.destroyed).toBe(true);
    expect(() => readChunks({} as ByteBody)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
  });
});

describe("abandon", () => {
  it("closes what is left", () => {
    const body = new PassThrough();
    readChunks(body).abandon();
    expect(body.destroyed).toBe(true);
    const end = jest.fn(async () => ({ done: true, value: undefined }));
    const iterable = { [Symbol.asyncIterator]: () => ({ next: end, return: end }) };
    readChunks(iterable as unknown as AsyncIterable<string>).abandon();
    expect(end).toHaveBeenCalledTimes(1);
    const source = stream<string>();
    readChunks(source).abandon();
    expect(source.isClosed()).toBe(true);
  });

  it("reads a request of a server to its end instead, so that it can be answered", async () => {
    const body = Object.assign(new PassThrough(), { socket: {} });
    const ended = once(body, "end");
    readChunks(body).abandon();
    body.end("rest");
    await ended;
    expect(body.readableEnded).toBe(true);
  });
});
