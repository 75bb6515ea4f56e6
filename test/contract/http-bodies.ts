import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import iconv from "iconv-lite";
import { file, seq } from "../../src/index.js";
import type { Body, RingResponse } from "../../src/ring/types.js";
import { close, put, stream, toSource } from "../../src/stream/index.js";
import { chunksOf, exchangeRaw, get, headOf } from "../raw-client.js";
import { type Host, itUnless, serving, withLog } from "./host.js";

/** From Node 26 on, what is written in one turn of the event loop is one chunk; between HTTP/2 and the client chunks may be joined too. */
const joinsChunks = Number.parseInt(process.versions.node, 10) >= 26;

/** Every kind of body, and how it is framed. */
export function bodiesContract(host: Host): void {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "express-ring-"));
    await writeFile(join(folder, "notes.txt"), "this is a file");
    await writeFile(join(folder, "empty.txt"), "");
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What a client reads, byte for byte, for a response map; the connection is closed by it. */
  async function wire(make: () => RingResponse, method = "GET", version = "1.1"): Promise<string> {
    let text = "";
    await serving(host, make, async ({ port, errors }) => {
      const request = get("/", "Connection: close").replace("GET", method).replace("1.1", version);
      text = await exchangeRaw(port, request);
      expect(errors).toEqual([]);
    });
    return text;
  }

  function filled(...messages: unknown[]): Body {
    const made = stream<unknown>(100);
    for (const message of messages) put(made, message);
    close(made);
    return made;
  }

  const lengthOf = (text: string): string | undefined => /^content-length: (.*)$/im.exec(text)?.[1];
  const isChunked = (text: string): boolean => /^transfer-encoding: chunked$/im.test(text);

  describe(`${host.name}: a body of known size has a content-length`, () => {
    it.each<[string, () => Body, string]>([
      ["absent", () => undefined, ""],
      ["null", () => null, ""],
      ["an empty string", () => "", ""],
      ["a string", () => "hello", "hello"],
      ["a string of many-byte characters", () => "héllo €", Buffer.from("héllo €").toString("latin1")],
      ["a Buffer", () => Buffer.from("hello"), "hello"],
      [
        "a Uint8Array that is a part of a larger one",
        () => new TextEncoder().encode("xhellox").subarray(1, 6),
        "hello",
      ],
      ["an ArrayBuffer", () => new TextEncoder().encode("hello").buffer as ArrayBuffer, "hello"],
      ["a Blob", () => new Blob(["hel", "lo"]), "hello"],
      ["a file", () => file(join(folder, "notes.txt")), "this is a file"],
      ["a region of a file", () => file(join(folder, "notes.txt"), 5, 4), "is a"],
      ["a file from a byte on", () => file(join(folder, "notes.txt"), 10), "file"],
      ["an empty file", () => file(join(folder, "empty.txt")), ""],
      ["a file that is read a byte at a time", () => file(join(folder, "notes.txt"), 0, 14, 1), "this is a file"],
      ["a file: URL", () => pathToFileURL(join(folder, "notes.txt")), "this is a file"],
    ])("%s", async (_kind, body, expected) => {
      const text = await wire(() => ({ status: 200, headers: {}, body: body() }));
      expect(text.split("\r\n\r\n")[1]).toBe(expected);
      expect([lengthOf(text), isChunked(text)]).toEqual([`${expected.length}`, false]);
    });
  });

  describe(`${host.name}: a body that comes bit by bit is chunked`, () => {
    function* letters(): Generator {
      yield "a";
      yield Buffer.from("b");
      yield null;
      yield 12;
      yield "";
      yield 3.5;
    }
    async function* lettersLater(): AsyncGenerator {
      for (const letter of letters()) {
        await Promise.resolve();
        yield letter;
      }
    }
    it.each<[string, () => Body, string[]]>([
      [
        "seq of an array: bytes as they are, null nothing, all else as text",
        () => seq([...letters()]),
        ["a", "b", "12", "3.5"],
      ],
      ["seq of a set", () => seq(new Set(["a", "b"])), ["a", "b"]],
      ["seq of nothing", () => seq([]), []],
      ["a generator", () => letters(), ["a", "b", "12", "3.5"]],
      ["an iterator", () => ["a", "b"].values(), ["a", "b"]],
      ["an async generator", () => lettersLater(), ["a", "b", "12", "3.5"]],
      ["an async iterable", () => ({ [Symbol.asyncIterator]: lettersLater }), ["a", "b", "12", "3.5"]],
      ["a stream", () => filled("a", Buffer.from("b"), "", new Uint8Array([99]).buffer), ["a", "b", "c"]],
      ["a stream that is empty", () => filled(), []],
      ["a stream over an array", () => toSource(["a", "b"]), ["a", "b"]],
      ["a Node stream of objects", () => Readable.from(["a", Buffer.from("b")]), ["a", "b"]],
      ["a Node stream that has ended", () => Readable.from([]), []],
      ["a web stream", () => new Response("hello").body as never, ["hello"]],
    ])("%s", async (_kind, body, expected) => {
      const text = await wire(() => ({ status: 200, headers: {}, body: body() }));
      expect(isChunked(text) || lengthOf(text) === "0").toBe(true);
      if (joinsChunks || host.isHttp2 === true) expect(chunksOf(text).join("")).toBe(expected.join(""));
      else expect(chunksOf(text)).toEqual(expected);
      expect(text).toMatch(expected.length > 0 ? /\r\n0\r\n\r\n$/ : /\r\n\r\n(0\r\n\r\n)?$/);
    });

    it("but is plain bytes, to the end of the connection, for a client of HTTP/1.0", async () => {
      const text = await wire(() => ({ status: 200, headers: {}, body: seq(["a", "b"]) }), "GET", "1.0");
      expect([isChunked(text), lengthOf(text), text.split("\r\n\r\n")[1]]).toEqual([false, undefined, "ab"]);
    });

    itUnless(host, "spelling")("unless the handler knows its length", async () => {
      const text = await wire(() => ({ status: 200, headers: { "Content-Length": 2 }, body: filled("a", "b") }));
      expect([isChunked(text), lengthOf(text), text.split("\r\n\r\n")[1]]).toEqual([false, "2", "ab"]);
      if (host.isHttp2 !== true) expect(text).toContain("Content-Length: 2");
    });
  });

  describe(`${host.name}: a response without a body`, () => {
    const bodies: [string, (onClose: () => void) => Body][] = [
      ["a string", () => "hello"],
      ["bytes", () => Buffer.from("hello")],
      [
        "a stream",
        (onClose) => {
          const made = stream<string>();
          made.onClosed(onClose);
          return made;
        },
      ],
      ["a Node stream", (onClose) => new Readable({ read() {}, destroy: (_error, done) => (onClose(), done(null)) })],
      ["a web stream", (onClose) => new ReadableStream({ cancel: onClose }) as never],
      [
        "an iterator",
        (onClose) =>
          ({
            next: () => ({ done: false, value: "x" }),
            return: () => (onClose(), { done: true, value: undefined }),
          }) as Iterator<unknown>,
      ],
      ["a file", () => file(join(folder, "notes.txt"))],
    ];
    const cases = [
      ["GET", 204],
      ["GET", 205],
      ["GET", 304],
      ["HEAD", 200],
    ] as const;
    it.each(cases.flatMap(([method, status]) => bodies.map(([kind, body]) => [method, status, kind, body] as const)))(
      "(%s, %d, %s) sends none and closes what it was given",
      async (method, status, kind, body) => {
        let closed = 0;
        const text = await wire(() => ({ status, headers: {}, body: body(() => closed++) }), method);
        expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n$`));
        expect(isChunked(text)).toBe(false);
        const length = status === 205 ? "0" : method === "HEAD" && kind === "a file" ? "14" : undefined;
        expect(lengthOf(text)).toBe(length);
        expect(closed).toBe(/stream|iterator/.test(kind) ? 1 : 0);
      },
    );

    it.each([
      ["HEAD", 200, "6"],
      ["GET", 304, "6"],
      ["GET", 204, undefined],
      ["GET", 205, "0"],
    ] as const)("(%s, %d) has of its own content-length 6 what is left: %s", async (method, status, expected) => {
      const text = await wire(() => ({ status, headers: { "Content-Length": "6" }, body: "hello!" }), method);
      expect([lengthOf(text), headOf(text).length, text.endsWith("\r\n\r\n")]).toEqual([
        expected,
        expect.anything(),
        true,
      ]);
    });

    it("is refused for data all the same", async () => {
      await serving(
        host,
        () => ({ status: 200, headers: {}, body: 7 as never }),
        async ({ port, errors }) => {
          await fetch(`http://localhost:${port}/`, { method: "HEAD" });
          expect(errors).toMatchObject([{ code: "RING_INVALID_RESPONSE" }]);
        },
      );
    });
  });

  describe(`${host.name}: text is sent in the charset of the response's content-type`, () => {
    const sendText = (contentType: string | undefined, body: () => Body): Promise<string> =>
      wire(() => ({
        status: 200,
        headers: contentType === undefined ? {} : { "Content-Type": contentType },
        body: body(),
      }));

    it.each([
      [undefined, "é€", Buffer.from("é€")],
      ["text/plain", "é€", Buffer.from("é€")],
      ["text/plain; charset=utf-8", "é€", Buffer.from("é€")],
      ["text/plain; charset=ISO-8859-1", "é", Buffer.from([0xe9])],
      ["text/plain;charset=us-ascii", "é", Buffer.from("?")],
      ['text/plain; charset="Shift_JIS"', "日本", iconv.encode("日本", "shift_jis")],
      ["text/plain; charset=UTF-16", "a", Buffer.from([0xfe, 0xff, 0, 0x61])],
      ["text/plain; charset=UTF-16LE", "a", Buffer.from([0x61, 0])],
    ])("(%s)", async (contentType, text, bytes) => {
      const whole = await sendText(contentType, () => text);
      expect(whole.split("\r\n\r\n")[1]).toBe(bytes.toString("latin1"));
      expect(lengthOf(whole)).toBe(`${bytes.length}`);
      expect(chunksOf(await sendText(contentType, () => seq([text]))).join("")).toBe(bytes.toString("latin1"));
    });

    it("with one byte order mark for all of a sequence", async () => {
      const text = await sendText("text/plain; charset=utf-16", () => seq(["a", "b"]));
      expect(chunksOf(text).join("")).toBe("\xfe\xff\0a\0b");
    });

    it.each(["text/plain", "text/plain; charset=gb18030"])(
      "with a character that is split in two (%s)",
      async (type) => {
        const [high, low] = ["\ud83d", "\ude00"];
        const text = await sendText(type, () => seq(["a", high, low, "b"]));
        const expected = iconv.encode("a😀b", type.includes("gb") ? "gb18030" : "utf8");
        expect(chunksOf(text).join("")).toBe(expected.toString("latin1"));
      },
    );

    it("and bytes stay what they are", async () => {
      const text = await sendText("text/plain; charset=utf-16", () => seq([Buffer.from("a")]));
      expect(chunksOf(text)).toEqual(["a"]);
    });
  });

  describe(`${host.name}: a content-length of its own`, () => {
    const kinds: [string, () => Body][] = [
      ["a string", () => "hello"],
      ["bytes", () => Buffer.from("hello")],
      ["a Blob", () => new Blob(["hello"])],
      ["a file", () => file(join(folder, "notes.txt"), 0, 5)],
    ];
    it.each(kinds)("that is wrong about %s is an error before anything is sent", async (_kind, body) => {
      for (const length of [3, 7]) {
        await serving(
          host,
          () => ({ status: 200, headers: { "content-length": length }, body: body() }),
          async ({ port, errors }) => {
            expect((await fetch(`http://localhost:${port}/`)).status).toBe(500);
            expect(errors).toMatchObject([
              { code: "RING_CONTENT_LENGTH", message: expect.stringMatching(new RegExp(`${length} bytes, but .* 5`)) },
            ]);
          },
        );
      }
    });

    itUnless(host, "failed bodies").each([
      ["too long", 3],
      ["too short", 20],
    ])("cuts the connection where the body turns out %s", async (_what, length) => {
      await withLog(async (log) => {
        await serving(
          host,
          () => ({ status: 200, headers: { "content-length": length }, body: seq(["12", "3456"]) }),
          async ({ port, errors }) => {
            const text = await exchangeRaw(port, get("/"));
            expect(text.split("\r\n\r\n")[1]).toBe(length === 3 ? "12" : "123456");
            expect(log).toMatchObject([{ level: "error", error: { code: "RING_CONTENT_LENGTH" } }]);
            expect(errors).toEqual([]);
          },
        );
      });
    });
  });
}
