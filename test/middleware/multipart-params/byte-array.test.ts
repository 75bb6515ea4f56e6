import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { byteArrayStore } from "../../../middleware/multipart-params/byte-array.js";

const upload = (...chunks: string[]) => ({
  filename: "a.txt",
  contentType: "text/plain",
  stream: Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  ),
});

describe("byteArrayStore", () => {
  it("answers with the bytes", async () => {
    const stored = await byteArrayStore()(upload("ab", "c"), {});
    expect(stored).toEqual({ filename: "a.txt", contentType: "text/plain", bytes: Buffer.from("abc") });
  });

  it("refuses more than maxBytes, of all files of a request together", async () => {
    const store = byteArrayStore({ maxBytes: 4 });
    const request = {};
    await store(upload("12"), request);
    await store(upload("12", "34"), {});
    const { stream, ...rest } = upload("12", "3");
    await expect(store({ ...rest, stream }, request)).rejects.toMatchObject({
      code: "RING_MULTIPART_LIMIT",
      status: 413,
      message: expect.stringContaining("maxBytes (4 bytes)"),
    });
    expect(stream.destroyed).toBe(true);
  });

  it("has a limit of 64 MiB if nothing else is said", async () => {
    const store = byteArrayStore();
    const chunk = Buffer.alloc(1_048_576);
    const body = (count: number) => ({
      ...upload(),
      stream: Readable.from(Array.from({ length: count }, () => chunk)),
    });
    expect((await store(body(64), {})).bytes).toHaveLength(67_108_864);
    await expect(store(body(65), {})).rejects.toMatchObject({ code: "RING_MULTIPART_LIMIT" });
  });

  it("refuses a limit that is none", () => {
    expect(() => byteArrayStore({ maxBytes: -1 })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
