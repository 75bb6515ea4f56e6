import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { type WebSocket, WebSocketServer } from "ws";
import { type Clock, type MockClock, mockClock } from "../../../src/clock/index.js";
import { deferred } from "../../../src/deferred/index.js";
import * as http from "../../../src/http/index.js";
import { websocketClose, websocketPing } from "../../../src/index.js";
import { put, take, tryPut } from "../../../src/stream/index.js";
import type { Websocket } from "../../../src/websocket/duplex.js";
import { withLog } from "../../contract/host.js";
import { turn, until } from "../../websocket/peers.js";
import { afterThisTest } from "../servers.js";

afterEach(() => {
  jest.restoreAllMocks();
});

/** Waits take as long as they may, or a part of it. */
const random = (part: number): void => void jest.spyOn(Math, "random").mockReturnValue(part);

interface Upstream {
  readonly url: string;
  /** The connections there were, in order. */
  readonly connections: readonly WebSocket[];
  /** All messages, in order, with the place of their connection. */
  readonly received: readonly string[];
  /** Answers handshakes by itself from now on; undefined: makes them again. */
  refuseWith: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
  /** Resolves when there were so many connections. */
  readonly reached: (count: number) => Promise<WebSocket>;
  /** Ends all connections, and accepts none until it is started again. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

async function upstream(onConnection: (ws: WebSocket, place: number) => void = () => {}): Promise<Upstream> {
  const connections: WebSocket[] = [];
  const sockets = new Set<Socket>();
  const received: string[] = [];
  const wss = new WebSocketServer({ noServer: true });
  let port = 0;
  let server: Server | undefined;
  const start = async (): Promise<void> => {
    server = createServer();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    server.on("upgrade", (req: IncomingMessage, socket, head: Buffer) => {
      if (made.refuseWith === undefined) {
        wss.handleUpgrade(req, socket, head, (ws) => wss.emit("connection", ws, req));
        return;
      }
      const res = new ServerResponse(req);
      res.assignSocket(req.socket);
      res.shouldKeepAlive = false;
      res.on("finish", () => req.socket.destroySoon());
      made.refuseWith(req, res);
    });
    await new Promise<void>((resolve) => server?.listen(port, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    const closing = server;
    server = undefined;
    if (closing !== undefined) await new Promise((resolve) => closing.close(resolve));
  };
  wss.on("connection", (ws) => {
    const place = connections.push(ws);
    ws.on("message", (data: Buffer) => received.push(`${place}:${data.toString()}`));
    ws.on("error", () => {});
    onConnection(ws, place);
  });
  const made: Upstream = {
    url: "",
    connections,
    received,
    refuseWith: undefined,
    reached: async (count) => {
      await until(() => connections.length >= count);
      return connections[count - 1] as WebSocket;
    },
    start,
    stop,
  };
  await start();
  afterThisTest(stop);
  return Object.assign(made, { url: `ws://127.0.0.1:${port}` });
}

type Options = http.ReconnectingWebsocketClientOptions;

interface Opened {
  readonly client: http.ReconnectingWebsocket;
  readonly clock: MockClock;
  readonly retries: http.Retry[];
  readonly disconnections: http.Disconnection[];
  /** Lets the next attempt come. */
  readonly again: () => Promise<void>;
}

/** A client that waits on a clock of its own. */
function opened(url: string, options: Options = {}): Opened {
  const clock = mockClock();
  const retries: http.Retry[] = [];
  const disconnections: http.Disconnection[] = [];
  const client = http.reconnectingWebsocketClient(url, {
    clock,
    onRetry: (retry) => retries.push(retry),
    onDisconnect: (disconnection) => disconnections.push(disconnection),
    ...options,
  });
  afterThisTest(() => client.close());
  let handled = 0;
  const again = async (): Promise<void> => {
    await until(() => retries.length > handled);
    // Not so if it came at once.
    if (client.state === "waiting") clock.advance(retries.at(-1)?.delay ?? 0);
    handled = retries.length;
  };
  return { client, clock, retries, disconnections, again };
}

const isOpen = (client: http.ReconnectingWebsocket) => until(() => client.state === "open");

describe("reconnectingWebsocketClient", () => {
  it("begins at once, and sends and receives as a websocketClient does", async () => {
    const { url } = await upstream((ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
    const { client } = opened(url);
    expect(client.state).toBe("connecting");
    for (const message of ["early", "grüße", "", Buffer.from([0, 255])]) {
      expect(await put(client, message)).toBe(true);
      expect(await take(client)).toEqual(message);
    }
    expect(client.state).toBe("open");
    expect(await websocketPing(client, undefined, "x")).toBe(true);
    await expect(put(client, 7 as unknown as string)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    expect(client.state).toBe("open");
  });

  it("comes back when the connection breaks, with what is put meanwhile, in order", async () => {
    random(1);
    const { url, reached, received } = await upstream();
    const { client, again, retries, disconnections } = opened(url);
    await put(client, "one");
    await until(() => received.length === 1);
    (await reached(1)).terminate();
    await until(() => client.state === "waiting");
    expect(disconnections).toEqual([{ code: 1006, reason: "", wasClean: false, lost: 0 }]);
    expect(retries).toEqual([{ delay: 500, failures: 1, error: undefined }]);
    const puts = ["two", "three", "four"].map((message) => put(client, message));
    expect(await websocketPing(client)).toBe(false);
    expect(client.description()).toMatchObject({ sink: { state: "waiting", pendingPuts: 3, isClosed: false } });
    await again();
    expect(await Promise.all(puts)).toEqual([true, true, true]);
    await put(client, "five");
    await until(() => received.length === 5);
    expect(received).toEqual(["1:one", "2:two", "2:three", "2:four", "2:five"]);
  });

  it("waits longer after each failure in a row, and begins anew after a connection that was good", async () => {
    random(1);
    const server = await upstream();
    await server.stop();
    const { client, clock, retries, again } = opened(server.url, {
      backoff: { initial: 100, factor: 3, max: 1000 },
      stableAfter: 2000,
    });
    for (let i = 0; i < 4; i++) await again();
    await until(() => client.state === "waiting");
    expect(retries.map(({ delay }) => delay)).toEqual([100, 300, 900, 1000, 1000]);
    expect(retries.map(({ failures }) => failures)).toEqual([1, 2, 3, 4, 5]);
    expect(retries[0]?.error).toMatchObject({ code: "ECONNREFUSED" });
    await server.start();
    await again();
    await isOpen(client);
    // Too soon to be good.
    clock.advance(1999);
    server.connections[0]?.terminate();
    await again();
    expect(retries.at(-1)).toMatchObject({ failures: 6, delay: 1000 });
    await isOpen(client);
    clock.advance(2000);
    server.connections[1]?.terminate();
    await until(() => client.state === "waiting");
    expect(retries.at(-1)).toEqual({ failures: 0, delay: 100, error: undefined });
  });

  it("waits a random part of that", async () => {
    random(0.25);
    const server = await upstream();
    await server.stop();
    const { again, retries, client } = opened(server.url, { backoff: { initial: 1000 } });
    await again();
    await until(() => client.state === "waiting" && retries.length === 2);
    expect(retries.map(({ delay }) => delay)).toEqual([250, 500]);
  });

  it.each([
    ["7", 7000],
    ["0", 500],
    ["not a date", 500],
    ["999999999", 3_600_000],
    [new Date(20_000).toUTCString(), 20_000],
  ])("heeds `retry-after: %s` of an answer", async (value, delay) => {
    random(1);
    const server = await upstream();
    server.refuseWith = (_req, res) => res.writeHead(503, { "retry-after": value }).end();
    const { client, retries } = opened(server.url);
    await until(() => client.state === "waiting");
    expect(retries).toMatchObject([{ delay, error: { code: "RING_WEBSOCKET_HANDSHAKE", status: 503 } }]);
  });

  describe("with messages that cannot be sent", () => {
    it("keeps so many, and refuses more", async () => {
      const server = await upstream();
      const { client, again } = opened(server.url, { maxUnsent: 2 });
      await isOpen(client);
      server.connections[0]?.terminate();
      await until(() => client.state === "waiting");
      const kept = [put(client, "one"), put(client, "two")];
      expect(await put(client, "three")).toBe(false);
      await again();
      expect(await Promise.all(kept)).toEqual([true, true]);
      await until(() => server.received.length === 2);
      expect(server.received).toEqual(["2:one", "2:two"]);
    });

    it("keeps so many bytes, and refuses more", async () => {
      const server = await upstream();
      await server.stop();
      const { client } = opened(server.url, { maxUnsentBytes: 10 });
      const kept = put(client, "0123456789");
      expect(await put(client, "x")).toBe(false);
      client.close();
      expect(await kept).toBe(false);
    });

    it("sends those that wait for a slow server once and in order, also when it is closed meanwhile", async () => {
      const server = await upstream((ws) => ws.pause());
      const { client } = opened(server.url);
      await isOpen(client);
      const puts = Array.from({ length: 100 }, (_, i) => put(client, `${i} ${"x".repeat(200_000)}`));
      const waiting = (): number =>
        (client.description() as unknown as { sink: { pendingPuts: number } }).sink.pendingPuts;
      let seen = -1;
      while (waiting() !== seen) {
        seen = waiting();
        await turn(100);
      }
      expect(seen).toBeGreaterThan(10);
      const ws = server.connections[0] as WebSocket;
      ws.resume();
      await until(() => server.received.length > 50);
      ws.pause();
      client.close();
      ws.resume();
      expect(await Promise.all(puts)).toEqual(Array(100).fill(true));
      expect(await client.closed).toMatchObject({ code: 1005, wasClean: true });
      expect(server.received.map((text) => Number.parseInt(text.slice(2), 10))).toEqual([...Array(100).keys()]);
    });

    it("tells of those that were accepted, and that the operating system did not get", async () => {
      const server = await upstream();
      let connection: Websocket | undefined;
      const { client, disconnections } = opened(server.url, {
        onConnect: (duplex) => {
          connection = duplex as Websocket;
        },
      });
      await isOpen(client);
      // They leave together, at the end of the turn.
      const puts = ["one", "two", "three"].map((message) => put(client, message));
      connection?.cut();
      expect(await Promise.all(puts)).toEqual([true, true, true]);
      await until(() => disconnections.length === 1);
      expect(disconnections[0]?.lost).toBeGreaterThanOrEqual(2);
      expect(client.dropped).toBe(disconnections[0]?.lost);
      expect(server.received.length).toBeLessThanOrEqual(1);
    });

    it("does not send those whose puts were given up, and has room for others", async () => {
      const server = await upstream();
      await server.stop();
      const { client, again, clock } = opened(server.url, { maxUnsent: 1 });
      await until(() => client.state === "waiting");
      const given = tryPut(client, "given up", 10, "timed out", { clock });
      expect(await put(client, "no room")).toBe(false);
      clock.advance(10);
      expect(await given).toBe("timed out");
      const kept = put(client, "kept");
      await server.start();
      await again();
      await isOpen(client);
      expect(await kept).toBe(true);
      await until(() => server.received.length === 1);
      expect(server.received).toEqual(["1:kept"]);
    });

    it("drops them and counts them, if it is to", async () => {
      const server = await upstream();
      const { client, again } = opened(server.url, { unsent: "drop" });
      expect(await put(client, "too early")).toBe(true);
      await isOpen(client);
      await put(client, "in time");
      await until(() => server.received.length === 1);
      server.connections[0]?.terminate();
      await until(() => client.state === "waiting");
      expect(await put(client, "too late")).toBe(true);
      expect(client.dropped).toBe(2);
      await again();
      await isOpen(client);
      await put(client, "again");
      await until(() => server.received.length === 2);
      expect(server.received).toEqual(["1:in time", "2:again"]);
    });

    it("fails their puts, if it is to", async () => {
      const server = await upstream();
      await server.stop();
      const { client } = opened(server.url, { unsent: "fail" });
      await expect(put(client, "x")).rejects.toMatchObject({ code: "RING_WEBSOCKET_DISCONNECTED" });
      expect(client.dropped).toBe(0);
    });

    it.each(["keep", "drop", "fail"] as const)(
      "treats those that wait for a slow connection when it breaks alike: %s",
      async (unsent) => {
        const server = await upstream((ws, place) => {
          if (place === 1) ws.pause();
        });
        const { client, again, disconnections } = opened(server.url, { unsent });
        await isOpen(client);
        const messages = Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(200_000)}`);
        const outcomes: unknown[] = [];
        let settled = 0;
        for (const [i, message] of messages.entries()) {
          const note = (outcome: unknown): void => {
            outcomes[i] = outcome;
            settled++;
          };
          put(client, message).onRealized(note, (error) => note((error as { code: unknown }).code));
        }
        // The network takes some, until two looks, many turns apart, see the same.
        let seen = -1;
        while (settled !== seen) {
          seen = settled;
          await turn(100);
        }
        const before = settled;
        expect(before).toBeLessThan(100);
        server.connections[0]?.terminate();
        await until(() => client.state === "waiting");
        await again();
        await isOpen(client);
        await until(() => settled === 100);
        await put(client, "last");
        await until(() => server.received.at(-1)?.endsWith("last") === true);
        const second = server.received
          .filter((text) => text.startsWith("2:"))
          .map((text) => Number.parseInt(text.slice(2), 10));
        expect(disconnections).toMatchObject([{ code: 1006 }]);
        if (unsent === "keep") {
          expect(new Set(outcomes)).toEqual(new Set([true]));
          // In order, none twice, and none of those left out that waited.
          expect(second.slice(0, -1)).toEqual(messages.map((_, i) => i).slice(-(second.length - 1)));
          expect(second.length - 1).toBeGreaterThanOrEqual(100 - before - 1);
          expect(client.dropped).toBe(disconnections[0]?.lost);
        } else {
          expect(second).toEqual([Number.NaN]);
          const unsentOnes = outcomes.slice(before);
          if (unsent === "drop") {
            expect(new Set(outcomes)).toEqual(new Set([true]));
            expect(client.dropped).toBeGreaterThanOrEqual(100 - before);
          } else expect(new Set(unsentOnes)).toEqual(new Set(["RING_WEBSOCKET_DISCONNECTED"]));
        }
      },
    );
  });

  describe("ends for good", () => {
    it.each([1000, 1002, 1003, 1007, 1008, 1010])("on the code %d", async (code) => {
      const server = await upstream();
      const { client } = opened(server.url);
      (await server.reached(1)).close(code, "done");
      expect(await client.closed).toEqual({ code, reason: "done", wasClean: true });
      expect(client.state).toBe("closed");
      expect(await put(client, "late")).toBe(false);
      expect(await take(client, "drained")).toBe("drained");
      expect(client.isDrained()).toBe(true);
    });

    it.each([undefined, 1001, 1009, 1011, 1012, 1013, 4000])("not on the code %p", async (code) => {
      const server = await upstream();
      const { client, again } = opened(server.url);
      (await server.reached(1)).close(code);
      await again();
      await server.reached(2);
      expect(client.isClosed()).toBe(false);
    });

    it.each<[string, Options["finalCodes"]]>([
      ["a list", [4001]],
      ["a function", (code, reason) => code === 4001 && reason === "bye"],
    ])("on the codes it is given by %s", async (_how, finalCodes) => {
      const server = await upstream();
      const { client, again } = opened(server.url, { finalCodes });
      (await server.reached(1)).close(1000);
      await again();
      (await server.reached(2)).close(4001, "bye");
      expect(await client.closed).toMatchObject({ code: 4001 });
    });

    it.each([400, 401, 403, 404, 410])("on an answer with %d", async (status) => {
      const server = await upstream();
      server.refuseWith = (_req, res) => res.writeHead(status).end("no");
      const { client } = opened(server.url);
      expect(await client.closed).toMatchObject({
        code: 1006,
        wasClean: false,
        error: { code: "RING_WEBSOCKET_HANDSHAKE", status, body: "no" },
      });
    });

    it.each([302, 408, 425, 429, 500, 502, 503])("not on an answer with %d", async (status) => {
      const server = await upstream();
      server.refuseWith = (_req, res) => res.writeHead(status).end("not now");
      const { client, again } = opened(server.url);
      await until(() => client.state === "waiting");
      server.refuseWith = undefined;
      await again();
      await isOpen(client);
      expect(server.connections).toHaveLength(1);
    });

    it("on the answers it is given", async () => {
      const server = await upstream();
      let status = 403;
      server.refuseWith = (_req, res) => res.writeHead(status).end();
      const { client, again } = opened(server.url, { finalStatuses: [500] });
      await until(() => client.state === "waiting");
      status = 500;
      await again();
      expect(await client.closed).toMatchObject({ error: { status: 500 } });
    });

    it("after so many failures in a row", async () => {
      const server = await upstream();
      await server.stop();
      const { client, again, retries } = opened(server.url, { maxAttempts: 3 });
      const kept = put(client, "kept");
      await again();
      await again();
      expect(await client.closed).toMatchObject({ code: 1006, error: { code: "ECONNREFUSED" } });
      expect(retries).toHaveLength(2);
      expect(await kept).toBe(false);
    });

    it("when it is closed while it is open, behind what was put", async () => {
      const server = await upstream();
      const { client, retries } = opened(server.url);
      await isOpen(client);
      const puts = Array.from({ length: 20 }, (_, i) => put(client, `${i} ${"x".repeat(100_000)}`));
      const closed = new Promise((resolve) => server.connections[0]?.on("close", resolve));
      client.close();
      expect(client.state).toBe("closed");
      expect(await put(client, "late")).toBe(false);
      expect(await closed).toBe(1005);
      expect(await Promise.all(puts)).toEqual(Array(20).fill(true));
      expect(server.received.map((text) => Number.parseInt(text.slice(2), 10))).toEqual([...Array(20).keys()]);
      expect(await client.closed).toEqual({ code: 1005, reason: "", wasClean: true });
      expect(retries).toEqual([]);
    });

    it("by websocketClose, with code and reason, once", async () => {
      const server = await upstream();
      const { client } = opened(server.url);
      const closed = once(await server.reached(1), "close") as Promise<[number, Buffer]>;
      await isOpen(client);
      expect(await websocketClose(client, 4009, "enough")).toBe(true);
      expect(await websocketClose(client, 4010)).toBe(false);
      const [code, reason] = await closed;
      expect([code, reason.toString()]).toEqual([4009, "enough"]);
      expect(await client.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
    });

    it("when it is closed while it waits, and leaves no timer behind", async () => {
      const server = await upstream();
      const clock = mockClock();
      let timers = 0;
      const counting: Clock = {
        ...clock,
        in(milliseconds, f) {
          let isOver = false;
          const end = (): void => {
            if (!isOver) timers--;
            isOver = true;
          };
          timers++;
          const cancel = clock.in(milliseconds, () => {
            end();
            f();
          });
          return () => {
            end();
            cancel();
          };
        },
      };
      const { client } = opened(server.url, { clock: counting });
      (await server.reached(1)).terminate();
      await until(() => client.state === "waiting");
      expect(timers).toBe(1);
      const kept = put(client, "kept");
      client.close();
      expect(await kept).toBe(false);
      expect(await client.closed).toEqual({ code: 1005, reason: "", wasClean: false });
      expect(timers).toBe(0);
      expect(client.isDrained()).toBe(true);
    });

    it("when it is closed while it connects, and frees the socket", async () => {
      const server = await upstream();
      let asked: IncomingMessage | undefined;
      server.refuseWith = (req) => {
        asked = req;
      };
      const { client } = opened(server.url);
      await until(() => asked !== undefined);
      const gone = once((asked as IncomingMessage | undefined)?.socket.resume() as Socket, "end");
      client.close();
      await gone;
      expect(await client.closed).toMatchObject({ wasClean: false });
    });

    it.each(["before", "connecting", "open", "waiting"] as const)("by its signal: %s", async (when) => {
      const server = await upstream();
      const controller = new AbortController();
      if (when === "before") controller.abort();
      if (when === "connecting") server.refuseWith = () => {};
      const { client } = opened(server.url, { signal: controller.signal });
      if (when === "open") await isOpen(client);
      if (when === "waiting") {
        (await server.reached(1)).terminate();
        await until(() => client.state === "waiting");
      }
      controller.abort();
      const closing = await client.closed;
      if (when === "open") expect(closing).toEqual({ code: 1005, reason: "", wasClean: true });
      else expect(closing).toMatchObject({ code: 1006, error: { code: "RING_REQUEST_CANCELLED" } });
    });
  });

  describe("onConnect", () => {
    it("goes before what waits, with each connection, and may take the first answer", async () => {
      const server = await upstream((ws) => ws.on("message", (data: Buffer) => ws.send(`re: ${data.toString()}`)));
      const answers: unknown[] = [];
      const { client, again } = opened(server.url, {
        onConnect: async (connection) => {
          await put(connection, "sign in");
          answers.push(await take(connection));
        },
      });
      expect(await put(client, "one")).toBe(true);
      expect(await take(client)).toBe("re: one");
      server.connections[0]?.terminate();
      await until(() => client.state === "waiting");
      const kept = put(client, "two");
      await again();
      expect(await kept).toBe(true);
      expect(await take(client)).toBe("re: two");
      expect(answers).toEqual(["re: sign in", "re: sign in"]);
      expect(server.received).toEqual(["1:sign in", "1:one", "2:sign in", "2:two"]);
    });

    it.each([
      ["throws", () => JSON.parse("{") as unknown],
      ["rejects", () => Promise.reject(new SyntaxError("boom"))],
    ])("that %s is logged, closes the connection with 1011, and counts as a failure", (_how, onConnect) =>
      withLog(async (log) => {
        const server = await upstream();
        const { retries } = opened(server.url, { onConnect, maxAttempts: 5 });
        const [code] = (await once(await server.reached(1), "close")) as [number];
        expect(code).toBe(1011);
        // It tries again, perhaps at once, and fails again.
        await until(() => retries.length > 0);
        expect(retries[0]).toMatchObject({ failures: 1 });
        expect(log[0]).toMatchObject({ error: { name: "SyntaxError" } });
      }),
    );

    it("that never ends holds back what waits, not the end", async () => {
      const server = await upstream();
      const { client } = opened(server.url, { onConnect: () => deferred() });
      const kept = put(client, "kept");
      await server.reached(1);
      await until(() => client.protocol === "" && client.state === "connecting");
      client.close();
      expect(await kept).toBe(false);
      expect(await client.closed).toMatchObject({ code: 1005 });
      expect(server.received).toEqual([]);
    });
  });

  it("gives what was received on one connection before what comes on the next", async () => {
    const server = await upstream((ws, place) => {
      for (let i = 0; i < 10; i++) ws.send(`${place}.${i}`);
      if (place < 3) ws.close(1012);
    });
    const { client, again } = opened(server.url);
    await again();
    await again();
    await server.reached(3);
    await isOpen(client);
    const expected = [1, 2, 3].flatMap((place) => Array.from({ length: 10 }, (_, i) => `${place}.${i}`));
    for (const message of expected) expect(await take(client)).toBe(message);
    client.close();
    expect(await take(client, "drained")).toBe("drained");
  });

  it("keeps what was received to be taken after the end", async () => {
    const server = await upstream((ws) => {
      for (let i = 0; i < 10; i++) ws.send(`${i}`);
      ws.close(1000);
    });
    const { client } = opened(server.url);
    await client.closed;
    expect(client.isDrained()).toBe(false);
    for (let i = 0; i < 10; i++) expect(await take(client)).toBe(`${i}`);
    expect(await take(client, "drained")).toBe("drained");
  });

  it("stops a server whose messages nobody takes, and loses none", async () => {
    const server = await upstream((ws) => {
      for (let i = 0; i < 2000; i++) ws.send(`${i} ${"x".repeat(5000)}`);
    });
    const { client } = opened(server.url);
    await isOpen(client);
    await until(() => (server.connections[0]?.bufferedAmount ?? 0) > 0);
    for (let i = 0; i < 2000; i++) expect(Number.parseInt((await take(client)) as string, 10)).toBe(i);
  });

  it("comes back from a server that does not answer its heartbeats", async () => {
    const server = await upstream();
    const { client, clock, again, disconnections } = opened(server.url, {
      heartbeats: { sendAfterIdle: 100, timeout: 50 },
    });
    const ws = await server.reached(1);
    await isOpen(client);
    ws.pause();
    clock.advance(100);
    clock.advance(50);
    await again();
    await server.reached(2);
    await isOpen(client);
    expect(disconnections).toMatchObject([{ code: 1006, wasClean: false }]);
  });

  it("goes on when onDisconnect, onRetry or finalCodes throw", () =>
    withLog(async (log) => {
      const boom = (): never => {
        throw new Error("boom");
      };
      const server = await upstream();
      const { client, clock } = opened(server.url, { onDisconnect: boom, onRetry: boom, finalCodes: boom });
      (await server.reached(1)).terminate();
      await until(() => client.state === "waiting");
      expect(log).toHaveLength(3);
      clock.advance(500);
      await server.reached(2);
    }));

  it.each<[string, Options]>([
    ["backoff", { backoff: { inital: 1 } as object }],
    ["initial", { backoff: { initial: -1 } }],
    ["factor", { backoff: { factor: 0.5 } }],
    ["max", { backoff: { max: Number.NaN } }],
    ["stableAfter", { stableAfter: 0 }],
    ["maxAttempts", { maxAttempts: 1.5 }],
    ["unsent", { unsent: "lose" as "drop" }],
    ["maxUnsent", { maxUnsent: 0 }],
    ["maxUnsent", { maxUnsent: 16_001 }],
    ["maxUnsentBytes", { maxUnsentBytes: -1 }],
    ["reconnect", { reconnect: true } as object],
    ["maxPayload", { maxPayload: -1 }],
  ])("refuses options that cannot work at once: %s", (what, options) => {
    const invalid = expect.objectContaining({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringContaining(what),
    });
    expect(() => http.reconnectingWebsocketClient("ws://localhost", options)).toThrow(invalid);
    expect(() => http.reconnectingWebsocketClient("http://localhost")).toThrow(/ws: or wss:/);
  });

  it("sends all that is kept once and in order, whatever breaks when", async () => {
    type Step = "put" | "cut" | "again" | "turn" | "server down" | "server up";
    const step = fc.constantFrom<Step>("put", "put", "put", "cut", "again", "turn", "server down", "server up");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        // Every message is told of at once, so that a cut finds none under way.
        const server = await upstream();
        let isUp = true;
        const { client, clock } = opened(server.url, { backoff: { initial: 10 } });
        const outcomes: unknown[] = [];
        let count = 0;
        const settle = async (): Promise<void> => {
          if (client.state !== "open") return;
          await until(() => server.received.length === outcomes.length || client.state !== "open");
        };
        for (const todo of steps) {
          if (todo === "put") {
            const place = count++;
            put(client, `${place}`).onRealized(
              (outcome) => {
                outcomes[place] = outcome;
              },
              () => {},
            );
          } else if (todo === "turn") await settle();
          else if (todo === "again") clock.advance(30_000);
          else if (todo === "server down" && isUp) {
            await settle();
            isUp = false;
            await server.stop();
          } else if (todo === "server up" && !isUp) {
            isUp = true;
            await server.start();
          } else if (todo === "cut") {
            await settle();
            server.connections.at(-1)?.terminate();
          }
        }
        if (!isUp) await server.start();
        while (client.state !== "open" || outcomes.length < count || server.received.length < count) {
          clock.advance(30_000);
          await until(() => client.state !== "connecting");
          await settle();
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(outcomes).toEqual(Array(count).fill(true));
        expect(server.received.map((text) => text.split(":")[1])).toEqual([...Array(count).keys()].map(String));
        client.close();
        await client.closed;
        await server.stop();
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  }, 30_000);
});
