import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { deferred, success } from "../../../src/deferred/index.js";
import { h2Exception, isWritable, type ServerOptions } from "../../../src/http/index.js";
import { abortSignal, seq } from "../../../src/index.js";
import type { Body, Handler, RingRequest, RingResponse } from "../../../src/ring/types.js";
import { put, stream } from "../../../src/stream/index.js";
import { withLog } from "../../contract/host.js";
import { exchangeRaw, get } from "../../raw-client.js";
import { started } from "./start.js";

const sessions = new Set<ClientHttp2Session>();
afterEach(() => {
  for (const session of sessions) session.destroy();
  sessions.clear();
});

/** A session of HTTP/2 over plain TCP with a server of its own. */
async function over2(handler: Handler, options: Partial<ServerOptions> = {}) {
  const server = await started(handler, { httpVersions: ["http2"], useH2c: true, ...options });
  const session = connect(`http://localhost:${server.port}`);
  session.on("error", () => {});
  sessions.add(session);
  return { server, session };
}

async function answerOf(request: ClientHttp2Stream): Promise<[status: number, body: string]> {
  const [headers] = (await once(request, "response")) as [Record<string, number>];
  return [headers[":status"] ?? 0, await text(request)];
}

const ended = (request: ClientHttp2Stream): Promise<unknown> =>
  new Promise((resolve) => request.on("error", () => {}).once("close", resolve));

describe("over HTTP/2", () => {
  const long = "0123456789".repeat(20_000);
  const bodies: [string, () => Body][] = [
    ["a string", () => long],
    ["bytes", () => Buffer.from(long)],
    ["a sequence", () => seq([long.slice(0, 7), long.slice(7)])],
    [
      "an async generator",
      async function* () {
        yield long;
      },
    ],
    ["a Node stream", () => Readable.from([long])],
    ["a Blob", () => new Blob([long])],
  ];
  it.each(bodies)("%s is the same each time (1)", async (_kind, body) => {
    const { session } = await over2(() => ({ body: body() }));
    for (let i = 0; i < 10; i++) expect(await answerOf(session.request({ ":path": "/" }))).toEqual([200, long]);
  });

  it("names of headers arrive in lower case, with server and date (59)", async () => {
    const { session } = await over2(() => ({ headers: { "X-Camel": "1" }, body: "" }));
    const [headers] = await once(session.request(), "response");
    expect(headers).toMatchObject({ "x-camel": "1", server: "express-ring", date: expect.stringMatching(/GMT$/) });
  });

  it.each(["Connection", "keep-alive", "Proxy-Connection", "upgrade", "transfer-encoding"])(
    "the header %s is an error of the handler's (59)",
    async (name) => {
      await withLog(async (log) => {
        const { session } = await over2(() => ({ headers: { [name]: "chunked" }, body: "x" }));
        expect(await answerOf(session.request())).toEqual([500, "Internal Server Error"]);
        expect(log).toMatchObject([
          { error: { code: "RING_INVALID_RESPONSE", message: expect.stringContaining(name) } },
        ]);
      });
    },
  );

  it.each([100, 199, 600, 999])("the status %d is an error of the handler's", async (status) => {
    await withLog(async () => {
      const { session } = await over2(() => ({ status }));
      expect((await answerOf(session.request()))[0]).toBe(500);
    });
  });

  it.each(["GET", "POST"])("%s: cookies under a name in capitals and in small letters are all sent", async (method) => {
    const headers = { "Set-Cookie": "a=1", "set-cookie": ["b=2", "c=3"], "X-A": "1", "x-a": "2" };
    const { session } = await over2(() => ({ headers, body: "" }));
    const request = session.request({ ":path": "/", ":method": method });
    const [answer] = (await once(request, "response")) as [Record<string, unknown>];
    expect([answer["set-cookie"], answer["x-a"]]).toEqual([["a=1", "b=2", "c=3"], "2"]);
    request.close();
  });

  it("null is 204 (7), and HEAD has no body", async () => {
    const { session } = await over2(({ uri }) => (uri === "/null" ? null : { body: "hello" }));
    expect(await answerOf(session.request({ ":path": "/null" }))).toEqual([204, ""]);
    expect(await answerOf(session.request({ ":path": "/", ":method": "HEAD" }))).toEqual([200, ""]);
  });

  it("a stream that the client resets is not writable, its exception tells why, and the others go on (61)", async () => {
    const seen = deferred<RingRequest>();
    const late = deferred<RingResponse>();
    const reset = deferred<[string, number]>();
    await withLog(async (log) => {
      const { session } = await over2(
        (request) => {
          if (request.uri !== "/slow") return { body: "ok" };
          success(seen, request);
          return late;
        },
        { resetStreamHandler: ({ uri }, code) => void success(reset, [uri, code]) },
      );
      const slow = session.request({ ":path": "/slow" });
      const request = await seen;
      expect([isWritable(request), h2Exception(request)]).toEqual([true, undefined]);
      const aborted = once(abortSignal(request), "abort");
      slow.on("error", () => {});
      slow.close(constants.NGHTTP2_CANCEL);
      await aborted;
      expect(await reset).toEqual(["/slow", constants.NGHTTP2_CANCEL]);
      expect(isWritable(request)).toBe(false);
      expect(h2Exception(request)).toMatchObject({ code: "RING_STREAM_RESET", errorCode: constants.NGHTTP2_CANCEL });
      success(late, { body: "late" });
      expect(await answerOf(session.request({ ":path": "/" }))).toEqual([200, "ok"]);
      expect(log).toEqual([]);
    });
  });

  it("connGoAwayHandler hears of a client that goes away", async () => {
    const heard = deferred();
    const { session } = await over2(() => ({ body: "" }), {
      connGoAwayHandler: (goAway) => void success(heard, goAway),
    });
    await answerOf(session.request());
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0);
    expect(await heard).toMatchObject({ errorCode: constants.NGHTTP2_ENHANCE_YOUR_CALM });
  });

  it.each([
    ["of known length", { "content-length": "5" }],
    ["of unknown length", {}],
  ])("a body %s that is too large is answered with 413, and the session goes on (34)", async (_what, headers) => {
    const handler = jest.fn(() => ({ body: "ok" }));
    const { session } = await over2(handler, { maxRequestBodySize: 4 });
    const request = session.request({ ":method": "POST", ...headers });
    const end = ended(request);
    request.write("hello");
    expect(await answerOf(request)).toEqual([413, "Request body too large"]);
    await end;
    expect(handler).not.toHaveBeenCalled();
    expect(await answerOf(session.request())).toEqual([200, "ok"]);
  });

  it("a body of unknown length is gathered where it is limited", async () => {
    const { session } = await over2(async ({ body }) => ({ body: await text(body as Readable) }), {
      maxRequestBodySize: 1_000_000,
    });
    const request = session.request({ ":method": "POST" });
    for (let i = 0; i < 10; i++) request.write("x".repeat(30_000));
    request.end();
    expect((await answerOf(request))[1]).toHaveLength(300_000);
  });

  it.each([10, 16_383, 16_384, 100_000])("a body of %d bytes that is waited for is whole", async (size) => {
    const { session } = await over2(async ({ body }) => ({ body: await text(body as Readable) }), {
      requestBufferSize: 200_000,
    });
    const request = session.request({ ":method": "POST", "content-length": size });
    request.end("x".repeat(size));
    expect((await answerOf(request))[1]).toHaveLength(size);
  });

  it("many bodies that nobody reads do not stall the session", async () => {
    const { session } = await over2(async ({ body }) => {
      (body as Readable | undefined)?.once("readable", () => (body as Readable).read(1));
      await sleep(1);
      return { body: "ok" };
    });
    for (let i = 0; i < 20; i++) {
      const request = session.request({ ":method": "POST" });
      request.on("error", () => {});
      request.end("x".repeat(60_000));
      expect(await answerOf(request)).toEqual([200, "ok"]);
    }
  });

  it.each([
    ["a URL", { ":path": `/${"a".repeat(9_000)}` }, 414],
    ["a header", { "x-long": "a".repeat(9_000) }, 431],
  ])("%s that is too long is refused (30)", async (_what, headers, expected) => {
    const handler = jest.fn(() => ({ body: "ok" }));
    const { session } = await over2(handler);
    expect((await answerOf(session.request(headers)))[0]).toBe(expected);
    expect(handler).not.toHaveBeenCalled();
  });

  it("close lets streams complete, refuses new ones, and ends idle sessions", async () => {
    const body = stream<string>();
    const { server, session } = await over2(() => ({ body }), { shutdownTimeout: 10 });
    const idle = connect(`http://localhost:${server.port}`);
    sessions.add(idle);
    await once(idle, "remoteSettings");
    const request = session.request();
    await once(request, "response");
    const whole = text(request);
    const goneAway = once(session, "goaway");
    const idleClosed = once(idle, "close");
    const closed = server.close();
    await Promise.all([goneAway, idleClosed]);
    await put(body, "last words");
    body.close();
    expect(await whole).toBe("last words");
    await closed;
  });

  it("idleTimeout ends a session in which nothing happens", async () => {
    const { session } = await over2(() => new Promise<never>(() => {}), { idleTimeout: 80 });
    const begun = performance.now();
    await ended(session.request());
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  /** A frame of HTTP/2, and what a client begins with. */
  const frame = (type: number, flags: number, id: number, payload: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(id, 5);
    return Buffer.concat([head, payload]);
  };
  const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, Buffer.alloc(0))]);
  /** Fields without indexing: their names and values as they are. */
  const fields = (...pairs: [string, string][]): Buffer =>
    Buffer.concat(
      pairs.flatMap(([name, value]) => [
        Buffer.from([0, name.length]),
        Buffer.from(name),
        Buffer.from([value.length]),
        Buffer.from(value),
      ]),
    );

  it.each([":method", ":scheme", ":path"])(
    "a request without %s fails, and other streams live (60)",
    async (missing) => {
      const handler = jest.fn(({ uri }: RingRequest) => ({ body: `answer to ${uri}` }));
      const { server } = await over2(handler);
      const socket = connectTcp(server.port, "127.0.0.1");
      let received = Buffer.alloc(0);
      const good = [
        [":method", "GET"],
        [":scheme", "http"],
        [":path", "/good"],
        [":authority", "a"],
      ] as [string, string][];
      const bad = good.filter(([name]) => name !== missing);
      socket.write(Buffer.concat([preface, frame(1, 5, 1, fields(...bad)), frame(1, 5, 3, fields(...good))]));
      for await (const piece of socket) {
        received = Buffer.concat([received, piece as Buffer]);
        if (received.includes("answer to /good")) break;
      }
      // RST_STREAM of the first stream.
      expect(received.includes(Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, 1]))).toBe(true);
      expect(handler).toHaveBeenCalledTimes(1);
      socket.destroy();
    },
  );
});

describe("useH2c beside HTTP/1", () => {
  it("tells by the first bytes who speaks what", async () => {
    const { server, session } = await over2(({ protocol }) => ({ body: protocol }), {
      httpVersions: ["http2", "http1"],
    });
    expect(await answerOf(session.request())).toEqual([200, "HTTP/2.0"]);
    expect(await exchangeRaw(server.port, get("/", "Connection: close"))).toMatch(/HTTP\/1.1$/);
    const slow = connectTcp(server.port, "127.0.0.1");
    for (const letter of get("/", "Connection: close")) {
      slow.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await text(slow)).toMatch(/HTTP\/1.1$/);
  });

  it("does not wait for ever for the first byte", async () => {
    const { server } = await over2(() => ({ body: "" }), { httpVersions: ["http2", "http1"], headersTimeout: 100 });
    expect(await exchangeRaw(server.port, "")).toBe("");
    expect(await exchangeRaw(server.port, "PRI * HT")).toBe("");
  });
});
