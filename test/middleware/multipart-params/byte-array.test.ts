import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { byteArrayStore } from "../../../middleware/multipart-params/byte-array.js";
import { uploadOf } from "./upload.js";

const upload = (...chunks: string[]) => uploadOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));

describe("byteArrayStore", () => {
  it("answers with the bytes", async () => {
    const stored = await byteArrayStore()(upload("ab", "c"), {});
    expect(stored).toEqual({ filename: "a.txt", contentType: undefined, bytes: Buffer.from("abc") });
  });

  it("refuses more than maxBytes, of all files of a request together", async () => {
    const store = byteArrayStore({ maxBytes: 4 });
    const request = {};
    await store(upload("12"), request);
    await store(upload("12", "34"), {});
    await expect(store(upload("12", "3"), request)).rejects.toMatchObject({
      code: "RING_MULTIPART_LIMIT",
      status: 413,
      message: expect.stringContaining("maxBytes (4 bytes)"),
    });
  });

  it("has a limit of 64 MiB if nothing else is said", async () => {
    const store = byteArrayStore();
    const chunk = Buffer.alloc(1_048_576);
    const body = (count: number) => uploadOf(Readable.from(Array.from({ length: count }, () => chunk)));
    expect((await store(body(64), {})).bytes).toHaveLength(67_108_864);
    await expect(store(body(65), {})).rejects.toMatchObject({ code: "RING_MULTIPART_LIMIT" });
  });

  it("refuses a limit that is none", () => {
    expect(() => byteArrayStore({ maxBytes: -1 })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
