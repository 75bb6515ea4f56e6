/** Connections that end where nobody expects it: by a reset, by half a close, in a mess. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { startServer } from "../../../src/http/index.js";
import { abortSignal, type Handler, seq } from "../../../src/index.js";
import { withLog } from "../../contract/host.js";
import { get, rawClient } from "../../raw-client.js";

const CHUNK = Buffer.alloc(65_536, "x");

/** Answers in each way that takes time, and counts what is under way. */
function slowly(): { readonly handler: Handler; readonly underWay: () => number } {
  let underWay = 0;
  function* endless(): Generator<Buffer> {
    underWay++;
    try {
      for (;;) yield CHUNK;
    } finally {
      underWay--;
    }
  }
  const handler: Handler = async (request) => {
    const { uri, body } = request;
    if (uri === "/endless") return { status: 200, body: seq({ [Symbol.iterator]: endless }) };
    if (uri === "/upload") return { status: 200, body: `${(await buffer(body as Readable)).length}` };
    if (uri === "/echo") return { status: 200, body: body as Readable };
    if (uri === "/waiting") {
      underWay++;
      const signal = abortSignal(request);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve());
      });
      underWay--;
      return { status: 200, body: "late" };
    }
    return { status: 200, body: "fine" };
  };
  return { handler, underWay: () => underWay };
}

const upload = (path: string, size: number, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${body}`;

describe("a reset", () => {
  const states: readonly [when: string, bytes: string, answer?: RegExp][] = [
    ["at once", ""],
    ["in the middle of the request line", "GET /wai"],
    ["in the middle of the head", "GET /waiting HTTP/1.1\r\nHost: a\r\nX-A"],
    ["while the handler works", get("/waiting")],
    ["before the body", upload("/upload", 100_000, "")],
    ["in the middle of the body", upload("/upload", 100_000, "x".repeat(50_000))],
    [
      "in the middle of a small body, for which the handler is not called yet",
      upload("/upload", 1_000, "x".repeat(500)),
    ],
    ["in the middle of a chunk", "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"],
    ["in the middle of an echo", upload("/echo", 100_000, "x".repeat(50_000)), /x/],
    ["in the middle of the answer", get("/endless"), /x/],
    ["after the answer", get("/"), /fine/],
    ["behind many requests", get("/waiting").repeat(20)],
    ["behind many requests, of which the first has an answer", get("/endless") + get("/waiting").repeat(20), /x/],
    [
      "while leave to send is waited for",
      "POST /waiting HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
      /100/,
    ],
  ];

  it.each(states.map(([when, bytes, answer = null]) => [when, bytes, answer] as const))(
    "%s leaves nothing behind",
    (_when, bytes, answer) =>
      withLog(async (log) => {
        const { handler, underWay } = slowly();
        const server = await startServer(handler, { port: 0 });
        const { port } = server;
        for (let round = 0; round < 10; round++) {
          const client = await rawClient(port);
          if (bytes !== "") client.send(bytes);
          if (answer !== null) await client.until(answer);
          else if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
          client.reset();
        }
        expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe("fine");
        while (underWay() > 0) await new Promise((resolve) => setImmediate(resolve));
        // It ends only when each connection has.
        await server.close();
        expect(log).toEqual([]);
      }),
  );
});

/** Sends bytes and says that there will be no more; resolves with what comes back until the end. */
async function sendAndEnd(port: number, bytes: string): Promise<string> {
  const socket: Socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.setEncoding("latin1");
  let text = "";
  socket.on("data", (piece: string) => {
    text += piece;
  });
  socket.on("error", () => {});
  socket.end(bytes, "latin1");
  await once(socket, "close");
  return text;
}

describe("half a close", () => {
  it.each<[string, string, RegExp]>([
    ["behind a request lets an answer through that is there", get("/1"), /\/1$/],
    ["behind several requests lets their answers through", get("/1") + get("/2") + get("/3"), /\/1[^]*\/2[^]*\/3$/],
    ["in the middle of a head is answered with 400", "GET / HTTP/1.1\r\nHost", /^HTTP\/1.1 400 /],
    ["without a request is answered by the other half", "", /^$/],
  ])("%s", async (_what, bytes, expected) => {
    const server = await startServer(({ uri }) => ({ status: 200, body: uri }), { port: 0 });
    expect(await sendAndEnd(server.port, bytes)).toMatch(expected);
    await server.close();
  });

  it("while the handler works is how clients leave: it is told, and nobody else", () =>
    withLog(async (log) => {
      const { handler, underWay } = slowly();
      const server = await startServer(handler, { port: 0 });
      for (const path of ["/waiting", "/endless"]) await sendAndEnd(server.port, get(path));
      while (underWay() > 0) await new Promise((resolve) => setImmediate(resolve));
      await server.close();
      expect(log).toEqual([]);
    }));

  it.each([
    ["a length", "Content-Length: 10\r\n\r\nabc"],
    ["a larger length", `Content-Length: 1000000\r\n\r\n${"x".repeat(100_000)}`],
    ["chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
  ])("in the middle of a body with %s closes the connection, and its bytes count for nothing", (_what, rest) =>
    withLog(async (log) => {
      const bodies: string[] = [];
      const server = await startServer(
        async ({ body }) => {
          bodies.push((await buffer(body as Readable)).toString());
          return { status: 200 };
        },
        { port: 0 },
      );
      const text = await sendAndEnd(server.port, `POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
      expect(text).toMatch(/^(HTTP\/1.1 400 |$)/);
      await server.close();
      expect([bodies, log]).toEqual([[], []]);
    }),
  );
});

describe("garbage behind requests", () => {
  const garbage = ["\0\x01\x02", "GET", "\r\n\r\n\r\nnonsense\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(100_000)];

  it.each(garbage.map((bytes) => [bytes.slice(0, 30), bytes]))(
    "(%j) costs none of them its answer, whether that is there at once or later",
    async (_shown, bytes) => {
      for (const milliseconds of [0, 20]) {
        const server = await startServer(
          async ({ uri }) => {
            if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
            return { status: 200, body: uri };
          },
          { port: 0, headersTimeout: 300 },
        );
        const client = await rawClient(server.port);
        client.send(get("/one") + get("/two") + bytes);
        const text = await client.ended();
        const bodies = [...text.matchAll(/\/(?:one|two)/g)].map(([body]) => body);
        expect([milliseconds, bodies]).toEqual([milliseconds, ["/one", "/two"]]);
        expect(text).toMatch(/HTTP\/1.1 4\d\d [^]*$/);
        await server.close();
      }
    },
  );
});
