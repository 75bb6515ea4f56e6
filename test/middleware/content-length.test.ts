import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { bodySizeInBytes, contentLengthResponse, wrapContentLength } from "../../middleware/content-length.js";
import { file } from "../../src/byte-streams/core.js";
import { ring, seq } from "../../src/index.js";
import type { Body } from "../../src/ring/types.js";
import { versions, withApp } from "../express/hosts.js";
import { request } from "./helpers.js";

const path = join(tmpdir(), `content-length-${process.pid}.txt`);
beforeAll(() => writeFile(path, "ten bytes."));
afterAll(() => rm(path));

const text = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

describe("bodySizeInBytes", () => {
  it.each<[string, Body, number | undefined]>([
    ["nothing", undefined, 0],
    ["bytes in a larger buffer", new Uint8Array(new ArrayBuffer(9), 2, 3), 3],
    ["an array buffer", new ArrayBuffer(4), 4],
    ["a blob", new Blob(["abc", "é"]), 5],
    ["a text in UTF-8", "é\u{1f600}\ud800", 9],
    ["a sequence", seq(["a"]), undefined],
    ["a URL of no file", new URL("http://localhost/"), undefined],
    ["a region whose length was given", file("missing", 3, 4), 4],
  ])("knows at once that of %s", (_what, body, size) => {
    expect(bodySizeInBytes(body, text)).toBe(size);
  });

  it("looks at files, whole or from a byte on, and by their URL", async () => {
    expect(await bodySizeInBytes(file(path), {})).toBe(10);
    expect(await bodySizeInBytes(file(path, 4), {})).toBe(6);
    expect(await bodySizeInBytes(pathToFileURL(path), {})).toBe(10);
    expect(await bodySizeInBytes(file(`${path}.missing`), {})).toBe(0);
  });

  it("fails on what is no file, and on a charset that does not exist", async () => {
    await expect(bodySizeInBytes(file(tmpdir()), {})).rejects.toMatchObject({ code: "EISDIR" });
    expect(() => bodySizeInBytes("a", { headers: { "Content-Type": "text/plain; charset=bogus" } })).toThrow(
      expect.objectContaining({ code: "RING_UNKNOWN_CHARSET" }),
    );
  });
});

describe("contentLengthResponse", () => {
  it("returns a response that has a length, or of unknown length, as it is", () => {
    for (const response of [{ headers: { "CONTENT-LENGTH": 3 }, body: "a" }, { body: "a" }, { body: seq([]) }]) {
      expect(contentLengthResponse(response)).toBe(response);
    }
  });
});

describe.each(versions)("wrapContentLength on %s", (_name, express) => {
  it("tells the length that is sent", async () => {
    const types = ["utf-8", "utf-16", "iso-8859-1", "shift_jis"];
    const app = wrapContentLength(({ uri }) => ({
      headers: { "Content-Type": `text/plain; charset=${uri.slice(1)}` },
      body: "é日本\u{1f600}\ud800",
    }));
    await withApp(express().use(ring(app)), async ({ url, errors }) => {
      for (const charset of types) {
        const answer = await fetch(`${url}/${charset}`);
        expect(answer.headers.get("content-length")).toBe(String((await answer.arrayBuffer()).byteLength));
      }
      expect(errors).toEqual([]);
    });
  });

  it("leaves 204 and 304 without a body, and files whole", async () => {
    const app = wrapContentLength(({ uri }) =>
      uri === "/file" ? { body: file(path) } : { status: Number(uri.slice(1)) },
    );
    await withApp(express().use(ring(app)), async ({ url, errors }) => {
      expect((await fetch(`${url}/204`)).status).toBe(204);
      expect((await fetch(`${url}/304`)).status).toBe(304);
      expect(await (await fetch(`${url}/file`)).text()).toBe("ten bytes.");
      expect(errors).toEqual([]);
    });
  });
});

describe("wrapContentLength", () => {
  it("answers at once where no file is looked at", () => {
    expect(wrapContentLength(() => ({ ...text, body: "é" }))(request())).toMatchObject({
      headers: { "Content-Length": "2" },
    });
  });
});
