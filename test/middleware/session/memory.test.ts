import { describe, expect, it } from "@jest/globals";
import { memoryStore, type SessionData } from "../../../middleware/index.js";
import { mockClock } from "../../../src/clock/index.js";
import { logged } from "../../stream/kit.js";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("memoryStore", () => {
  it("makes keys that nobody can guess", () => {
    const store = memoryStore();
    const keys = Array.from({ length: 100 }, () => store.writeSession(undefined, {}));
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) expect(key).toMatch(UUID);
  });

  it("finds nothing that its cell inherits", () => {
    const store = memoryStore({});
    for (const key of ["__proto__", "constructor", "toString", undefined]) {
      expect(store.readSession(key)).toBeUndefined();
      expect(store.deleteSession(key)).toBeUndefined();
    }
  });

  it("forgets the session that was not used for the longest time where one is too many, and says so once", async () => {
    const cell: Record<string, SessionData> = { a: { n: 1 }, b: { n: 2 } };
    const store = memoryStore(cell, { maxSessions: 3 });
    const said = await logged(() => {
      store.writeSession("c", { n: 3 });
      store.readSession("a");
      store.writeSession("d", { n: 4 });
      expect(Object.keys(cell)).toEqual(["a", "c", "d"]);
      store.writeSession("a", { n: 5 });
      store.writeSession("e", { n: 6 });
    });
    expect(cell).toEqual({ a: { n: 5 }, d: { n: 4 }, e: { n: 6 } });
    expect(said).toEqual([expect.stringContaining("maxSessions is 3")]);
  });

  it("does not grow without bound under visitors who never come back", async () => {
    const cell: Record<string, SessionData> = {};
    const store = memoryStore(cell);
    await logged(() => {
      for (let visitor = 0; visitor < 100_100; visitor++) store.writeSession(undefined, { visitor });
    });
    expect(Object.keys(cell)).toHaveLength(100_000);
    expect(Object.values(cell)[0]).toEqual({ visitor: 100 });
  });

  it("forgets a session timeToLive seconds after its last use", () => {
    const clock = mockClock();
    const cell: Record<string, SessionData> = { old: {} };
    const store = memoryStore(cell, { timeToLive: 10, clock });
    store.writeSession("a", { n: 1 });
    clock.advance(9999);
    expect(store.readSession("a")).toEqual({ n: 1 });
    clock.advance(9999);
    expect(store.readSession("a")).toEqual({ n: 1 });
    clock.advance(10_000);
    expect(store.readSession("a")).toBeUndefined();
    expect(store.readSession("old")).toBeUndefined();
    expect(cell).toEqual({});
  });

  it("clears away sessions that have expired unseen when another is written, and says nothing of it", async () => {
    const clock = mockClock();
    const cell: Record<string, SessionData> = {};
    const store = memoryStore(cell, { timeToLive: 10, maxSessions: 2, clock });
    const said = await logged(() => {
      store.writeSession("a", {});
      store.writeSession("b", {});
      clock.advance(10_000);
      store.writeSession("c", {});
    });
    expect([Object.keys(cell), said]).toEqual([["c"], []]);
  });

  it.each([{ maxSessions: 0 }, { maxSessions: Number.NaN }, { timeToLive: -1 }, { timeToLive: 0 }])(
    "refuses %j",
    (options) => {
      expect(() => memoryStore({}, options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    },
  );
});
