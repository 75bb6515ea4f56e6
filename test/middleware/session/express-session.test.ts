import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { MemoryStore } from "express-session";
import { type ExpressSessionStore, expressSessionStore } from "../../../middleware/index.js";
import { mockClock } from "../../../src/clock/index.js";
import { isDeferrable } from "../../../src/deferred/index.js";

type Callback = (error?: unknown, found?: unknown) => void;

/** A store that holds one session and answers in a manner of its own. */
function answering(
  answer: (callback: Callback, found?: unknown) => unknown,
  found: unknown = { a: 1 },
): ExpressSessionStore {
  return {
    get: (_key, callback) => answer(callback, found),
    set: (_key, _session, callback) => answer(callback),
    destroy: (_key, callback) => answer(callback),
  };
}

const key = "a-key-of-20-characters";
const boom = new Error("boom");

describe("expressSessionStore", () => {
  it.each<[string, ExpressSessionStore]>([
    ["a callback, at once", answering((callback, found) => callback(null, found))],
    ["a callback, later", answering((callback, found) => void setImmediate(callback, null, found))],
    ["a callback, twice", answering((callback, found) => [callback(null, found), callback(boom)])],
    [
      "a callback, and again when that throws",
      answering((callback, found) => {
        try {
          callback(null, found);
        } catch (error) {
          callback(error);
        }
      }),
    ],
    [
      "a callback and a promise of what the callback returns",
      answering(async (callback, found) => {
        await turn();
        return callback(null, found);
      }),
    ],
    [
      "a promise of the session, and a callback after it",
      answering(async (callback, found) => {
        setImmediate(callback, null, found);
        return found;
      }),
    ],
    [
      "a promise",
      {
        get: async () => ({ a: 1 }),
        set: async () => {},
        destroy: async () => {},
      },
    ],
    ["undefined, false and the like for no error", answering((callback, found) => callback(undefined, found))],
  ])("takes the answer of a store by %s", async (_how, foreign) => {
    const store = expressSessionStore(foreign);
    expect(await store.readSession(key)).toEqual({ a: 1 });
    expect(await store.writeSession(key, { b: 2 })).toBe(key);
    expect(await store.deleteSession(key)).toBeUndefined();
  });

  it.each<[string, ExpressSessionStore]>([
    ["a callback", answering((callback) => callback(boom))],
    ["a callback, then a success", answering((callback) => [callback(boom), callback(null, {})])],
    [
      "a throw",
      answering(() => {
        throw boom;
      }),
    ],
    ["a rejection", answering(() => Promise.reject(boom))],
    [
      "a callback after a promise of nothing",
      answering(async (callback) => {
        setImmediate(() => setImmediate(callback, boom));
      }),
    ],
    [
      "a rejection of methods without callbacks",
      { get: async () => fail(), set: async () => fail(), destroy: async () => fail() },
    ],
    [
      "a callback after a promise of nothing, of methods with optional callbacks",
      {
        get: async (_key, ...[callback]) => void setImmediate(callback, boom),
        set: async (_key, _session, ...[callback]) => void setImmediate(callback, boom),
        destroy: async (_key, ...[callback]) => void setImmediate(callback, boom),
      },
    ],
  ])("takes the error of a store by %s, and never for a success", async (_how, foreign) => {
    const store = expressSessionStore(foreign);
    await expect((async () => store.readSession(key))()).rejects.toBe(boom);
    await expect((async () => store.writeSession(key, {}))()).rejects.toBe(boom);
    await expect((async () => store.deleteSession(key))()).rejects.toBe(boom);
  });

  it.each([[null], [undefined], [false]])("takes %p for no session", async (nothing) => {
    const store = expressSessionStore(answering((callback) => callback(null, nothing)));
    expect(await store.readSession(key)).toBeUndefined();
  });

  it("waits for a promise of no session of a method without a callback", async () => {
    const store = expressSessionStore({ get: async () => undefined, set: async () => {}, destroy: async () => {} });
    expect(await store.readSession(key)).toBeUndefined();
  });

  it("fails on what is no session", async () => {
    const store = expressSessionStore(answering((callback) => void setImmediate(callback, null, "text")));
    await expect(store.readSession(key)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });

  it("stays in the same call where the store does", () => {
    const store = expressSessionStore(answering((callback, found) => callback(null, found)));
    expect(isDeferrable(store.readSession(key))).toBe(false);
    expect(store.writeSession(key, {})).toBe(key);
  });

  it("keeps `this`, as stores are objects of classes", async () => {
    class Store extends EventEmitter {
      readonly kept = new Map<string, unknown>();
      get(key: string, callback: Callback): void {
        callback(null, this.kept.get(key));
      }
      set(key: string, session: unknown, callback: Callback): void {
        this.kept.set(key, session);
        callback();
      }
      destroy(key: string, callback: Callback): void {
        this.kept.delete(key);
        callback();
      }
      touch(key: string, session: object, callback: Callback): void {
        this.kept.set(key, { ...(this.kept.get(key) as object), touched: Object.keys(session) });
        callback();
      }
    }
    const store = expressSessionStore(new Store());
    const made = (await store.writeSession(undefined, { a: 1 })) as string;
    await store.touchSession?.(made, { a: 1 });
    expect(await store.readSession(made)).toEqual({ a: 1, touched: ["a", "cookie"] });
    await store.deleteSession(made);
    expect(await store.readSession(made)).toBeUndefined();
  });

  it("tells the store when a session expires, as express-session does", () => {
    const clock = mockClock();
    const set = jest.fn<ExpressSessionStore["set"]>((_key, _session, callback) => callback());
    const foreign = { ...answering((callback) => callback()), set };
    void expressSessionStore(foreign, { timeToLive: 60, clock }).writeSession(key, { a: 1 });
    void expressSessionStore(foreign).writeSession(key, { a: 1 });
    const expires = new Date(clock.now() + 60_000);
    expect(set.mock.calls.map(([, session]) => session)).toEqual([
      { a: 1, cookie: { originalMaxAge: 60_000, maxAge: 60_000, expires } },
      { a: 1, cookie: { originalMaxAge: null, maxAge: null, expires: null } },
    ]);
  });

  it("works with the store of express-session itself, and shares it with express-session", async () => {
    const foreign = new MemoryStore();
    const store = expressSessionStore(foreign, { timeToLive: 3600 });
    const made = (await store.writeSession(undefined, { user: "ada" })) as string;
    expect(await store.readSession(made)).toEqual({ user: "ada" });
    await store.touchSession?.(made, { user: "ada" });
    const loaded = await new Promise((resolve) => foreign.load(made, (_error, session) => resolve(session)));
    expect(loaded).toMatchObject({ user: "ada", cookie: { originalMaxAge: 3_600_000, path: "/", httpOnly: true } });
    const { cookie } = loaded as { cookie: { expires: Date } };
    expect(cookie.expires.getTime()).toBeGreaterThan(Date.now() + 3_500_000);
    await store.deleteSession(made);
    expect(await store.readSession(made)).toBeUndefined();
  });

  it.each(["", "short", "../../etc/passwd/and/more", "a".repeat(129), "a-key-of-20-characters\0", "sess:*".repeat(5)])(
    "does not look up %j, which is no key",
    (made) => {
      const get = jest.fn<ExpressSessionStore["get"]>();
      expect(expressSessionStore({ ...answering(() => {}), get }).readSession(made)).toBeUndefined();
      expect(get).not.toHaveBeenCalled();
    },
  );

  it("refuses a session with a key `cookie`, which would get lost, and one that is no map", () => {
    const store = expressSessionStore(answering((callback) => callback()));
    for (const wrong of [{ cookie: "x" }, "text" as never, [] as never]) {
      expect(() => store.writeSession(key, wrong)).toThrow(expect.objectContaining({ code: "RING_SESSION_DATA" }));
    }
  });

  it("takes __proto__ in what the store has read for data", async () => {
    const found = JSON.parse('{"__proto__":{"admin":true},"cookie":{}}') as object;
    const session = await expressSessionStore(answering((callback, found) => callback(null, found), found)).readSession(
      key,
    );
    expect(Object.keys(session ?? {})).toEqual(["__proto__"]);
    expect([session?.["admin"], ({} as Record<string, unknown>)["admin"]]).toEqual([undefined, undefined]);
  });

  it.each<[string, () => unknown]>([
    ["no store", () => expressSessionStore(undefined as never)],
    ["a store without set", () => expressSessionStore({ get: () => {}, destroy: () => {} } as never)],
    ["a time to live of 0", () => expressSessionStore(new MemoryStore(), { timeToLive: 0 })],
    ["a time to live that is no number", () => expressSessionStore(new MemoryStore(), { timeToLive: Number.NaN })],
    ["a time to live without end", () => expressSessionStore(new MemoryStore(), { timeToLive: Infinity })],
  ])("refuses %s", (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

function fail(): never {
  throw boom;
}
