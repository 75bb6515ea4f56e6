/** Event streams read by programs that nobody here wrote, through what may stand between. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import compression from "compression";
import { EventSource } from "eventsource";
import express from "express";
import { wrapCompression } from "../../middleware/compression.js";
import { ring } from "../../src/express/index.js";
import { startServer } from "../../src/http/index.js";
import type { RingRequest } from "../../src/ring/types.js";
import { decodeEvents, type EventLog, eventLog, type ReceivedEvent, sse } from "../../src/sse/index.js";
import { startNginx } from "../http/real/servers.js";
import { describeWith, nginxPath, pythonWith } from "../needs.js";
import { rest } from "../stream/kit.js";
import { Client } from "./kit.js";

jest.setTimeout(60_000);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface Served {
  readonly url: string;
  readonly port: number;
  readonly log: EventLog;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** A server with a log, from which its responses are fed. */
async function serve(...middleware: express.RequestHandler[]): Promise<Served> {
  const log = eventLog();
  const app = express().use(...middleware, (_req, _res, next) => next());
  app.get(
    "/events",
    ring((received) => sse(received, { feed: log, retry: 10 }).response),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  await once(server, "listening");
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/events`, port, log, server, sockets };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

async function append(log: EventLog, from: number, to: number): Promise<void> {
  for (const data of numbers(from, to)) await log.append({ event: "n", data });
}

async function readers(log: EventLog, count: number): Promise<void> {
  while (log.stats().readers !== count) await rest();
}

/** Events that come, and those who wait for so many. */
class Heard {
  readonly data: string[] = [];
  #told: () => void = () => {};

  add(data: string): void {
    this.data.push(data);
    this.#told();
  }

  async count(count: number): Promise<string[]> {
    while (this.data.length < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
    return this.data;
  }
}

describe("the client `eventsource`", () => {
  it("gets what it has missed, once and in order, after its connection was cut", async () => {
    const { url, log, sockets } = await serve();
    const source = new EventSource(url);
    open.push(() => source.close());
    const heard = new Heard();
    source.addEventListener("n", ({ data }) => heard.add(data as string));
    await once(source as never, "open");
    await append(log, 1, 3);
    await heard.count(3);
    for (const socket of sockets) socket.destroy();
    // Whether it is back before these or after them.
    await append(log, 4, 6);
    expect(await heard.count(6)).toEqual(numbers(1, 6));
    await append(log, 7, 7);
    expect(await heard.count(7)).toEqual(numbers(1, 7));
  });
});

describeWith("python3-httpx", pythonWith("httpx"), "httpx", (python) => {
  it("reads each event as soon as it is sent", async () => {
    const { url, log } = await serve();
    const script = [
      "import httpx, sys",
      "with httpx.Client(timeout=30) as client, client.stream('GET', sys.argv[1]) as response:",
      "  print(response.headers['content-type'], flush=True)",
      "  for line in response.iter_lines():",
      "    print(line.rstrip(), flush=True)",
    ].join("\n");
    const child = spawn(python, ["-c", script, url], { stdio: ["ignore", "pipe", "inherit"] });
    open.push(async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value);
    expect(await next()).toBe("text/event-stream");
    await readers(log, 1);
    for (const data of ["1", "Ä"]) {
      await log.append({ event: "n", data });
      let line = await next();
      while (!line.startsWith("data:")) line = await next();
      expect(line).toBe(`data: ${data}`);
    }
  });
});

/** Reads events one by one, each before the next is sent, so that whoever gathers them would make it wait for ever. */
async function readOneByOne(
  url: string,
  log: EventLog,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const sent = request(url, { headers, agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  open.push(() => response.destroy());
  await readers(log, 1);
  const events = decodeEvents(response);
  for (const data of numbers(1, 3)) {
    await log.append({ event: "n", data });
    expect((await events.take()) as ReceivedEvent).toMatchObject({ event: "n", data });
  }
  return response;
}

describe("what may stand between", () => {
  it("holds nothing back: the middleware compression", async () => {
    const { url, log } = await serve(compression({ threshold: 0 }));
    const response = await readOneByOne(url, log, { "accept-encoding": "gzip" });
    expect(response.headers).not.toHaveProperty("content-encoding");
  });

  it("holds nothing back: wrapCompression", async () => {
    const log = eventLog();
    const handler = wrapCompression((received) => sse(received, { feed: log }).response);
    const server = createServer(express().get("/events", ring(handler))).listen(0, "127.0.0.1");
    await once(server, "listening");
    open.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    await readOneByOne(`http://127.0.0.1:${port}/events`, log, { "accept-encoding": "gzip" });
    expect(log.stats().appended).toBe(3);
  });
});

describeWith("nginx", nginxPath(), "nginx, as it is installed", (program) => {
  it("holds nothing back, and tells of a client that goes", async () => {
    const { port, log } = await serve();
    const nginx = await startNginx(
      program,
      ({ ports }) => `server { listen 127.0.0.1:${ports[0]}; location / { proxy_pass http://127.0.0.1:${port}; } }`,
      1,
    );
    open.push(nginx.stop);
    const response = await readOneByOne(`${nginx.url}/events`, log);
    response.destroy();
    await readers(log, 0);
    expect(log.stats().gaps).toBe(0);
  });
});

describe("a client that does not read", () => {
  it.each([
    [
      "over HTTP/1",
      {},
      async (url: string) => {
        const sent = request(url, { agent: false }).end();
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        return response.pause();
      },
    ],
    [
      "over HTTP/2",
      { useH2c: true, httpVersions: ["http2" as const] },
      async (url: string) => {
        const session = connect(new URL(url).origin);
        open.push(() => session.destroy());
        const stream = session.request({ ":path": "/events" });
        await once(stream, "response");
        return stream.pause();
      },
    ],
  ])("is cut off with overflow: disconnect, though its connection is full: %s", async (_how, options, ask) => {
    const log = eventLog({ maxEvents: 50 });
    const handler = (received: RingRequest) => sse(received, { feed: log, overflow: "disconnect" }).response;
    const server = await startServer(handler, { port: 0, shutdownTimeout: 0, ...options });
    open.push(() => server.close());
    const answer = await ask(`http://127.0.0.1:${server.port}/events`);
    answer.on("error", () => {});
    const gone = new Promise((resolve) => {
      answer.once("close", resolve);
    });
    await readers(log, 1);
    const data = "x".repeat(100_000);
    while (log.stats().readers > 0) {
      for (let i = 0; i < 10; i++) await log.append({ data });
      await rest();
    }
    expect(log.stats()).toMatchObject({ disconnected: 1, gaps: 0 });
    answer.resume();
    await gone;
  });
});

describe("a thousand clients", () => {
  it("get every event over their connections, while a third of them reads nothing", async () => {
    const { url, log } = await serve();
    const responses = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const sent = request(url, { agent: false }).end();
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        open.push(() => sent.destroy());
        return response;
      }),
    );
    await readers(log, 1000);
    const fast = responses.filter((_, i) => i % 3 !== 0).map((response) => decodeEvents(response));
    for (let n = 1; n <= 20; n++) await log.append({ event: "n", data: `${n} ${"x".repeat(500)}` });
    for (const events of fast) {
      for (let n = 1; n <= 20; n++) expect((await events.take())?.data.split(" ")[0]).toBe(String(n));
    }
    expect(log.stats()).toMatchObject({ readers: 1000, gaps: 0, disconnected: 0 });
  });

  it("take no memory for what a third of them does not read", async () => {
    const log = eventLog({ maxEvents: 100 });
    const clients = Array.from({ length: 1000 }, () => new Client({ feed: log }));
    const slow = clients.filter((_, i) => i % 3 === 0);
    const fast = clients.filter((_, i) => i % 3 !== 0).slice(0, 2);
    for (const client of clients) await client.read();
    const before = process.memoryUsage();
    for (let n = 1; n <= 2000; n++) {
      await log.append({ data: `${n} ${"x".repeat(2000)}` });
      if (n % 50 === 0) for (const client of fast) await client.read();
    }
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    // Two clients keep what they have read, a few MB; what the others have not would be 4 MB for each of a thousand.
    expect(grown).toBeLessThan(200_000_000);
    expect(log.stats()).toMatchObject({ kept: 100, readers: 1000 });
    for (const client of slow.slice(0, 10)) {
      const [first, gap, ...others] = await client.read();
      expect([first?.split(" ")[0], gap, others.length]).toEqual(["1", 'gap: {"reason":"slow","missed":1899}', 100]);
    }
  });
});
