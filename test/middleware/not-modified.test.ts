import { PassThrough } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import { headResponse } from "../../middleware/head.js";
import { notModifiedResponse } from "../../middleware/not-modified.js";
import type { Body } from "../../src/ring/types.js";

const validated = { requestMethod: "get", headers: { "if-none-match": '"a"' } };
const answer = (body: Body) => ({ status: 200, headers: { ETag: '"a"' }, body });

describe.each([
  ["notModifiedResponse", (body: Body) => notModifiedResponse(answer(body), validated)],
  ["headResponse", (body: Body) => headResponse(answer(body), { requestMethod: "head" })],
])("%s", (_name, drop) => {
  it("destroys a Node stream that it drops", () => {
    const body = new PassThrough();
    expect(drop(body).body).toBeNull();
    expect(body.destroyed).toBe(true);
  });

  it("cancels a web stream", () => {
    const cancel = jest.fn<() => void>();
    drop(new ReadableStream({ cancel }));
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("ends a generator", () => {
    const end = jest.fn();
    function* chunks(): Generator<string> {
      try {
        yield "a";
      } finally {
        end();
      }
    }
    const body = chunks();
    body.next();
    drop(body);
    expect(end).toHaveBeenCalledTimes(1);
  });

  it("closes a stream of the kit", () => {
    const close = jest.fn();
    drop({ close } as unknown as Body);
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe("notModifiedResponse", () => {
  it("leaves the body of what is sent open", () => {
    const body = new PassThrough();
    const response = answer(body);
    expect(notModifiedResponse(response, { ...validated, headers: { "if-none-match": '"b"' } })).toBe(response);
    expect(body.destroyed).toBe(false);
  });

  it("takes Content-Length away in every spelling", () => {
    const response = { status: 200, headers: { ETag: '"a"', "content-length": "1", "Content-Length": "1", Vary: "x" } };
    expect(notModifiedResponse(response, validated).headers).toEqual({ ETag: '"a"', Vary: "x" });
  });
});

describe("notModifiedResponse", () => {
  it("takes a response without a status for the 200 that it will be", () => {
    const { status: _, ...rest } = answer("a");
    expect(notModifiedResponse(rest, validated)).toMatchObject({ status: 304, body: null });
  });
});
