import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createClient } from "redis";
import {
  downstream,
  type Gap,
  isActive,
  publish,
  type RedisBus,
  type RedisBusOptions,
  redisEventBus,
  subscribe,
  topicToSubscribers,
} from "../../src/bus/index.js";
import { mockClock } from "../../src/clock/index.js";
import { type Deferred, deferred, success, timeout } from "../../src/deferred/index.js";
import { setLogger } from "../../src/errors/index.js";
import { close, connect, consume, description, isDrained, type Source, stream, take } from "../../src/stream/index.js";
import { describeWith, redisServerPath } from "../needs.js";
import { collect, logged, rest } from "../stream/kit.js";
import { IoRedisLike } from "./ioredis-like.js";
import type { Order, Report } from "./peer.js";
import { RedisServer } from "./redis-server.js";

// Servers and processes are started and stopped here, which takes its time on a busy machine.
jest.setTimeout(30_000);

type Client = ReturnType<typeof createClient>;

/** Waits for something that comes about by itself, and cannot be awaited: a count in Redis, say. */
async function until(holds: () => unknown): Promise<void> {
  while (!(await holds())) await rest();
}

/** The next time that a client finds its connection lost. */
const lossOf = (client: Client): Promise<unknown> =>
  new Promise((resolve) => {
    client.once("reconnecting", () => resolve(undefined));
  });

describeWith("redis-server", redisServerPath(), "redisEventBus", (path) => {
  let server: RedisServer;
  /** What a test has opened, closed in reverse. */
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    server = await RedisServer.start(path);
  });
  afterAll(() => server.kill());
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
    await rest();
  });

  /** A client of its own, connected; `options` are for the connection. */
  async function connected(options: object = {}): Promise<Client> {
    const client: Client = createClient({ socket: { port: server.port, reconnectStrategy: 20, ...options } });
    client.on("error", () => {});
    await client.connect();
    open.push({ close: () => client.destroy() });
    return client;
  }

  /** A bus with a client of its own. */
  async function busOf<T = unknown>(options: RedisBusOptions<string, T> = {}): Promise<RedisBus<string, T>> {
    const bus = redisEventBus<string, T>(await connected(), options);
    open.push(bus);
    return bus;
  }

  /** Subscribes, and waits until Redis knows. */
  async function subscribed<T>(bus: RedisBus<string, T>, topic: string, options = {}): Promise<Source<T>> {
    const source = bus.subscribe(topic, options);
    expect(await bus.whenSubscribed(topic)).toBe(true);
    return source;
  }

  describe("publish", () => {
    it("reaches the subscribers of this bus and of others, each with its own stream", async () => {
      const [here, there] = [await busOf(), await busOf()];
      const sources = [await subscribed(here, "n"), await subscribed(here, "n"), await subscribed(there, "n")];
      expect(await publish(here, "n", { a: [1, "é", null] })).toBe(true);
      for (const source of sources) expect(await take(source)).toEqual({ a: [1, "é", null] });
    });

    it("is true if there is a subscriber anywhere, else false", async () => {
      const [here, there] = [await busOf(), await busOf()];
      expect(await publish(here, "n", 1)).toBe(false);
      const source = await subscribed(there, "n");
      expect(await publish(here, "n", 2)).toBe(true);
      expect(await publish(here, "other", 3)).toBe(false);
      close(source);
      const client = await connected();
      await until(async () => (await client.pubSubNumSub("n"))["n"] === 0);
      expect(await publish(here, "n", 4)).toBe(false);
      expect(await take(source)).toBe(2);
      expect(here.stats()).toMatchObject({ published: 4, waiting: 0 });
    });

    it("waits for subscriptions of this bus that are not in force yet", async () => {
      const bus = await busOf<number>();
      const source = subscribe(bus, "n");
      const published = [1, 2, 3].map((n) => publish(bus, "n", n));
      expect(bus.stats().waiting).toBe(3);
      expect([await take(source), await take(source), await take(source)]).toEqual([1, 2, 3]);
      expect(await Promise.all(published)).toEqual([true, true, true]);
      expect(bus.stats()).toMatchObject({ published: 3, received: 3, waiting: 0 });
    });

    it("keeps the order of a topic, also where some have to wait", async () => {
      const bus = await busOf<number>({ bound: 5000 });
      const source = subscribe(bus, "n");
      const numbers = Array.from({ length: 2000 }, (_, i) => i);
      await Promise.all(numbers.map((n) => publish(bus, "n", n)));
      const seen: number[] = [];
      for await (const n of source) if (seen.push(n) === numbers.length) break;
      expect(seen).toEqual(numbers);
    });

    it("keeps the order of a topic in the moment that the connection is there, too", async () => {
      const client = createClient({ socket: { port: server.port } });
      open.push({ close: () => client.destroy() });
      const later: Deferred<boolean>[] = [];
      client.on("ready", () => later.push(publish(bus, "n", 2)));
      const bus = redisEventBus<string, number>(client);
      open.push(bus);
      const source = await subscribed(await busOf<number>(), "n");
      const first = publish(bus, "n", 1);
      await client.connect();
      expect(await Promise.all([first, ...later])).toEqual([true, true]);
      expect([await take(source), await take(source)]).toEqual([1, 2]);
    });

    it("does not send what was given up before", async () => {
      const bus = await busOf<string>();
      const source = subscribe(bus, "n");
      const [given, kept] = [publish(bus, "n", "given up"), publish(bus, "n", "kept")];
      expect(await timeout(given, 0, "late" as never)).toBe("late");
      expect(bus.stats().waiting).toBe(1);
      expect(await kept).toBe(true);
      expect(await take(source)).toBe("kept");
      expect(bus.stats().published).toBe(1);
    });

    it("fails, and says how, when Redis refuses", async () => {
      const client = await connected();
      await client.aclSetUser("limited", ["on", "nopass", "+@all", "resetchannels", "&allowed"]);
      const limited: Client = createClient({ username: "limited", password: "any", socket: { port: server.port } });
      await limited.connect();
      open.push({ close: () => limited.destroy() });
      const bus = redisEventBus(limited);
      open.push(bus);
      await expect(publish(bus, "forbidden", 1)).rejects.toMatchObject({
        code: "RING_BUS_REFUSED",
        message: expect.stringContaining("forbidden"),
      });
      expect(await publish(bus, "allowed", 1)).toBe(false);
      const source = subscribe(bus, "forbidden");
      const [confirmed, waiting] = [bus.whenSubscribed("forbidden"), publish(bus, "forbidden", 2)];
      await expect(take(source)).rejects.toMatchObject({ code: "RING_BUS_REFUSED" });
      expect(await confirmed).toBe(false);
      await expect(waiting).rejects.toMatchObject({ code: "RING_BUS_REFUSED" });
      expect([isDrained(source), isActive(bus, "forbidden")]).toEqual([true, false]);
    });
  });

  describe("subscribe", () => {
    it("ends with its source: with the last one Redis is told", async () => {
      const [bus, client] = [await busOf(), await connected()];
      const sources = [await subscribed(bus, "n"), await subscribed(bus, "n")] as const;
      expect(await client.pubSubNumSub("n")).toEqual({ n: 1 });
      expect([isActive(bus, "n"), downstream(bus, "n").length, topicToSubscribers(bus).get("n")?.length]).toEqual([
        true,
        2,
        2,
      ]);
      close(sources[0]);
      expect([isActive(bus, "n"), downstream(bus, "n").length]).toEqual([true, 1]);
      close(sources[1]);
      expect([isActive(bus, "n"), downstream(bus, "n"), topicToSubscribers(bus).size]).toEqual([false, [], 0]);
      await until(async () => (await client.pubSubNumSub("n"))["n"] === 0);
    });

    it("can be ended and begun again at once", async () => {
      const bus = await busOf<number>();
      for (let i = 0; i < 20; i++) close(subscribe(bus, "n"));
      const source = subscribe(bus, "n");
      close(subscribe(bus, "n"));
      expect(await publish(bus, "n", 1)).toBe(true);
      expect(await take(source)).toBe(1);
    });

    it("tells when it is in force, and false where it is none", async () => {
      const bus = await busOf();
      expect(await bus.whenSubscribed("n")).toBe(false);
      const source = subscribe(bus, "n");
      const confirmed = bus.whenSubscribed("n");
      close(source);
      expect(await confirmed).toBe(false);
      const client = await connected();
      await subscribed(bus, "n");
      expect(await client.publish("n", "1")).toBe(1);
    });

    it("tells of what it holds, and accepts what is put past the bus", async () => {
      const bus = await busOf<number>();
      const source = await subscribed(bus, "n", { bound: 2, overflow: "dropNewest" });
      const [sink] = downstream(bus, "n");
      expect(await sink?.put(1)).toBe(true);
      expect(await sink?.tryPut(2, 10)).toBe(true);
      await logged(async () => expect(await sink?.put(3)).toBe(false));
      expect(description(source)).toMatchObject({
        type: "bus subscription",
        topic: "n",
        overflow: "dropNewest",
        bufferSize: 2,
        bufferCapacity: 2,
        dropped: 1,
      });
      sink?.close();
      expect(await sink?.put(4)).toBe(false);
      expect(await collect(source)).toEqual([1, 2]);
      expect(bus.stats().dropped).toBe(1);
    });
  });

  describe("topics", () => {
    it("are names of channels, after a prefix", async () => {
      const [bus, other, client] = [await busOf({ prefix: "shop:" }), await busOf(), await connected()];
      const source = await subscribed(bus, "orders");
      expect(await publish(other, "orders", 1)).toBe(false);
      expect(await client.publish("shop:orders", "2")).toBe(1);
      expect(await take(source)).toBe(2);
    });

    it("can be of any kind that has a name, and compare by it", async () => {
      const bus = redisEventBus<{ room: number }, string>(await connected(), {
        topicName: ({ room }) => `room ${room}`,
      });
      open.push(bus);
      const source = subscribe(bus, { room: 1 });
      expect(await publish(bus, { room: 1 }, "hello")).toBe(true);
      expect(await publish(bus, { room: 2 }, "nobody")).toBe(false);
      expect(await take(source)).toBe("hello");
      expect([...topicToSubscribers(bus).keys()]).toEqual([{ room: 1 }]);
    });

    it("are refused without a name", async () => {
      const bus = redisEventBus<number>(await connected());
      open.push(bus);
      expect(() => subscribe(bus, 1)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
      await expect(publish(bus, 1, "a")).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
    });
  });

  describe("messages", () => {
    it.each([[null], [0], [""], ["é\u0000\u{1F600}"], [[]], [{ a: { b: [1, 2.5, false] } }]])(
      "travel as JSON: %j",
      async (message) => {
        const bus = await busOf();
        const source = subscribe(bus, "n");
        await publish(bus, "n", message);
        expect(await take(source)).toEqual(message);
      },
    );

    it("that JSON cannot hold are refused", async () => {
      const bus = await busOf();
      await expect(publish(bus, "n", undefined)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
      await expect(publish(bus, "n", 1n)).rejects.toThrow("BigInt");
    });

    it("can be bytes, which arrive as they are, in memory of their own", async () => {
      const bus = redisEventBus(await connected(), { codec: "binary" });
      open.push(bus);
      const source = subscribe(bus, "n");
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      for (const bytes of [every, new Uint8Array(), every.subarray(100, 110), Buffer.from("é")]) {
        await publish(bus, "n", bytes);
        const arrived = await take(source);
        expect([...(arrived ?? [])]).toEqual([...bytes]);
        expect(arrived?.buffer.byteLength).toBe(bytes.length);
      }
      await expect(publish(bus, "n", "text" as never)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
    });

    it("are those of the moment they were published in, also if they have to wait", async () => {
      const bus = redisEventBus(await connected(), { codec: "binary" });
      open.push(bus);
      const source = subscribe(bus, "n");
      const bytes = Uint8Array.from([1, 2, 3]);
      const published = publish(bus, "n", bytes);
      bytes.fill(0);
      expect(await published).toBe(true);
      expect([...((await take(source)) ?? [])]).toEqual([1, 2, 3]);
    });

    it("can travel by functions of one's own", async () => {
      const codec = {
        encode: (date: Date) => date.toISOString(),
        decode: (bytes: Uint8Array) => new Date(Buffer.from(bytes).toString()),
      };
      const bus = await busOf({ codec });
      const source = subscribe(bus, "n");
      await publish(bus, "n", new Date(0));
      expect((await take(source))?.getTime()).toBe(0);
      await expect(publish(bus, "n", new Date(Number.NaN))).rejects.toThrow("Invalid time value");
    });

    it.each([
      ["no JSON", "{"],
      ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ])("from others that are %s are logged, counted and skipped", async (_what, payload) => {
      const [bus, client] = [await busOf(), await connected()];
      const source = await subscribed(bus, "n");
      const entries = await logged(async () => {
        expect(await client.publish("n", payload)).toBe(1);
        await client.publish("n", "7");
        expect(await take(source)).toBe(7);
      });
      expect(entries).toHaveLength(1);
      expect(bus.stats()).toMatchObject({ malformed: 1, received: 1 });
    });
  });

  describe("a slow subscriber", () => {
    const flood = async (client: Client, count: number) => {
      for (let i = 0; i < count; i++) void client.publish("n", String(i));
      await client.ping();
    };

    it.each([
      ["dropOldest", [9997, 9998, 9999]],
      ["dropNewest", [0, 1, 2]],
    ] as const)(
      "holds up nobody and loses messages by %s, which are counted and reported once",
      async (overflow, kept) => {
        const [bus, client] = [await busOf<number>(), await connected()];
        const [slow, fast] = [await subscribed(bus, "n", { bound: 3, overflow }), await subscribed(bus, "n")];
        let heard = 0;
        const all = deferred<boolean>();
        consume(() => {
          if (++heard === 10_000) success(all, true);
        }, fast);
        const entries = await logged(async () => {
          await flood(client, 10_000);
          await all;
        });
        expect(entries).toEqual([expect.stringContaining("more than 3 messages")]);
        expect(description(slow)).toMatchObject({ bufferSize: 3, dropped: 9997 });
        expect(bus.stats()).toMatchObject({ received: 10_000, dropped: 9997 });
        expect([await take(slow), await take(slow), await take(slow)]).toEqual(kept);
        close(slow);
        expect(bus.stats().dropped).toBe(9997);
      },
    );

    it("is ended by fail: what waits can be taken, then a take fails", async () => {
      const [bus, client] = [await busOf<number>({ bound: 3, overflow: "fail" }), await connected()];
      const [slow, other] = [await subscribed(bus, "n"), await subscribed(bus, "n", { bound: 100 })];
      await flood(client, 10);
      await until(() => description(slow).isClosed);
      expect([await take(slow), await take(slow), await take(slow)]).toEqual([0, 1, 2]);
      await expect(take(slow)).rejects.toMatchObject({ code: "RING_OVERFLOW" });
      expect(await take(slow, "the end")).toBe("the end");
      expect(downstream(bus, "n")).toHaveLength(1);
      expect(await take(other)).toBe(0);
    });

    it("holds up the publishers on its bus by block: none of their messages is lost, no more than the bound waits", async () => {
      const bus = await busOf<number>({ bound: 4, overflow: "block" });
      const slow = await subscribed(bus, "n");
      const published = Array.from({ length: 100 }, (_, n) => publish(bus, "n", n));
      await until(() => bus.stats().received === 4);
      await rest();
      expect(published.map((each) => each.isRealized).lastIndexOf(true)).toBe(3);
      expect(bus.stats()).toMatchObject({ received: 4, waiting: 96 });
      const seen: (number | undefined)[] = [];
      for (let i = 0; i < 100; i++) {
        seen.push(await take(slow));
        expect(description(slow).bufferSize).toBeLessThanOrEqual(4);
      }
      expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n));
      expect(await Promise.all(published)).toEqual(new Array(100).fill(true));
      expect(bus.stats()).toMatchObject({ dropped: 0, waiting: 0 });
    });

    it("keeps the places of publishers on its bus by block, while what others publish is dropped", async () => {
      const [bus, client] = [await busOf<number>({ bound: 4, overflow: "block" }), await connected()];
      const slow = await subscribed(bus, "n");
      const entries = await logged(async () => {
        const own = [1000, 1001, 1002].map((n) => publish(bus, "n", n));
        await flood(client, 50);
        await Promise.all(own);
        await until(() => bus.stats().received === 53);
      });
      expect(entries).toHaveLength(1);
      expect(description(slow)).toMatchObject({ bufferSize: 4, dropped: 49 });
      const seen = [await take(slow), await take(slow), await take(slow), await take(slow)];
      expect(seen.filter((n) => (n ?? 0) >= 1000)).toEqual([1000, 1001, 1002]);
    });

    it("lets its publishers go on by block when it is closed", async () => {
      const bus = await busOf<number>({ bound: 1, overflow: "block" });
      const [slow, fast] = [await subscribed(bus, "n"), await subscribed(bus, "n")];
      const published = [1, 2, 3].map((n) => publish(bus, "n", n));
      for (const n of [1, 2])
        expect(await timeout(take(fast), n === 1 ? 5000 : 0, "held up")).toBe(n === 1 ? 1 : "held up");
      close(slow);
      expect([await take(fast), await take(fast)]).toEqual([2, 3]);
      expect(await Promise.all(published)).toEqual([true, true, true]);
    });

    it("takes no place by block for a message that cannot be decoded, or comes back to a take that waits", async () => {
      const codec = {
        encode: (n: number) => String(n),
        decode: (bytes: Uint8Array) => {
          const n = Number(Buffer.from(bytes).toString());
          if (n % 2 === 1) throw new Error("odd");
          return n;
        },
      };
      const bus = await busOf<number>({ bound: 1, overflow: "block", codec });
      const source = await subscribed(bus, "n");
      await logged(async () => {
        expect(await Promise.all([1, 3, 5].map((n) => publish(bus, "n", n)))).toEqual([true, true, true]);
        await until(() => bus.stats().malformed === 3);
      });
      for (const n of [2, 4, 6]) {
        const taken = take(source);
        expect(await publish(bus, "n", n)).toBe(true);
        expect(await taken).toBe(n);
      }
      expect(bus.stats()).toMatchObject({ malformed: 3, received: 3, dropped: 0 });
    });

    it("fills no more memory than its bound, however much is published", async () => {
      const [bus, client] = [await busOf<string>(), await connected()];
      const slow = await subscribed(bus, "n");
      const kilobytes = JSON.stringify("x".repeat(10_000));
      await logged(async () => {
        for (let round = 0; round < 20; round++) {
          await Promise.all(Array.from({ length: 500 }, () => client.publish("n", kilobytes)));
        }
        await until(() => bus.stats().received === 10_000);
      });
      expect(description(slow)).toMatchObject({ bufferSize: 1024, bufferCapacity: 1024, dropped: 10_000 - 1024 });
    });
  });

  describe("two processes", () => {
    let peer: ChildProcess;
    const reports: Report[] = [];
    let news = new EventEmitter();

    beforeEach(async () => {
      const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;
      peer = fork(fileURLToPath(new URL("peer.ts", import.meta.url)), [String(server.port)], {
        execArgv: ["--import", hooks],
      });
      peer.on("message", (report: Report) => {
        reports.push(report);
        news.emit("news");
      });
      await reported("ready");
    });

    afterEach(async () => {
      const ended = once(peer, "exit");
      peer.disconnect();
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`the peer has ended with ${code}`);
      reports.length = 0;
      news = new EventEmitter();
    });

    const tell = (order: Order) => peer.send(order);

    async function reported<R extends Report["report"]>(what: R, count = 1): Promise<Extract<Report, { report: R }>[]> {
      for (;;) {
        const found = reports.filter(({ report }) => report === what);
        if (found.length >= count) return found as Extract<Report, { report: R }>[];
        await once(news, "news");
      }
    }

    it("hear each other", async () => {
      const bus = await busOf();
      const here = await subscribed(bus, "to here");
      tell({ order: "subscribe", topic: "to there" });
      await reported("subscribed");
      const messages = Array.from({ length: 100 }, (_, n) => ({ n, text: "é" }));
      expect(await Promise.all(messages.map((message) => publish(bus, "to there", message)))).not.toContain(false);
      expect((await reported("message", 100)).map(({ message }) => message)).toEqual(messages);
      tell({ order: "publish", topic: "to here", messages });
      for (const message of messages) expect(await take(here)).toEqual(message);
      expect((await reported("published"))[0]?.heard).toEqual(new Array(100).fill(true));
    });

    it("hear each other again after the server was killed and started anew", async () => {
      const gap = deferred<Gap<string>>();
      const client = await connected();
      const bus = redisEventBus(client, { publishTimeout: 20_000, onGap: (found) => void success(gap, found) });
      open.push(bus);
      const here = await subscribed(bus, "to here");
      tell({ order: "subscribe", topic: "to there" });
      await reported("subscribed");
      await logged(async () => {
        const lost = lossOf(client);
        await server.kill();
        await lost;
        const published = publish(bus, "to here", "while it was down");
        await rest();
        expect(published.isRealized).toBe(false);
        await server.start();
        expect(await published).toBe(true);
        expect(await take(here)).toBe("while it was down");
        expect((await gap).topics).toEqual(["to here"]);
        await until(async () => (await client.pubSubNumSub("to there"))["to there"] === 1);
      });
      expect(await publish(bus, "to there", "hello")).toBe(true);
      expect((await reported("message"))[0]?.message).toBe("hello");
      tell({ order: "publish", topic: "to here", messages: ["hello back"] });
      expect(await take(here)).toBe("hello back");
      expect(await reported("published")).toEqual([{ report: "published", heard: [true] }]);
    });
  });

  describe("a server that was killed", () => {
    /** A server of the test's own. */
    let mortal: RedisServer;
    beforeEach(async () => {
      mortal = await RedisServer.start(path);
      open.push({ close: () => mortal.kill() });
    });

    async function mortalBus<T = unknown>(options: RedisBusOptions<string, T> = {}, socket = {}) {
      const client = await connected({ port: mortal.port, ...socket });
      const bus = redisEventBus<string, T>(client, options);
      open.push(bus);
      return { bus, client };
    }

    it("is waited for, and the messages of the meantime are told as a gap", async () => {
      const gaps: Gap<string>[] = [];
      const told = new EventEmitter();
      const { bus } = await mortalBus<number>({
        onGap: (gap) => {
          gaps.push(gap);
          told.emit("gap");
        },
      });
      const made = Date.now();
      const [a, b] = [await subscribed(bus, "a"), await subscribed(bus, "b")];
      for (let round = 1; round <= 2; round++) {
        const entries = await logged(async () => {
          const gap = once(told, "gap");
          const before = Date.now();
          await mortal.kill();
          await mortal.start();
          await gap;
          expect(gaps).toHaveLength(round);
          expect(gaps.at(-1)?.topics).toEqual(["a", "b"]);
          // Nothing that was published before it was missed, all that was published after the kill was.
          expect(gaps.at(-1)?.since).toBeLessThanOrEqual(before);
          expect(gaps.at(-1)?.since).toBeGreaterThanOrEqual(made);
          expect(gaps.at(-1)?.until).toBeGreaterThanOrEqual(gaps.at(-1)?.since ?? Number.POSITIVE_INFINITY);
        });
        expect(entries).toHaveLength(1);
        expect(bus.stats().gaps).toBe(round);
        expect(await Promise.all([publish(bus, "a", round), publish(bus, "b", round)])).toEqual([true, true]);
        expect([await take(a), await take(b)]).toEqual([round, round]);
      }
    });

    it("is no gap for what has ended, or begun, meanwhile", async () => {
      const gap = deferred<Gap<string>>();
      const { bus } = await mortalBus<number>({ onGap: (found) => void success(gap, found) });
      await subscribed(bus, "all the while");
      const [ended, again] = [await subscribed(bus, "ended"), await subscribed(bus, "again")];
      const interrupted = deferred<string>();
      const before = setLogger((_level, _error, message) => void success(interrupted, message));
      await mortal.kill();
      expect(await interrupted).toContain("interrupted");
      setLogger(before);
      close(ended);
      close(again);
      subscribe(bus, "again");
      subscribe(bus, "begun");
      await mortal.start();
      expect((await gap).topics).toEqual(["all the while"]);
      const other = await connected({ port: mortal.port });
      const channels = ["all the while", "ended", "again", "begun"];
      await until(async () => (await other.pubSubNumSub("ended"))["ended"] === 0);
      expect(Object.values(await other.pubSubNumSub(channels))).toEqual([1, 0, 1, 1]);
    });

    it("makes publishes fail when it is away for longer than publishTimeout", async () => {
      const clock = mockClock();
      const { bus, client } = await mortalBus({ publishTimeout: 1000, clock });
      expect(await publish(bus, "n", 1)).toBe(false);
      const lost = lossOf(client);
      await mortal.kill();
      await lost;
      const published = publish(bus, "n", 2);
      clock.advance(999);
      expect([published.isRealized, bus.stats().waiting]).toEqual([false, 1]);
      clock.advance(1);
      await expect(published).rejects.toMatchObject({
        code: "RING_BUS_UNAVAILABLE",
        status: 503,
        message: expect.stringContaining("1000 milliseconds"),
      });
      expect(bus.stats()).toMatchObject({ waiting: 0, published: 1 });
    });

    it("counts the time from the loss, not from the publish that waits for room", async () => {
      const clock = mockClock();
      const { bus, client } = await mortalBus<number>({ publishTimeout: 1000, clock, bound: 1, overflow: "block" });
      await subscribed(bus, "n");
      expect(await publish(bus, "n", 1)).toBe(true);
      await until(() => bus.stats().received === 1);
      const published = publish(bus, "n", 2);
      clock.advance(10_500);
      expect(published.isRealized).toBe(false);
      const lost = lossOf(client);
      await logged(async () => {
        await mortal.kill();
        await lost;
        await rest();
        clock.advance(999);
        expect(published.isRealized).toBe(false);
        clock.advance(1);
        await expect(published).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
      });
    });

    it("fails what was sent and not answered", async () => {
      const { bus } = await mortalBus();
      const client = await connected({ port: mortal.port });
      await client.sendCommand(["CLIENT", "PAUSE", "100000", "ALL"]);
      const published = publish(bus, "n", 1);
      await rest();
      await mortal.kill();
      await expect(published).rejects.toMatchObject({
        code: "RING_BUS_UNAVAILABLE",
        message: expect.stringContaining("may have arrived or not"),
      });
    });

    it("fails what was sent to a server that hangs", async () => {
      const clock = mockClock();
      const { bus } = await mortalBus({ publishTimeout: 1000, clock });
      const client = await connected({ port: mortal.port });
      await client.sendCommand(["CLIENT", "PAUSE", "100000", "ALL"]);
      const published = publish(bus, "n", 1);
      expect(bus.stats().waiting).toBe(0);
      clock.advance(1000);
      await expect(published).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
    });

    it("ends the subscriptions with an error if their client gives up; later ones get a new connection", async () => {
      const { bus } = await mortalBus<number>(
        {},
        { reconnectStrategy: (retries: number) => (retries < 3 ? 10 : false) },
      );
      const source = await subscribed(bus, "n");
      const taken = take(source);
      await logged(async () => {
        await mortal.kill();
        await expect(taken).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
      });
      expect([isDrained(source), isActive(bus, "n")]).toEqual([true, false]);
      await mortal.start();
      const again = await subscribed(bus, "n");
      const client = await connected({ port: mortal.port });
      await client.publish("n", "7");
      expect(await take(again)).toBe(7);
    });

    it("keeps a limited number of publishes waiting", async () => {
      const { bus, client } = await mortalBus();
      const lost = lossOf(client);
      await mortal.kill();
      await lost;
      const waiting: Deferred<boolean>[] = [];
      for (let i = 0; i < 16_384; i++) waiting.push(publish(bus, "n", i));
      await expect(publish(bus, "n", "one more")).rejects.toMatchObject({
        code: "RING_BUS_UNAVAILABLE",
        message: expect.stringContaining("16384"),
      });
      bus.close();
      for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
    });
  });

  describe("the connection of the subscriptions alone", () => {
    it("can be lost too: it comes back, publishes wait for it, and a throw of onGap is logged", async () => {
      const client = await connected();
      const bus = await busOf<number>({
        overflow: "block",
        bound: 2,
        onGap: () => {
          throw new Error("in onGap");
        },
      });
      const source = await subscribed(bus, "n");
      const entries = await logged(async () => {
        await client.sendCommand(["CLIENT", "KILL", "TYPE", "PUBSUB"]);
        await until(() => bus.stats().gaps === 1);
        for (const n of [1, 2]) expect(await publish(bus, "n", n)).toBe(true);
      });
      expect(entries).toMatchObject([expect.anything(), { message: "in onGap" }]);
      expect([await take(source), await take(source)]).toEqual([1, 2]);
    });

    it("frees the places of what will not come back", async () => {
      const client = await connected();
      const bus = redisEventBus<string, number>(client, { overflow: "block", bound: 1 });
      open.push(bus);
      const source = await subscribed(bus, "n");
      const [, id] = /^id=(\d+)/.exec((await client.sendCommand(["CLIENT", "LIST", "TYPE", "PUBSUB"])) as string) ?? [];
      const other = await connected();
      await other.subscribe("n", () => {});
      await logged(async () => {
        // Both on one connection: Redis cuts the other one off, then somebody else hears the message.
        const cut = client.sendCommand(["CLIENT", "KILL", "ID", String(id)]);
        expect(await publish(bus, "n", 1)).toBe(true);
        expect(await cut).toBe(1);
        await until(() => bus.stats().gaps === 1);
      });
      expect(await publish(bus, "n", 2)).toBe(true);
      expect(await take(source)).toBe(2);
    });
  });

  describe("close", () => {
    it("ends the subscriptions, their connection and what waits, and leaves the client as it was", async () => {
      const client = await connected();
      const listeners = () => client.eventNames().map((event) => [event, client.listenerCount(event)]);
      const before = listeners();
      const bus = redisEventBus<string, number>(client);
      const source = subscribe(bus, "n");
      await publish(bus, "n", 1);
      await until(() => bus.stats().received === 1);
      const idle = subscribe(bus, "idle");
      const taken = take(idle, "the end");
      bus.close();
      bus.close();
      expect(await taken).toBe("the end");
      expect(await collect(source)).toEqual([1]);
      expect(isActive(bus, "n")).toBe(false);
      await expect(publish(bus, "n", 2)).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
      expect(() => subscribe(bus, "n")).toThrow(expect.objectContaining({ code: "RING_BUS_UNAVAILABLE" }));
      expect(await bus.whenSubscribed("n")).toBe(false);
      expect(await client.ping()).toBe("PONG");
      expect(listeners()).toEqual(before);
      await until(async () => !(await client.sendCommand(["CLIENT", "LIST", "TYPE", "PUBSUB"])));
    });

    it("works before the connection is there, and without one", async () => {
      const bus = await busOf();
      const source = subscribe(bus, "n");
      bus.close();
      expect(isDrained(source)).toBe(true);
      const unconnected = createClient({ socket: { port: server.port } });
      const idle = redisEventBus(unconnected);
      const published = publish(idle, "n", 1);
      idle.close();
      await expect(published).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
    });
  });

  describe("a client", () => {
    it("may be connected later than the bus is made", async () => {
      const client = createClient({ socket: { port: server.port } });
      open.push({ close: () => client.destroy() });
      const bus = redisEventBus<string, number>(client);
      open.push(bus);
      const source = subscribe(bus, "n");
      const published = publish(bus, "n", 1);
      await client.connect();
      expect(await published).toBe(true);
      expect(await take(source)).toBe(1);
    });

    it("may speak RESP2", async () => {
      const client = createClient({ RESP: 2, socket: { port: server.port } });
      await client.connect();
      open.push({ close: () => client.destroy() });
      const bus = redisEventBus<string, number>(client);
      open.push(bus);
      const source = subscribe(bus, "n");
      expect(await publish(bus, "n", 1)).toBe(true);
      expect(await take(source)).toBe(1);
    });

    it("may be one of ioredis, over a lost connection too", async () => {
      const client = new IoRedisLike(server.port);
      await once(client, "ready");
      const second = client.duplicate();
      client.duplicate = () => second;
      open.push({ close: () => client.disconnect() });
      const bus = redisEventBus<string, string>(client);
      open.push(bus);
      const source = await subscribed(bus, "n");
      expect(await publish(bus, "n", "é")).toBe(true);
      expect(await take(source)).toBe("é");
      await logged(async () => {
        await (await connected()).sendCommand(["CLIENT", "KILL", "TYPE", "PUBSUB"]);
        await until(() => bus.stats().gaps === 1);
      });
      expect(await publish(bus, "n", "again")).toBe(true);
      expect(await take(source)).toBe("again");
      second.emit("messageBuffer", Buffer.from("what nobody subscribes to here"), Buffer.from("1"));
      expect(bus.stats().received).toBe(2);
      bus.close();
      await until(async () => !(await (await connected()).sendCommand(["CLIENT", "LIST", "TYPE", "PUBSUB"])));
    });

    it.each([[undefined], [{}], [new EventEmitter()]])("is refused without its methods", (client) => {
      expect(() => redisEventBus(client as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    });
  });

  describe("options", () => {
    it.each([
      { bound: 0 },
      { bound: Number.POSITIVE_INFINITY },
      { overflow: "wait" },
      { codec: "xml" },
      { publishTimeout: 0 },
    ])("are checked when the bus is made: %j", (options) => {
      expect(() => redisEventBus(createClient(), options as never)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    });

    it("of a subscription are checked too", async () => {
      const bus = await busOf();
      expect(() => bus.subscribe("n", { bound: -1 })).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
      expect(isActive(bus, "n")).toBe(false);
    });
  });

  it("can be connected to other streams, and to another bus's topics", async () => {
    const bus = await busOf<number>();
    const to = stream<number>();
    connect(subscribe(bus, "n"), to);
    await publish(bus, "n", 1);
    expect(await take(to)).toBe(1);
  });
});
