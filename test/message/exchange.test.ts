import { createServer } from "node:http";
import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
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
