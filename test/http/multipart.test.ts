import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { encodeMultipart } from "../../src/http/client/multipart.js";
import * as http from "../../src/http/index.js";
import { setLogger } from "../../src/index.js";
import { pool, serve, textOf } from "./servers.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "express-ring-"));
  writeFileSync(join(folder, "file.txt"), "in a file");
});
afterAll(() => rmSync(folder, { recursive: true }));
const path = () => join(folder, "file.txt");

interface Seen {
  readonly name: string;
  readonly value: string;
  readonly filename?: string;
  readonly mimeType?: string;
}

/** A server that takes forms apart with Node's own parser. */
const server = () =>
  serve(async (req, res) => {
    const headers = { "content-type": req.headers["content-type"] ?? "" };
    const form = await new Response(Readable.toWeb(req) as never, { headers }).formData();
    const parts: Seen[] = [];
    for (const [name, value] of form) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      if (typeof value !== "string")
        parts.push({ name, value: await value.text(), filename: value.name, mimeType: value.type });
      else parts.push({ name, value });
    }
    res.end(JSON.stringify({ parts, length: req.headers["content-length"] }));
  });

async function posted(multipart: http.RequestOptions["multipart"]) {
  const { url } = await server();
  const { body } = await http.post(url, { pool: pool(), multipart, as: "json" });
  return body as { readonly parts: readonly Seen[]; readonly length: string | undefined };
}

const UUID = /^[\da-f-]{36}$/;

describe("multipart", () => {
  // Test idea 113.
  it("sends fields and files of every kind, in order", async () => {
    const { parts, length } = await posted([
      { partName: "string", content: "grüße" },
      { partName: "bytes", content: Buffer.from("bytes") },
      { partName: "file", content: pathToFileURL(path()) },
      { partName: "mime", content: http.file(path()), mimeType: "application/png" },
      { partName: "named", name: "ignored", content: http.file(path()), fileName: "other.bin" },
      { content: http.file(path(), 3, 1), charset: "ISO-8859-1" },
      { partName: "upload", content: Buffer.from("x"), mimeType: "image/png" },
      { partName: "data", content: Buffer.from("12345678"), fileName: "data.txt" },
    ]);
    expect(parts).toEqual([
      { name: "string", value: "grüße" },
      { name: "bytes", value: "bytes" },
      { name: "file", value: "in a file", filename: "file.txt", mimeType: "text/plain" },
      { name: "mime", value: "in a file", filename: "file.txt", mimeType: "application/png" },
      { name: "named", value: "in a file", filename: "other.bin", mimeType: "application/octet-stream" },
      { name: "file.txt", value: "a", filename: "file.txt", mimeType: "text/plain; charset=iso-8859-1" },
      { name: "upload", value: "x", filename: expect.stringMatching(UUID), mimeType: "image/png" },
      { name: "data", value: "12345678", filename: "data.txt", mimeType: "application/octet-stream" },
    ]);
    expect(length).toMatch(/^\d+$/);
  });

  it("streams what is a stream, in chunks where its length is not known", async () => {
    const part = () => ({ partName: "s", content: Readable.from(["str", "eam"]), fileName: "s.txt" });
    expect(await posted([part()])).toMatchObject({ parts: [{ value: "stream" }] });
    expect((await posted([part()])).length).toBeUndefined();
    expect((await posted([{ ...part(), length: 6 }])).length).toMatch(/^\d+$/);
  });

  it("takes a FormData, also as body", async () => {
    const form = new FormData();
    form.append("a", "1");
    form.append("f", new File(["content"], "ü.txt", { type: "text/plain" }));
    const expected = [
      { name: "a", value: "1" },
      { name: "f", value: "content", filename: "ü.txt", mimeType: "text/plain" },
    ];
    expect((await posted(form)).parts).toEqual(expected);
    const { url } = await server();
    const { body } = await http.post(url, { pool: pool(), body: form, as: "json" });
    expect(body).toMatchObject({ parts: expected });
  });

  it("does not let a name make headers (header injection)", async () => {
    const { body } = await encodeMultipart([{ partName: 'a"\r\nx: y', content: "", fileName: 'b"\r\n' }]);
    expect(Buffer.from(body as Uint8Array).toString()).toContain('name="a%22%0D%0Ax: y"; filename="b%22%0D%0A"');
    const part = { partName: "a", content: "", mimeType: "text/plain\r\nx: y" };
    await expect(encodeMultipart([part])).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it("writes a boundary, base64 and binary as it is told", async () => {
    const parts = [
      { partName: "a", content: "abc", transferEncoding: "base64" },
      { partName: "b", content: "x", transferEncoding: "binary" },
    ] as const;
    const { body, contentType } = await encodeMultipart(parts, "mixed", "xyz");
    const text = Buffer.from(body as Uint8Array).toString();
    expect(contentType).toBe("multipart/mixed; boundary=xyz");
    expect(text).toContain("content-transfer-encoding: base64\r\n\r\nYWJj\r\n");
    expect(text).toContain("content-transfer-encoding: binary\r\n\r\nx\r\n");
    expect(text.endsWith("--xyz--\r\n")).toBe(true);
  });

  it.each([
    ["no content", { partName: "a", content: null }],
    ["no name", { content: "a" }],
    ["an unknown encoding", { partName: "a", content: "a", transferEncoding: "7bit" }],
    ["content that cannot be sent", { partName: "a", content: 5 }],
  ])("refuses a part with %s", async (_what, part) => {
    await expect(encodeMultipart([part as never])).rejects.toMatchObject({
      code: expect.stringMatching(/RING_INVALID_ARGUMENT|RING_NOT_CONVERTIBLE/),
    });
  });

  it("fails if a file is missing, or a stream is not as long as it says", async () => {
    const { url } = await server();
    const missing = http.post(url, {
      pool: pool(),
      multipart: [{ partName: "a", content: http.file("/no/such/file") }],
    });
    await expect(missing).rejects.toMatchObject({ code: "ENOENT" });
    const short = [{ partName: "a", content: Readable.from(["abc"]), length: 5 }];
    await expect(http.post(url, { pool: pool(), multipart: short })).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
    });
  });

  it("is sent again by a redirect that asks for it", async () => {
    const { url } = await serve(async (req, res) => {
      const text = await textOf(req);
      if (req.url === "/") res.writeHead(307, { location: "/again" }).end();
      else res.end(text.includes("content") ? "again" : "nothing");
    });
    const options = { pool: pool(), forceRedirects: true, as: "string" } as const;
    const multipart = [{ partName: "a", content: "content" }];
    expect(await http.post(url, { ...options, multipart })).toMatchObject({ body: "again" });
  });

  it("is not sent with TRACE", async () => {
    const { url } = await serve(async (req, res) => void res.end(await textOf(req)));
    const multipart = [{ partName: "a", content: "content" }];
    const logged: unknown[] = [];
    setLogger((level, _error, message) => void logged.push([level, message]));
    const response = await http.trace(url, { pool: pool(), multipart, as: "string" }).finally(() => setLogger(null));
    expect(response.body).toBe("");
    expect(logged).toEqual([["warn", expect.stringMatching(/^a TRACE request has no body/)]]);
  });
});
