import { once } from "node:events";
import { request as ask, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync, inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { compressionResponse, wrapCompression, wrapContentType, wrapFile, wrapRanges } from "../../middleware/index.js";
import { closeBody, file, readBytes } from "../../src/byte-streams/core.js";
import { ring } from "../../src/express/index.js";
import { seq } from "../../src/ring/seq.js";
import type { Body, Handler, RingResponse } from "../../src/ring/types.js";
import { sse } from "../../src/sse/index.js";
import * as s from "../../src/stream/index.js";
import { withApp } from "../express/hosts.js";
import { makeFolder } from "../folder.js";
import { request } from "./helpers.js";

const folder = makeFolder();
const long = "a text that is long enough, ".repeat(100);
const longer = long.repeat(20);
beforeAll(() => void folder.write("long.txt", longer));
afterAll(() => folder.remove());

const accepting = (encodings: string, more = {}) => request({ headers: { "accept-encoding": encodings }, ...more });
const answer = (body: Body, headers = {}): RingResponse => ({
  status: 200,
  headers: { "Content-Type": "text/plain", ...headers },
  body,
});

const decompress: Record<string, (bytes: Uint8Array) => Buffer> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  deflate: inflateSync,
};
async function decoded(response: RingResponse | null | undefined): Promise<string> {
  const body = response?.body as Uint8Array | AsyncIterable<Uint8Array>;
  const bytes = body instanceof Uint8Array ? body : await readBytes(body as never);
  return String(decompress[String(response?.headers?.["Content-Encoding"])]?.(bytes));
}

describe("compressionResponse", () => {
  it.each([
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["*", "br"],
    ["br;q=0.1, gzip", "gzip"],
    ["br;q=0, *;q=0.5", "gzip"],
  ])("sends to %s the coding it likes best", async (encodings, coding) => {
    const response = await compressionResponse(answer(long, { "content-length": 3 }), accepting(encodings));
    expect(response?.headers).toEqual({
      "Content-Type": "text/plain",
      "Content-Encoding": coding,
      Vary: "Accept-Encoding",
    });
    expect(await decoded(response)).toBe(long);
  });

  it.each(["", "identity", "zstd", "br;q=0, gzip;q=0, deflate;q=0", "identity, gzip;q=0.5"])(
    "sends to %j the body as it is, and says that others may get another",
    async (encodings) => {
      const response = await compressionResponse(answer(long), accepting(encodings));
      expect(response).toEqual(answer(long, { Vary: "Accept-Encoding" }));
    },
  );

  it("sends the body as it is to who says nothing", async () => {
    expect(await compressionResponse(answer(long), { headers: {} })).toEqual(answer(long, { Vary: "Accept-Encoding" }));
  });

  it.each<[string, RingResponse, string?]>([
    ["a small body", answer("x".repeat(1023))],
    ["an image", answer(long, { "Content-Type": "image/png" })],
    ["a body of no type", { status: 200, body: long }],
    ["what is compressed already", answer(long, { "content-encoding": "gzip" })],
    ["what no one may change", answer(long, { "cache-control": "public, No-Transform" })],
    ["a part", { ...answer(long, { "Content-Range": "bytes 0-9/10" }), status: 206 }],
    ["a 304", { ...answer(null), status: 304 }],
    ["a 204", { ...answer(long), status: 204 }],
    ["an answer to HEAD", answer(long), "head"],
    ["data, which is no body", answer([long] as never)],
  ])("leaves %s alone", async (_what, response, requestMethod = "get") => {
    expect(await compressionResponse(response, accepting("br, gzip", { requestMethod }))).toBe(response);
  });

  it("leaves alone what does not get smaller", async () => {
    const random = Buffer.from(Array.from({ length: 2000 }, () => Math.random() * 256));
    const response = await compressionResponse(answer(random), accepting("gzip"));
    expect(response?.body).toBe(random);
    expect(response?.headers).not.toHaveProperty("Content-Encoding");
  });

  it("makes a strong ETag weak, keeps a weak one, adds to Vary, and takes Accept-Ranges away", async () => {
    const headersFor = async (headers: object) =>
      (await compressionResponse(answer(long, headers), accepting("gzip")))?.headers;
    expect(await headersFor({ etag: '"a"', vary: "Cookie", "Accept-Ranges": "bytes" })).toEqual({
      "Content-Type": "text/plain",
      "Content-Encoding": "gzip",
      etag: 'W/"a"',
      vary: "Cookie, Accept-Encoding",
    });
    expect(await headersFor({ ETag: 'W/"a"', Vary: "accept-encoding" })).toMatchObject({
      ETag: 'W/"a"',
      Vary: "accept-encoding",
    });
  });

  it.each<[string, () => Body]>([
    ["a long string", () => longer],
    ["bytes", () => Buffer.from(longer)],
    ["a file", () => file(folder.of("long.txt"))],
    ["a file URL", () => new URL(`file://${folder.of("long.txt")}`)],
    ["a blob", () => new Blob([longer])],
    ["a Node stream", () => Readable.from([longer.slice(0, 30_000), longer.slice(30_000)])],
    ["a web stream", () => new Blob([longer]).stream() as never],
    ["a seq", () => seq(longer.match(/[^]{1,999}/g) ?? [])],
    ["a generator", () => longer[Symbol.iterator]()],
    ["a stream of the kit", () => s.toSource([longer])],
  ])("compresses %s bit by bit", async (_what, body) => {
    const response = await compressionResponse(answer(body()), accepting("gzip"));
    expect(response?.headers).toMatchObject({ "Content-Encoding": "gzip" });
    expect(response?.headers).not.toHaveProperty("Content-Length");
    expect(response?.body).not.toBeInstanceOf(Uint8Array);
    expect(await decoded(response)).toBe(longer);
  });

  it("encodes text in the charset of its type, and joins characters that are split", async () => {
    const headers = { "Content-Type": "text/plain; charset=utf-16be" };
    const response = await compressionResponse(answer(seq(["\ud83d", "\ude00", 1, null]), headers), accepting("gzip"));
    const bytes = gunzipSync(await readBytes(response?.body as never));
    expect(bytes.swap16().toString("utf16le")).toBe("😀1");
  });

  it("is done once where it is wrapped twice", async () => {
    const app = wrapCompression(wrapCompression(() => answer(long)));
    expect(await decoded(await app(accepting("gzip")))).toBe(long);
  });

  it("does not compress parts, and takes a whole file that has parts", async () => {
    const app = wrapCompression(wrapRanges(() => answer(long)));
    expect(await app(accepting("gzip", { headers: { "accept-encoding": "gzip", range: "bytes=0-1" } }))).toMatchObject({
      status: 206,
      headers: { "Content-Range": `bytes 0-1/${long.length}` },
    });
    expect((await app(accepting("gzip")))?.headers).not.toHaveProperty("Accept-Ranges");
  });
});

describe("wrapCompression", () => {
  it.each([{ encodings: [] }, { encodings: ["zip"] }, { threshold: -1 }, { brotliQuality: 12 }, { gzipLevel: 0 }])(
    "throws when it is put together with %j",
    (options) => {
      expect(() => wrapCompression(() => null, options as object)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    },
  );

  it("answers in the same call for a small text", () => {
    const app = wrapCompression(() => answer(long));
    expect(app(accepting("br"))).toMatchObject({ headers: { "Content-Encoding": "br" } });
  });

  it("asks its own filter, and keeps to its own threshold", async () => {
    const options = { threshold: 1, filter: (type: string) => type === "image/png" };
    const app = wrapCompression(
      () => answer("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", { "Content-Type": "image/png" }),
      options,
    );
    expect((await app(accepting("gzip")))?.headers).toMatchObject({ "Content-Encoding": "gzip" });
    expect((await wrapCompression(() => answer(long), options)(accepting("gzip")))?.body).toBe(long);
  });

  interface Reader {
    readonly message: IncomingMessage;
    /** Waits until this much of the decoded body has come. */
    readonly until: (text: string) => Promise<void>;
  }

  async function withReader(
    handler: Handler,
    encoding: string,
    body: (reader: Reader) => Promise<void>,
  ): Promise<void> {
    await withApp(express().use(ring(wrapCompression(handler))), async ({ port }) => {
      const asked = ask({ port, headers: { "accept-encoding": encoding } }).end();
      const [message] = (await once(asked, "response")) as [IncomingMessage];
      const decoders: Record<string, () => NodeJS.ReadWriteStream> = { br: createBrotliDecompress, gzip: createGunzip };
      const decoder = decoders[message.headers["content-encoding"] ?? ""];
      const plain = decoder === undefined ? message : message.pipe(decoder());
      let seen = "";
      plain.on("data", (chunk) => {
        seen += String(chunk);
        plain.emit("seen");
      });
      plain.on("error", () => {});
      const until = async (text: string) => {
        while (!seen.includes(text)) await once(plain, "seen");
      };
      await body({ message, until });
      asked.destroy();
    });
  }

  it.each(["br", "gzip"])(
    "never stalls events: each is with the client before the next is sent, %s",
    async (encoding) => {
      const events = s.stream<string>();
      const handler = () => answer(events, { "Content-Type": "text/event-stream" });
      await withReader(handler, encoding, async ({ message, until }) => {
        expect(message.headers["content-encoding"]).toBe(encoding);
        for (const event of ["one", "two", "three"]) {
          expect(await s.put(events, `data: ${event}\n\n`)).toBe(true);
          await until(`data: ${event}\n\n`);
        }
      });
    },
  );

  it("lets the events of sse() through as they are, as they say that nobody may change them", async () => {
    let send: (data: string) => unknown = () => {};
    const handler: Handler = (request) => {
      const events = sse(request);
      send = (data) => events.send({ data });
      void send("one");
      return events.response;
    };
    await withReader(handler, "br", async ({ message, until }) => {
      expect(message.headers["content-encoding"]).toBeUndefined();
      await until("data: one");
      void send("two");
      await until("data: two");
    });
  });

  it("closes the body when the client goes away while a message is waited for", async () => {
    const events = s.stream<string>();
    const closed = new Promise((resolve) => s.onClosed(events, () => resolve("closed")));
    await withReader(
      () => answer(events),
      "gzip",
      async ({ message, until }) => {
        void s.put(events, "hello");
        await until("hello");
        message.destroy();
        expect(await closed).toBe("closed");
        expect(await s.put(events, "more")).toBe(false);
      },
    );
  });

  it("closes a body that nobody begins to read", async () => {
    const close = jest.fn();
    const body = new Readable({ read() {}, destroy: (_error, done) => done(close() as undefined) });
    const response = await compressionResponse(answer(body), accepting("gzip"));
    closeBody(response?.body);
    expect(body.destroyed).toBe(true);
  });

  it("waits for a client that does not read: no more is taken from the body than fits on the way", async () => {
    let taken = 0;
    function* noise(): Generator<Buffer> {
      for (;;) {
        taken++;
        yield Buffer.from(Array.from({ length: 65_536 }, () => Math.random() * 256));
      }
    }
    await withApp(express().use(ring(wrapCompression(() => answer(noise())))), async ({ port }) => {
      const asked = ask({ port, headers: { "accept-encoding": "gzip" } }).end();
      const [message] = (await once(asked, "response")) as [IncomingMessage];
      message.pause();
      let before = -1;
      // It stops by itself: two looks in a row see the same.
      while (taken !== before) {
        before = taken;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(taken).toBeLessThan(500);
      asked.destroy();
    });
  });

  it("fails the request if the body fails before its first chunk", async () => {
    const failing = () => s.toSource(Promise.reject(Object.assign(new Error("boom"), { status: 502 })));
    await withApp(express().use(ring(wrapCompression(() => answer(failing())))), async ({ url, errors }) => {
      const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
      expect(response.status).toBe(502);
      expect(errors).toHaveLength(1);
    });
  });

  it("compresses files that a browser asks for", async () => {
    const handler = wrapCompression(wrapContentType(wrapFile(() => null, folder.path)));
    await withApp(express().use(ring(handler)), async ({ url }) => {
      const response = await fetch(`${url}/long.txt`, { headers: { "accept-encoding": "gzip, deflate, br" } });
      expect(response.headers.get("content-encoding")).toBe("br");
      expect(response.headers.get("content-length")).toBeNull();
      expect(await response.text()).toBe(longer);
    });
  });
});
