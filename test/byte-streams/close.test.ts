import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it, jest } from "@jest/globals";
import { closeBody } from "../../src/byte-streams/core.js";
import { deferred } from "../../src/deferred/index.js";

describe("closeBody", () => {
  it("destroys a Node stream", () => {
    const body = new PassThrough();
    closeBody(body);
    expect(body.destroyed).toBe(true);
  });

  it("survives a file that cannot be opened", async () => {
    const body = createReadStream("/does/not/exist");
    const closed = deferred();
    body.on("close", () => closed.success(true));
    closeBody(body);
    await closed;
    expect(body.destroyed).toBe(true);
  });

  it("cancels a web stream, and one that is locked does not matter", async () => {
    const cancel = jest.fn<() => void>();
    closeBody(new ReadableStream({ cancel }));
    expect(cancel).toHaveBeenCalledTimes(1);
    const locked = new ReadableStream({ cancel });
    locked.getReader();
    closeBody(locked);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it("runs the end of a generator that has begun", () => {
    const end = jest.fn();
    function* numbers(): Generator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        end();
      }
    }
    const body = numbers();
    body.next();
    closeBody(body);
    expect(end).toHaveBeenCalledTimes(1);
    expect(body.next().done).toBe(true);
  });

  it("closes a stream of the kit", () => {
    const close = jest.fn();
    closeBody({ take: () => {}, close });
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("swallows what goes wrong", () => {
    const body = {
      close: () => {
        throw new Error("stuck");
      },
    };
    expect(() => closeBody(body)).not.toThrow();
    expect(() => closeBody({ return: () => Promise.reject(new Error("stuck")) })).not.toThrow();
  });

  it.each([null, undefined, "text", Buffer.from("a"), new URL("file:///a"), {}])("leaves %p alone", (body) => {
    expect(() => closeBody(body)).not.toThrow();
  });
});
