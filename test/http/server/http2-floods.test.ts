/** Attacks that only HTTP/2 makes possible: the process stays up, memory bounded, and others are served. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { startServer } from "../../../src/http/index.js";
import { abortSignal, type Handler } from "../../../src/index.js";
import { withLog } from "../../contract/host.js";
import {
  ACK,
  ask,
  bodyOf,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FrameClient,
  frame,
  GOAWAY,
  HEADERS,
  int32,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  requestFields,
  SETTINGS,
  WINDOW_UPDATE,
} from "./frames.js";

const MIB = 2 ** 20;
const CANCEL = int32(8);

/** What a server does while it is attacked. */
interface Attacked {
  readonly port: number;
  /** Handlers that were called for the attacker. */
  readonly called: () => number;
  /** Those that have not come to an end. */
  readonly underWay: () => number;
}

/** Waits until a number is 0. */
async function allDone(count: () => number): Promise<void> {
  while (count() > 0) await sleep(1);
}

/** Runs an attack, while another client asks again and again; each of its answers has to come. */
async function underAttack(attack: (attacked: Attacked) => Promise<void>): Promise<void> {
  let called = 0;
  let underWay = 0;
  function* endless(): Generator<Buffer> {
    underWay++;
    try {
      for (;;) yield Buffer.alloc(16_384);
    } finally {
      underWay--;
    }
  }
  const handler: Handler = async (request) => {
    if (request.uri === "/fine") return { status: 200, body: "fine" };
    if (request.uri === "/held") return new Promise<never>(() => {});
    called++;
    if (request.uri === "/endless") return { status: 200, body: endless() };
    underWay++;
    const signal = abortSignal(request);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve());
    });
    underWay--;
    return { status: 200, body: "late" };
  };
  await withLog(async (log) => {
    const server = await startServer(handler, {
      port: 0,
      httpVersions: ["http2"],
      useH2c: true,
      keepAliveTimeout: 200,
      shutdownTimeout: 5,
    });
    const bystander = await FrameClient.to(server.port);
    const over = new AbortController();
    const asking = (async (): Promise<number> => {
      // One that is not answered: on a busy machine the connection would be idle for longer than it may be.
      bystander.send(ask(1, "/held"));
      let stream = 3;
      for (; !over.signal.aborted || stream < 7; stream += 2) {
        bystander.send(ask(stream, "/fine"));
        expect(await bodyOf(bystander, stream)).toBe("fine");
        await sleep(2);
      }
      return stream;
    })();
    const memory = process.memoryUsage().rss;
    try {
      await attack({ port: server.port, called: () => called, underWay: () => underWay });
      expect(process.memoryUsage().rss - memory).toBeLessThan(150 * MIB);
    } finally {
      over.abort();
      await asking;
      bystander.leave();
    }
    // It ends only when each handler and each connection has.
    await allDone(() => underWay);
    await server.close();
    expect(log).toEqual([]);
  });
}

describe("over HTTP/2", () => {
  it("a rapid reset is stopped with GOAWAY, and costs few handlers", () =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      await client.flood(50_000, (i) =>
        Buffer.concat([ask(2 * i + 1, "/wait"), frame(RST_STREAM, 0, 2 * i + 1, CANCEL)]),
      );
      await client.ended();
      expect(called()).toBeLessThan(5_000);
    }));

  it("resets that the server is made to send end the connection, too", () =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      // An increment of 0 is an error of the stream (RFC 9113, 6.9).
      await client.flood(50_000, (i) =>
        Buffer.concat([ask(2 * i + 1, "/wait"), frame(WINDOW_UPDATE, 0, 2 * i + 1, int32(0))]),
      );
      client.leave();
      await client.ended();
      expect(called()).toBeLessThan(50_001);
    }));

  it.each<[string, (i: number) => Buffer]>([
    ["settings", () => frame(SETTINGS, 0, 0)],
    ["pings", () => frame(PING, 0, 0, Buffer.alloc(8))],
    [
      "empty data",
      (i) => (i === 0 ? frame(HEADERS, END_HEADERS, 1, requestFields("/wait", "POST")) : frame(DATA, 0, 1)),
    ],
    ["priorities", (i) => frame(PRIORITY, 0, (2 * i + 1) % 2 ** 31, Buffer.of(0, 0, 0, 0, 1))],
    ["frames of unknown types", () => frame(77, 0, 0, Buffer.alloc(100))],
    ["window updates", () => frame(WINDOW_UPDATE, 0, 0, int32(1))],
    ["acknowledgements of nothing", () => frame(SETTINGS, ACK, 0)],
  ])("a flood of %s from a client that reads nothing fills no memory", (_what, make) =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      client.pause();
      await client.flood(100_000, make);
      client.leave();
      expect(called()).toBeLessThan(2);
    }),
  );

  it.each<[string, Buffer]>([
    ["empty", Buffer.alloc(0)],
    ["small", Buffer.from("\0\x03x-a\x03abc", "latin1")],
    [
      "large",
      Buffer.concat(Array.from({ length: 120 }, () => Buffer.from(`\0\x03x-a\x64${"a".repeat(100)}`, "latin1"))),
    ],
  ])("a flood of %s continuations of one head ends the connection, and calls nobody", (_size, piece) =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      client.send(frame(HEADERS, END_STREAM, 1, requestFields("/wait")));
      await client.flood(100_000, () => frame(CONTINUATION, 0, 1, piece));
      await client.ended();
      expect(called()).toBe(0);
    }),
  );

  it("a bomb of headers, small on the wire and large in memory, reaches no handler", () =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      // A field of nearly 4 KiB goes into the table, and is pointed at with one byte each.
      const value = Buffer.alloc(3_900, "a");
      const large = Buffer.concat([
        Buffer.from("\x40\x01x\x7f", "latin1"),
        Buffer.of(((3_900 - 127) % 128) | 128, Math.floor((3_900 - 127) / 128)),
        value,
      ]);
      for (let i = 0; i < 200; i++) {
        const bomb = Buffer.concat([
          requestFields("/wait"),
          i === 0 ? large : Buffer.alloc(0),
          Buffer.alloc(10_000, 0xbe),
        ]);
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, bomb));
      }
      await Promise.race([client.ended(), client.until(({ type }) => type === RST_STREAM || type === GOAWAY)]);
      client.leave();
      expect(called()).toBe(0);
    }));

  it("clients that open no window stop the bodies they asked for", () =>
    underAttack(async ({ port, called, underWay }) => {
      // SETTINGS_INITIAL_WINDOW_SIZE is 4.
      const client = await FrameClient.to(port, Buffer.concat([Buffer.of(0, 4), int32(0)]));
      for (let i = 0; i < 100; i++) client.send(ask(2 * i + 1, "/endless"));
      while (called() < 100) await sleep(1);
      await sleep(100);
      expect(underWay()).toBe(100);
      client.leave();
      while (underWay() > 0) await sleep(1);
    }));

  it("streams without an end are as many as the server allows, and no more", () =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      await client.flood(20_000, (i) => ask(2 * i + 1, "/wait"));
      await sleep(50);
      client.leave();
      expect(called()).toBe(250);
    }));

  it("bodies that nobody reads stop their sender", () =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      client.send(frame(HEADERS, END_HEADERS, 1, requestFields("/wait", "POST")));
      const chunk = frame(DATA, 0, 1, Buffer.alloc(16_384));
      await client.flood(2_000, () => chunk);
      await client.ended();
      expect(called()).toBe(1);
    }));

  it.each<[string, Buffer]>([
    ["data on a stream that is not open", frame(DATA, 0, 1, Buffer.alloc(10))],
    ["data on no stream", frame(DATA, 0, 0, Buffer.alloc(10))],
    ["a stream of the server's", ask(2, "/wait")],
    ["a promise", frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([int32(2), requestFields("/wait")]))],
    ["settings on a stream", frame(SETTINGS, 0, 1)],
    ["half a setting", frame(SETTINGS, 0, 0, Buffer.alloc(5))],
    ["a setting out of range", frame(SETTINGS, 0, 0, Buffer.concat([Buffer.of(0, 4), int32(2 ** 32 - 1)]))],
    ["a short ping", frame(PING, 0, 0, Buffer.alloc(7))],
    [
      "a window that is too large",
      Buffer.concat([frame(WINDOW_UPDATE, 0, 0, int32(2 ** 31 - 1)), frame(WINDOW_UPDATE, 0, 0, int32(2 ** 31 - 1))]),
    ],
    ["a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, requestFields("/wait"))],
    [
      "something between a head and its continuation",
      Buffer.concat([frame(HEADERS, END_STREAM, 1, requestFields("/wait")), frame(PING, 0, 0, Buffer.alloc(8))]),
    ],
    ["a frame that is too large", frame(DATA, 0, 1, Buffer.alloc(20_000))],
    [
      "a head that cannot be decoded",
      frame(HEADERS, END_STREAM | END_HEADERS, 1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
    ],
    ["the reset of a stream that is not open", frame(RST_STREAM, 0, 1, CANCEL)],
    ["nothing known", Buffer.alloc(1_000, 0xee)],
  ])("what breaks the protocol (%s) ends the connection", (_what, bytes) =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      client.send(bytes);
      await client.ended();
      expect(called()).toBe(0);
    }),
  );

  it.each<[string, readonly (readonly [string, string])[]]>([
    ["a name in capitals", [["X-A", "1"]]],
    ["connection", [["connection", "close"]]],
    ["transfer-encoding", [["transfer-encoding", "chunked"]]],
    ["two paths", [[":path", "/other"]]],
    ["an unknown pseudo-header", [[":x", "1"]]],
    ["a length that is none", [["content-length", "x"]]],
    [
      "two lengths",
      [
        ["content-length", "0"],
        ["content-length", "1"],
      ],
    ],
  ])("a malformed head (%s) is refused, and the connection goes on", (_what, more) =>
    underAttack(async ({ port, called }) => {
      const client = await FrameClient.to(port);
      client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, requestFields("/wait", "GET", ...more)));
      await client.until(({ type, stream }) => type === RST_STREAM && stream === 1);
      client.send(ask(3, "/fine"));
      expect(await bodyOf(client, 3)).toBe("fine");
      expect(called()).toBe(0);
      client.leave();
    }),
  );

  it.each(["1\r\nx-b: 2", "1\nx-b: 2", "1\0"])("a header of %j reaches no handler", async (value) => {
    const seen: string[] = [];
    const server = await startServer(
      ({ headers }) => {
        seen.push(...Object.keys(headers));
        return { status: 200 };
      },
      { port: 0, httpVersions: ["http2"], useH2c: true },
    );
    const client = await FrameClient.to(server.port);
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, requestFields("/", "GET", ["x-a", value])));
    await client.until(({ stream }) => stream === 1);
    client.leave();
    await server.close();
    expect(seen).toEqual(["host"]);
  });

  it("a body that is not as long as its content-length counts for nothing", () =>
    underAttack(async ({ port }) => {
      const head = requestFields("/fine", "POST", ["content-length", "5"]);
      for (const size of [3, 7]) {
        const client = await FrameClient.to(port);
        client.send(frame(HEADERS, END_HEADERS, 1, head), frame(DATA, END_STREAM, 1, Buffer.alloc(size)));
        // Newer Nodes give up the connection over a body that is too long, others the stream.
        const { type, payload } = await client.until(({ type }) => type === RST_STREAM || type === GOAWAY);
        const NO_ERROR = 0;
        expect(payload.readUInt32BE(type === GOAWAY ? 4 : 0)).not.toBe(NO_ERROR);
        client.leave();
      }
    }));
});
