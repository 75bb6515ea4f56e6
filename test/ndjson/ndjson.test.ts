import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import compression from "compression";
import express from "express";
import fc from "fast-check";
import { deferred } from "../../src/deferred/index.js";
import { ring } from "../../src/express/index.js";
import * as http from "../../src/http/index.js";
import { decodeNdjson, encodeNdjson, ndjson, ndjsonDecoder } from "../../src/ndjson/index.js";
import type { Handler } from "../../src/ring/types.js";
import { type Source, stream, transform } from "../../src/stream/index.js";
import { collect, logged, rest } from "../stream/kit.js";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handler: Handler, ...middleware: express.RequestHandler[]): Promise<string> {
  const onError: express.ErrorRequestHandler = (error: { status?: number; code?: string }, _req, res, _next) =>
    void res.status(error.status ?? 500).send(error.code ?? "error");
  const server = createServer(express().use(...middleware, ring(handler), onError)).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The lines of a body cut into pieces of at most so many bytes. */
function cut(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

describe("ndjson", () => {
  async function* later(...values: unknown[]) {
    for (const value of values) {
      await rest();
      yield value;
    }
  }

  it.each([
    ["an array", () => [{ a: 1 }, [2], "3\n", null]],
    ["a set", () => new Set([{ a: 1 }, [2], "3\n", null])],
    ["an async generator", () => later({ a: 1 }, [2], "3\n", null)],
    ["a Node stream of objects", () => Readable.from([{ a: 1 }, [2], "3\n"])],
  ])("sends a line for each value of %s", async (_what, values) => {
    const response = await fetch(await serve(() => ndjson<unknown>(values())));
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const text = await response.text();
    expect(text.replace("null\n", "")).toBe('{"a":1}\n[2]\n"3\\n"\n');
  });

  it("sends nothing for no values", async () => {
    expect(await (await fetch(await serve(() => ndjson([])))).text()).toBe("");
  });

  it("takes a status, headers, and a way to write", async () => {
    const headers = { "Content-Type": "application/jsonl", "x-a": "1" };
    const handler = () => ndjson([1n, 2n], { status: 203, headers, stringify: String });
    const response = await fetch(await serve(handler));
    expect([response.status, response.headers.get("content-type"), response.headers.get("x-a")]).toEqual([
      203,
      "application/jsonl",
      "1",
    ]);
    expect(await response.text()).toBe("1\n2\n");
  });

  it("sends each line when it comes, through compression too", async () => {
    const rows = stream<number>();
    const url = await serve(() => ndjson(rows), compression({ threshold: 0, filter: () => true }));
    const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    const values = decodeNdjson(response.body as never);
    for (const row of [1, 2, 3]) {
      void rows.put(row);
      expect(await values.take()).toBe(row);
    }
    values.close();
  });

  it("gathers lines of what is there already", async () => {
    const chunks = await collect(encodeNdjson(Array.from({ length: 10_000 }, (_, i) => i)));
    expect(chunks.join("")).toBe(Array.from({ length: 10_000 }, (_, i) => `${i}\n`).join(""));
    expect(chunks.length).toBeLessThan(10);
  });

  it("takes values no faster than the client reads, and closes where they come from when it goes", async () => {
    let taken = 0;
    const closed = deferred<true>();
    async function* rows() {
      try {
        for (;;) {
          taken++;
          yield "x".repeat(100_000);
        }
      } finally {
        closed.success(true);
      }
    }
    const url = await serve(() => ndjson(rows()));
    const [response] = (await once(get(url, { agent: false }), "response")) as [IncomingMessage];
    response.pause();
    let before = -1;
    while (before !== taken) {
      before = taken;
      for (let i = 0; i < 5; i++) await rest();
    }
    expect(taken).toBeLessThan(200);
    response.destroy();
    expect(await closed).toBe(true);
  });

  it.each([
    ["the values fail", () => failing(), "RING_X"],
    ["a value is no JSON", () => later(1, undefined), "RING_NOT_CONVERTIBLE"],
  ])("cuts the connection when in midway %s", async (_what, values, code) => {
    const entries = await logged(async () => {
      const response = await fetch(await serve(() => ndjson(values())));
      const rows = decodeNdjson(response.body as never);
      expect(await rows.take()).toBe(1);
      await expect(rows.take()).rejects.toThrow("terminated");
    });
    expect(entries).toMatchObject([{ code }]);
  });

  async function* failing() {
    yield 1;
    await rest();
    throw Object.assign(new Error("no"), { code: "RING_X" });
  }

  it("is an error as any other where nothing is sent yet", async () => {
    const response = await fetch(await serve(() => ndjson([1, undefined])));
    expect([response.status, await response.text()]).toEqual([500, "RING_NOT_CONVERTIBLE"]);
  });

  it.each([[{ replacer: 1 }], [{ pretty: true }]])("refuses %j", (options) => {
    expect(() => ndjson([], options as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    expect(() => encodeNdjson([], options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("refuses JSON of several lines", async () => {
    const lines = encodeNdjson([{ a: 1 }], { stringify: (value) => JSON.stringify(value, null, 1) });
    await expect(lines.take()).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });
});

describe("decodeNdjson", () => {
  it("gives what was written, wherever the body is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.integer({ min: 1, max: 9 }), async (values, size) => {
        const expected = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        const text = (await collect(encodeNdjson(values))).join("");
        expect(await collect(decodeNdjson(cut(text, size)))).toEqual(expected);
        expect(await collect(decodeNdjson(Array.from(text)))).toEqual(expected);
        expect(await collect(transform(ndjsonDecoder(), cut(text, size)))).toEqual(expected);
      }),
    );
  });

  it.each([
    ["CR LF", "1\r\n2\r\n", [1, 2]],
    ["no line break at the end", "1\n2", [1, 2]],
    ["empty lines", "\n1\n\n \n2\n\n", [1, 2]],
    ["a byte order mark", "\ufeff1\n", [1]],
    ["nothing", "", []],
  ])("understands %s", async (_what, text, values) => {
    expect(await collect(decodeNdjson([Buffer.from(text)]))).toEqual(values);
  });

  it("fails at a line that is no JSON, with its number, behind the values before it", async () => {
    const body = Readable.from([Buffer.from('1\n\n{"a"\n4\n')]);
    const values = decodeNdjson(body);
    expect(await values.take()).toBe(1);
    await expect(values.take()).rejects.toMatchObject({
      code: "RING_INVALID_NDJSON",
      status: 400,
      line: 3,
      cause: { name: "SyntaxError" },
    });
    expect([values.isDrained(), body.destroyed]).toEqual([true, true]);
  });

  it("fails at a line that is too long, without keeping it: slowly dripping bytes", async () => {
    function* drip() {
      yield "1\n";
      for (;;) yield "x".repeat(1000);
    }
    const values = decodeNdjson(drip(), { maxLineLength: 10_000 });
    expect(await values.take()).toBe(1);
    await expect(values.take()).rejects.toMatchObject({
      code: "RING_NDJSON_LINE_TOO_LONG",
      status: 413,
      line: 2,
      message: expect.stringContaining("10000 characters"),
    });
  });

  it("leaves bad lines out, and tells of them, with onBadLine", async () => {
    const bad: [string, number][] = [];
    const values = decodeNdjson(["1\nx\n3\n12345", "67\n5\n\xff"], {
      maxLineLength: 5,
      onBadLine: ({ code, line }) => bad.push([code, line]),
    });
    expect(await collect(values)).toEqual([1, 3, 5]);
    expect(bad).toEqual([
      ["RING_INVALID_NDJSON", 2],
      ["RING_NDJSON_LINE_TOO_LONG", 4],
      ["RING_INVALID_NDJSON", 6],
    ]);
  });

  it("parses as it is told to", async () => {
    expect(await collect(decodeNdjson("1\n2".split(""), { parse: BigInt }))).toEqual([1n, 2n]);
  });

  it("reads what a client posts, and answers with lines", async () => {
    const url = await serve((request) => {
      const numbers = decodeNdjson<number>(request.body as Source<Uint8Array>);
      return ndjson(transformed(numbers));
    });
    async function* transformed(numbers: AsyncIterable<number>) {
      for await (const n of numbers) yield { double: 2 * n };
    }
    const body = encodeNdjson([1, 2, 3]);
    const { body: answer } = await http.post(url, { body, contentType: "application/x-ndjson" });
    expect(await collect(decodeNdjson(answer))).toEqual([{ double: 2 }, { double: 4 }, { double: 6 }]);
  });

  it("answers 400 to lines that are none, by the status of the error", async () => {
    const url = await serve(async (request) => {
      await collect(decodeNdjson(request.body as Source<Uint8Array>));
      return { status: 200 };
    });
    const response = await fetch(url, { method: "POST", body: "1\n{\n" });
    expect([response.status, await response.text()]).toEqual([400, "RING_INVALID_NDJSON"]);
  });

  it.each([[{ maxLineLength: 0 }], [{ reviver: 1 }]])("refuses %j", (options) => {
    expect(() => decodeNdjson([], options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});
