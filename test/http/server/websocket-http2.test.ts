/** What is particular to websockets over HTTP/2; contract and abuse, which they share with others, are run through a gateway. */
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { eventBus } from "../../../src/bus/index.js";
import { type Deferred, deferred, success } from "../../../src/deferred/index.js";
import { type Server, type ServerOptions, websocketConnection } from "../../../src/http/index.js";
import {
  type RingRequest,
  seq,
  type WebsocketDuplex,
  type WebsocketMessage,
  type WebsocketOptions,
  websocketClose,
  websocketPing,
  wrapExpress,
} from "../../../src/index.js";
import type { Handler, RingResponse } from "../../../src/ring/types.js";
import { type RoomMessage, rooms } from "../../../src/rooms/index.js";
import { connect, put, stream, take } from "../../../src/stream/index.js";
import { isUpgradeRequest } from "../../../src/websocket/index.js";
import { withLog } from "../../contract/host.js";
import { exchangeRaw } from "../../raw-client.js";
import { BINARY, CLOSE, closePayload, deflate, PING, PONG, TEXT } from "../../websocket/frames.js";
import { askForSocket, openSocket } from "../../websocket/over-http2.js";
import { turn, until } from "../../websocket/peers.js";
import { END_HEADERS, END_STREAM, FrameClient, frame, HEADERS, RST_STREAM, requestFields } from "./frames.js";
import { started } from "./start.js";

const sessions = new Set<ClientHttp2Session>();
afterEach(() => {
  for (const session of sessions) session.destroy();
  sessions.clear();
});

async function sessionWith(server: Server, options: ClientSessionOptions = {}): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://localhost:${server.port}`, options);
  session.on("error", () => {});
  sessions.add(session);
  await once(session, "remoteSettings");
  return session;
}

/** A session of HTTP/2 over plain TCP with a server of its own. */
async function over2(handler: Handler, options: Partial<ServerOptions> = {}) {
  const server = await started(handler, { httpVersions: ["http2"], useH2c: true, ...options });
  return { server, session: await sessionWith(server) };
}

/** As `over2`, with all requests as websockets, whose ends are handed over. */
async function handing(options?: WebsocketOptions, serverOptions?: Partial<ServerOptions>) {
  const handed = stream<{ duplex: WebsocketDuplex; request: RingRequest }>(100);
  const { server, session } = await over2(async (request) => {
    const duplex = await websocketConnection(request, options);
    await put(handed, { duplex, request });
    return null;
  }, serverOptions);
  return {
    server,
    session,
    open: async (...options: [headers?: OutgoingHttpHeaders, endsWithServer?: boolean]) => {
      const client = await openSocket(session, ...options);
      return { client, ...((await take(handed)) as { duplex: WebsocketDuplex; request: RingRequest }) };
    },
  };
}

const echo: Handler = async (request) => {
  const duplex = await websocketConnection(request);
  connect(duplex, duplex);
  return null;
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

async function answerOf(request: ClientHttp2Stream): Promise<Answer> {
  const [headers] = (await once(request, "response")) as [IncomingHttpHeaders];
  return { status: Number(headers[":status"]), body: await text(request), headers };
}

const resetCode = (request: ClientHttp2Stream): Promise<number | undefined> =>
  new Promise((resolve) => request.on("error", () => {}).once("close", () => resolve(request.rstCode)));

describe("websocketConnection over HTTP/2", () => {
  it("sees the request that it would be over HTTP/1 (RFC 8441, 5)", async () => {
    const { open } = await handing();
    const { request, duplex } = await open({ ":path": "/a/b?c=d", ":authority": "example.com:81", "x-extra": "yes" });
    expect(request).toMatchObject({
      requestMethod: "get",
      protocol: "HTTP/2.0",
      scheme: "http",
      uri: "/a/b",
      queryString: "c=d",
      serverName: "example.com",
      headers: { host: "example.com:81", connection: "Upgrade", upgrade: "websocket", "x-extra": "yes" },
    });
    expect(isUpgradeRequest(request)).toBe(true);
    expect(request).not.toHaveProperty("body");
    expect(Object.keys(request.headers).filter((name) => name.startsWith(":"))).toEqual([]);
    const { sink } = duplex.description() as unknown as { sink: { connection: Record<string, unknown> } };
    expect(sink.connection).toMatchObject({ isWritable: true, isClosed: false });
    expect(sink.connection["remoteAddress"]).toMatch(/127\.0\.0\.1$|^::1$/);
  });

  it("echoes text and bytes, large and empty (63)", async () => {
    const { session } = await over2(echo);
    const client = await openSocket(session);
    const large = "0123456789".repeat(80_000);
    client.send({ opcode: TEXT, payload: "grüße" }, { opcode: BINARY, payload: Buffer.from([0, 255]) });
    client.send({ opcode: TEXT }, { opcode: TEXT, payload: large });
    const got = [];
    for (let i = 0; i < 4; i++) got.push(await client.next());
    expect(got.map(({ opcode }) => opcode)).toEqual([TEXT, BINARY, TEXT, TEXT]);
    expect(got.slice(0, 3).map(({ payload }) => payload)).toEqual([
      Buffer.from("grüße"),
      Buffer.from([0, 255]),
      Buffer.alloc(0),
    ]);
    expect(got[3]?.payload.toString() === large).toBe(true);
  });

  it("is announced, unless http2Settings say otherwise", async () => {
    const { session } = await over2(echo);
    expect(session.remoteSettings.enableConnectProtocol).toBe(true);
    const { session: without } = await over2(echo, { http2Settings: { enableConnectProtocol: false } });
    expect(without.remoteSettings.enableConnectProtocol).toBe(false);
    expect(await resetCode(askForSocket(without))).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
  });

  it("runs many on one session, beside plain requests, each for itself", async () => {
    const { session } = await over2((request) =>
      request.uri === "/plain" ? { body: `plain ${request.requestMethod}` } : echo(request),
    );
    const clients = await Promise.all(Array.from({ length: 20 }, (_, i) => openSocket(session, { ":path": `/${i}` })));
    const [first, ...others] = clients;
    first?.socket.close(constants.NGHTTP2_CANCEL);
    others[0]?.send("GET / HTTP/1.1\r\n\r\n");
    expect(await others[0]?.closed).toBe(1002);
    for (const [i, client] of others.slice(1).entries()) {
      client.send({ opcode: TEXT, payload: `${i}` });
      expect((await client.next()).payload.toString()).toBe(`${i}`);
      expect(await answerOf(session.request({ ":path": "/plain" }))).toMatchObject({ status: 200, body: "plain get" });
    }
  });

  it("hears the broadcasts of a room", async () => {
    const chat = rooms(eventBus<string, RoomMessage<WebsocketMessage>>());
    const { open } = await handing();
    const members = [await open(), await open()];
    for (const { duplex } of members) chat.join("x", duplex);
    await chat.broadcast("x", "to all");
    await chat.broadcast("x", Buffer.from([0, 255]));
    for (const { client } of members) {
      expect(await client.next()).toMatchObject({ opcode: TEXT, payload: Buffer.from("to all") });
      expect(await client.next()).toMatchObject({ opcode: BINARY, payload: Buffer.from([0, 255]) });
    }
    chat.close();
  });

  it("takes Ring's listeners, with sub-protocol, pings and the end", async () => {
    const ended = deferred();
    const { session } = await over2(() => ({
      websocketProtocol: "b",
      websocketListener: {
        onOpen: (socket) => socket.send("welcome"),
        onMessage: (socket, message) => socket.send(`got ${String(message)}`),
        onClose: (_socket, code, reason) => void success(ended, [code, reason]),
      },
    }));
    const client = await openSocket(session, { "sec-websocket-protocol": "a, b" });
    expect(client.headers["sec-websocket-protocol"]).toBe("b");
    client.send({ opcode: TEXT, payload: "it" }, { opcode: PING, payload: "there?" });
    client.send({ opcode: CLOSE, payload: closePayload(4001, "bye") });
    expect(await client.closed).toBe(4001);
    expect(client.payloads(TEXT)).toEqual(["welcome", "got it"]);
    expect(client.payloads(PONG)).toEqual(["there?"]);
    expect(await ended).toEqual([4001, "bye"]);
  });
});

describe("the answer to a websocket handshake over HTTP/2", () => {
  it("has the sub-protocol that was chosen, and the headers of options and middleware", async () => {
    const open: Handler = async (request) => {
      const headers = { "x-option": ["1", "2"], upgrade: "no", connection: "no", "content-type": "no/no" };
      const duplex = await websocketConnection(request, { subProtocols: ["x", "chat"], headers });
      expect(duplex.protocol).toBe("chat");
      return null;
    };
    const { session } = await over2(
      wrapExpress(open, (_req, res, next) => {
        res.setHeader("set-cookie", ["a=1", "b=2"]);
        res.setHeader("content-type", "text/html");
        const end = res.end.bind(res);
        // As a session store does, which saves first.
        res.end = ((...args: Parameters<typeof end>) => {
          setImmediate(() => {
            res.setHeader("x-late", "yes");
            end(...args);
          });
          return res;
        }) as typeof end;
        next();
      }),
    );
    const { headers } = await openSocket(session, { "sec-websocket-protocol": "talk, chat" });
    expect({ ...headers, [sensitiveHeaders]: undefined }).toEqual({
      ":status": 200,
      date: expect.any(String),
      "sec-websocket-protocol": "chat",
      "x-option": "1, 2",
      "set-cookie": ["a=1", "b=2"],
      "x-late": "yes",
    });
  });

  it("agrees on compression, which works both ways", async () => {
    const { session } = await over2(async (request) => {
      const duplex = await websocketConnection(request, { compression: true });
      connect(duplex, duplex);
      return null;
    });
    const extensions = "permessage-deflate; client_no_context_takeover";
    const client = await openSocket(session, { "sec-websocket-extensions": extensions });
    expect(client.headers["sec-websocket-extensions"]).toBe(extensions);
    const large = "0123456789".repeat(10_000);
    client.send({ opcode: TEXT, payload: deflate(large), reserved: 4 });
    const answer = await client.next();
    expect(answer.isCompressed).toBe(true);
    expect(answer.payload.length).toBeLessThan(1_000);
  });

  it("is the handler's own, if it does not ask for the websocket", async () => {
    const answers: Record<string, RingResponse> = {
      "/401": { status: 401, headers: { "www-authenticate": "Basic" }, body: "who?" },
      "/302": { status: 302, headers: { location: "/login" } },
      "/500": { status: 500, body: seq(["a", "b"]) },
    };
    const { session } = await over2(({ uri }) => answers[uri] ?? null);
    const ask = (path: string) => answerOf(askForSocket(session, { ":path": path }));
    expect(await ask("/401")).toMatchObject({ status: 401, body: "who?", headers: { "www-authenticate": "Basic" } });
    expect(await ask("/302")).toMatchObject({ status: 302, body: "", headers: { location: "/login" } });
    expect(await ask("/500")).toMatchObject({ status: 500, body: "ab" });
  });

  // Else it would be a websocket, of which nobody at the server knows.
  it.each<[string, Handler]>([
    ["a text", () => ({ status: 200, body: "hello" })],
    ["a stream", () => ({ status: 200, body: seq(["hel", "lo"]) })],
    ["no status", () => ({ body: "hello" })],
    ["null, which is 204", () => null],
    ["206", async () => ({ status: 206, body: "hello" })],
    ["the error handler's 200", () => Promise.reject(new Error("expected"))],
    ["middleware's 200", wrapExpress(echo, (_req, res) => void res.end("hello"))],
  ])("is 400 where the handler answers with success: %s", async (_what, handler) => {
    const { session } = await over2(handler, { errorHandler: () => ({ status: 200, body: "hello" }) });
    const request = askForSocket(session);
    const code = resetCode(request);
    expect(await answerOf(request)).toMatchObject({
      status: 400,
      body: expect.stringMatching(/^(hello)?$/),
    });
    // Nobody waits for what the client might send.
    expect(await code).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it("is seen to be broken off, if a body fails", async () => {
    await withLog(async (log) => {
      async function* body() {
        yield "the beginning";
        await turn();
        throw new Error("lost");
      }
      const { session } = await over2(() => ({ status: 503, body: body() }));
      const request = askForSocket(session);
      const code = resetCode(request);
      await once(request.resume(), "response");
      expect(await code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
      expect(log).toMatchObject([{ error: { message: "lost" } }]);
    });
  });

  it.each<[string, WebsocketOptions, OutgoingHttpHeaders, number, string, string]>([
    ["of no version", {}, { "sec-websocket-version": undefined }, 426, "", "RING_WEBSOCKET_VERSION"],
    ["of another version", {}, { "sec-websocket-version": "8" }, 426, "", "RING_WEBSOCKET_VERSION"],
    [
      "of a foreign origin",
      { origins: ["https://a"] },
      { origin: "https://b" },
      403,
      "origin not allowed",
      "RING_ORIGIN_REFUSED",
    ],
    ["that is not let in", { verify: () => false }, {}, 403, "forbidden", "RING_WEBSOCKET_REFUSED"],
    ["that is not let in later", { verify: async () => false }, {}, 403, "forbidden", "RING_WEBSOCKET_REFUSED"],
  ])("refuses one %s", async (_what, options, headers, status, body, code) => {
    await withLog(async (log) => {
      const failed = deferred();
      const { session } = await over2((request) => {
        const websocket = websocketConnection(request, options);
        websocket.onRealized(
          () => {},
          (error) => void success(failed, error),
        );
        return websocket as never;
      });
      const request = askForSocket(session, headers);
      const closed = resetCode(request);
      const answer = await answerOf(request);
      expect(answer).toMatchObject({ status, body });
      if (status === 426) expect(answer.headers["sec-websocket-version"]).toBe("13");
      expect(await failed).toMatchObject({ code, status });
      expect(await closed).toBe(constants.NGHTTP2_NO_ERROR);
      expect(log).toEqual([]);
    });
  });

  it("is 500 if `verify` fails, which is logged once", async () => {
    await withLog(async (log) => {
      const { session } = await over2(
        (request) => websocketConnection(request, { verify: () => Promise.reject(new Error("down")) }) as never,
      );
      expect(await answerOf(askForSocket(session))).toMatchObject({ status: 500, body: "" });
      expect(log).toMatchObject([{ error: { message: "down" } }]);
    });
  });

  it.each([
    ["sub-protocols", { "sec-websocket-protocol": "a,,b" }],
    ["extensions", { "sec-websocket-extensions": "permessage-deflate; server_max_window_bits=99" }],
  ])("is 400 if the %s offered are malformed", async (_what, headers) => {
    const { session } = await over2((request) => websocketConnection(request, { compression: true }) as never);
    const request = askForSocket(session, headers);
    const closed = resetCode(request);
    expect(await answerOf(request)).toMatchObject({ status: 400, body: "malformed sub-protocols or extensions" });
    expect(await closed).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it("is 400 for a plain GET, and for a client that has said all it has to say", async () => {
    const warned = jest.fn();
    process.on("warning", warned);
    const { session } = await over2(echo);
    const expected = {
      status: 400,
      body: "expected websocket request",
      headers: expect.not.objectContaining({ connection: expect.anything() }),
    };
    expect(await answerOf(session.request())).toEqual(expected);
    expect(await answerOf(askForSocket(session, {}, { endStream: true }))).toEqual(expected);
    await turn();
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it.each([
    ["a URL", { ":path": `/${"a".repeat(9_000)}` }, 414],
    ["a header", { "x-long": "a".repeat(9_000) }, 431],
  ])("is a refusal of %s that is too long", async (_what, headers, status) => {
    const handler = jest.fn(echo);
    const { session } = await over2(handler);
    expect((await answerOf(askForSocket(session, headers))).status).toBe(status);
    expect(handler).not.toHaveBeenCalled();
  });

  it("comes late where the limiter lets it wait, and is a refusal where there is no room", async () => {
    const first = deferred<RingResponse>();
    const { session } = await over2(({ uri, ...request }) => (uri === "/first" ? first : echo({ uri, ...request })), {
      executor: { maxConcurrent: 1, maxQueue: 1 },
    });
    const plain = answerOf(session.request({ ":path": "/first" }));
    const waiting = openSocket(session);
    expect(await answerOf(askForSocket(session))).toMatchObject({ status: 503, body: "Service Unavailable" });
    success(first, { body: "done" });
    expect(await plain).toMatchObject({ status: 200, body: "done" });
    const client = await waiting;
    client.send({ opcode: TEXT, payload: "at last" });
    expect((await client.next()).payload.toString()).toBe("at last");
  });
});

describe("a CONNECT that asks for no websocket", () => {
  it("is refused: 405 for a tunnel, 501 for another protocol", async () => {
    const handler = jest.fn(echo);
    const { session } = await over2(handler);
    const tunnel = session.request({ ":method": "CONNECT", ":authority": "example.com:443" });
    expect(await answerOf(tunnel)).toMatchObject({ status: 405, body: "" });
    expect(await answerOf(askForSocket(session, { ":protocol": "connect-udp" }))).toMatchObject({
      status: 501,
      body: "",
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it("is left to who listens for it", async () => {
    const { session } = await over2(echo, {
      serverTransform: (server) => {
        server.on("connect", (req, res) => {
          if (req.headers[":protocol"] !== "websocket") res.writeHead(200).end("somebody else");
        });
      },
    });
    const tunnel = session.request({ ":method": "CONNECT", ":authority": "example.com:443" });
    expect(await answerOf(tunnel)).toMatchObject({ status: 200, body: "somebody else" });
    await openSocket(session);
  });

  it("over HTTP/1 ends the connection, beside HTTP/2 too", async () => {
    const { port } = await started(echo, { httpVersions: ["http2", "http1"], useH2c: true });
    expect(await exchangeRaw(port, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")).toBe("");
  });

  it("cannot be made look like a websocket by a header of HTTP/1 (smuggling)", async () => {
    const handler = jest.fn(echo);
    const { server } = await over2(handler);
    const client = await FrameClient.to(server.port);
    const headers = requestFields("/", "GET", ["upgrade", "websocket"]);
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, headers));
    const reset = await client.until(({ type, stream }) => type === RST_STREAM && stream === 1);
    expect(reset.payload.readUInt32BE(0)).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(handler).not.toHaveBeenCalled();
    client.leave();
  });
});

describe("the end of a websocket over HTTP/2", () => {
  it("has code and reason, whoever begins it (74, 75)", async () => {
    const { open } = await handing();
    const byServer = await open();
    expect(await websocketClose(byServer.duplex, 4001, "going away")).toBe(true);
    const { opcode, payload } = await byServer.client.next();
    expect([opcode, payload]).toEqual([CLOSE, closePayload(4001, "going away")]);
    byServer.client.send({ opcode: CLOSE, payload: closePayload(4001, "going away") });
    expect(await byServer.duplex.closed).toEqual({ code: 4001, reason: "going away", wasClean: true });

    const byClient = await open();
    byClient.client.send({ opcode: CLOSE, payload: closePayload(4009, "enough") });
    expect(await byClient.duplex.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
    expect(await byClient.client.closed).toBe(4009);
    expect(byClient.client.socket.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it("is clean for a client that resets the stream behind its close frame", async () => {
    const { open } = await handing();
    const { client, duplex } = await open();
    await websocketClose(duplex, 1000);
    await client.next();
    client.send({ opcode: CLOSE, payload: closePayload(1000) });
    client.socket.close(constants.NGHTTP2_CANCEL);
    expect((await duplex.closed).code).toBe(1000);
  });

  it.each<[string, (client: ClientHttp2Stream, session: ClientHttp2Session) => void]>([
    ["cancels the stream", (client) => client.close(constants.NGHTTP2_CANCEL)],
    ["resets the stream for no reason", (client) => client.close(constants.NGHTTP2_NO_ERROR)],
    ["resets the stream over an error", (client) => client.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ["ends the stream without a close frame", (client) => void client.end()],
    ["drops the connection", (_client, session) => session.destroy()],
  ])("is 1006 when the client %s, and no news", async (_how, leave) => {
    await withLog(async (log) => {
      const resetStreamHandler = jest.fn();
      const { open, session } = await handing({}, { resetStreamHandler });
      const { client, duplex } = await open();
      leave(client.socket, session);
      expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
      expect(await put(duplex, "late")).toBe(false);
      // It is not a request any more.
      expect(resetStreamHandler).not.toHaveBeenCalled();
      expect(log).toEqual([]);
    });
  });

  it("is heard when the client cancels the stream though nobody takes its messages", async () => {
    const { open } = await handing();
    const { client, duplex } = await open();
    for (let i = 0; i < 40; i++) client.send({ opcode: TEXT, payload: `${i}` });
    await until(() => (duplex as unknown as { isHeldBack: boolean }).isHeldBack);
    client.socket.close(constants.NGHTTP2_CANCEL);
    expect((await duplex.closed).code).toBe(1006);
    expect(await take(duplex)).toBe("0");
  });

  it("comes before the websocket, if the client leaves while it is decided about", async () => {
    const verdict = deferred<boolean>();
    const asked = deferred<RingRequest>();
    const opened = deferred<Deferred<WebsocketDuplex>>();
    const resetStreamHandler = jest.fn();
    const { session } = await over2(
      (request) => {
        const verify = (): Deferred<boolean> => verdict;
        success(opened, websocketConnection(request, { verify }));
        success(asked, request);
        return null;
      },
      { resetStreamHandler },
    );
    const request = askForSocket(session);
    await asked;
    request.close(constants.NGHTTP2_CANCEL);
    await expect(opened.then((websocket) => websocket)).rejects.toMatchObject({ code: "RING_WEBSOCKET_CLOSED" });
    success(verdict, true);
    expect(await answerOf(session.request())).toBeDefined();
  });

  it("is CANCEL to a client that is cut off (RFC 8441, 5)", async () => {
    const { open } = await handing({ heartbeats: { sendAfterIdle: 30, timeout: 30 } });
    const { client, duplex } = await open({}, false);
    // It answers nothing by itself.
    expect((await client.next()).opcode).toBe(PING);
    expect(await resetCode(client.socket)).toBe(constants.NGHTTP2_CANCEL);
    expect((await duplex.closed).code).toBe(1006);
  });

  it("is CANCEL to a client that does not answer a close frame within closeTimeout", async () => {
    const { open } = await handing({ closeTimeout: 50 });
    const { client, duplex } = await open({}, false);
    await websocketClose(duplex, 4001);
    expect(await resetCode(client.socket)).toBe(constants.NGHTTP2_CANCEL);
    expect(await duplex.closed).toMatchObject({ code: 1006, wasClean: false });
  });

  it("is CANCEL when the handshake takes too long", async () => {
    const { session } = await over2(
      (request) =>
        websocketConnection(request, { handshakeTimeout: 50, verify: () => new Promise<never>(() => {}) }) as never,
    );
    await withLog(async () => {
      expect(await resetCode(askForSocket(session))).toBe(constants.NGHTTP2_CANCEL);
    });
  });

  it("is under the idle timeout of its own, which each message restarts", async () => {
    const { session } = await over2(echo, { idleTimeout: 600 });
    const [busy, idle] = [await openSocket(session), await openSocket(session)];
    let rounds = 0;
    for (; !idle.socket.destroyed; rounds++) {
      busy.send({ opcode: TEXT, payload: "still here" });
      await busy.next();
      await sleep(50);
    }
    expect(await idle.closed).toBe(1006);
    expect(rounds).toBeGreaterThan(5);
    busy.send({ opcode: TEXT, payload: "still here" });
    expect((await busy.next()).opcode).toBe(TEXT);
  });

  it("pings and is pinged", async () => {
    const { open } = await handing();
    const { client, duplex } = await open();
    const alive = websocketPing(duplex, undefined, "you?");
    expect(await client.next()).toMatchObject({ opcode: PING, payload: Buffer.from("you?") });
    client.send({ opcode: PONG, payload: "you?" });
    expect(await alive).toBe(true);
  });
});

describe("a server that closes, with websockets over HTTP/2", () => {
  it.each([undefined, 1012])("tells them websocketCloseCode %p, and is closed when they are", async (code) => {
    const { server, session, open } = await handing({}, { shutdownTimeout: 10, websocketCloseCode: code });
    const [one, two] = [await open(), await open()];
    const gone = once(session, "close");
    const closed = server.close();
    for (const { client, duplex } of [one, two]) {
      const { opcode, payload } = await client.next();
      expect([opcode, payload.readUInt16BE(0)]).toEqual([CLOSE, code ?? 1001]);
      client.send({ opcode: CLOSE, payload });
      expect((await duplex.closed).code).toBe(code ?? 1001);
    }
    await Promise.all([closed, gone]);
  });

  it("cuts those off that do not answer, after shutdownTimeout", async () => {
    await withLog(async (log) => {
      const { server, open } = await handing({}, { shutdownTimeout: 0.1 });
      const { client, duplex } = await open();
      await server.close();
      expect(await client.closed).toBe(1001);
      expect((await duplex.closed).code).toBe(1006);
      expect(log).toMatchObject([{ message: expect.stringContaining("shutdownTimeout") }]);
    });
  });

  it("sends one away whose handshake was under way", async () => {
    const verdict = deferred<boolean>();
    const asked = deferred<void>();
    const { server, session } = await over2(
      (request) => {
        success(asked, undefined);
        return websocketConnection(request, { verify: () => verdict }) as never;
      },
      { shutdownTimeout: 10 },
    );
    const opening = openSocket(session);
    await asked;
    const closed = server.close();
    success(verdict, true);
    const client = await opening;
    const { payload } = await client.next();
    expect(payload.readUInt16BE(0)).toBe(1001);
    client.send({ opcode: CLOSE, payload });
    await closed;
  });
});

describe("pressure on a websocket over HTTP/2", () => {
  it("stops a sender whose messages nobody takes at its window, and no other stream (79)", async () => {
    const { session, open } = await handing();
    const [{ client, duplex }, other] = [await open(), await open()];
    const count = 1_000;
    const body = "x".repeat(10_000);
    for (let i = 0; i < count; i++) client.send({ opcode: TEXT, payload: `${i} ${body}` });
    let before = -1;
    // Until two looks, many turns apart, see the same.
    while (client.socket.bufferSize !== before) {
      before = client.socket.bufferSize;
      await turn(100);
    }
    // 16 messages, what `ws` has of the next, and a window of 64 KiB.
    expect(count * 10_000 - before).toBeLessThan(600_000);
    expect(client.socket.state.localWindowSize).toBeDefined();
    // Another one on the same session.
    other.client.send({ opcode: TEXT, payload: "y".repeat(200_000) });
    expect(await take(other.duplex)).toHaveLength(200_000);
    expect(session.destroyed).toBe(false);
    for (let i = 0; i < count; i++) expect(Number.parseInt((await take(duplex)) as string, 10)).toBe(i);
  });

  it("lets puts wait for a client that does not read", async () => {
    const { open } = await handing();
    const { client, duplex } = await open();
    client.socket.pause();
    const body = "x".repeat(10_000);
    const puts: Deferred<boolean>[] = [];
    for (let i = 0; i < 200; i++) puts.push(put(duplex, `${i} ${body}`));
    await turn(200);
    const taken = puts.filter(({ isRealized }) => isRealized).length;
    // A window of 64 KiB, and what Node and the client's stream keep.
    expect(taken).toBeLessThan(60);
    client.socket.resume();
    expect(await Promise.all(puts)).toEqual(puts.map(() => true));
    for (let i = 0; i < 200; i++) expect(Number.parseInt((await client.next()).payload.toString(), 10)).toBe(i);
  });

  it("lets the puts of a client that goes without reading yield false", async () => {
    const { open } = await handing();
    const { client, duplex } = await open();
    client.socket.pause();
    const puts = Array.from({ length: 100 }, () => put(duplex, "x".repeat(10_000)));
    await turn(20);
    client.socket.close(constants.NGHTTP2_CANCEL);
    const outcomes = await Promise.all(puts);
    expect(outcomes.at(-1)).toBe(false);
  });

  it("keeps nothing of websockets that came and went on one session", async () => {
    const { session, open } = await handing();
    for (let i = 0; i < 300; i++) {
      const { client, duplex } = await open();
      if (i % 3 === 0) client.send({ opcode: CLOSE, payload: closePayload(1000) });
      else if (i % 3 === 1) client.socket.close(constants.NGHTTP2_CANCEL);
      else client.socket.end();
      await duplex.closed;
    }
    // More than maxConcurrentStreams: each has made room.
    expect(session.destroyed).toBe(false);
  });
});

describe("a websocket over HTTP/1 on a server of both", () => {
  it("is as it was", async () => {
    const { port } = await started(echo, { httpVersions: ["http2", "http1"], useH2c: true });
    const socket = connectTcp(port, "127.0.0.1");
    socket.write(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1.1 101 /);
    socket.destroy();
  });
});
