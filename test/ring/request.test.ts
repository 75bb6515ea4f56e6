import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { file } from "../../src/byte-streams/core.js";
import { bodyString, contentLength, inContext, requestUrl, setContext } from "../../src/ring/request.js";
import { seq } from "../../src/ring/seq.js";

const folder = mkdtempSync(join(tmpdir(), "ring-request-"));
const path = join(folder, "text");
writeFileSync(path, "0123456789");
afterAll(() => rmSync(folder, { recursive: true }));

describe("bodyString", () => {
  it("answers in place where the text is there", () => {
    expect(bodyString({ body: "é" })).toBe("é");
    expect(bodyString({ body: seq(["a", 1, "b"]) })).toBe("a1b");
    expect(bodyString({})).toBeUndefined();
  });

  it("reads a region of a file", async () => {
    expect(await bodyString({ body: file(path, 2, 3) })).toBe("234");
    expect(await bodyString({ body: file(path) })).toBe("0123456789");
    expect(await bodyString({ body: file(path, 10) })).toBe("");
  });

  it("has a limit", async () => {
    await expect(bodyString({ body: file(path) }, { maxBytes: 9 })).rejects.toMatchObject({
      code: "RING_BODY_TOO_LARGE",
    });
    expect(() => bodyString({ body: "ab" }, { maxBytes: 1 })).toThrow(expect.objectContaining({ status: 413 }));
  });

  it("refuses bytes, of which it does not know the charset", () => {
    expect(() => bodyString({ body: Buffer.from("a") })).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }),
    );
  });
});

describe("contentLength", () => {
  it.each(["1.5", "1e3", "0x1", "", "9007199254740992"])("refuses %j with status 400", (value) => {
    expect(() => contentLength({ headers: { "content-length": value } })).toThrow(
      expect.objectContaining({ code: "RING_CONTENT_LENGTH", status: 400 }),
    );
  });
});

describe("requestUrl", () => {
  it("refuses a request without a scheme", () => {
    expect(() => requestUrl({ uri: "/" })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("setContext", () => {
  it("refuses a context that the path is not in", () => {
    expect(inContext({ uri: "/a" }, "/b")).toBe(false);
    expect(() => setContext({ uri: "/a" }, "/b")).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("keeps the other keys and leaves the request unchanged", () => {
    const request = Object.freeze({ uri: "/a/b", user: 1 });
    expect(setContext(request, "/a")).toEqual({ uri: "/a/b", user: 1, context: "/a", pathInfo: "/b" });
  });
});
