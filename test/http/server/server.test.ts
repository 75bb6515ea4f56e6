import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer as createHttpServer, request as send } from "node:http";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { toString } from "../../../src/byte-streams/index.js";
import { deferred, success } from "../../../src/deferred/index.js";
import * as http from "../../../src/http/index.js";
import { startServer } from "../../../src/http/index.js";
import type { Handler, RingResponse } from "../../../src/ring/types.js";
import { close, put, stream } from "../../../src/stream/index.js";
import { withLog } from "../../contract/host.js";
import { exchangeRaw, get, headOf, rawClient } from "../../raw-client.js";
import { started } from "./start.js";

const hello: Handler = () => ({ status: 200, headers: { "content-type": "text/plain" }, body: "hello" });

const listeners = new Set<NetServer>();
afterEach(() => {
  for (const listener of listeners) listener.close();
  listeners.clear();
});

async function listener(server: NetServer = createServer()): Promise<NetServer> {
  listeners.add(server.listen(0));
  await once(server, "listening");
  return server;
}

const portOf = (server: NetServer): number => (server.address() as { port: number }).port;
const fetchText = async (port: number, path = "/"): Promise<string> =>
  (await fetch(`http://localhost:${port}${path}`)).text();

describe("startServer", () => {
  it("fails with the error of the port that is in use, and finds a free one for port 0 (40)", async () => {
    const { port } = await started(hello);
    expect(port).toBeGreaterThan(0);
    await expect(startServer(hello, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(await fetchText(port)).toBe("hello");
  });

  it("listens on one interface", async () => {
    const server = await started(hello, { socketAddress: { host: "127.0.0.1", port: 0 } });
    expect(server.toString()).toBe(`Server (http://127.0.0.1:${server.port})`);
    expect(await fetchText(server.port)).toBe("hello");
  });

  it("listens on a unix domain socket, which is gone afterwards", async () => {
    const folder = await mkdtemp(join(tmpdir(), "express-ring-"));
    try {
      const path = join(folder, "socket");
      const server = await started(
        ({ serverPort, remoteAddr, serverName }) => ({ body: JSON.stringify([serverPort, remoteAddr, serverName]) }),
        { socketAddress: { path } },
      );
      expect([server.port, server.toString()]).toEqual([0, `Server (unix:${path})`]);
      const request = send({ socketPath: path, headers: { host: "example.org" } });
      request.end();
      const [response] = await once(request, "response");
      expect(JSON.parse(await text(response))).toEqual([0, "", "example.org"]);
      await server.close();
      await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("serves a listenSocket, and leaves it open (41)", async () => {
    const net = await listener();
    const server = await started(hello, { listenSocket: net });
    expect(server.port).toBe(portOf(net));
    expect(await fetchText(server.port)).toBe("hello");
    await server.close();
    expect(net.listening).toBe(true);
    const again = await started(() => ({ body: "again" }), { listenSocket: net });
    expect(await exchangeRaw(again.port, get("/", "Connection: close"))).toMatch(/again$/);
  });

  it("serves websocket and other upgrade requests of a listenSocket", async () => {
    const net = await listener();
    const { port } = await started(({ headers }) => ({ body: headers["upgrade"] ?? "" }), { listenSocket: net });
    const client = await rawClient(port);
    client.send(get("/", "Connection: Upgrade", "Upgrade: h2c"));
    expect(await client.until(/h2c$/)).toMatch(/^HTTP\/1.1 200/);
    client.leave();
  });

  it.each<[string, () => Promise<unknown> | unknown, RegExp]>([
    ["is not bound", () => createServer(), /listenSocket is not bound/],
    ["is something else", () => ({ fd: 3 }), /listenSocket must be a server of node:net/],
    ["serves HTTP", () => listener(createHttpServer(() => {})), /serves HTTP itself; see mountInFront/],
  ])("refuses a listenSocket that %s (41)", async (_what, make, complaint) => {
    const listenSocket = (await make()) as NetServer;
    expect(() => startServer(hello, { listenSocket })).toThrow(complaint);
  });

  it("calls serverTransform before it listens, and onConnection once for each connection", async () => {
    const seen: unknown[] = [];
    const { port } = await started(hello, {
      serverTransform: (server) => seen.push(server.listening),
      onConnection: (socket: Socket) => seen.push(socket.bytesRead),
    });
    await exchangeRaw(port, get("/", "Connection: close"));
    await exchangeRaw(port, get("/", "Connection: close"));
    expect(seen).toEqual([false, 0, 0]);
  });

  it("sends server and date, once each, unless the response has its own (11)", async () => {
    const own = { Server: "mine", date: "today" };
    const { port } = await started(({ uri }) => ({ headers: uri === "/own" ? own : {}, body: "" }));
    const lines = (head: string): string[] => headOf(head).filter((line) => /^(server|date):/i.test(line));
    const [server, date] = lines(await exchangeRaw(port, get("/", "Connection: close")));
    expect(server).toBe("Server: express-ring");
    expect(date).toMatch(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(lines(await exchangeRaw(port, get("/own", "Connection: close")))).toEqual(["Server: mine", "date: today"]);
    const other = await started(hello, { serverHeader: "other" });
    expect(lines(await exchangeRaw(other.port, get("/", "Connection: close")))[0]).toBe("Server: other");
    const none = await started(hello, { serverHeader: false });
    expect(lines(await exchangeRaw(none.port, get("/", "Connection: close")))).toHaveLength(1);
  });

  it("answers null with 204, without a length (7)", async () => {
    const { port } = await started(() => null);
    const head = await exchangeRaw(port, get("/", "Connection: close"));
    expect(head).toMatch(/^HTTP\/1.1 204 No Content\r\n(?![^]*(content-length|transfer-encoding))[^]*\r\n\r\n$/i);
  });

  it("keeps a connection, and closes it when either side says so (29)", async () => {
    const { port } = await started(({ uri }) => ({
      headers: uri === "/close" ? { connection: "close" } : {},
      body: uri,
    }));
    const client = await rawClient(port);
    client.send(get("/1"));
    await client.until(/\/1$/);
    client.send(get("/close"));
    expect(await client.ended()).toMatch(/keep-alive[^]*\/1HTTP[^]*connection: close[^]*\/close$/i);
    expect(await exchangeRaw(port, get("/2", "Connection: close"))).toMatch(/Connection: close[^]*\/2$/);
    expect(await exchangeRaw(port, "GET /3 HTTP/1.0\r\n\r\n")).toMatch(/\/3$/);
  });

  it("closes a connection that waits longer than keepAliveTimeout", async () => {
    const { port } = await started(hello, { keepAliveTimeout: 100 });
    const client = await rawClient(port);
    const begun = performance.now();
    client.send(get("/"));
    await client.ended();
    // Node waits a second longer than it says.
    expect(performance.now() - begun).toBeLessThan(4_500);
  });
});

describe("errors on startServer", () => {
  const boom = (): never => {
    throw new Error("boom: secret");
  };

  it.each<[string, Handler]>([
    ["throws", boom],
    ["rejects", () => Promise.reject(new Error("boom: secret"))],
    ["answers with what is no response", () => "hello" as never],
  ])(
    "are logged, and answered with 500 without a word about them, where a handler %s (18, 36)",
    async (_how, handler) => {
      await withLog(async (log) => {
        const { port } = await started(handler);
        const response = await fetch(`http://localhost:${port}/path?secret`);
        expect([response.status, await response.text()]).toEqual([500, "Internal Server Error"]);
        expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
        expect(log).toMatchObject([{ level: "error", message: "GET /path failed" }]);
      });
    },
  );

  it("that are the client's fault are answered with their own status and message; others' statuses are not believed", async () => {
    await withLog(async (log) => {
      const { port } = await started(async ({ uri, body }) => {
        if (uri === "/foreign") throw Object.assign(new Error("secret"), { status: 418 });
        return { body: await toString(body, { maxBytes: 3 }) };
      });
      const answer = await fetch(`http://localhost:${port}/`, { method: "POST", body: "hello" });
      expect([answer.status, await answer.text()]).toEqual([
        413,
        expect.stringMatching(/larger than maxBytes \(3 bytes\)/),
      ]);
      expect(log).toEqual([]);
      expect((await fetch(`http://localhost:${port}/foreign`)).status).toBe(500);
    });
  });

  it("go to the errorHandler, once; its answer may come later (37)", async () => {
    const errors: unknown[] = [];
    const { port } = await started(boom, {
      errorHandler: async (error) => {
        errors.push(error);
        return { status: 503, headers: { "x-by": "me" }, body: "sorry" };
      },
    });
    const response = await fetch(`http://localhost:${port}/`);
    expect([response.status, response.headers.get("x-by"), await response.text()]).toEqual([503, "me", "sorry"]);
    expect(errors).toMatchObject([{ message: "boom: secret" }]);
  });

  it.each<[string, () => unknown]>([
    ["throws", boom],
    ["rejects", () => Promise.reject(new Error("again"))],
    ["answers null", () => null],
    ["answers with a string", () => "oops"],
    ["answers with a status that is none", () => ({ status: 7 })],
  ])("are answered with 500 if the errorHandler %s (37)", async (_how, errorHandler) => {
    await withLog(async () => {
      const { port } = await started(boom, { errorHandler: errorHandler as () => RingResponse });
      const client = await rawClient(port);
      for (const _ of [1, 2]) client.send(get("/"));
      const both = await client.until(/Internal Server Error[^]*Internal Server Error$/);
      expect(both).toMatch(/^HTTP\/1.1 500[^]*HTTP\/1.1 500/);
      client.leave();
    });
  });
});

describe("close", () => {
  /** A handler whose answer is given by hand, and a word that it was called. */
  function held() {
    const called = deferred<true>();
    const answer = deferred<RingResponse>();
    const handler: Handler = () => {
      success(called, true);
      return answer;
    };
    return { called, answer, handler };
  }

  it("may be called twice; waitForClose tells of the end (42)", async () => {
    const server = await started(hello);
    const waiting = http.waitForClose(server);
    expect(waiting.isRealized).toBe(false);
    expect(http.port(server)).toBe(server.port);
    await Promise.all([server.close(), server.close(), waiting]);
    await server.close();
    await expect(fetchText(server.port)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });

  it("is what await using does", async () => {
    const server = await startServer(hello, { port: 0 });
    await server[Symbol.asyncDispose]();
    expect(server.toString()).toBe("Server (closed)");
  });

  it("lets a response complete whose handler is at work, and says that its connection closes (43)", async () => {
    const { handler, called, answer } = held();
    const server = await started(handler, { shutdownTimeout: 10 });
    const client = await rawClient(server.port);
    client.send(get("/"));
    await called;
    const closed = server.close();
    await expect(fetchText(server.port)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    success(answer, { status: 200, headers: {}, body: "late" });
    expect(await client.ended()).toMatch(/Connection: close[^]*late$/);
    await closed;
  });

  it("lets a response complete whose head is out, and closes the connection behind it (43)", async () => {
    const body = stream<string>();
    const server = await started(() => ({ body }), { shutdownTimeout: 10 });
    const client = await rawClient(server.port);
    client.send(get("/"));
    await client.until(/keep-alive[^]*\r\n\r\n/);
    const closed = server.close();
    expect(await put(body, "part")).toBe(true);
    await put(body, "last");
    close(body);
    expect(await client.ended()).toMatch(/part[^]*last\r\n0\r\n\r\n$/);
    await closed;
  });

  it("answers the requests that were pipelined before it", async () => {
    const { handler, called, answer } = held();
    const server = await started(({ uri }) => (uri === "/1" ? handler({} as never) : { body: uri }), {
      shutdownTimeout: 10,
    });
    const client = await rawClient(server.port);
    client.send(get("/1") + get("/2"));
    await called;
    const closed = server.close();
    success(answer, { body: "/1" });
    expect(await client.ended()).toMatch(/\/1/);
    await closed;
  });

  it("cuts everything at once with shutdownTimeout 0 (44)", async () => {
    const { handler, called } = held();
    const server = await started(handler);
    const client = await rawClient(server.port);
    client.send(get("/"));
    await called;
    await server.close();
    expect(await client.ended()).toBe("");
  });

  it("cuts what is left after shutdownTimeout, and says so in the log (45)", async () => {
    await withLog(async (log) => {
      const { handler, called } = held();
      const server = await started(handler, { shutdownTimeout: 0.3 });
      const client = await rawClient(server.port);
      client.send(get("/"));
      await called;
      const begun = performance.now();
      await server.close();
      expect(performance.now() - begun).toBeGreaterThan(250);
      expect(await client.ended()).toBe("");
      expect(log).toMatchObject([
        { message: expect.stringMatching(/cut 1 connections off after shutdownTimeout \(0.3 seconds\)/) },
      ]);
    });
  });

  it("does not wait for idle connections, nor for long for ones that never said anything (46)", async () => {
    const server = await started(hello, { shutdownTimeout: 60, keepAliveTimeout: 60_000 });
    const [idle, silent] = [await rawClient(server.port), await rawClient(server.port)];
    idle.send(get("/"));
    await idle.until(/hello$/);
    const begun = performance.now();
    await server.close();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect([await idle.ended(), await silent.ended()]).toEqual([expect.stringMatching(/hello$/), ""]);
  });

  it("lets a connection that was just made have its request answered", async () => {
    const server = await started(hello, { shutdownTimeout: 10 });
    const client = await rawClient(server.port);
    await sleep(20);
    const closed = server.close();
    client.send(get("/"));
    expect(await client.ended()).toMatch(/Connection: close[^]*hello$/);
    await closed;
  });
});

describe("rawStream", () => {
  it("gives every request a stream of buffers, empty where there is no body (24)", async () => {
    const { port } = await started(async ({ body }) => ({ body: JSON.stringify((await collect(body)).map(String)) }), {
      rawStream: true,
    });
    expect(await (await fetch(`http://localhost:${port}/`, { method: "PUT", body: "hi" })).json()).toEqual(["hi"]);
    expect(await (await fetch(`http://localhost:${port}/`, { method: "PUT", body: "" })).json()).toEqual([]);
    expect(await (await fetch(`http://localhost:${port}/`)).json()).toEqual([]);
  });

  it("echoes ten megabytes exactly (25)", async () => {
    const { port } = await started(({ body }) => ({ body: body as never }), { rawStream: true });
    const bytes = Buffer.alloc(10_000_000, "0123456789abc");
    const answer = await fetch(`http://localhost:${port}/`, { method: "POST", body: bytes });
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it.each<[string, (body: AsyncIterable<unknown>) => unknown]>([
    ["nobody reads", () => undefined],
    ["is closed", (body) => close(body as never)],
    [
      "is read in part, then closed",
      async (body) => {
        for await (const _ of body) break;
        close(body as never);
      },
    ],
  ])("lets the connection go on behind a body that %s (27)", async (_what, use) => {
    const { port } = await started(
      async ({ uri, body }) => {
        await use(body as AsyncIterable<unknown>);
        return { body: uri };
      },
      { rawStream: true },
    );
    const client = await rawClient(port);
    client.send(`POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n${"x".repeat(500_000)}`);
    client.send(get("/second"));
    expect(await client.until(/\/second$/)).toContain("/first");
    client.leave();
  });
});

async function collect(body: unknown): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece);
  return pieces;
}
