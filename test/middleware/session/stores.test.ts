/**
 * Sessions in real stores, one suite for all: through an Express app, by clients with cookies. Memory is here, Redis by
 * connect-redis, PostgreSQL by connect-pg-simple.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { RedisStore } from "connect-redis";
import express from "express";
import { createClient } from "redis";
import {
  cookieStore,
  expressSessionStore,
  type Params,
  recreate,
  type Session,
  type SessionOptions,
  type SessionStoreError,
  wrapParams,
  wrapSession,
} from "../../../middleware/index.js";
import { deferred } from "../../../src/deferred/index.js";
import { pipe, type RingRequest, type RingResponse, ring } from "../../../src/index.js";
import { RedisServer } from "../../bus/redis-server.js";
import type { RunningHost } from "../../contract/host.js";
import { listen } from "../../express/hosts.js";
import { describeWith, postgresFolder, redisServerPath } from "../../needs.js";
import { inMemory, inPostgres, inRedis, type RunningStore, type ServedStore, timeToLive, until } from "./stores.js";

// Servers are started, killed and started again here.
jest.setTimeout(60_000);

type Asked = RingRequest & Params & Session;

/** What the app does, by path; every answer is the session that the request came with. */
const routes: Readonly<Record<string, (request: Asked) => RingResponse>> = {
  "/": () => ({}),
  "/set": ({ session, params }) => ({ session: { ...session, ...params } }),
  "/login": ({ session, params }) => ({ session: recreate({ ...session, user: params["user"] }) }),
  "/logout": () => ({ session: null }),
};

const handle = (request: Asked): RingResponse => ({
  body: JSON.stringify(request.session),
  ...routes[request.uri]?.(request),
});

/** A browser as far as sessions go. */
class Client {
  readonly #port: number;
  cookie: string | undefined;

  constructor(port: number, cookie?: string) {
    this.#port = port;
    this.cookie = cookie;
  }

  get key(): string {
    return decodeURIComponent(this.cookie?.replace("ring-session=", "") ?? "");
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const headers = this.cookie === undefined ? undefined : { cookie: this.cookie };
    const answer = await fetch(`http://localhost:${this.#port}${path}`, headers && { headers });
    for (const line of answer.headers.getSetCookie()) this.cookie = line.split(";", 1)[0];
    return { status: answer.status, text: await answer.text() };
  }

  /** The session as the app sees it; what the request does to it shows in the next one. */
  async see(path: string): Promise<unknown> {
    const { status, text } = await this.ask(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text);
  }
}

/** Serves the app above with a store. */
function serve(options: SessionOptions): Promise<RunningHost> {
  const app = express();
  app.use(ring(pipe(handle, wrapParams, (inner) => wrapSession(inner, options))));
  return listen(app);
}

function keepsSessions(start: () => Promise<RunningStore>): void {
  let running: RunningStore;
  let host: RunningHost;
  const client = (cookie?: string): Client => new Client(host.port, cookie);

  beforeAll(async () => {
    running = await start();
    host = await serve({ store: running.store });
  });
  afterAll(async () => {
    await host.close();
    await running.close();
  });

  it("creates, reads, updates and deletes a session", async () => {
    const ann = client();
    expect(await ann.see("/")).toEqual({});
    expect(ann.cookie).toBeUndefined();
    expect(await ann.see("/set?color=red")).toEqual({});
    const { key } = ann;
    expect(await running.keys()).toContain(key);
    expect(await ann.see("/set?color=blue&size=%C3%A9")).toEqual({ color: "red" });
    expect(await ann.see("/")).toEqual({ color: "blue", size: "é" });
    expect(ann.key).toBe(key);
    await ann.see("/logout");
    expect(await ann.see("/")).toEqual({});
    expect(await running.keys()).not.toContain(key);
  });

  it("keeps clients apart", async () => {
    const clients = Array.from({ length: 20 }, () => client());
    await Promise.all(clients.map((each, index) => each.see(`/set?n=${index}`)));
    expect(new Set(clients.map(({ key }) => key)).size).toBe(20);
    const seen = await Promise.all(clients.map((each) => each.see("/")));
    expect(seen).toEqual(clients.map((_, index) => ({ n: String(index) })));
  });

  it("keeps the whole session of one of many requests at the same time, never a mixture", async () => {
    const ann = client();
    await ann.see("/set?a=0&b=0");
    await Promise.all(Array.from({ length: 30 }, (_, n) => client(ann.cookie).see(`/set?a=${n}&b=${n}`)));
    const { a, b } = (await ann.see("/")) as { a: string; b: string };
    expect(a).toBe(b);
    expect(Number(a)).toBeGreaterThanOrEqual(0);
  });

  it("lets a session expire, and gives its client a new key", async () => {
    const ann = client();
    await ann.see("/set?color=red");
    const { key } = ann;
    await running.leave(key, 1);
    await running.expired(key);
    expect(await ann.see("/set?color=blue")).toEqual({});
    expect(ann.key).not.toBe(key);
    expect(await running.keys()).not.toContain(key);
    expect(await ann.see("/")).toEqual({ color: "blue" });
  });

  it("keeps a session alive that is read and not written", async () => {
    const ann = client();
    await ann.see("/set?color=red");
    await running.leave(ann.key, timeToLive / 2);
    expect(await ann.see("/")).toEqual({ color: "red" });
    await running.leave(ann.key, timeToLive / 2);
    expect(await ann.see("/")).toEqual({ color: "red" });
  });

  it("rotates the key at a log-in, and forgets the old one", async () => {
    const ann = client();
    await ann.see("/set?cart=full");
    const { key, cookie } = ann;
    await ann.see("/login?user=ann");
    expect(ann.key).not.toBe(key);
    expect(await ann.see("/")).toEqual({ cart: "full", user: "ann" });
    expect(await running.keys()).not.toContain(key);
    expect(await client(cookie).see("/")).toEqual({});
  });

  it("withstands session fixation: a key that the client made up is never used", async () => {
    const victim = client("ring-session=chosen-by-an-attacker");
    expect(await victim.see("/login?user=ann")).toEqual({});
    expect(victim.key).not.toBe("chosen-by-an-attacker");
    expect(await client("ring-session=chosen-by-an-attacker").see("/")).toEqual({});
  });

  it("withstands session fixation by a real key: it is worth nothing after the log-in", async () => {
    const attacker = client();
    await attacker.see("/set?planted=yes");
    const victim = client(attacker.cookie);
    await victim.see("/login?user=ann");
    expect(await attacker.see("/")).toEqual({});
    expect(await victim.see("/")).toEqual({ planted: "yes", user: "ann" });
  });

  it("withstands a replay after deletion: the old cookie opens nothing", async () => {
    const ann = client();
    await ann.see("/login?user=ann");
    const { cookie } = ann;
    await ann.see("/logout");
    expect(await client(cookie).see("/")).toEqual({});
  });

  it("withstands prototype pollution: __proto__ in a session is data", async () => {
    const ann = client();
    await ann.see("/set?__proto__=polluted&constructor=1");
    expect(Object.entries((await ann.see("/")) as object)).toEqual([
      ["__proto__", "polluted"],
      ["constructor", "1"],
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it.each(["__proto__", "constructor", "toString", "%00", "a'b%22--;", "../../etc/passwd", "*", "%F0%9F%8D%AA"])(
    "finds no session under the key %s",
    async (key) => {
      expect(await client(`ring-session=${key}`).see("/")).toEqual({});
    },
  );
}

function survivesTheServer(start: () => Promise<ServedStore>): void {
  let running: ServedStore;
  /** One without a hook, and one that goes on after failed reads and answers failed writes. */
  let strict: RunningHost;
  let lenient: RunningHost;
  const asked: SessionStoreError[] = [];

  beforeAll(async () => {
    running = await start();
    const { store } = running;
    strict = await serve({ store });
    lenient = await serve({
      store,
      onStoreError: (error) => {
        asked.push(error);
        return error.operation === "read" ? "continue" : { status: 500, body: "not saved" };
      },
    });
  });
  afterAll(async () => {
    await strict.close();
    await lenient.close();
    await running.close();
  });
  afterEach(() => void asked.splice(0));

  it("fails clearly while the server is down, and works again when it is back", async () => {
    const ann = new Client(strict.port);
    await ann.see("/set?color=red");
    const { key } = ann;
    await running.kill();
    expect(await ann.ask("/")).toEqual({ status: 503, text: "failed" });
    expect(await new Client(strict.port).ask("/set?color=red")).toEqual({ status: 503, text: "failed" });
    expect(strict.errors).toEqual([
      expect.objectContaining({ code: "RING_SESSION_STORE", status: 503, operation: "read" }),
      expect.objectContaining({ code: "RING_SESSION_STORE", status: 503, operation: "write" }),
    ]);
    expect(strict.errors.map(String).join()).not.toContain(key);
    // Nobody without a session needs the store.
    expect(await new Client(strict.port).see("/")).toEqual({});
    await running.restart();
    expect(await ann.see("/set?color=blue")).toEqual(running.isDurable ? { color: "red" } : {});
    expect(await ann.see("/")).toEqual({ color: "blue" });
  });

  it("goes on without the session where onStoreError says so, and never says that a write was done", async () => {
    const ann = new Client(lenient.port);
    await ann.see("/set?color=red");
    const { cookie } = ann;
    await running.kill();
    expect(await ann.see("/")).toEqual({});
    expect(await ann.ask("/set?color=blue")).toEqual({ status: 500, text: "not saved" });
    expect(await ann.ask("/logout")).toEqual({ status: 500, text: "not saved" });
    expect(asked.map(({ operation }) => operation)).toEqual(["read", "read", "write", "read", "delete"]);
    expect(ann.cookie).toBe(cookie);
    await running.restart();
    expect(await ann.see("/")).toEqual(running.isDurable ? { color: "red" } : {});
  });

  it("reports a write that fails after the handler has run", async () => {
    const entered = deferred();
    const left = deferred();
    const app = express();
    const slow = wrapSession(
      async ({ session }) => {
        entered.success(null);
        await left;
        return { session: { ...session, color: "red" } };
      },
      { store: running.store },
    );
    const host = await listen(app.use(ring(slow)));
    const asking = new Client(host.port).ask("/");
    await entered;
    await running.kill();
    left.success(null);
    expect(await asking).toEqual({ status: 503, text: "failed" });
    expect(host.errors).toEqual([expect.objectContaining({ code: "RING_SESSION_STORE", operation: "write" })]);
    await host.close();
    await running.restart();
  });
}

describe("wrapSession with memoryStore", () => {
  keepsSessions(inMemory);
});

describe("wrapSession with cookieStore", () => {
  it("creates, reads, updates and deletes a session, in the client's cookie alone", async () => {
    const key = Buffer.from("a 16-byte secret");
    const host = await serve({ store: cookieStore({ key }) });
    // Another process, which knows the key and nothing else, and has begun to use a new one.
    const other = await serve({ store: cookieStore({ key: [Buffer.from("16 other bytes.."), key] }) });
    const ann = new Client(host.port);
    expect(await ann.see("/set?color=red&size=%C3%A9")).toEqual({});
    const there = new Client(other.port, ann.cookie);
    expect(await there.see("/set?color=blue")).toEqual({ color: "red", size: "é" });
    expect(await there.see("/")).toEqual({ color: "blue", size: "é" });
    expect(await new Client(host.port, there.cookie).see("/")).toEqual({});
    await ann.see("/logout");
    expect(await ann.see("/")).toEqual({});
    expect(await ann.ask(`/set?text=${"x".repeat(4096)}`)).toEqual({ status: 500, text: "failed" });
    expect(host.errors).toEqual([expect.objectContaining({ code: "RING_SESSION_COOKIE_TOO_LARGE" })]);
    await host.close();
    await other.close();
  });
});

describeWith("redis-server", redisServerPath(), "wrapSession with connect-redis", (path) => {
  keepsSessions(() => inRedis(path));
  describe("whose server dies", () => {
    survivesTheServer(() => inRedis(path));
  });

  it("fails after storeTimeout where the client waits for the server to come back", async () => {
    const server = await RedisServer.start(path);
    const client = createClient({ socket: { port: server.port, reconnectStrategy: 20 } });
    client.on("error", () => {});
    await client.connect();
    await server.kill();
    await until(() => !client.isReady);
    const store = expressSessionStore(new RedisStore({ client }));
    const host = await serve({ store, storeTimeout: 50 });
    expect(await new Client(host.port, "ring-session=a-key-of-20-characters").ask("/")).toEqual({
      status: 503,
      text: "failed",
    });
    expect(host.errors).toEqual([
      expect.objectContaining({ code: "RING_SESSION_STORE", cause: expect.objectContaining({ code: "RING_TIMEOUT" }) }),
    ]);
    await host.close();
    client.destroy();
  });
});

describeWith("postgresql", postgresFolder(), "wrapSession with connect-pg-simple", (programs) => {
  keepsSessions(() => inPostgres(programs));
  describe("whose server dies", () => {
    survivesTheServer(() => inPostgres(programs));
  });
});
