import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { type MockClock, mockClock } from "../../src/clock/index.js";
import { ring } from "../../src/express/index.js";
import { connectionPool } from "../../src/http/index.js";
import {
  type EventSourceLoss,
  type EventSourceOptions,
  type EventSourceStream,
  eventLog,
  eventSource,
  sse,
} from "../../src/sse/index.js";
import { logged, rest } from "../stream/kit.js";

const servers: Server[] = [];
const sources: EventSourceStream[] = [];
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener).listen(port, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
}

const HEAD = { "content-type": "text/event-stream; charset=utf-8" };

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** A server whose answers are given by the test, one after the other. */
async function scripted() {
  const arrived: Exchange[] = [];
  const awaited: ((exchange: Exchange) => void)[] = [];
  const url = await listen((req, res) => {
    const next = awaited.shift();
    if (next === undefined) arrived.push({ req, res });
    else next({ req, res });
  });
  const next = (): Promise<Exchange> =>
    new Promise((resolve) => {
      const exchange = arrived.shift();
      if (exchange === undefined) awaited.push(resolve);
      else resolve(exchange);
    });
  return { url, next };
}

function open(url: string, options: EventSourceOptions = {}): EventSourceStream {
  const source = eventSource(url, { jitter: 0, ...options });
  sources.push(source);
  return source;
}

/** A source on a clock that stands still, and what it says of its losses. */
function timed(url: string, options: EventSourceOptions = {}) {
  const clock: MockClock = mockClock();
  const losses: EventSourceLoss[] = [];
  let told: (() => void) | undefined;
  const source = open(url, {
    clock,
    onLoss: (loss) => {
      losses.push(loss);
      told?.();
    },
    ...options,
  });
  const loss = async (count: number) => {
    while (losses.length < count) {
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
    return losses[count - 1] as EventSourceLoss;
  };
  return { clock, source, loss, losses };
}

jest.setTimeout(10_000);

describe("eventSource", () => {
  it("gives the events of a server, and knows where it is", async () => {
    const { url, next } = await scripted();
    const source = open(url);
    expect([source.state, source.lastEventId]).toEqual(["connecting", ""]);
    const { req, res } = await next();
    expect(req.headers).toMatchObject({ accept: "text/event-stream", "cache-control": "no-cache" });
    expect(req.headers).not.toHaveProperty("last-event-id");
    res.writeHead(200, HEAD).write("event: a\nid: 1\ndata: x\n\ndata: y\n\n");
    expect(await source.take()).toEqual({ event: "a", data: "x", id: "1" });
    expect(await source.take()).toEqual({ event: "message", data: "y", id: "1" });
    expect([source.state, source.lastEventId]).toEqual(["open", "1"]);
    expect(source.description()).toMatchObject({ type: "event source", state: "open", lastEventId: "1" });
  });

  it("comes back with the last id when the connection ends, in order or not, after the wait that the server asks for", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss } = timed(url);
    const first = await next();
    first.res.writeHead(200, HEAD).write("retry: 5000\nid: größe-日本\ndata: 1\n\ndata: lost");
    expect((await source.take())?.data).toBe("1");
    const second = source.take();
    first.res.destroy();
    expect(await loss(1)).toMatchObject({ failures: 0, delay: 5000, error: { code: "RING_CONNECTION_CLOSED" } });
    expect(source.state).toBe("connecting");
    clock.advance(4999);
    const exchange = next();
    clock.advance(1);
    const { req, res } = await exchange;
    expect(Buffer.from(String(req.headers["last-event-id"]), "latin1").toString()).toBe("größe-日本");
    res.writeHead(200, HEAD).end("data: 2\n\n");
    expect(await second).toMatchObject({ data: "2", id: "größe-日本" });
    const third = source.take();
    expect(await loss(2)).toEqual({ failures: 0, delay: 5000, error: undefined });
    clock.advance(5000);
    (await next()).res.writeHead(200, HEAD).write("id\ndata: 3\n\n");
    expect(await third).toMatchObject({ data: "3", id: "" });
  });

  it("waits longer after each attempt that fails, up to a limit, until one succeeds", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss } = timed(url, { retryDelay: 100, maxRetryDelay: 350, retryStatuses: [503] });
    const taken = source.take();
    for (const [attempt, delay] of [100, 200, 350, 350].entries()) {
      (await next()).res.writeHead(503).end();
      expect(await loss(attempt + 1)).toMatchObject({
        failures: attempt + 1,
        delay,
        error: { code: "RING_EVENT_SOURCE_STATUS", status: 503 },
      });
      clock.advance(delay);
    }
    (await next()).res.writeHead(200, HEAD).end("data: x\n\n");
    expect((await taken)?.data).toBe("x");
    void source.take();
    expect(await loss(5)).toMatchObject({ failures: 0, delay: 100 });
  });

  it("lengthens waits at random, never beyond the part that jitter says", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss, losses } = timed(url, { retryDelay: 1000, jitter: 0.5 });
    void source.take();
    for (let attempt = 1; attempt <= 10; attempt++) {
      (await next()).res.writeHead(200, HEAD).end();
      clock.advance((await loss(attempt)).delay);
    }
    for (const { delay } of losses) {
      expect(delay).toBeGreaterThanOrEqual(1000);
      expect(delay).toBeLessThanOrEqual(1500);
    }
    expect(new Set(losses.map(({ delay }) => delay)).size).toBeGreaterThan(1);
  });

  it("gives up after maxFailures", async () => {
    const url = await listen(() => {});
    servers[0]?.close();
    const { source, clock, loss } = timed(url, { maxFailures: 2 });
    const taken = source.take();
    clock.advance((await loss(1)).delay);
    await expect(taken).rejects.toMatchObject({
      code: "RING_EVENT_SOURCE_LOST",
      message: expect.stringContaining("2 times"),
      cause: { code: "ECONNREFUSED" },
    });
    expect([source.state, source.isDrained()]).toEqual(["closed", true]);
  });

  it("ends with status 204, as the server has nothing more", async () => {
    const { url, next } = await scripted();
    const source = open(url);
    (await next()).res.writeHead(204).end();
    expect(await source.take("end")).toBe("end");
    expect(source.state).toBe("closed");
  });

  it.each([
    ["another status", 404, HEAD, { code: "RING_EVENT_SOURCE_STATUS", status: 404 }],
    ["an error of the server", 500, HEAD, { code: "RING_EVENT_SOURCE_STATUS", status: 500 }],
    ["a success that is none", 206, HEAD, { code: "RING_EVENT_SOURCE_STATUS", status: 206 }],
    ["another type", 200, { "content-type": "text/html" }, { code: "RING_EVENT_SOURCE_CONTENT_TYPE" }],
    ["no type", 200, {}, { code: "RING_EVENT_SOURCE_CONTENT_TYPE" }],
  ])("fails for good on %s", async (_what, status, headers, error) => {
    const { url, next } = await scripted();
    const source = open(url);
    (await next()).res.writeHead(status, headers).end("data: x\n\n");
    await expect(source.take()).rejects.toMatchObject(error);
    expect([source.state, source.isDrained()]).toEqual(["closed", true]);
    expect(await source.take("end")).toBe("end");
  });

  it("fails for good on what is too large, behind the events before it", async () => {
    const { url, next } = await scripted();
    const source = open(url, { maxEventLength: 3 });
    (await next()).res.writeHead(200, HEAD).write("data: 1\n\ndata: 1234\n\n");
    // Both came in one piece, of which the first event is given.
    await expect(source.take().then(() => source.take())).rejects.toMatchObject({ code: "RING_EVENT_TOO_LARGE" });
  });

  it("follows redirects, with headers and credentials", async () => {
    const { url, next } = await scripted();
    const source = open(url, { request: { headers: { "x-a": "1" }, oauthToken: "secret" } });
    (await next()).res.writeHead(302, { location: "/elsewhere" }).end();
    const { req, res } = await next();
    expect(req.url).toBe("/elsewhere");
    expect(req.headers).toMatchObject({ "x-a": "1", authorization: "Bearer secret" });
    res.writeHead(200, HEAD).write("data: x\n\n");
    expect((await source.take())?.data).toBe("x");
  });

  it("can POST, again and again", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss } = timed(url, { request: { method: "post", body: '{"prompt":"x"}' } });
    void source.take();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const { req, res } = await next();
      expect([req.method, String((await req.toArray())[0])]).toEqual(["POST", '{"prompt":"x"}']);
      res.writeHead(200, HEAD).end();
      clock.advance((await loss(attempt)).delay);
    }
  });

  it("gives up a connection that is silent for too long", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss } = timed(url, { idleTimeout: 1000 });
    const taken = source.take();
    const { req, res } = await next();
    const gone = once(req.socket, "close");
    res.writeHead(200, HEAD).write(":\n\n");
    await rest();
    while (source.state !== "open") await rest();
    clock.advance(999);
    res.write("data: 1\n\n");
    expect((await taken)?.data).toBe("1");
    void source.take();
    clock.advance(1000);
    expect(await loss(1)).toMatchObject({ error: { code: "RING_TIMEOUT" }, failures: 0 });
    await gone;
  });

  it("gives up a connection on which no answer comes, and asks again on another one", async () => {
    const { url, next } = await scripted();
    const { source, clock, loss } = timed(url, { idleTimeout: 1000 });
    const silent = await next();
    const gone = once(silent.req.socket, "close");
    clock.advance(999);
    expect(source.state).toBe("connecting");
    clock.advance(1);
    const { delay, ...told } = await loss(1);
    expect(told).toMatchObject({ error: { code: "RING_TIMEOUT" }, failures: 1 });
    await gone;
    clock.advance(delay);
    const { res } = await next();
    res.writeHead(200, HEAD).write("data: 1\n\n");
    expect((await source.take())?.data).toBe("1");
  });

  it("holds the server back while nobody takes", async () => {
    const { url, next } = await scripted();
    const source = open(url);
    const { res } = await next();
    res.writeHead(200, HEAD);
    const event = `data: ${"x".repeat(100_000)}\n\n`;
    let written = 0;
    while (written < 1000 && res.write(event)) written++;
    for (let round = 0; round < 200 && written < 1000; round++) {
      await rest();
      while (!res.writableNeedDrain && written < 1000) {
        res.write(event);
        written++;
      }
    }
    // The sockets on the way take some megabytes, not a hundred.
    expect(written).toBeLessThan(300);
    const draining = once(res, "drain");
    for (let i = 0; i <= written; i++) await source.take();
    await draining;
  });

  describe("close", () => {
    it.each([
      ["while it connects", async () => {}],
      [
        "while it is open",
        async ({ res }: Exchange) => {
          res.writeHead(200, HEAD).write("data: x\n\n");
        },
      ],
    ])("ends it %s, and the connection with it", async (_when, answer) => {
      const { url, next } = await scripted();
      const source = open(url);
      const exchange = await next();
      await answer(exchange);
      if (source.state === "open" || exchange.res.headersSent) await source.take();
      const gone = once(exchange.req.socket as Socket, "close");
      const taken = source.take("end");
      source.close();
      expect(await taken).toBe("end");
      expect(source.state).toBe("closed");
      await gone;
    });

    it("ends it while it waits to come back", async () => {
      const { url, next } = await scripted();
      const { source, clock, loss } = timed(url);
      const taken = source.take("end");
      (await next()).res.writeHead(200, HEAD).end();
      await loss(1);
      source.close();
      expect(await taken).toBe("end");
      let came = false;
      void next().then(() => {
        came = true;
      });
      clock.advance(1e9);
      await rest();
      expect(came).toBe(false);
    });

    it("is what leaving a loop does", async () => {
      const { url, next } = await scripted();
      const source = open(url);
      void next().then(({ res }) => res.writeHead(200, HEAD).write("data: x\n\ndata: y\n\n"));
      for await (const { data } of source) if (data === "x") break;
      expect(source.state).toBe("closed");
    });
  });

  it("fails when its signal says so", async () => {
    const { url, next } = await scripted();
    const controller = new AbortController();
    const source = open(url, { request: { signal: controller.signal } });
    const taken = source.take();
    await next();
    controller.abort();
    await expect(taken).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
  });

  it("logs what its callbacks throw, and goes on", async () => {
    const { url, next } = await scripted();
    const entries = await logged(async () => {
      const source = open(url, {
        onOpen: () => {
          throw new Error("in onOpen");
        },
      });
      (await next()).res.writeHead(200, HEAD).write("data: x\n\n");
      expect((await source.take())?.data).toBe("x");
    });
    expect(entries).toMatchObject([{ message: "in onOpen" }]);
  });

  it.each([
    ["a URL that is none", "events", {}],
    ["an unknown option", "http://localhost", { retries: 1 }],
    ["a jitter above 1", "http://localhost", { jitter: 2 }],
    ["a delay of 0", "http://localhost", { retryDelay: 0 }],
    ["a limit of 0", "http://localhost", { maxFailures: 0 }],
    ["what becomes of the body", "http://localhost", { request: { as: "json" } }],
    ["a line limit of 0", "http://localhost", { maxLineLength: 0 }],
  ])("refuses %s in place", (_what, url, options) => {
    expect(() => eventSource(url, options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("loses nothing and doubles nothing over any number of lost connections, with a log on the other side", async () => {
    const log = eventLog();
    const pool = connectionPool();
    const sockets = new Set<Socket>();
    const app = express().get(
      "/events",
      ring((request) => sse(request, { feed: log, retry: 1 }).response),
    );
    const url = await listen(app);
    servers[0]?.on("connection", (socket) => sockets.add(socket));
    const source = open(url, { retryDelay: 1, request: { pool } });
    let appended = 0;
    let seen = 0;
    // The first place is told before the first event.
    while (log.stats().readers === 0) await rest();
    while (seen < 500) {
      if (appended < 500) await log.append({ data: String(++appended) });
      if (appended % 50 === 0) for (const socket of sockets) socket.destroy();
      while (seen < appended) expect((await source.take())?.data).toBe(String(++seen));
    }
    expect(sockets.size).toBeGreaterThan(5);
    expect(log.stats().gaps).toBe(0);
    source.close();
    pool.shutdown();
  });
});
