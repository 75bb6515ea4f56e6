import { createHash } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { type ServerOptions, WebSocketServer } from "ws";
import { mockClock } from "../../../src/clock/index.js";
import { success, timeout } from "../../../src/deferred/index.js";
import * as http from "../../../src/http/index.js";
import {
  type WebsocketDuplex,
  type WebsocketOptions,
  websocketClose,
  websocketPing,
  websocketRoute,
  withWebsockets,
} from "../../../src/index.js";
import { connect, put, take } from "../../../src/stream/index.js";
import { describeWith } from "../../needs.js";
import { turn, until } from "../../websocket/peers.js";
import { certificate, openssl } from "../certificate.js";
import { afterThisTest, answering, gate, listen, serve, serveRaw } from "../servers.js";

const echo = (duplex: WebsocketDuplex): void => connect(duplex, duplex);

interface Serving {
  readonly url: string;
  readonly sockets: ReadonlySet<unknown>;
  readonly quiet: () => Promise<void>;
}

/** A server of the kit. */
async function serving(
  handler: (duplex: WebsocketDuplex) => unknown,
  options: WebsocketOptions = {},
): Promise<Serving> {
  const app = withWebsockets(express());
  app.get("/", websocketRoute(handler, options));
  app.get("/forbidden", (_req, res) => void res.status(403).set("x-why", "no key").send("the key, please"));
  app.get("/away", (_req, res) => res.redirect("/"));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const sockets = new Set<{ destroy(): void }>();
  let wake = (): void => {};
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      wake();
    });
  });
  afterThisTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    sockets,
    quiet: async () => {
      while (sockets.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** A server of `ws`. */
async function wsServer(
  options: ServerOptions = {},
  server: Server = createServer(),
): Promise<[WebSocketServer, string]> {
  const wss = new WebSocketServer({ server, ...options });
  const { url } = await listen(server, "ws");
  return [wss, url];
}

const open = async (url: string, options: http.WebsocketClientOptions = {}): Promise<WebsocketDuplex> => {
  const duplex = await http.websocketClient(url, options);
  afterThisTest(() => duplex.close());
  return duplex;
};

const failure = (url: string, options: http.WebsocketClientOptions = {}): Promise<unknown> =>
  http.websocketClient(url, options).then(
    () => new Error("it has opened"),
    (error: unknown) => error,
  );

describe("websocketClient", () => {
  it("63. sends and receives text and bytes, empty ones too", async () => {
    const { url } = await serving(echo);
    const duplex = await open(url);
    for (const message of ["grüße", "", Buffer.from([0, 255, 1]), Buffer.alloc(0)]) {
      expect(await put(duplex, message)).toBe(true);
      expect(await take(duplex)).toEqual(message);
    }
  });

  it.each<[boolean, boolean, boolean]>([
    [true, true, true],
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ])("67. compresses if both sides do: client %j, server %j", async (client, server, expected) => {
    const { url } = await serving(echo, { compression: server });
    const duplex = await open(url, { compression: client });
    const text = "compressible ".repeat(10_000);
    await put(duplex, text);
    expect(await take(duplex)).toBe(text);
    const { sink } = duplex.description() as unknown as { sink: { websocketHandshakeHeaders: object } };
    const extensions = (sink.websocketHandshakeHeaders as Record<string, unknown>)["sec-websocket-extensions"];
    expect(extensions).toEqual(expected ? expect.stringContaining("permessage-deflate") : undefined);
  });

  it("69. is closed by a message over maxPayload, and takes one of fragments up to it", async () => {
    const [wss, url] = await wsServer();
    const told = gate<number>();
    wss.on("connection", (ws) => {
      ws.on("close", told.open);
      for (let i = 0; i < 16; i++) ws.send("x".repeat(65_536), { fin: i === 15 });
      ws.send("x".repeat(1_048_577));
    });
    const duplex = await open(url);
    expect(await take(duplex)).toHaveLength(1_048_576);
    expect(await take(duplex)).toBeUndefined();
    expect(await duplex.closed).toMatchObject({ code: 1006, wasClean: false });
    expect(await told.opened).toBe(1009);
  });

  it("70. gives bytes only with rawStream", async () => {
    const { url } = await serving(echo);
    const duplex = await open(url, { rawStream: true });
    await put(duplex, "text");
    await put(duplex, Buffer.from("bytes"));
    expect([await take(duplex), await take(duplex)]).toEqual([Buffer.from("text"), Buffer.from("bytes")]);
  });

  it("71. describes itself with the headers of the handshake, and later with the close code", async () => {
    const { url } = await serving((duplex) => websocketClose(duplex, 4001, "going away"), { subProtocols: ["chat"] });
    const duplex = await open(url, { subProtocols: "talk, chat" });
    expect(duplex.protocol).toBe("chat");
    expect(duplex.description()).toMatchObject({
      type: "splice",
      sink: {
        websocketHandshakeHeaders: { connection: "Upgrade", upgrade: "websocket" },
        websocketSelectedSubprotocol: "chat",
        connection: { direction: "outbound", remoteAddress: "127.0.0.1" },
      },
      source: { type: "websocket", bufferCapacity: 16, connection: { direction: "inbound" } },
    });
    expect(await duplex.closed).toEqual({ code: 4001, reason: "going away", wasClean: true });
    expect(duplex.description()).toMatchObject({
      sink: { websocketCloseCode: 4001, websocketCloseMsg: "going away", isClosed: true },
    });
  });

  it("72. pings, with payload and ten at once", async () => {
    const [wss, url] = await wsServer();
    const pings: string[] = [];
    wss.on("connection", (ws) => ws.on("ping", (data: Buffer) => pings.push(data.toString())));
    const duplex = await open(url);
    expect(await websocketPing(duplex, undefined, "payload")).toBe(true);
    expect(await Promise.all(Array.from({ length: 10 }, () => websocketPing(duplex)))).toEqual(Array(10).fill(true));
    expect(pings).toEqual(["payload", ""]);
  });

  it("73. answers pings with false when it is closed, or closes first", async () => {
    const [, url] = await wsServer({ autoPong: false });
    const duplex = await open(url);
    const pending = websocketPing(duplex);
    duplex.close();
    expect(await pending).toBe(false);
    expect(await websocketPing(duplex)).toBe(false);
  });

  it("74. knows code and reason of the server's close, and refuses puts and a second close", async () => {
    const { url } = await serving(async (duplex) => {
      await take(duplex);
      expect(await websocketClose(duplex, 4001, "going away")).toBe(true);
    });
    const duplex = await open(url);
    await put(duplex, "go on");
    expect(await duplex.closed).toEqual({ code: 4001, reason: "going away", wasClean: true });
    expect(await put(duplex, "late")).toBe(false);
    expect(await websocketClose(duplex, 4002)).toBe(false);
  });

  it("75. tells the server its code, and runs onClosed", async () => {
    const told = gate<unknown>();
    const { url } = await serving((duplex) => duplex.closed.onRealized(told.open, () => {}));
    const duplex = await open(url);
    const closed = new Promise<void>((resolve) => duplex.onClosed(resolve));
    expect(await websocketClose(duplex, 4009, "enough")).toBe(true);
    await closed;
    expect(await told.opened).toEqual({ code: 4009, reason: "enough", wasClean: true });
    expect(await duplex.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
  });

  it("76. lets one of ten closes win", async () => {
    const told = gate<{ readonly code: number }>();
    const { url } = await serving((duplex) => duplex.closed.onRealized(told.open, () => {}));
    const duplex = await open(url);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => websocketClose(duplex, 4000 + i)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await told.opened).code).toBe(4000 + answers.indexOf(true));
  });

  it("77. is closed without a code by close()", async () => {
    const told = gate<unknown>();
    const { url } = await serving((duplex) => duplex.closed.onRealized(told.open, () => {}));
    const duplex = await open(url);
    duplex.close();
    expect(await told.opened).toEqual({ code: 1005, reason: "", wasClean: true });
    expect(await websocketClose(duplex)).toBe(false);
  });

  it("79. stops a server whose messages nobody takes, and loses none", async () => {
    let sent = 0;
    const { url } = await serving(async (duplex) => {
      for (; sent < 3000; sent++) await put(duplex, `${sent} ${"x".repeat(5000)}`);
    });
    const duplex = await open(url);
    let before = -1;
    while (sent !== before) {
      before = sent;
      await turn(100);
    }
    expect(sent).toBeLessThan(3000);
    for (let i = 0; i < 3000; i++) expect(Number.parseInt((await take(duplex)) as string, 10)).toBe(i);
  });

  it("80. tells the end of a connection that is cut, and keeps what was received", async () => {
    const [wss, url] = await wsServer();
    wss.on("connection", (ws) => {
      ws.send("one");
      ws.send("two", () => ws.terminate());
    });
    const duplex = await open(url);
    expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(duplex.isClosed()).toBe(true);
    expect([await take(duplex), await take(duplex), await take(duplex, "drained")]).toEqual(["one", "two", "drained"]);
  });

  it("81. cuts a server that does not answer a heartbeat, and keeps one that does", async () => {
    const clock = mockClock();
    const heartbeats = { sendAfterIdle: 100, timeout: 50 };
    const [wss, url] = await wsServer();
    const [silent, answering] = [await open(url, { clock, heartbeats }), await open(url, { clock, heartbeats })];
    for (const ws of [...wss.clients].slice(0, 1)) (ws as unknown as { _autoPong: boolean })._autoPong = false;
    const pings = Promise.all([...wss.clients].map((ws) => once(ws, "ping")));
    const ponged = new Promise<void>(
      (resolve) =>
        void websocketPing(answering).onRealized(
          () => resolve(),
          () => {},
        ),
    );
    await ponged;
    clock.advance(100);
    await pings;
    await websocketPing(answering);
    clock.advance(50);
    expect(await silent.closed).toMatchObject({ code: 1006, wasClean: false });
    expect(answering.isClosed()).toBe(false);
  });

  it("82. fails after the handshake timeout if the server says nothing, and frees the socket", async () => {
    const clock = mockClock();
    const { port, sockets, quiet } = await serveRaw(() => {});
    const attempt = failure(`ws://127.0.0.1:${port}`, { clock, handshakeTimeout: 2000 });
    await until(() => sockets.size === 1);
    // Until the handshake has been sent: the timer for it is set before.
    const [socket] = [...sockets];
    await until(() => (socket?.bytesRead ?? 0) > 0);
    clock.advance(2000);
    expect(await attempt).toMatchObject({ code: "RING_HANDSHAKE_TIMEOUT" });
    expect(String(await attempt)).toContain("2000 milliseconds");
    await quiet();
  });

  it("82. has connectTimeout for a handshakeTimeout", async () => {
    const clock = mockClock();
    const { port, sockets } = await serveRaw(() => {});
    const attempt = failure(`ws://127.0.0.1:${port}`, { clock, connectTimeout: 3000 });
    await until(() => sockets.size === 1);
    const [socket] = [...sockets];
    await until(() => (socket?.bytesRead ?? 0) > 0);
    clock.advance(3000);
    expect(await attempt).toMatchObject({ code: "RING_HANDSHAKE_TIMEOUT" });
  });

  it("82. fails after connectTimeout if no connection comes about", async () => {
    const clock = mockClock();
    // The resolver never answers.
    const dnsResolver = (): Promise<string[]> => new Promise(() => {});
    const attempt = failure("ws://somewhere.example", { clock, connectTimeout: 1000, dnsResolver });
    clock.advance(1000);
    expect(await attempt).toMatchObject({ code: "RING_CONNECTION_TIMEOUT" });
  });

  it.each<[string, (socket: { end(): void; destroy(): void; resetAndDestroy(): void }) => void]>([
    ["closes", (socket) => socket.end()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ])("82. fails at once if the server %s before it answers", async (_how, leave) => {
    const { port } = await serveRaw((socket) => socket.once("data", () => leave(socket)));
    expect(await failure(`ws://127.0.0.1:${port}`)).toMatchObject({ code: "RING_CONNECTION_CLOSED" });
  });

  it("83. fails with status, headers and body of an answer that refuses", async () => {
    const { url, quiet } = await serving(echo);
    expect(await failure(`${url}/forbidden`)).toMatchObject({
      code: "RING_WEBSOCKET_HANDSHAKE",
      status: 403,
      headers: { "x-why": "no key" },
      body: "the key, please",
    });
    // Redirects are not followed.
    expect(await failure(`${url}/away`)).toMatchObject({ status: 302, headers: { location: "/" } });
    await quiet();
  });

  it("83. reads 16 KiB of such an answer at most, and does not wait for the rest", async () => {
    const { port, quiet } = await serve((_req, res) => {
      res.writeHead(500).write("x".repeat(20_000));
    });
    const error = (await failure(`ws://127.0.0.1:${port}`)) as http.WebsocketHandshakeError;
    expect(error.status).toBe(500);
    expect(error.body).toBe("x".repeat(16_384));
    await quiet();
  });

  it("83. waits no longer than handshakeTimeout for the body", async () => {
    const clock = mockClock();
    const { port } = await serve((_req, res) => {
      res.writeHead(500).write("the beginning");
      setImmediate(() => clock.advance(500));
    });
    const attempt = failure(`ws://127.0.0.1:${port}`, { clock, handshakeTimeout: 500 });
    expect(await attempt).toMatchObject({ code: "RING_HANDSHAKE_TIMEOUT" });
  });

  it.each(["http://localhost", "https://localhost", "ftp://localhost", "localhost", "", "ws://localhost#there"])(
    "84. refuses the url %j at once",
    (url) => {
      const invalid = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });
      expect(() => http.websocketClient(url)).toThrow(invalid);
    },
  );

  it.each<[string, http.WebsocketClientOptions]>([
    ["68. extensions", { compression: true, extensions: false }],
    ["no option", { maxFrameSize: 1 } as object],
    ["maxPayload", { maxPayload: -1 }],
    ["connectTimeout", { connectTimeout: 0 }],
    ["handshakeTimeout", { handshakeTimeout: Number.NaN }],
    ["sendAfterIdle", { heartbeats: { sendAfterIdle: "1" as unknown as number } }],
    ["x-a", { headers: { "x-a": "1\r\nx-b: 2" } }],
    ["subProtocols", { headers: { "Sec-WebSocket-Protocol": "chat" } }],
    ["sec-websocket-key", { headers: { "Sec-WebSocket-Key": "x" } }],
    ["a b", { subProtocols: ["a b"] }],
    ["twice", { subProtocols: "a, a" }],
    ["dnsResolver", { dnsOptions: {}, dnsResolver: () => [] }],
    ["tunnel", { proxyOptions: { host: "localhost", tunnel: false } }],
    ["socketPath", { proxyOptions: { host: "localhost" }, socketPath: "/tmp/x" }],
    ["host", { proxyOptions: { host: "" } }],
  ])("refuses options that cannot work at once: %s", (what, options) => {
    const invalid = expect.objectContaining({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringContaining(what.replace(/^\d+\. /, "")),
    });
    expect(() => http.websocketClient("ws://localhost", options)).toThrow(invalid);
  });

  it("sends headers, also lists, a host, an origin, and credentials of the url", async () => {
    const [wss, url] = await wsServer();
    const asked = once(wss, "connection") as Promise<[unknown, IncomingMessage]>;
    const headers = { "x-a": ["1", "2"], host: "other.example", origin: "https://a.example", cookie: "a=1" };
    await open(`${url.replace("ws://", "ws://ann:s%40crt@")}/path?query`, { headers });
    const [, request] = await asked;
    expect(request.url).toBe("/path?query");
    expect(request.headers).toMatchObject({
      "x-a": "1, 2",
      host: "other.example",
      origin: "https://a.example",
      cookie: "a=1",
      authorization: `Basic ${Buffer.from("ann:s@crt").toString("base64")}`,
    });
    expect(request.headers).not.toHaveProperty("sec-websocket-extensions");
  });

  it.each(["keep-alive, Upgrade", "keep-alive"])(
    "65. upgrades with `connection: %s` of the user",
    async (connection) => {
      const { url } = await serving(echo);
      const duplex = await open(url, { headers: { Connection: connection } });
      await put(duplex, "hello");
      expect(await take(duplex)).toBe("hello");
    },
  );

  it.each([
    ["no protocol where some are offered", { subProtocols: ["chat"] }, "sec-websocket-accept: %"],
    [
      "a protocol that was not offered",
      { subProtocols: ["chat"] },
      "sec-websocket-accept: %\r\nsec-websocket-protocol: talk",
    ],
    [
      "an extension that was not offered",
      {},
      "sec-websocket-accept: %\r\nsec-websocket-extensions: permessage-deflate",
    ],
    ["a wrong key", {}, "sec-websocket-accept: wrong"],
    ["no key", {}, "x-a: 1"],
  ])("fails if the server answers with %s", async (_what, options, lines) => {
    const { port, quiet } = await serveRaw((socket) => {
      socket.once("data", (head: Buffer) => {
        const key = /sec-websocket-key: (\S+)/i.exec(head.toString())?.[1] ?? "";
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n${lines.replace("%", accept)}\r\n\r\n`,
        );
      });
    });
    expect(await failure(`ws://127.0.0.1:${port}`, options)).toMatchObject({
      code: "RING_WEBSOCKET_HANDSHAKE",
      status: 101,
    });
    await quiet();
  });

  it("fails if what the server says is not HTTP, or too much of it", async () => {
    const { port } = await answering("hello, this is SMTP\r\n");
    expect(await failure(`ws://127.0.0.1:${port}`)).toMatchObject({ code: "RING_MALFORMED_RESPONSE" });
    const much = await answering(`HTTP/1.1 101 Switching Protocols\r\nx-a: ${"x".repeat(2000)}\r\n\r\n`);
    const attempt = failure(`ws://127.0.0.1:${much.port}`, { maxHeaderSize: 1000 });
    expect(await attempt).toMatchObject({ code: "RING_RESPONSE_HEAD_TOO_LARGE" });
  });

  it("fails if the host is unknown, or refuses the connection", async () => {
    const dnsResolver = (): never => {
      throw Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
    };
    expect(await failure("ws://nowhere.example", { dnsResolver })).toMatchObject({ code: "RING_UNKNOWN_HOST" });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(await failure(`ws://127.0.0.1:${port}`)).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("resolves names as it is told, and connects from a local address", async () => {
    const [wss, url] = await wsServer();
    const asked = once(wss, "connection") as Promise<[unknown, IncomingMessage]>;
    const hosts: string[] = [];
    const dnsResolver = (host: string): string[] => {
      hosts.push(host);
      return ["127.0.0.1"];
    };
    await open(url.replace("127.0.0.1", "app.example"), { dnsResolver, localAddress: "127.0.0.2" });
    const [, request] = await asked;
    expect(hosts).toEqual(["app.example"]);
    expect(request.headers.host).toBe(new URL(url.replace("127.0.0.1", "app.example")).host);
    expect(request.socket.remoteAddress).toBe("127.0.0.2");
  });

  it("goes to a unix domain socket", async () => {
    const socketPath = join(tmpdir(), `express-ring-ws-${process.pid}.sock`);
    const server = createServer();
    const wss = new WebSocketServer({ server });
    wss.on("connection", (ws) => ws.send("hello"));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    afterThisTest(async () => {
      for (const ws of wss.clients) ws.terminate();
      await new Promise((resolve) => server.close(resolve));
      rmSync(socketPath, { force: true });
    });
    const duplex = await open("ws://localhost/", { socketPath });
    expect(await take(duplex)).toBe("hello");
  });

  it("can be given up by a signal, before and while it connects", async () => {
    const controller = new AbortController();
    const { port, sockets, quiet } = await serveRaw(() => {});
    const attempt = failure(`ws://127.0.0.1:${port}`, { signal: controller.signal });
    await until(() => sockets.size === 1);
    controller.abort(new Error("enough"));
    expect(await attempt).toMatchObject({ code: "RING_REQUEST_CANCELLED", cause: { message: "enough" } });
    await quiet();
    const again = await failure(`ws://127.0.0.1:${port}`, { signal: controller.signal });
    expect(again).toMatchObject({ code: "RING_REQUEST_CANCELLED" });
  });

  it("leaves an open websocket to itself when the signal is aborted later", async () => {
    const controller = new AbortController();
    const { url } = await serving(echo);
    const duplex = await open(url, { signal: controller.signal });
    controller.abort();
    await put(duplex, "hello");
    expect(await take(duplex)).toBe("hello");
  });

  it.each([
    ["a timeout", (attempt: ReturnType<typeof http.websocketClient>) => timeout(attempt, 1)],
    ["a value", (attempt: ReturnType<typeof http.websocketClient>) => success(attempt, {} as WebsocketDuplex)],
  ])("gives up when %s settles the deferred from outside", async (_what, settle) => {
    const { port, sockets, quiet, connections } = await serveRaw(() => {});
    const attempt = http.websocketClient(`ws://127.0.0.1:${port}`);
    await until(() => sockets.size === 1);
    settle(attempt);
    await attempt.then(
      () => {},
      () => {},
    );
    await quiet();
    expect(connections()).toBe(1);
  });

  it("gives the socket to pipelineTransform; a throw of it fails the attempt", async () => {
    const { url, quiet } = await serving(echo);
    const given: unknown[] = [];
    const duplex = await open(url, {
      pipelineTransform: (ws, connection) => given.push(ws.readyState, connection.writable),
    });
    expect(given).toEqual([1, true]);
    duplex.close();
    await duplex.closed;
    const boom = (): never => {
      throw new SyntaxError("boom");
    };
    expect(await failure(url, { pipelineTransform: boom })).toMatchObject({ name: "SyntaxError" });
    await quiet();
  });

  it("loses no message that comes with the handshake", async () => {
    const [wss, url] = await wsServer();
    wss.on("connection", (ws) => {
      for (let i = 0; i < 100; i++) ws.send(`${i}`);
    });
    const duplex = await http.websocketClient(url);
    await turn(20);
    for (let i = 0; i < 100; i++) expect(await take(duplex)).toBe(`${i}`);
    duplex.close();
  });

  it("leaves nothing behind after many attempts that fail and succeed", async () => {
    const { url, quiet } = await serving((duplex) => duplex.close());
    const controller = new AbortController();
    for (let i = 0; i < 50; i++) {
      const duplex = await http.websocketClient(url, { signal: controller.signal });
      await duplex.closed;
      await failure(`${url}/forbidden`, { signal: controller.signal });
    }
    await quiet();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});

describeWith("openssl", openssl, "a websocketClient over TLS", (program) => {
  async function secure(): Promise<string> {
    const server = createTlsServer(certificate(program));
    const wss = new WebSocketServer({ server });
    wss.on("connection", (ws) => ws.on("message", (data) => ws.send(data)));
    const { url } = await listen(server, "wss", "secureConnection");
    return url;
  }

  it("checks certificates, unless it is insecure or given the authority", async () => {
    const url = await secure();
    expect(await failure(url)).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const { cert } = certificate(program);
    for (const options of [{ insecure: true }, { sslContext: { ca: cert } }]) {
      const duplex = await open(url, options);
      await put(duplex, "hello");
      expect(String(await take(duplex))).toBe("hello");
    }
  });

  it("lets sslContext have the last word on certificates", async () => {
    const url = await secure();
    const strict = { insecure: true, sslContext: { rejectUnauthorized: true } };
    expect(await failure(url, strict)).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  });

  it("checks the name in the certificate, unless sslEndpointIdAlg is null", async () => {
    const url = (await secure()).replace("127.0.0.1", "other.example");
    const options = { sslContext: { ca: certificate(program).cert }, dnsResolver: () => ["127.0.0.1"] };
    expect(await failure(url, options)).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    const duplex = await open(url, { ...options, sslEndpointIdAlg: null });
    await put(duplex, "hello");
    expect(String(await take(duplex))).toBe("hello");
  });
});
