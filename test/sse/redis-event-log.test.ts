import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { createClient } from "redis";
import { mockClock } from "../../src/clock/index.js";
import { type RedisEventLog, type RedisEventLogOptions, redisEventLog } from "../../src/sse/index.js";
import { IoRedisLike } from "../bus/ioredis-like.js";
import { RedisServer } from "../bus/redis-server.js";
import { describeWith, redisServerPath } from "../needs.js";
import { logged, rest } from "../stream/kit.js";
import { Client } from "./kit.js";

jest.setTimeout(30_000);

type Connection = ReturnType<typeof createClient>;

const EXPIRED = 'gap: {"reason":"expired"}';
const UNKNOWN = 'gap: {"reason":"unknown"}';

/** Waits for something that comes about by itself, and cannot be awaited. */
async function until(holds: () => unknown): Promise<void> {
  while (!(await holds())) await rest();
}

describeWith("redis-server", redisServerPath(), "redisEventLog", (path) => {
  let server: RedisServer;
  const open: { close(): unknown }[] = [];
  let keys = 0;
  let key = "";

  beforeAll(async () => {
    server = await RedisServer.start(path);
  });
  afterAll(() => server.kill());
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  async function connected(port = server.port, options: object = {}): Promise<Connection> {
    const client: Connection = createClient({ socket: { port, reconnectStrategy: 20 }, ...options });
    client.on("error", () => {});
    await client.connect();
    open.push({ close: () => client.destroy() });
    return client;
  }

  /** A log of its own stream, as a process would have it. */
  async function logOf(options: Partial<RedisEventLogOptions> = {}, port = server.port): Promise<RedisEventLog> {
    if (options.key === undefined) key = `log ${++keys}`;
    const log = redisEventLog(await connected(port), { key, ...options });
    open.push(log);
    return log;
  }

  /** Another process with the same log. */
  const again = (options: Partial<RedisEventLogOptions> = {}, port = server.port) => logOf({ key, ...options }, port);

  async function append(log: RedisEventLog, from: number, to: number): Promise<void> {
    for (let n = from; n <= to; n++) await log.append({ data: String(n) });
  }

  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

  /** The next events of a client, so many of them. */
  async function take(client: Client, count: number): Promise<string[]> {
    const before = client.state.events.length;
    while (client.state.events.length < before + count) await client.next();
    return client.state.events.slice(before).map(({ type, data }) => (type === "message" ? data : `${type}: ${data}`));
  }

  describe("a response", () => {
    it("sends what is appended from then on, in any process", async () => {
      const [here, there] = [await logOf(), await again()];
      await append(here, 1, 2);
      const client = new Client({ feed: here });
      await here.whenReady();
      await there.append({ event: "news", data: "Ä\n日本" });
      await here.append({ data: "4" });
      expect(await take(client, 2)).toEqual(["news: Ä\n日本", "4"]);
    });

    it("replays in one process what a client has missed in another, page by page, and goes on", async () => {
      const [here, there] = [await logOf(), await again({ maxCachedEvents: 10 })];
      const first = new Client({ feed: here });
      await here.whenReady();
      await append(here, 1, 2);
      expect(await take(first, 2)).toEqual(["1", "2"]);
      first.leave();
      await append(here, 3, 350);
      const second = new Client({ feed: there }, first.lastEventId);
      await there.whenReady();
      await append(here, 351, 360);
      expect(await take(second, 358)).toEqual(numbers(3, 360));
      await append(there, 361, 361);
      expect(await take(second, 1)).toEqual(["361"]);
      expect(there.stats().gaps).toBe(0);
    });

    it("replays from memory what is there", async () => {
      const log = await logOf();
      await log.whenReady();
      const first = new Client({ feed: log });
      await append(log, 1, 3);
      expect(await take(first, 3)).toEqual(numbers(1, 3));
      const id = first.state.events[0]?.lastEventId;
      await (await connected()).del(key);
      expect(await take(new Client({ feed: log }, id), 2)).toEqual(["2", "3"]);
    });

    it("begins with all that is kept, if it is told to", async () => {
      const log = await logOf();
      await append(log, 1, 250);
      expect(await take(new Client({ feed: log, start: "oldest" }), 250)).toEqual(numbers(1, 250));
    });

    it("loses nothing between replay and what comes, while events come all the time", async () => {
      const [here, there] = [await logOf(), await again({ maxCachedEvents: 5 })];
      const first = new Client({ feed: here });
      await here.whenReady();
      await append(here, 1, 1);
      await take(first, 1);
      const appending = append(here, 2, 600);
      const client = new Client({ feed: there }, first.lastEventId);
      const seen = await take(client, 599);
      await appending;
      expect(seen).toEqual(numbers(2, 600));
      expect(there.stats()).toMatchObject({ gaps: 0, failures: 0 });
    });

    it("sends a client that is slow what it still finds in Redis", async () => {
      const log = await logOf({ maxCachedEvents: 3 });
      const client = new Client({ feed: log });
      await log.whenReady();
      await append(log, 1, 300);
      await until(() => log.stats().kept === 3);
      expect(await take(client, 300)).toEqual(numbers(1, 300));
    });

    it("gives a client its place before the first event", async () => {
      const log = await logOf();
      await append(log, 1, 1);
      const client = new Client({ feed: log });
      await until(async () => (await client.read()).length === 0 && client.lastEventId !== "");
      client.leave();
      await append(log, 2, 2);
      expect(await take(new Client({ feed: log }, client.lastEventId), 1)).toEqual(["2"]);
    });
  });

  describe("a gap", () => {
    it("is told to a client whose place is not kept any more", async () => {
      const [here, there] = [await logOf({ maxEvents: 100 }), await again()];
      const first = new Client({ feed: here });
      await here.whenReady();
      await append(here, 1, 1);
      await take(first, 1);
      await append(here, 2, 500);
      const client = new Client({ feed: there }, first.lastEventId);
      const [told = "", oldest = ""] = await take(client, 2);
      expect(told).toBe(EXPIRED);
      expect(Number(oldest)).toBeGreaterThan(200);
      const rest = numbers(Number(oldest) + 1, 500);
      expect(await take(client, rest.length)).toEqual(rest);
      expect(there.stats()).toMatchObject({ gaps: 1 });
    });

    it("is none where all is dropped and nothing was added", async () => {
      const log = await logOf();
      const first = new Client({ feed: log });
      await log.whenReady();
      await append(log, 1, 2);
      await take(first, 2);
      await (await connected()).xTrim(key, "MAXLEN", 0);
      const other = await again();
      const client = new Client({ feed: other }, first.lastEventId);
      await other.whenReady();
      await append(other, 3, 3);
      expect(await take(client, 1)).toEqual(["3"]);
      expect(other.stats().gaps).toBe(0);
    });

    it.each([["17"], ["99999999999999999999-0"], ["01-1"], ["4102444800000-0"], ["abc-1"]])(
      "is told to a client whose id is none of the stream: %s",
      async (id) => {
        const log = await logOf();
        await append(log, 1, 2);
        expect(await take(new Client({ feed: log }, id), 3)).toEqual([UNKNOWN, "1", "2"]);
      },
    );

    it("is told to a slow client for which Redis keeps nothing any more, and cuts it off if that is the policy", async () => {
      const log = await logOf({ maxCachedEvents: 3, maxEvents: 100 });
      const slow = new Client({ feed: log });
      const cut = new Client({ feed: log, overflow: "disconnect" });
      await log.whenReady();
      await slow.read();
      await cut.read();
      await append(log, 1, 1);
      await append(log, 2, 500);
      expect(await take(slow, 2)).toEqual(["1", 'gap: {"reason":"slow"}']);
      expect(cut.events.closed.isRealized).toBe(true);
      expect(log.stats()).toMatchObject({ gaps: 1, disconnected: 1 });
    });
  });

  describe("maxAge", () => {
    it("drops what is too old", async () => {
      const clock = mockClock(Date.now());
      const log = await logOf({ maxAge: 60_000, clock });
      await append(log, 1, 3);
      clock.advance(120_000);
      const client = await connected();
      await log.append({ data: "4" });
      await until(async () => (await client.xLen(key)) === 0);
      expect(log.stats().appended).toBe(4);
    });
  });

  describe("append", () => {
    it("yields the id", async () => {
      const log = await logOf();
      expect(await log.append({ data: "x" })).toMatch(/^[0-9]+-[0-9]+$/);
    });

    it("refuses what cannot be written", async () => {
      const log = await logOf();
      await expect(log.append({ event: "a\nb", data: "x" })).rejects.toMatchObject({ code: "RING_INVALID_EVENT" });
      expect(await (await connected()).exists(key)).toBe(0);
    });

    it("fails with what Redis says", async () => {
      const log = await logOf();
      await (await connected()).set(key, "no stream");
      await expect(log.append({ data: "x" })).rejects.toMatchObject({
        code: "RING_EVENT_LOG_UNAVAILABLE",
        status: 503,
        message: expect.stringContaining("WRONGTYPE"),
      });
    });

    it("fails when Redis does not answer in time", async () => {
      const clock = mockClock();
      const silent = Object.assign(await connected(), { sendCommand: () => new Promise(() => {}) });
      const log = redisEventLog(silent as never, { key: "x", appendTimeout: 1000, clock });
      const appended = log.append({ data: "x" });
      clock.advance(1000);
      await expect(appended).rejects.toMatchObject({
        code: "RING_EVENT_LOG_UNAVAILABLE",
        message: expect.stringContaining("1000 milliseconds"),
      });
      expect(log.stats()).toMatchObject({ appended: 0, appendFailures: 1 });
    });
  });

  describe("the stream", () => {
    it("may be written by other programs; what is no event is logged and left out", async () => {
      const log = await logOf();
      const client = new Client({ feed: log });
      await log.whenReady();
      const other = await connected();
      const entries = await logged(async () => {
        await other.xAdd(key, "*", { something: "else" });
        await other.xAdd(key, "*", { event: "a\nb", data: "x" });
        await other.xAdd(key, "*", { data: "1", more: "2" });
        expect(await take(client, 1)).toEqual(["1"]);
      });
      expect(entries).toMatchObject([{ code: "RING_INVALID_EVENT" }, { code: "RING_INVALID_EVENT" }]);
      expect(log.stats().malformed).toBe(2);
    });
  });

  describe("a server that was killed", () => {
    it("and has lost everything is a gap for all, who then go on", async () => {
      const mortal = await RedisServer.start(path);
      open.push({ close: () => mortal.kill() });
      const log = await logOf({}, mortal.port);
      const [live, gone] = [new Client({ feed: log }), new Client({ feed: log })];
      await log.whenReady();
      await append(log, 1, 2);
      expect(await take(live, 2)).toEqual(["1", "2"]);
      expect(await take(gone, 2)).toEqual(["1", "2"]);
      gone.leave();
      const entries = await logged(async () => {
        await mortal.kill();
        await until(() => log.stats().interruptions === 1);
        await mortal.start();
        expect(await take(live, 1)).toEqual([UNKNOWN]);
      });
      expect(entries).toHaveLength(1);
      await append(log, 3, 4);
      expect(await take(live, 2)).toEqual(["3", "4"]);
      const [told = ""] = await take(new Client({ feed: log }, gone.lastEventId), 1);
      expect([EXPIRED, UNKNOWN]).toContain(told);
      expect(log.stats()).toMatchObject({ gaps: 2, interruptions: 1 });
    });

    it("is waited for by clients, who then get what came meanwhile elsewhere", async () => {
      const log = await logOf();
      const client = new Client({ feed: log });
      await log.whenReady();
      const other = await connected();
      await logged(async () => {
        // The connection of the tail alone.
        const listed = (await other.sendCommand(["CLIENT", "LIST"])) as string;
        const [, id = ""] = /id=([0-9]+) [^\n]*cmd=xread/.exec(listed) ?? [];
        await other.sendCommand(["CLIENT", "KILL", "ID", id]);
        for (let n = 1; n <= 5; n++) await other.xAdd(key, "*", { data: String(n) });
        expect(await take(client, 5)).toEqual(numbers(1, 5));
      });
      expect(log.stats()).toMatchObject({ gaps: 0, interruptions: 1 });
    });

    it("ends the responses of those who have to be served from it, so that they come again", async () => {
      const mortal = await RedisServer.start(path);
      open.push({ close: () => mortal.kill() });
      const log = await logOf({}, mortal.port);
      await append(log, 1, 1);
      await log.whenReady();
      await (await connected(mortal.port)).sendCommand(["CLIENT", "PAUSE", "100000", "ALL"]);
      const client = new Client({ feed: log }, "1-1");
      await logged(async () => {
        await rest();
        await mortal.kill();
        await client.events.closed;
      });
      expect(log.stats()).toMatchObject({ failures: 1, readers: 0 });
    });
  });

  describe("a server that hangs", () => {
    /** A server of the test's own that can be stopped, so that its connections are open and nothing comes on them. */
    async function stoppable() {
      const hanging = await RedisServer.start(path);
      open.push({ close: () => hanging.kill() });
      return hanging;
    }

    it("is given up for a new connection, which goes on where the old one was", async () => {
      const hanging = await stoppable();
      const clock = mockClock(Date.now());
      const log = await logOf({ clock }, hanging.port);
      const client = new Client({ feed: log });
      await log.whenReady();
      await append(log, 1, 1);
      expect(await take(client, 1)).toEqual(["1"]);
      const entries = await logged(async () => {
        hanging.signal("SIGSTOP");
        await rest();
        clock.advance(10_000);
        await until(() => log.stats().interruptions === 1);
        clock.advance(200);
        hanging.signal("SIGCONT");
        await append(log, 2, 3);
        expect(await take(client, 2)).toEqual(["2", "3"]);
      });
      expect(entries).toMatchObject([{ code: "RING_EVENT_LOG_UNAVAILABLE" }]);
      const listed = (await (await connected(hanging.port)).sendCommand(["CLIENT", "LIST"])) as string;
      expect(listed.match(/cmd=xread/g)).toHaveLength(1);
      expect(log.stats()).toMatchObject({ gaps: 0, interruptions: 1 });
    });

    it("ends a response that waits for what its client has missed", async () => {
      const hanging = await stoppable();
      const clock = mockClock(Date.now());
      const log = await logOf({ clock, replayTimeout: 3000 }, hanging.port);
      await log.whenReady();
      await append(log, 1, 1);
      hanging.signal("SIGSTOP");
      const client = new Client({ feed: log }, "1-1");
      await rest();
      clock.advance(2999);
      await rest();
      expect(client.events.closed.isRealized).toBe(false);
      clock.advance(1);
      await client.events.closed;
      expect(log.stats()).toMatchObject({ failures: 1, readers: 0 });
      hanging.signal("SIGCONT");
    });
  });

  describe("a client that asks again by itself", () => {
    it("does not hide that Redis has lost a part of the stream", async () => {
      const mortal = await RedisServer.start(path);
      open.push({ close: () => mortal.kill() });
      const io = new IoRedisLike(mortal.port);
      open.push({ close: () => io.disconnect() });
      await once(io, "ready");
      const log = redisEventLog(io, { key: "x" });
      open.push(log);
      const reader = new Client({ feed: log });
      await log.whenReady();
      await append(log, 1, 1);
      expect(await take(reader, 1)).toEqual(["1"]);
      await logged(async () => {
        await mortal.kill();
        await mortal.start();
        await (await connected(mortal.port)).xAdd("x", "*", { data: "3" });
        // An answer to the question that was asked before would be the event, and no word of those that are gone.
        expect(await take(reader, 1)).toEqual([expect.stringContaining("gap: ")]);
      });
      await append(log, 4, 4);
      expect(await take(reader, 2)).toEqual(["3", "4"]);
      expect(log.stats()).toMatchObject({ gaps: 1, interruptions: 1 });
    });
  });

  describe("close", () => {
    it("ends the responses and the connection, and leaves the client open", async () => {
      const log = await logOf();
      const client = await connected();
      const response = new Client({ feed: log });
      await log.whenReady();
      await response.read();
      log.close();
      expect(response.events.closed.isRealized).toBe(true);
      await expect(log.append({ data: "x" })).rejects.toMatchObject({ code: "RING_EVENT_LOG_CLOSED" });
      await until(async () => !((await client.sendCommand(["CLIENT", "LIST"])) as string).includes("cmd=xread"));
      expect(new Client({ feed: log }).events.closed.isRealized).toBe(true);
      expect(await log.whenReady()).toBe(true);
    });

    it("works before the connection is there", async () => {
      const log = redisEventLog(createClient({ socket: { port: server.port } }), { key: "x" });
      const response = new Client({ feed: log });
      log.close();
      expect(await log.whenReady()).toBe(false);
      expect(response.events.closed.isRealized).toBe(true);
    });
  });

  describe("a client", () => {
    it("may be one of ioredis, and may speak RESP2", async () => {
      key = `log ${++keys}`;
      const io = new IoRedisLike(server.port);
      await once(io, "ready");
      const duplicate = io.duplicate();
      io.duplicate = () => duplicate;
      open.push({ close: () => io.disconnect() });
      const logs = [
        redisEventLog(io, { key }),
        redisEventLog(await connected(server.port, { RESP: 2 }), { key }),
        redisEventLog(await connected(server.port, { RESP: 3 }), { key }),
      ];
      open.push(...logs);
      const clients = logs.map((feed) => new Client({ feed }));
      for (const log of logs) expect(await log.whenReady()).toBe(true);
      for (const log of logs) await log.append({ data: "x" });
      for (const client of clients) expect(await take(client, 3)).toEqual(["x", "x", "x"]);
      for (const log of logs) {
        expect(await take(new Client({ feed: log, start: "oldest" }), 3)).toEqual(["x", "x", "x"]);
      }
    });

    it.each([[undefined], [{}], [{ status: "ready" }]])("is refused without its methods: %j", (client) => {
      expect(() => redisEventLog(client as never, { key: "x" })).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    });
  });

  it.each([
    [{}],
    [{ key: "" }],
    [{ key: "x", maxEvents: 0 }],
    [{ key: "x", maxAge: 0 }],
    [{ key: "x", appendTimeout: 0 }],
    [{ key: "x", maxCachedEvents: 0 }],
    [{ key: "x", maxCachedBytes: 0 }],
    [{ key: "x", maxBytes: 1 }],
  ])("refuses %j", (options) => {
    expect(() => redisEventLog(createClient(), options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});
