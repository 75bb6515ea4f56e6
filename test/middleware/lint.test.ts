import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import { lintRequest, lintResponse, wrapLint } from "../../middleware/lint.js";
import { file } from "../../src/byte-streams/core.js";
import * as mock from "../../src/mock/index.js";
import { seq } from "../../src/ring/seq.js";
import { stream } from "../../src/stream/index.js";
import { request } from "./helpers.js";

const ok = { status: 200, headers: {} };

describe("lintRequest", () => {
  it.each([
    ["one of mock", mock.body(mock.request("post", "/"), "a")],
    ["one with a web stream", request({ body: new ReadableStream() })],
    ["one with a stream of the kit", request({ body: stream<string>() })],
    ["one without prototype", Object.assign(Object.create(null) as object, request())],
    ["keys of middleware", { ...request(), params: { a: 1 } }],
  ])("passes %s", (_what, asked) => {
    expect(lintRequest(asked)).toBe(asked);
  });

  it.each([
    ["serverPort", { serverPort: "80" as never }, 'specified that serverPort be an integer, but "80" was not'],
    ["a header's name", { headers: { Host: "h" } }, 'header names be in lower case, but "Host" was not'],
    [
      "a header's value",
      { headers: { a: ["b"] as never } },
      'the value of header "a" be a string, but an array was not',
    ],
  ])("says what is wrong with %s", (_what, more, sentence) => {
    expect(() => lintRequest(request(more))).toThrow(
      expect.objectContaining({ code: "RING_LINT", message: expect.stringContaining(sentence) }),
    );
  });

  it("never says what is in a body", () => {
    expect(() => lintRequest(request({ body: "password" }))).toThrow("be absent or a stream, but a string was not");
  });
});

describe("lintResponse", () => {
  it.each([
    ["text", "a"],
    ["a generator", [1][Symbol.iterator]()],
    ["a sequence", seq(["a"])],
    ["a file", file("package.json")],
    ["a file's URL", new URL("file:///a")],
    ["a Node stream", Readable.from(["a"])],
    ["a web stream", new ReadableStream()],
    ["a stream of the kit", stream<string>()],
    ["a blob", new Blob(["a"])],
    ["none", undefined],
  ])("passes a body that is %s", (_what, body) => {
    const response = { ...ok, body };
    expect(lintResponse(response)).toBe(response);
  });

  it.each([
    ["an array", ["a"]],
    ["a set", new Set(["a"])],
    ["data", { a: 1 }],
    ["another URL", new URL("http://a/")],
    ["bytes, as Ring's lint does", new Uint8Array(1)],
  ])("refuses %s as a body", (_what, body) => {
    expect(() => lintResponse({ ...ok, body })).toThrow(expect.objectContaining({ code: "RING_LINT" }));
  });

  it("passes websocket responses, and refuses those whose listener is none", () => {
    const response = { websocketListener: {} };
    expect(lintResponse(response)).toBe(response);
    expect(() => lintResponse({ websocketListener: null })).toThrow("status");
  });
});

describe("wrapLint", () => {
  it("does not call the handler with a bad request", () => {
    const handler = jest.fn(() => ok);
    expect(() => wrapLint(handler)(request({ uri: "a" }))).toThrow('starting with "/"');
    expect(handler).not.toHaveBeenCalled();
  });

  it("rejects what a handler yields later", async () => {
    await expect(wrapLint(async () => null)(request())).rejects.toMatchObject({ code: "RING_LINT" });
  });
});
