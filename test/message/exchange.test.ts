import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { deferred } from "../../src/deferred/index.js";
import { abortSignal } from "../../src/index.js";
import { exchangeOf } from "../../src/message/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { get, rawClient } from "../raw-client.js";
import { withServer } from "./hosts.js";

describe("abortSignal", () => {
  it("is one that never fires, on a request that no server has made", () => {
    const signal = abortSignal({ uri: "/" } as RingRequest);
    expect([signal.aborted, signal]).toEqual([false, abortSignal({})]);
  });
});

describe("an exchange that is taken over", () => {
  it.each<[string, (error: Error) => ReturnType<Handler>, string[]]>([
    ["answers", () => ({ status: 400, headers: {}, body: "ignored" }), []],
    ["answers later", async () => ({ status: 400, headers: {}, body: "ignored" }), []],
    ["passes", () => null, []],
    [
      "throws",
      (error) => {
        throw error;
      },
      ["boom"],
    ],
    ["rejects", async (boom) => Promise.reject(boom), ["boom"]],
  ])("is the taker's alone, also when the handler %s", async (_what, end, expected) => {
    const raised: unknown[] = [];
    const handler: Handler = (request) => {
      const exchange = exchangeOf(request);
      exchange.takeOver((error) => raised.push((error as Error).message));
      setImmediate(() => exchange.res.end("taken"));
      return end(new Error("boom"));
    };
    await withServer(createServer(), handler, async ({ port, errors }) => {
      const client = await rawClient(port);
      client.send(get("/"));
      expect(await client.until(/taken/)).toMatch(/^HTTP\/1.1 200/);
      client.leave();
      expect([raised, errors]).toEqual([expected, []]);
    });
  });
});

describe("a body that was read to its last byte", () => {
  it("ends with the answer, though nobody has asked for its end", async () => {
    const [begun, ended] = [deferred<boolean>(), deferred<boolean>()];
    const handler: Handler = async ({ body }) => {
      const message = body as IncomingMessage;
      message.once("end", () => ended.success(true));
      await once(message, "readable");
      const first = String(message.read(1));
      begun.success(true);
      while (!message.complete) await new Promise((resolve) => setImmediate(resolve));
      return { status: 200, headers: {}, body: first + String(message.read(4)) };
    };
    await withServer(createServer(), handler, async ({ port }) => {
      const client = await rawClient(port);
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh");
      await begun;
      client.send("ello");
      await client.until(/hello$/);
      expect(await ended).toBe(true);
      client.leave();
    });
  });
});

describe("a request map that is printed", () => {
  it("shows its exchange as method and path, without the query", async () => {
    let shown = "";
    const handler: Handler = (request) => {
      shown = inspect(request);
      return { status: 204 };
    };
    await withServer(createServer(), handler, async ({ port }) => {
      await fetch(`http://localhost:${port}/a?token=1`);
      expect(shown).toMatch(/<GET \/a>/);
      expect(shown).not.toMatch(/Socket|token=1.*token=1/s);
    });
  });
});
