import { once } from "node:events";
import { createServer, type IncomingMessage, IncomingMessage as Message, request as send } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { type ByteBody, readBytes, readText } from "../../src/byte-streams/core.js";
import { type Deferred, deferred, isDeferred, successDeferred } from "../../src/deferred/index.js";
import type { Source } from "../../src/stream/index.js";

const text = "naïve 日本 😀 text";
const bytes = Buffer.from(text);

/** One byte a chunk: every character of more than one is split. */
const single = (): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));

async function* generate<T>(chunks: readonly T[]): AsyncGenerator<T> {
  yield* chunks;
}

function webStream(chunks: readonly Uint8Array[], cancel = (): void => {}): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = rest.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    cancel,
  });
}

function source<T>(chunks: readonly (T | Deferred<T>)[], close = (): void => {}): Source<T> {
  let taken = 0;
  const take = (fallback: unknown): unknown => {
    const next = chunks[taken++] ?? fallback;
    return isDeferred(next) ? next : successDeferred(next);
  };
  return { take, close, isDrained: () => taken >= chunks.length } as unknown as Source<T>;
}

const kinds: [string, () => ByteBody][] = [
  ["a string", () => text],
  ["bytes", () => new Uint8Array(bytes)],
  ["a Node stream", () => Readable.from(single())],
  ["a Node stream that decodes", () => Readable.from(single(), { objectMode: false }).setEncoding("utf8")],
  ["a Node stream of strings", () => Readable.from([text.slice(0, 3), text.slice(3)])],
  ["a paused Node stream", () => Readable.from(single()).pause()],
  ["a web stream", () => webStream(single())],
  ["an async generator", () => generate(single())],
  [
    "an async generator of strings",
    () => generate(text.split(" ").map((word, index) => (index === 0 ? word : ` ${word}`))),
  ],
  ["a source", () => source(single())],
  [
    "a source that waits",
    () =>
      source(
        single()
          .map((chunk) => Promise.resolve(chunk))
          .map((p) => toDeferredOf(p)),
      ),
  ],
];

function toDeferredOf<T>(promise: Promise<T>): Deferred<T> {
  const later = deferred<T>();
  promise.then((value) => later.success(value)).catch((error: unknown) => later.error(error));
  return later;
}

describe("readBytes", () => {
  it.each(kinds)("reads %s to its end", async (_kind, body) => {
    expect(Buffer.from(await readBytes(body()))).toEqual(bytes);
  });

  it("answers in place for bytes and strings", () => {
    expect(readBytes("é")).toEqual(Buffer.from("é"));
    expect(readBytes(new Uint8Array([1, 2]))).toEqual(Buffer.from([1, 2]));
  });

  it("answers in place for a source that has everything", () => {
    const read = readBytes(source(single())) as Deferred<Uint8Array>;
    expect(read.isRealized).toBe(true);
  });

  it("takes a hundred thousand chunks without a deep stack", async () => {
    const chunks = Array.from({ length: 100_000 }, () => Buffer.from("a"));
    expect(await readBytes(source(chunks))).toHaveLength(100_000);
  });

  it("finds nothing in a stream that was read before", async () => {
    const body = Readable.from([bytes]);
    await readBytes(body);
    expect(await readBytes(body)).toHaveLength(0);
  });

  describe("of an HTTP/1 message that has come whole", () => {
    const whole = (...chunks: readonly string[]): IncomingMessage => {
      const message = new Message(new Socket());
      Object.assign(message, { httpVersionMajor: 1, complete: true });
      for (const chunk of chunks) message.push(chunk);
      message.push(null);
      return message;
    };

    it("answers at once, and lets the message end", async () => {
      const message = whole("na", "ive");
      const ended = once(message, "end");
      expect(readText(message)).toBe("naive");
      await ended;
      expect(await readText(message)).toBe("");
    });

    it("answers at once for an empty one", () => {
      expect(readBytes(whole())).toHaveLength(0);
    });

    it("rejects what is too large, and lets the message end", async () => {
      const message = whole("abc", "def");
      const ended = once(message, "end");
      await expect(readBytes(message, { maxBytes: 5 })).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
      await ended;
    });

    it("answers at once where as much has come as was declared, and lets the message end", async () => {
      const message = whole("abc");
      Object.assign(message, { complete: false, headers: { "content-length": "3" } });
      const ended = once(message, "end");
      expect(readText(message)).toBe("abc");
      await ended;
    });

    it("waits where a length was declared that is none: the body comes in chunks", async () => {
      const message = whole("abc");
      const headers = { "content-length": "1", "transfer-encoding": "chunked" };
      Object.assign(message, { complete: false, headers });
      const read = readText(message);
      expect(isDeferred(read)).toBe(true);
      expect(await read).toBe("abc");
    });

    it("waits where more is to come", async () => {
      const message = whole("a");
      message.complete = false;
      const read = readText(message);
      expect(isDeferred(read)).toBe(true);
      expect(await read).toBe("a");
    });
  });

  it("leaves no listener on the stream", async () => {
    const body = new PassThrough();
    const before = body.eventNames().length;
    const read = readBytes(body);
    body.end("a");
    await read;
    expect(body.eventNames()).toHaveLength(before);
  });

  it("rejects with the error of the stream", async () => {
    const body = new PassThrough();
    const read = readBytes(body);
    body.destroy(new Error("broken pipe"));
    await expect(read).rejects.toThrow("broken pipe");
  });

  it.each([
    ["while it is read", (body: PassThrough, read: () => unknown) => [read(), body.destroy()][0]],
    ["before it is read", (body: PassThrough, read: () => unknown) => [body.destroy(), read()][1]],
  ])("rejects if the stream is destroyed %s", async (_when, act) => {
    const body = new PassThrough();
    await expect(act(body, () => readBytes(body))).rejects.toMatchObject({ code: "RING_BODY_ABORTED", status: 400 });
  });

  it("rejects with the error of an iterator", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new Error("no more");
    }
    await expect(readBytes(failing())).rejects.toThrow("no more");
  });

  it("rejects with the error of a source, and closes it", async () => {
    const close = jest.fn();
    const broken = deferred<Uint8Array>();
    const read = readBytes(source<Uint8Array>([bytes, broken], close));
    broken.error(new Error("no more"));
    await expect(read).rejects.toThrow("no more");
    expect(close).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["a chunk that is a number", () => readBytes(Readable.from([1]))],
    ["an object", async () => readBytes({} as never)],
  ])("refuses %s", async (_what, read) => {
    await expect(read()).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });

  it.each([-1, Number.NaN])("refuses %s as a limit", (maxBytes) => {
    expect(() => readBytes("", { maxBytes })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("readBytes at its limit", () => {
  it.each(kinds)("reads %s of just that size", async (_kind, body) => {
    expect(await readBytes(body(), { maxBytes: bytes.length })).toHaveLength(bytes.length);
  });

  it.each(kinds)("refuses one byte more from %s", async (_kind, body) => {
    const read = async () => readBytes(body(), { maxBytes: bytes.length - 1 });
    await expect(read()).rejects.toMatchObject({
      code: "RING_BODY_TOO_LARGE",
      status: 413,
      message: expect.stringContaining(`${bytes.length - 1} bytes`),
    });
  });

  it("is 1 MiB if nothing else is said", async () => {
    expect(await readBytes(generate([Buffer.alloc(1_048_576)]))).toHaveLength(1_048_576);
    await expect(readBytes(generate([Buffer.alloc(1_048_577)]))).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
  });

  it("destroys a Node stream", async () => {
    const body = new PassThrough();
    body.write(bytes);
    await expect(readBytes(body, { maxBytes: 3 })).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
    expect(body.destroyed).toBe(true);
  });

  it("cancels a web stream", async () => {
    const cancel = jest.fn();
    await expect(readBytes(webStream([bytes, bytes], cancel), { maxBytes: 3 })).rejects.toBeDefined();
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("returns from a generator, and does not wait for that", async () => {
    const stuck = deferred();
    const end = jest.fn(() => stuck);
    const iterator = { next: async () => ({ done: false, value: bytes }), return: end };
    const body = { [Symbol.asyncIterator]: () => iterator } as unknown as ByteBody;
    await expect(readBytes(body, { maxBytes: 3 })).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
    expect(end).toHaveBeenCalledTimes(1);
  });

  it("closes a source", async () => {
    const close = jest.fn();
    await expect(readBytes(source([bytes, bytes], close), { maxBytes: 3 })).rejects.toBeDefined();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe("readBytes of a request that a server got", () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function serve(answer: (request: IncomingMessage) => Promise<string>): Promise<number> {
    const server = createServer((request, response) => {
      answer(request)
        .then((text) => response.end(text))
        .catch((error: { status?: number; code: string }) => {
          response.writeHead(error.status ?? 500).end(error.code);
        });
    });
    servers.push(server);
    await once(server.listen(0), "listening");
    return (server.address() as AddressInfo).port;
  }

  it("lets it be answered although the body is too large, and the connection be used again", async () => {
    const port = await serve(async (request) => `${(await readBytes(request, { maxBytes: 10 })).length}`);
    const url = `http://localhost:${port}/`;
    const large = await fetch(url, { method: "POST", body: Buffer.alloc(3_000_000) });
    expect([large.status, await large.text()]).toEqual([413, "RING_BODY_TOO_LARGE"]);
    const small = await fetch(url, { method: "POST", body: "12345" });
    expect([small.status, await small.text()]).toEqual([200, "5"]);
  });

  it("rejects when the client goes away in the middle", async () => {
    const failed = deferred<{ code: string; status: number }>();
    const port = await serve(async (request) => {
      client.destroy();
      await toDeferredOf(Promise.resolve(readBytes(request))).catch((error) => failed.success(error as never));
      return "";
    });
    const client = send({ port, method: "POST", headers: { "content-length": 100 } });
    client.on("error", () => {});
    client.write("1234");
    expect(await failed).toMatchObject({ code: "RING_BODY_ABORTED", status: 400 });
  });
});

describe("readText", () => {
  it.each(kinds)("reads %s, characters split between chunks too", async (_kind, body) => {
    expect(await readText(body())).toBe(text);
  });

  it.each(["utf-16", "utf-16le", "gb18030", "utf-8"])("decodes %s, byte by byte", async (encoding) => {
    const { charset } = await import("../../src/byte-streams/core.js");
    const encoded = Array.from(charset(encoding).encode(text), (byte) => Buffer.from([byte]));
    expect(await readText(generate(encoded), { encoding })).toBe(text);
  });

  it("answers in place for bytes and strings", () => {
    expect(readText("é", { encoding: "iso-8859-1" })).toBe("é");
    expect(readText(Buffer.from([0xe9]), { encoding: "iso-8859-1" })).toBe("é");
  });

  it("counts bytes, not characters, of a string", () => {
    expect(readText("é", { maxBytes: 2 })).toBe("é");
    expect(() => readText("é", { maxBytes: 1 })).toThrow(expect.objectContaining({ code: "RING_BODY_TOO_LARGE" }));
  });

  it("refuses an unknown charset and leaves the body unread", () => {
    const body = Readable.from([bytes]);
    expect(() => readText(body, { encoding: "bogus" })).toThrow(
      expect.objectContaining({ code: "RING_UNKNOWN_CHARSET", status: 415 }),
    );
    expect(body.readableFlowing).toBeNull();
  });
});
