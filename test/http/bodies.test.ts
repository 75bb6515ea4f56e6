import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool, serve, textOf } from "./servers.js";

const answer = (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200) =>
  serve((_req, res) => res.writeHead(status, headers).end(body));

describe("as", () => {
  it.each([
    ["string", "grüße", "text/plain", "grüße"],
    ["string", Buffer.from("gr\xfc\xdfe", "latin1"), "text/plain; charset=iso-8859-1", "grüße"],
    ["iso-8859-1", Buffer.from("\xfc", "latin1"), "text/plain", "ü"],
    ["json", '{"a":1}', "application/json", { a: 1 }],
    ["json", "", "application/json", null],
    ["auto", '{"a":1}', "application/problem+json", { a: 1 }],
    ["auto", "a=1&a=2&b=+", "application/x-www-form-urlencoded", { a: ["1", "2"], b: " " }],
    ["auto", "{}", "text/plain", "{}"],
    ["x-www-form-urlencoded", "a=1", "text/plain", { a: "1" }],
  ])("%s of %j as %s", async (as, text, contentType, expected) => {
    const { url } = await answer(text as string, { "content-type": contentType });
    expect((await http.get(url, { pool: pool(), as })).body).toEqual(
      typeof expected === "object" && expected !== null ? expect.objectContaining(expected) : expected,
    );
  });

  it("byteArray gives bytes, webStream and reader stream", async () => {
    const { url } = await answer("äb");
    expect(Buffer.from((await http.get(url, { pool: pool(), as: "byteArray" })).body).toString()).toBe("äb");
    const web = await http.get(url, { pool: pool(), as: "webStream" });
    expect(await new Response(web.body as never).text()).toBe("äb");
    let text = "";
    for await (const piece of (await http.get(url, { pool: pool(), as: "reader" })).body) text += piece;
    expect(text).toBe("äb");
  });

  it("webStream can be cancelled with something in it, and its connection is free", async () => {
    const { url } = await answer("x".repeat(100_000));
    const one = pool({ connectionsPerHost: 1 });
    for (let n = 0; n < 5; n++) {
      const { body } = await http.get(url, { pool: one, as: "webStream" });
      const reader = body.getReader();
      // An uncaught error, if there is one, comes in a later turn; the next request waits for the connection.
      if (n % 2 === 1) expect((await reader.read()).value?.length).toBeGreaterThan(0);
      await reader.cancel();
    }
    expect((await http.get(url, { pool: one, as: "string" })).body).toHaveLength(100_000);
  });

  it("json of an error is text, unless coerce says otherwise", async () => {
    const { url } = await answer('{"a":1}', {}, 400);
    const options = { pool: pool(), as: "json", throwExceptions: false } as const;
    expect((await http.get(url, options)).body).toBe('{"a":1}');
    expect((await http.get(url, { ...options, coerce: "always" })).body).toEqual({ a: 1 });
    expect((await http.get(url, { ...options, coerce: "exceptional" })).body).toEqual({ a: 1 });
  });

  it("fails on JSON that is none, and on more than maxBytes", async () => {
    const { url } = await answer("{");
    await expect(http.get(url, { pool: pool(), as: "json" })).rejects.toMatchObject({ code: "RING_COERCION" });
    const large = await answer("12345");
    const response = http.get(large.url, { pool: pool(), as: "string", maxBytes: 4 });
    await expect(response).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
  });
});

describe("rawStream", () => {
  it("makes the body a stream of the kit", async () => {
    const { url } = await answer("hello");
    const { body } = await http.get(url, { pool: pool(), rawStream: true });
    expect(String(await body.take())).toBe("hello");
    expect(await body.take()).toBeUndefined();
  });
});

// Test idea 109.
describe("decompression", () => {
  const text = "hello ".repeat(10_000);

  it.each([
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["br", brotliCompressSync(text)],
    ["gzip, br", brotliCompressSync(gzipSync(text))],
  ])("undoes %s", async (encoding, bytes) => {
    const { url } = await serve((req, res) => {
      expect(req.headers["accept-encoding"]).toBe("gzip, deflate, br");
      res.writeHead(200, { "content-encoding": encoding, "content-length": bytes.length }).end(bytes);
    });
    const response = await http.get(url, { pool: pool(), as: "string" });
    expect(response.body).toBe(text);
    expect(response.origContentEncoding).toBe(encoding);
    expect(response.headers).not.toHaveProperty("content-encoding");
    expect(response.length).toBeUndefined();
  });

  it("takes an empty body, and one of HEAD, as they are", async () => {
    const { url } = await answer("", { "content-encoding": "gzip" });
    expect((await http.get(url, { pool: pool(), as: "string" })).body).toBe("");
    expect((await http.head(url, { pool: pool() })).headers["content-encoding"]).toBe("gzip");
  });

  it("can be left out", async () => {
    const { url } = await serve((req, res) => {
      expect(req.headers).not.toHaveProperty("accept-encoding");
      res.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("raw"));
    });
    const { body } = await http.get(url, { pool: pool(), decompressBody: false, as: "byteArray" });
    expect(Buffer.from(body)).toEqual(gzipSync("raw"));
  });

  it("fails on a body that is cut off, or damaged", async () => {
    const cut = await answer(gzipSync(text).subarray(0, 50), { "content-encoding": "gzip" });
    await expect(http.get(cut.url, { pool: pool(), as: "string" })).rejects.toMatchObject({ code: "Z_BUF_ERROR" });
    const damaged = await answer("not gzip", { "content-encoding": "gzip" });
    await expect(http.get(damaged.url, { pool: pool(), as: "string" })).rejects.toMatchObject({ code: "Z_DATA_ERROR" });
  });

  it("lets a body be closed early, with its connection", async () => {
    const { url, quiet } = await serve((_req, res) => {
      res.writeHead(200, { "content-encoding": "gzip" });
      res.write(gzipSync("x".repeat(100)));
    });
    const response = await http.get(url, { pool: pool() });
    response.close();
    await quiet();
    expect(response.body.destroyed).toBe(true);
  });
});

describe("a response", () => {
  it("is disposed of with its body", async () => {
    const { url, quiet } = await serve((_req, res) => void res.write("never ends"));
    const response = await http.get(url, { pool: pool() });
    await response[Symbol.asyncDispose]();
    await quiet();
    await expect(textOf(response.body)).rejects.toBeDefined();
  });
});

describe("codecs", () => {
  const codecs: http.RequestOptions["codecs"] = {
    edn: {
      encode: (value) => `{:a ${(value as { a: number }).a}}`,
      decode: (bytes, charset) => ({ text: Buffer.from(bytes).toString("latin1"), charset }),
    },
    "text/broken": {
      decode: () => {
        throw new Error("it is broken");
      },
    },
  };
  const echo = () =>
    serve(async (req, res) => {
      const body = await textOf(req);
      res.setHeader("content-type", req.headers["content-type"] ?? "text/broken").end(body);
    });

  it("write forms of their type, and read bodies of it", async () => {
    const { url } = await echo();
    const options = { pool: pool(), codecs, formParams: { a: 1 }, contentType: "application/edn; charset=latin1" };
    for (const as of ["auto", "edn", "application/edn"]) {
      expect((await http.post(url, { ...options, as })).body).toEqual({ text: "{:a 1}", charset: "latin1" });
    }
    expect((await http.post(url, { ...options, as: "string" })).body).toBe("{:a 1}");
  });

  it("fail as JSON does", async () => {
    const { url } = await echo();
    const broken = http.post(url, { pool: pool(), codecs, as: "auto", body: "text" });
    await expect(broken).rejects.toMatchObject({ code: "RING_COERCION", response: { body: "text" } });
  });

  it("are needed for types that are neither form nor JSON", async () => {
    const { url } = await echo();
    const unknown = http.post(url, { pool: pool(), codecs: {}, formParams: { a: 1 }, contentType: "edn" });
    await expect(unknown).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringContaining("codecs"),
    });
  });
});
