import { once } from "node:events";
import { createConnection } from "node:net";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { type Deferred, deferred, success } from "../../../src/deferred/index.js";
import { abortSignal } from "../../../src/index.js";
import type { Handler, RingRequest, RingResponse } from "../../../src/ring/types.js";
import { close, put, stream } from "../../../src/stream/index.js";
import { withLog } from "../../contract/host.js";
import { exchangeRaw, get, rawClient } from "../../raw-client.js";
import { started } from "./start.js";

const ok: Handler = () => ({ body: "ok" });
const echo: Handler = ({ body }) => ({ body: (body as Readable | undefined) ?? "" });

/** A POST with a body of a content-length, or in one chunk. */
const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const statusOf = (response: string): number => Number(/^HTTP\/1.1 (\d{3})/.exec(response)?.[1]);

describe("maxInitialLineLength and maxHeaderSize", () => {
  it.each([
    ["a URL of 100,000 characters", get(`/${"a".repeat(100_000)}`), 414],
    ["a URL of 9,000 characters", get(`/${"a".repeat(9_000)}`), 414],
    ["a header of 100,000 characters", get("/", `X-Long: ${"a".repeat(100_000)}`), 431],
    ["a header of 9,000 characters", get("/", `X-Long: ${"a".repeat(9_000)}`), 431],
    ["many headers", get("/", ...Array.from({ length: 900 }, (_, i) => `X-${i}: ${i}`)), 431],
    ["headers within the limit", get("/", `X-Long: ${"a".repeat(8_000)}`, "Connection: close"), 200],
    ["a URL within the limit", get(`/${"a".repeat(8_100)}`, "Connection: close"), 200],
  ])("refuse %s before the handler is called (30)", async (_what, request, expected) => {
    const handler = jest.fn(ok);
    const { port } = await started(handler);
    expect(statusOf(await exchangeRaw(port, request))).toBe(expected);
    expect(handler).toHaveBeenCalledTimes(expected === 200 ? 1 : 0);
  });

  it("can be raised", async () => {
    const { port } = await started(ok, { maxInitialLineLength: 200_000, maxHeaderSize: 200_000 });
    const request = get(`/${"a".repeat(100_000)}`, `X-Long: ${"a".repeat(100_000)}`, "Connection: close");
    expect(statusOf(await exchangeRaw(port, request))).toBe(200);
  });
});

describe("requests that are none", () => {
  it.each([
    ["another version (31)", "GET / HTTP-1,1\r\nHost: a\r\n\r\n", 400],
    ["no request at all", "hello\r\n\r\n", 400],
    ["a header without a colon", "GET / HTTP/1.1\r\nHost a\r\n\r\n", 400],
    ["two lengths (32)", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400],
    ["a length that is none", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\nab", 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
  ])("are answered and the connection closed: %s", async (_what, request, expected) => {
    const handler = jest.fn(ok);
    const { port } = await started(handler);
    expect(statusOf(await exchangeRaw(port, request))).toBe(expected);
    expect(handler).not.toHaveBeenCalled();
  });

  it("make the body fail where a chunk is none (35)", async () => {
    const failure = deferred();
    const { port } = await started(async ({ body }) => {
      await text(body as Readable).catch((error: unknown) => success(failure, error));
      return { status: 201 };
    });
    const client = await rawClient(port);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    expect(await failure).toMatchObject({ code: expect.stringMatching(/HPE|ECONNRESET/) });
    expect(statusOf(await client.ended())).toBe(400);
  });

  it("are answered with 408 when their head takes longer than headersTimeout, or all of them than requestTimeout", async () => {
    const { port } = await started(echo, { headersTimeout: 100, requestTimeout: 300 });
    const [head, body] = [await rawClient(port), await rawClient(port)];
    head.send("GET / HTTP/1.1\r\n");
    body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    expect(statusOf(await head.ended())).toBe(408);
    expect(statusOf(await body.ended())).toBe(408);
  });
});

describe("maxRequestBodySize", () => {
  const limits = [0, 1, 5, 6] as const;

  it.each(
    limits.flatMap((limit) => [[limit, "of known length", post] as const, [limit, "in chunks", chunked] as const]),
  )("%d refuses a body of five bytes %s if it is less (33, 34)", async (limit, _how, request) => {
    const handler = jest.fn(echo);
    const { port } = await started(handler, { maxRequestBodySize: limit });
    const answer = await exchangeRaw(port, request("hello"));
    expect(statusOf(answer)).toBe(limit < 5 ? 413 : 200);
    if (limit >= 5) expect(answer).toContain("hello");
    expect(handler).toHaveBeenCalledTimes(limit < 5 ? 0 : 1);
  });

  it("lets an empty body in chunks through", async () => {
    const { port } = await started(async ({ body }) => ({ body: `<${await text(body as Readable)}>` }), {
      maxRequestBodySize: 5,
    });
    const empty = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    expect(await exchangeRaw(port, empty)).toMatch(/<>/);
  });

  it("gathers a body in many chunks, before the handler is called", async () => {
    const seen: boolean[] = [];
    const { port } = await started(
      async ({ body }) => {
        seen.push(true);
        return { body: await text(body as Readable) };
      },
      { maxRequestBodySize: 1_000_000 },
    );
    const client = await rawClient(port);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let i = 0; i < 50; i++) {
      client.send(`2710\r\n${`${i % 10}`.repeat(10_000)}\r\n`);
      await sleep(1);
    }
    expect(seen).toEqual([]);
    client.send("0\r\n\r\n");
    const [, answer = ""] = (await client.ended()).split("\r\n\r\n");
    expect([answer.length, answer.slice(0, 1), answer.slice(-1)]).toEqual([500_000, "0", "9"]);
  });

  it("keeps the connection where the rest is small enough to be read", async () => {
    const { port } = await started(echo, { maxRequestBodySize: 3 });
    const client = await rawClient(port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${get("/")}`);
    expect(await client.until(/HTTP[^]*HTTP[^]*\r\n\r\n/)).toMatch(/^HTTP\/1.1 413[^]*HTTP\/1.1 200/);
    client.leave();
  });

  it("lets a client that sends on and on read its answer, and hangs up on it", async () => {
    const { port } = await started(echo, { maxRequestBodySize: 3 });
    const socket = createConnection(port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1").on("data", (piece) => (answer += piece));
    socket.on("error", () => {});
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    const sending = setInterval(() => socket.write("x".repeat(65_536)), 5);
    await once(socket, "close");
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1.1 413 [^]*connection: close/i);
  });
});

describe("requestBufferSize", () => {
  /** Starts a server, sends half of a body, and tells whether the handler was called before the rest came. */
  async function calledEarly(size: number, options: object, encode = (half: string) => half): Promise<boolean> {
    const called = jest.fn();
    const { port } = await started(async ({ body }) => {
      called();
      return { body: `${(await text(body as Readable)).length}` };
    }, options);
    const client = await rawClient(port);
    const half = encode("x".repeat(size / 2));
    const framing = encode("") === "" ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
    client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${half}`);
    await sleep(50);
    const early = called.mock.calls.length > 0;
    client.send(half + (encode("") === "" ? "" : "0\r\n\r\n"));
    expect(await client.until(new RegExp(`\r\n\r\n${size}$`))).toMatch(/^HTTP\/1.1 200/);
    client.leave();
    return early;
  }

  it("is how much of a body of known length is waited for", async () => {
    expect(await calledEarly(16_384, {})).toBe(false);
    expect(await calledEarly(16_386, {})).toBe(true);
    expect(await calledEarly(100_000, { requestBufferSize: 100_000 })).toBe(false);
    expect(await calledEarly(2, { requestBufferSize: 0 })).toBe(true);
  });

  it("does not hold up a body of unknown length, nor a raw one", async () => {
    const chunk = (half: string) => `${half.length.toString(16)}\r\n${half}\r\n`;
    expect(await calledEarly(10, {}, (half) => (half === "" ? "chunked" : chunk(half)))).toBe(true);
  });

  it("never calls the handler for a body whose client leaves (48)", async () => {
    const handler = jest.fn(echo);
    const closed = deferred<true>();
    const { port } = await started(handler, {
      onConnection: (socket) => void socket.once("close", () => success(closed, true)),
    });
    const client = await rawClient(port);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await sleep(20);
    client.leave();
    await closed;
    expect(handler).not.toHaveBeenCalled();
  });

  it("leaves a body that nobody reads out of the way of the next request (27)", async () => {
    const { port } = await started(({ uri }) => ({ body: uri }));
    for (const size of [1, 16_383, 16_384, 16_385, 1_000_000]) {
      const client = await rawClient(port);
      client.send(
        `POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}${get("/second")}`,
      );
      expect(await client.until(/\/second$/)).toContain("/first");
      client.leave();
    }
  });
});

describe("idleTimeout", () => {
  it("lets a response and an upload of a byte each 50 ms through (39)", async () => {
    const body = stream<string>();
    const { port } = await started(
      async ({ uri, body: sent }) => ({ body: uri === "/up" ? await text(sent as Readable) : body }),
      { idleTimeout: 200 },
    );
    const [down, up] = [await rawClient(port), await rawClient(port)];
    down.send(get("/down", "Connection: close"));
    up.send("POST /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n");
    for (let i = 0; i < 10; i++) {
      await sleep(50);
      void put(body, `${i}`);
      up.send(`${i}`);
    }
    close(body);
    expect((await down.ended()).endsWith("9\r\n0\r\n\r\n")).toBe(true);
    expect(await up.ended()).toMatch(/0123456789$/);
  });

  it("cuts slower ones, handlers that think too long, and connections that wait (39)", async () => {
    const { port } = await started(({ uri }) => (uri === "/quick" ? { body: "ok" } : new Promise<never>(() => {})), {
      idleTimeout: 500,
    });
    const [thinking, waiting, silent] = [await rawClient(port), await rawClient(port), await rawClient(port)];
    const begun = performance.now();
    thinking.send(get("/slow"));
    waiting.send(get("/quick"));
    expect(await thinking.ended()).toBe("");
    expect(await waiting.ended()).toMatch(/ok$/);
    expect(await silent.ended()).toBe("");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe("executor", () => {
  /** A handler whose answers are given by hand, in order of their requests. */
  function held() {
    const answers: Deferred<RingResponse>[] = [];
    const handler: Handler = () => {
      const answer = deferred<RingResponse>();
      answers.push(answer);
      return answer;
    };
    const until = async (count: number): Promise<void> => {
      while (answers.length < count) await sleep(2);
    };
    return { answers, handler, until };
  }
  const one = { maxConcurrent: 1 };

  it("answers 503 beyond what it lets in, and keeps the connection (38)", async () => {
    const { answers, handler, until } = held();
    const { port } = await started(handler, { executor: one });
    const first = fetch(`http://localhost:${port}/`);
    await until(1);
    const refused = await rawClient(port);
    refused.send(get("/"));
    expect(await refused.until(/Service Unavailable$/)).toMatch(/^HTTP\/1.1 503/);
    success(answers[0] as Deferred<RingResponse>, { body: "first" });
    expect(await (await first).text()).toBe("first");
    refused.send(get("/"));
    await until(2);
    success(answers[1] as Deferred<RingResponse>, { body: "second" });
    await refused.until(/second$/);
    refused.leave();
  });

  it("asks the rejectedHandler, whose errors are errors (38)", async () => {
    const { handler, until } = held();
    const rejectedHandler = ({ uri }: RingRequest): RingResponse => {
      if (uri === "/throw") throw new Error("boom");
      return { status: 429, body: "later" };
    };
    await withLog(async () => {
      const { port } = await started(handler, { executor: one, rejectedHandler });
      const first = await rawClient(port);
      first.send(get("/"));
      await until(1);
      expect((await fetch(`http://localhost:${port}/`)).status).toBe(429);
      expect((await fetch(`http://localhost:${port}/throw`)).status).toBe(500);
      first.leave();
    });
  });

  it("lets as many wait as maxQueue says, in order, without those that leave", async () => {
    const { answers, handler, until } = held();
    const order: string[] = [];
    const { port } = await started(
      (request) => {
        order.push(request.uri);
        return handler(request);
      },
      { executor: { maxConcurrent: 1, maxQueue: 2 } },
    );
    const clients = [];
    for (const path of ["/1", "/2", "/3"]) {
      const client = await rawClient(port);
      client.send(get(path));
      clients.push(client);
      await sleep(20);
    }
    expect((await fetch(`http://localhost:${port}/4`)).status).toBe(503);
    clients[1]?.leave();
    await sleep(20);
    const late = await rawClient(port);
    late.send(get("/5"));
    await sleep(20);
    for (let i = 0; i < 3; i++) {
      await until(i + 1);
      success(answers[i] as Deferred<RingResponse>, { body: `[${i}]` });
    }
    await late.until(/\[2\]$/);
    expect(order).toEqual(["/1", "/3", "/5"]);
    for (const client of [...clients, late]) client.leave();
  });

  it("frees the place of a handler that fails, and does not grow the stack with its queue", async () => {
    let isFirst = true;
    const gate = deferred<RingResponse>();
    await withLog(async () => {
      const { port } = await started(
        () => {
          if (!isFirst) throw new Error("boom");
          isFirst = false;
          return gate;
        },
        { executor: { maxConcurrent: 1, maxQueue: 5_000 }, errorHandler: () => ({ status: 500 }) },
      );
      const client = await rawClient(port);
      client.send(get("/").repeat(3_000));
      await sleep(200);
      success(gate, { body: "" });
      client.send(get("/", "Connection: close"));
      expect((await client.ended()).match(/HTTP\/1.1 500/g)).toHaveLength(3_000);
    });
  });
});

describe("a client that disconnects", () => {
  it("closes a silent stream of a body, whose put gives false, and fires the signal (47)", async () => {
    const body = stream<string>();
    const closed = deferred<true>();
    body.onClosed(() => success(closed, true));
    let signal: AbortSignal | undefined;
    const { port } = await started((request) => {
      signal = abortSignal(request);
      return { headers: { "content-type": "text/event-stream" }, body };
    });
    const client = await rawClient(port);
    client.send(get("/"));
    await client.until(/\r\n\r\n/);
    client.leave();
    await closed;
    expect([await put(body, "late"), signal?.aborted]).toEqual([false, true]);
  });
});
