import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { TimeoutError } from "../../src/errors/index.js";
import * as http from "../../src/http/index.js";
import { afterThisTest, answering, failed, gate, pool, serve, serveRaw, textOf } from "./servers.js";

/** A server that answers when the test says so. */
async function held() {
  const waiting: ServerResponse[] = [];
  let arrived = gate();
  const running = await serve((_req, res) => {
    waiting.push(res);
    arrived.open();
  });
  return {
    ...running,
    /** Resolves when so many requests have come. */
    came: async (count: number) => {
      while (waiting.length < count) {
        arrived = gate();
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await arrived.opened;
      }
    },
    answer: () => waiting.shift()?.end("done"),
  };
}

/** The answer of a name server that knows no such name. */
function nxdomain(query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8183, 2);
  return answer;
}

describe("a pool", () => {
  it("uses a connection again", async () => {
    const { url, connections } = await serve((_req, res) => res.end("x"));
    const one = pool();
    for (let count = 0; count < 5; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await http.get(url, { pool: one, as: "string" });
    }
    expect(connections()).toBe(1);
  });

  it.each([
    ["connectionsPerHost", { connectionsPerHost: 2 }],
    ["totalConnections", { totalConnections: 2 }],
  ])("opens no more than %s", async (_name, options) => {
    const { url, connections, came, answer } = await held();
    const two = pool(options);
    const responses = [1, 2, 3, 4].map(() => http.get(url, { pool: two, as: "string" }));
    await came(2);
    expect(two.inUse[url]).toEqual({ connections: 2, waiting: 2 });
    answer();
    answer();
    await came(2);
    answer();
    answer();
    await Promise.all(responses);
    expect(connections()).toBe(2);
  });

  it("closes an idle connection for another host, if it may have no more", async () => {
    const [a, b] = [await serve((_req, res) => res.end("a")), await serve((_req, res) => res.end("b"))];
    const one = pool({ totalConnections: 1 });
    expect((await http.get(a.url, { pool: one, as: "string" })).body).toBe("a");
    expect((await http.get(b.url, { pool: one, as: "string" })).body).toBe("b");
    await a.quiet();
    expect(one.inUse).toEqual({ [b.url]: { connections: 1, waiting: 0 } });
  });

  it("serves a host that waits, when one of another becomes free", async () => {
    const a = await held();
    const b = await serve((_req, res) => res.end("b"));
    const one = pool({ totalConnections: 1 });
    const first = http.get(a.url, { pool: one, as: "string" });
    const second = http.get(b.url, { pool: one, as: "string" });
    await a.came(1);
    a.answer();
    expect(await first).toMatchObject({ body: "done" });
    expect(await second).toMatchObject({ body: "b" });
  });

  it("refuses more than maxQueueSize requests, and forgets those that time out", async () => {
    const full = pool({ totalConnections: 1, maxQueueSize: 1 });
    const { url, answer } = await held();
    const first = http.get(url, { pool: full, as: "string" });
    for (const _ of [1, 2]) {
      const waiting = http.get(url, { pool: full, poolTimeout: 5 });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await failed(http.get(url, { pool: full }))).toMatchObject({ code: "RING_POOL_QUEUE_FULL" });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await failed(waiting)).toMatchObject({ code: "RING_POOL_TIMEOUT" });
    }
    expect(full.inUse).toEqual({ [url]: { connections: 1, waiting: 0 } });
    answer();
    expect(await first).toMatchObject({ body: "done" });
  });

  it("closes when its requests are done", async () => {
    const { url, came, answer, quiet } = await held();
    const closing = http.connectionPool();
    const response = http.get(url, { pool: closing, as: "string" });
    await came(1);
    const closed = closing.close();
    expect(await failed(http.get(url, { pool: closing }))).toMatchObject({ code: "RING_POOL_CLOSED" });
    answer();
    expect(await response).toMatchObject({ body: "done" });
    await closed;
    await quiet();
  });

  it("destroys what is under way and what waits", async () => {
    const { url, came, quiet } = await held();
    const one = http.connectionPool({ connectionsPerHost: 1 });
    const responses = [http.get(url, { pool: one }), http.get(url, { pool: one })];
    await came(1);
    one.shutdown();
    expect(await Promise.all(responses.map(failed))).toMatchObject([
      { code: "RING_POOL_CLOSED" },
      { code: "RING_POOL_CLOSED" },
    ]);
    await quiet();
  });

  it.each([
    [{ connectionsPerHost: 0 }],
    [{ maxQueueSize: -1 }],
    [{ connectionOptions: { keepAlive: false, idleTimeout: 5 } }],
    [{ connectionOptions: { httpVersions: [] } }],
    [{ connectionOptions: { forceH2c: true } }],
    [{ connectionOptions: { proxyOptions: { host: "p", protocol: "ftp" } } }],
    [{ connectionOptions: { proxyOptions: { host: "p", user: "u" } } }],
    [{ connectionOptions: { proxyOptions: { host: "p", user: "u", password: "p", tunnel: false } } }],
    [{ dnsOptions: {}, dnsResolver: () => [] }],
  ])("refuses the options %j", (options) => {
    expect(() => http.connectionPool(options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  // Test idea 112.
  it("tells its statistics", async () => {
    const { url } = await serve((_req, res) => res.end("x"));
    const told = gate<http.PoolStats>();
    // The first period may end before the request does.
    const tell = (stats: http.PoolStats) => {
      if ((stats[url]?.taskLatency[0.5] ?? 0) > 0) told.open(stats);
    };
    const counted = pool({ controlPeriod: 20, statsCallback: tell });
    await http.get(url, { pool: counted, as: "string" });
    const stats = (await told.opened)[url];
    expect(Object.keys(stats ?? {}).toSorted()).toEqual([
      "numWorkers",
      "queueLatency",
      "queueLength",
      "taskArrivalRate",
      "taskCompletionRate",
      "taskLatency",
      "taskRejectionRate",
      "utilization",
    ]);
    expect(stats).toMatchObject({ numWorkers: 1, taskArrivalRate: { 0.5: expect.any(Number) } });
    expect(stats?.taskCompletionRate[0.5]).toBeGreaterThan(0);
    expect(stats?.taskLatency[0.999]).toBeGreaterThan(0);
  });

  it("tells its statistics to registered callbacks, without one of its own", async () => {
    const { url } = await serve((_req, res) => res.end("x"));
    const told = gate<http.PoolStats>();
    const callback: http.StatsCallback = (stats) => {
      if (stats[url] !== undefined) told.open(stats);
    };
    http.registerConnectionStatsCallback(callback);
    afterThisTest(() => http.unregisterConnectionStatsCallback(callback));
    await http.get(url, { pool: pool({ controlPeriod: 20 }), as: "string" });
    expect((await told.opened)[url]).toMatchObject({ numWorkers: 1 });
  });

  it("asks the resolver it was given", async () => {
    const { port } = await serve((req, res) => res.end(req.headers.host));
    const asked: string[] = [];
    const resolving = pool({ dnsResolver: (host) => (asked.push(host), ["127.0.0.1"]) });
    const { body } = await http.get(`http://no.such.host.example:${port}/`, { pool: resolving, as: "string" });
    expect(body).toBe(`no.such.host.example:${port}`);
    expect(asked).toEqual(["no.such.host.example"]);
  });

  // Test idea 105.
  it("says that a host is unknown", async () => {
    const fail = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    const resolving = pool({ dnsResolver: () => Promise.reject(fail) });
    const error = await failed(http.get("http://nowhere.invalid/", { pool: resolving }));
    expect(error).toMatchObject({ code: "RING_UNKNOWN_HOST", cause: fail });
  });

  it.each([
    ["says that there is no such name", (query: Buffer) => nxdomain(query), "RING_UNKNOWN_HOST"],
    ["is silent", () => undefined, "ETIMEOUT"],
  ])("asks its own name server, which %s", async (_what, answer, code) => {
    const asked: Buffer[] = [];
    const nameServer = createSocket("udp4", (query, from) => {
      asked.push(query);
      const response = answer(query);
      if (response !== undefined) nameServer.send(response, from.port, from.address);
    });
    await new Promise<void>((resolve) => nameServer.bind(0, "127.0.0.1", resolve));
    afterThisTest(() => new Promise((resolve) => nameServer.close(() => resolve(undefined))));
    const nameServers = [`127.0.0.1:${nameServer.address().port}`];
    const own = pool({ dnsOptions: { nameServers, queryTimeout: 50, addressTypes: "ipv4Only" } });
    expect(await failed(http.get("http://nowhere.invalid/", { pool: own }))).toMatchObject({ code });
    expect(String(asked[0])).toContain("nowhere");
    expect(own.inUse).toEqual({});
  });

  it("reaches a server on a unix domain socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
    afterThisTest(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, "socket");
    const server = createServer((req, res) => res.end(`${req.headers.host}${req.url}`));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    afterThisTest(() => new Promise((resolve) => server.close(resolve)));
    const docker = pool({ connectionOptions: { socketPath } });
    const { body } = await http.get("http://docker/info", { pool: docker, as: "string" });
    expect(body).toBe("docker/info");
  });

  it("closes every connection after one request without keepAlive", async () => {
    const { url, connections } = await serve((req, res) => res.end(req.headers.connection));
    const options = { pool: pool({ connectionOptions: { keepAlive: false } }), as: "string" } as const;
    expect(await http.get(url, options)).toMatchObject({ body: "close", keepAlive: false });
    await http.get(url, options);
    expect(connections()).toBe(2);
  });

  // Test idea 107.
  it("does not use a connection again that the server closes", async () => {
    const { url, connections } = await serve((_req, res) => res.writeHead(200, { connection: "close" }).end("x"));
    const one = pool({ connectionsPerHost: 1 });
    expect(await http.get(url, { pool: one, as: "string" })).toMatchObject({ body: "x", keepAlive: false });
    await http.get(url, { pool: one, as: "string" });
    expect(connections()).toBe(2);
  });
});

describe("a timeout", () => {
  // Test idea 102.
  it("of the pool", async () => {
    const { url, came } = await held();
    const one = pool({ connectionsPerHost: 1 });
    const first = failed(http.get(url, { pool: one }));
    await came(1);
    const error = await failed(http.get(url, { pool: one, poolTimeout: 5 }));
    expect(error).toMatchObject({ code: "RING_POOL_TIMEOUT" });
    expect(error).toBeInstanceOf(TimeoutError);
    expect(one.inUse[url]).toEqual({ connections: 1, waiting: 0 });
    one.destroy();
    await first;
  });

  // Test idea 100.
  it.each([
    ["connectionTimeout", {}, { connectionTimeout: 5 }],
    ["connectTimeout", { connectionOptions: { connectTimeout: 5 } }, {}],
  ])("of connecting, by %s", async (_name, poolOptions, options) => {
    // A TLS handshake that is never answered is as slow as a network that drops every packet.
    const { port, quiet } = await serveRaw(() => {});
    const one = pool(poolOptions);
    const error = await failed(http.get(`https://127.0.0.1:${port}`, { pool: one, ...options }));
    expect(error).toMatchObject({ code: "RING_CONNECTION_TIMEOUT" });
    expect(error).toBeInstanceOf(TimeoutError);
    await quiet();
    expect(one.inUse).toEqual({});
  });

  // Test idea 101.
  it("of the head of the response", async () => {
    const { url, quiet } = await held();
    const error = await failed(http.get(url, { pool: pool(), requestTimeout: 20 }));
    expect(error).toMatchObject({ code: "RING_REQUEST_TIMEOUT" });
    await quiet();
  });

  it.each([
    ["a stream", {}],
    ["text", { as: "string" }],
  ])("of the body, read as %s", async (_kind, options) => {
    const { url, quiet } = await serve((_req, res) => void res.write("beginning"));
    const one = pool({ connectionsPerHost: 1 });
    const response = http.get(url, { pool: one, readTimeout: 50, ...options });
    const read = Promise.resolve(response).then(({ body }) => textOf(body as never));
    await expect(read).rejects.toMatchObject({ code: "RING_READ_TIMEOUT" });
    await quiet();
  });

  it("does not fire when all went well", async () => {
    const { url } = await serve((_req, res) => res.end("x"));
    const timeouts = { poolTimeout: 5000, connectionTimeout: 5000, requestTimeout: 5000, readTimeout: 5000 };
    expect(await http.get(url, { pool: pool(), ...timeouts, as: "string" })).toMatchObject({ body: "x" });
  });
});

describe("socketTimeout", () => {
  it("is how long the server may keep silent before the head", async () => {
    const { url, quiet } = await serve(() => {});
    await expect(http.get(url, { pool: pool(), socketTimeout: 30 })).rejects.toMatchObject({
      code: "RING_REQUEST_TIMEOUT",
      message: expect.stringContaining("socketTimeout (30 milliseconds)"),
    });
    await quiet();
  });

  it("is how long it may keep silent within the body, and not how long the body may take", async () => {
    const { url, quiet } = await serve((req, res) => {
      let left = 8;
      const timer = setInterval(() => {
        res.write("x");
        if (--left > 0) return;
        clearInterval(timer);
        if (req.url === "/end") res.end();
      }, 20);
    });
    const options = { pool: pool(), socketTimeout: 120, as: "string" } as const;
    expect((await http.get(`${url}/end`, options)).body).toBe("xxxxxxxx");
    await expect(http.get(url, options)).rejects.toMatchObject({
      code: "RING_READ_TIMEOUT",
      message: expect.stringContaining("socketTimeout (120 milliseconds)"),
    });
    await options.pool.close();
    await quiet();
  });

  it("does not run while the reader, or the request's own body, keeps the server waiting", async () => {
    const big = Buffer.alloc(2_000_000);
    const { url } = await serve((req, res) => {
      req.resume().on("end", () => res.end(big));
    });
    async function* slow() {
      yield "a";
      await new Promise((resolve) => setTimeout(resolve, 80));
      yield "b";
    }
    const { body } = await http.post(url, { pool: pool(), socketTimeout: 40, body: slow() });
    await new Promise((resolve) => setTimeout(resolve, 80));
    let read = 0;
    for await (const chunk of body) read += (chunk as Buffer).length;
    expect(read).toBe(big.length);
  });
});

describe("clj-http's names of timeouts", () => {
  it.each(["connectionRequestTimeout", "connRequestTimeout"])("%s is poolTimeout", async (name) => {
    const { url } = await serve(() => {});
    const one = pool({ connectionsPerHost: 1 });
    const first = http.get(url, { pool: one });
    await expect(http.get(url, { pool: one, [name]: 10 })).rejects.toMatchObject({ code: "RING_POOL_TIMEOUT" });
    http.cancelRequest(first);
    await expect(first).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
  });

  it("connTimeout is connectionTimeout", async () => {
    const slow = pool({ dnsResolver: () => new Promise(() => {}) });
    await expect(http.get("http://a.example/", { pool: slow, connTimeout: 10 })).rejects.toMatchObject({
      code: "RING_CONNECTION_TIMEOUT",
    });
  });
});

describe("cancelRequest", () => {
  // Test idea 103.
  it("takes a request out of the queue", async () => {
    const { url, came, answer } = await held();
    const one = pool({ connectionsPerHost: 1 });
    const first = http.get(url, { pool: one, as: "string" });
    await came(1);
    const second = http.get(url, { pool: one });
    expect(http.cancelRequest(second)).toBe(true);
    expect(one.inUse[url]).toEqual({ connections: 1, waiting: 0 });
    await expect(second).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    answer();
    expect(await first).toMatchObject({ body: "done" });
  });

  it("stops a connection that is being established", async () => {
    const { server, port, quiet } = await serveRaw(() => {});
    const one = pool();
    const response = http.get(`https://127.0.0.1:${port}`, { pool: one });
    await once(server, "connection");
    expect(http.cancelRequest(response)).toBe(true);
    await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await quiet();
    expect(one.inUse).toEqual({});
  });

  it("closes a connection that waits for the answer", async () => {
    const { url, came, quiet } = await held();
    const response = http.get(url, { pool: pool() });
    await came(1);
    expect(http.cancelRequest(response)).toBe(true);
    await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await quiet();
  });

  it("does nothing to a request that has its response", async () => {
    const { url } = await serve((_req, res) => res.end("x"));
    const response = http.get(url, { pool: pool() });
    const { body } = await response;
    expect(http.cancelRequest(response)).toBe(false);
    expect(await textOf(body)).toBe("x");
  });

  it("stops a redirect on its way", async () => {
    const arrived = gate();
    const { url, quiet } = await serve((req, res) => {
      if (req.url === "/") res.writeHead(302, { location: "/slow" }).end();
      else arrived.open();
    });
    const response = http.get(url, { pool: pool() });
    await arrived.opened;
    expect(http.cancelRequest(response)).toBe(true);
    await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await quiet();
  });

  it("stops an upload, and destroys its body", async () => {
    const { url } = await serve((req) => void req.once("data", () => begun.open()));
    const begun = gate();
    let isClosed = false;
    async function* endless() {
      try {
        for (;;) yield Buffer.alloc(1000);
      } finally {
        isClosed = true;
        closed.open();
      }
    }
    const closed = gate();
    const response = http.post(url, { pool: pool(), body: endless() });
    await begun.opened;
    http.cancelRequest(response);
    await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await closed.opened;
    expect(isClosed).toBe(true);
  });
});

describe("signal", () => {
  it("cancels before, and while the answer is awaited", async () => {
    const { url, came, quiet } = await held();
    const aborted = http.get(url, { pool: pool(), signal: AbortSignal.abort(new Error("why")) });
    await expect(aborted).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED", cause: { message: "why" } });
    const controller = new AbortController();
    const response = http.get(url, { pool: pool(), signal: controller.signal });
    await came(1);
    controller.abort();
    await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await quiet();
  });

  it("cuts off a body", async () => {
    const { url, quiet } = await serve((_req, res) => void res.write("beginning"));
    const controller = new AbortController();
    const { body } = await http.get(url, { pool: pool(), signal: controller.signal });
    controller.abort();
    await expect(textOf(body)).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    await quiet();
  });

  it("is not listened to when all is over", async () => {
    const end = gate();
    const { url } = await serve(async (_req, res) => {
      res.write("x");
      await end.opened;
      res.end();
    });
    const { signal } = new AbortController();
    const [add, remove] = [jest.spyOn(signal, "addEventListener"), jest.spyOn(signal, "removeEventListener")];
    const listening = () => add.mock.calls.length - remove.mock.calls.length;
    const { body } = await http.get(url, { pool: pool(), signal });
    expect(listening()).toBe(1);
    end.open();
    await textOf(body);
    await http.get(url, { pool: pool(), signal, as: "string" });
    expect(listening()).toBe(0);
  });
});

describe("a body that is not read", () => {
  // Test idea 104.
  const big = Buffer.alloc(1_000_000);

  it.each([
    ["closed", (response: http.ClientResponse) => response.close()],
    ["destroyed", (response: http.ClientResponse) => void response.body.destroy()],
  ])("frees its connection when it is %s", async (_how, letGo) => {
    const { url } = await serve((_req, res) => res.end(big));
    const one = pool({ connectionsPerHost: 1 });
    letGo(await http.get(url, { pool: one }));
    expect(await http.get(url, { pool: one, as: "byteArray" })).toMatchObject({ status: 200 });
  });

  it("keeps its connection if little is left of it", async () => {
    const { url, connections } = await serve((_req, res) => res.end("little"));
    const one = pool({ connectionsPerHost: 1 });
    (await http.get(url, { pool: one })).close();
    await http.get(url, { pool: one, as: "string" });
    expect(connections()).toBe(1);
  });

  it("does not hold up others if it is small", async () => {
    const { url, connections } = await serve((_req, res) => res.end("small"));
    const one = pool({ connectionsPerHost: 1 });
    const kept = [
      await http.get(url, { pool: one }),
      await http.get(url, { pool: one }),
      await http.get(url, { pool: one }),
    ];
    expect(connections()).toBe(1);
    expect(await Promise.all(kept.map(({ body }) => textOf(body)))).toEqual(["small", "small", "small"]);
  });

  it("is cut off when others have waited for its connection too long", async () => {
    const { url } = await serve((_req, res) => res.end(big));
    const one = pool({ connectionsPerHost: 1, unreadTimeout: 30 });
    const { body } = await http.get(url, { pool: one });
    expect(await http.get(url, { pool: one, as: "byteArray" })).toMatchObject({ status: 200 });
    await expect(textOf(body)).rejects.toMatchObject({ code: "RING_BODY_UNREAD" });
  });
});

describe("a server that misbehaves", () => {
  // Test idea 105, 106, 107.
  const OK = "HTTP/1.1 200 OK\r\n";

  it.each([
    ["closes before it answers", "", "RING_CONNECTION_CLOSED"],
    ["closes within the head", `${OK}content-le`, "RING_CONNECTION_CLOSED"],
    ["sends something else", "SSH-2.0-OpenSSH\r\n", "RING_MALFORMED_RESPONSE"],
    [
      "sends two lengths (response smuggling)",
      `${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
      "RING_MALFORMED_RESPONSE",
    ],
    [
      "sends a length and chunks (response smuggling)",
      `${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      "RING_MALFORMED_RESPONSE",
    ],
    ["floods with headers", `${OK}${"a: b\r\n".repeat(50_000)}\r\n`, "RING_RESPONSE_HEAD_TOO_LARGE"],
  ])("%s", async (_what, answer, code) => {
    const { url } = await serveRaw((socket) => void socket.once("data", () => socket.end(answer)));
    expect(await failed(http.get(url, { pool: pool() }))).toMatchObject({ code });
  });

  it.each([
    ["closes before the length it announced", `${OK}content-length: 10\r\n\r\nabc`, "RING_CONNECTION_CLOSED"],
    ["closes within the chunks", `${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`, "RING_CONNECTION_CLOSED"],
    ["sends a chunk that is none", `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`, "RING_MALFORMED_RESPONSE"],
  ])("%s: the body fails", async (_what, answer, code) => {
    const { url } = await serveRaw((socket) => void socket.once("data", () => socket.end(answer)));
    const { body } = await http.get(url, { pool: pool() });
    expect(await failed(textOf(body))).toMatchObject({ code });
    expect(await failed(http.get(url, { pool: pool(), as: "string" }))).toMatchObject({ code });
  });

  it("resets within the body: the body fails", async () => {
    const { url } = await serve((_req, res) => {
      res.writeHead(200, { "content-length": 10 }).write("abc", () => res.socket?.resetAndDestroy());
    });
    expect(await failed(http.get(url, { pool: pool(), as: "string" }))).toMatchObject({
      code: "RING_CONNECTION_CLOSED",
    });
  });

  it("sends more than it announced: it is cut, and the next request works", async () => {
    const { url } = await answering(`${OK}content-length: 2\r\n\r\nabcdef`);
    const one = pool({ connectionsPerHost: 1 });
    expect(await http.get(url, { pool: one, as: "string" })).toMatchObject({ body: "ab" });
    expect(await http.get(url, { pool: one, as: "string" })).toMatchObject({ body: "ab" });
  });

  it("closes a kept connection as the next request comes: that is sent again, once", async () => {
    let requests = 0;
    const { url, connections } = await serveRaw((socket) => {
      let ofSocket = 0;
      socket.on("data", () => {
        requests++;
        if (++ofSocket === 1) socket.write(`${OK}content-length: 1\r\n\r\nx`);
        else socket.destroy();
      });
    });
    const one = pool();
    await http.get(url, { pool: one, as: "string" });
    expect(await http.get(url, { pool: one, as: "string" })).toMatchObject({ body: "x" });
    expect(connections()).toBe(2);
    expect(requests).toBe(3);
    await http.get(url, { pool: one, as: "string" });
    const posted = http.post(url, { pool: one, body: "a" });
    expect(await failed(posted)).toMatchObject({ code: "RING_CONNECTION_CLOSED" });
  });

  it("refuses connections", async () => {
    const { url, server } = await serve((_req, res) => res.end());
    await new Promise((resolve) => server.close(resolve));
    expect(await failed(http.get(url, { pool: pool() }))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("retryHandler", () => {
  it("is asked after an I/O error, and may give up", async () => {
    let left = 2;
    const { url } = await serveRaw((socket) => {
      socket.once("data", () => socket.end(left-- > 0 ? "" : "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"));
    });
    const counts: number[] = [];
    const retryHandler = (_error: unknown, count: number) => counts.push(count) < 5;
    expect(await http.get(url, { pool: pool(), retryHandler, as: "string" })).toMatchObject({ body: "x" });
    expect(counts).toEqual([1, 2]);
    left = 9;
    const never = http.get(url, { pool: pool(), retryHandler: () => false });
    expect(await failed(never)).toMatchObject({ code: "RING_CONNECTION_CLOSED" });
  });

  it("is not asked about what may not be sent twice", async () => {
    const { url } = await serveRaw((socket) => void socket.once("data", () => socket.end()));
    const retryHandler = () => {
      throw new Error("asked");
    };
    expect(await failed(http.post(url, { pool: pool(), retryHandler }))).toMatchObject({
      code: "RING_CONNECTION_CLOSED",
    });
  });
});
