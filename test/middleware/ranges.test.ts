import { utimesSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import express from "express";
import {
  rangeResponse,
  wrapContentType,
  wrapFile,
  wrapHead,
  wrapNotModified,
  wrapRanges,
} from "../../middleware/index.js";
import { file, readBytes } from "../../src/byte-streams/core.js";
import { ring } from "../../src/express/index.js";
import type { Body, RingResponse } from "../../src/ring/types.js";
import { withApp } from "../express/hosts.js";
import { makeFolder } from "../folder.js";
import { request } from "./helpers.js";

const folder = makeFolder();
const content = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
beforeAll(() => {
  const path = folder.write("data.txt", content);
  utimesSync(path, new Date("2024-01-01"), new Date("2024-01-01"));
});
afterAll(() => folder.remove());

const answer = (body: Body, headers = {}): RingResponse => ({ status: 200, headers, body });
const ranged = (range: string, headers = {}) => ({ requestMethod: "get", headers: { range, ...headers } });
const text = async (body: Body): Promise<string> => {
  const whole = body instanceof Uint8Array || typeof body === "string" ? body : await readBytes(body as never);
  return Buffer.from(whole as Uint8Array).toString();
};

describe("rangeResponse", () => {
  it.each<[string, Body]>([
    ["a string", "abcdef"],
    ["bytes", Buffer.from("abcdef")],
    ["an array buffer", new Uint8Array(Buffer.from("abcdef")).buffer],
  ])("answers with a part of %s", async (_what, body) => {
    const response = await rangeResponse(answer(body, { "content-length": "6" }), ranged("bytes=1-2"));
    expect(response).toMatchObject({ status: 206 });
    expect(response.headers).toEqual({
      "Content-Range": "bytes 1-2/6",
      "Content-Length": "2",
      "Accept-Ranges": "bytes",
    });
    expect(await text(response.body)).toBe("bc");
  });

  it("counts a string in bytes of its charset", async () => {
    const headers = { "Content-Type": "text/plain; charset=utf-16be" };
    const response = await rangeResponse(answer("aé", headers), ranged("bytes=2-3"));
    expect(response.headers).toMatchObject({ "Content-Range": "bytes 2-3/4" });
    expect(Buffer.from(response.body as Uint8Array)).toEqual(Buffer.from([0, 0xe9]));
  });

  it("answers with a region of a region of a file", async () => {
    const response = await rangeResponse(answer(file(folder.of("data.txt"), 100, 50)), ranged("bytes=10-19"));
    expect(response).toMatchObject({
      headers: { "Content-Range": "bytes 10-19/50" },
      body: { offset: 110, length: 10 },
    });
  });

  it("answers 416 if nothing of it is there", async () => {
    const response = await rangeResponse(answer("abc", { ETag: '"a"' }), ranged("bytes=3-"));
    expect(response).toEqual({
      status: 416,
      headers: { ETag: '"a"', "Content-Range": "bytes */3", "Content-Length": "0" },
      body: null,
    });
  });

  it.each([
    ["no range", {}],
    ["another unit", { range: "lines=1-2" }],
    ["a range that is not well formed", { range: "bytes=b-a" }],
    ["too many ranges", { range: `bytes=${Array.from({ length: 17 }, (_, at) => `${at * 2}-${at * 2}`).join(",")}` }],
    ["another version by its ETag", { range: "bytes=0-1", "if-range": '"b"' }],
    ["the same weak ETag", { range: "bytes=0-1", "if-range": 'W/"a"' }],
    ["an earlier date", { range: "bytes=0-1", "if-range": "Mon, 06 May 2024 07:08:08 GMT" }],
    ["a later date", { range: "bytes=0-1", "if-range": "Mon, 06 May 2024 07:08:10 GMT" }],
    ["no date", { range: "bytes=0-1", "if-range": "yesterday" }],
  ])("sends the whole body for %s, and says that there are ranges", async (_what, headers) => {
    const whole = answer("x".repeat(100), { ETag: '"a"', "Last-Modified": "Mon, 06 May 2024 07:08:09 GMT" });
    const response = await rangeResponse(whole, { requestMethod: "get", headers: headers as Record<string, string> });
    expect(response).toEqual({ ...whole, headers: { ...whole.headers, "Accept-Ranges": "bytes" } });
  });

  it.each(['"a"', "Mon, 06 May 2024 07:08:09 GMT"])("takes If-Range: %s for the same version", async (ifRange) => {
    const headers = { ETag: '"a"', "Last-Modified": "Mon, 06 May 2024 07:08:09 GMT" };
    const response = await rangeResponse(answer("abc", headers), ranged("bytes=0-1", { "if-range": ifRange }));
    expect(response.status).toBe(206);
  });

  it("leaves alone what is not a 200, has no known end, is empty, or speaks of ranges itself", async () => {
    const async = (async function* () {})();
    for (const response of [
      { ...answer("abc"), status: 404 },
      { ...answer("abc"), status: 206 },
      answer(async),
      answer("abc", { "accept-ranges": "none" }),
      answer(null),
      null,
    ]) {
      expect(await rangeResponse(response, ranged("bytes=0-0"))).toBe(response);
    }
    const posted = answer("abc");
    expect(await rangeResponse(posted, { ...ranged("bytes=0-0"), requestMethod: "post" })).toBe(posted);
    expect(await rangeResponse(answer(""), ranged("bytes=0-0"))).toMatchObject({ status: 200 });
  });

  it("answers several ranges with their parts, each under the type of the whole", async () => {
    const response = await rangeResponse(answer("abcdef", { "content-type": "text/plain" }), ranged("bytes=4-4,0-1"));
    const type = String(response.headers?.["Content-Type"]);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(type)?.[1];
    const part = (range: string, part: string) =>
      `\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/6\r\n\r\n${part}`;
    const body = `${part("4-4", "e")}${part("0-1", "ab")}\r\n--${boundary}--\r\n`;
    expect(await text(response.body)).toBe(body);
    expect(response.headers).toMatchObject({ "Content-Length": String(body.length) });
    expect(response.headers).not.toHaveProperty("content-type");
  });

  it("header injection: a type with a line break does not get into a part", async () => {
    const response = await rangeResponse(answer("abcdef", { "Content-Type": "a\r\nX: y" }), ranged("bytes=0-0,4-4"));
    expect(await text(response.body)).not.toContain("X: y");
  });

  it("range floods (CVE-2011-3192): overlapping ranges never add up to more than the whole", async () => {
    const body = "x".repeat(10_000);
    const flood = (count: number) => `bytes=0-,${Array.from({ length: count }, (_, at) => `5-${at + 6}`).join(",")}`;
    const joined = await rangeResponse(answer(body), ranged(flood(15)));
    expect(joined).toMatchObject({
      status: 206,
      headers: { "Content-Length": "10000", "Content-Range": "bytes 0-9999/10000" },
    });
    const refused = await rangeResponse(answer(body), ranged(flood(1300)));
    expect(refused).toMatchObject({ status: 200, body });
  });
});

describe("wrapRanges", () => {
  it.each([0, 1.5, Number.NaN])("throws when it is put together with maxRanges: %p", (maxRanges) => {
    expect(() => wrapRanges(() => null, { maxRanges })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("stays in the same call for a handler that does", () => {
    const app = wrapRanges(() => answer("abc"));
    expect(app(request({ headers: { range: "bytes=1-1" } }))).toMatchObject({ status: 206 });
  });

  it("sends parts of files over a connection, and lets 304 and HEAD go before", async () => {
    const files = wrapNotModified(wrapContentType(wrapFile(() => null, folder.path)));
    await withApp(express().use(ring(wrapRanges(wrapHead(files)))), async ({ url }) => {
      const get = async (headers: Record<string, string>, method = "GET") => {
        const response = await fetch(`${url}/data.txt`, { method, headers });
        return { response, bytes: Buffer.from(await response.arrayBuffer()) };
      };
      const one = await get({ range: "bytes=1000-150999" });
      expect([one.response.status, one.response.headers.get("content-range")]).toEqual([
        206,
        "bytes 1000-150999/200000",
      ]);
      expect(one.bytes.equals(content.subarray(1000, 151_000))).toBe(true);
      const two = await get({ range: "bytes=0-99999,150000-" });
      expect(two.response.headers.get("content-length")).toBe(String(two.bytes.length));
      expect(two.bytes.includes(content.subarray(0, 100_000))).toBe(true);
      expect(two.bytes.includes(content.subarray(150_000))).toBe(true);
      const none = await get({ range: "bytes=200000-" });
      expect([none.response.status, none.bytes.length]).toEqual([416, 0]);
      const head = await get({ range: "bytes=0-1" }, "HEAD");
      expect([head.response.status, head.response.headers.get("accept-ranges")]).toEqual([200, "bytes"]);
      expect(head.response.headers.get("content-length")).toBe("200000");
      const date = one.response.headers.get("last-modified") ?? "";
      expect((await get({ range: "bytes=0-1", "if-modified-since": date })).response.status).toBe(304);
      expect((await get({ range: "bytes=0-1", "if-range": date })).response.status).toBe(206);
    });
  });
});
