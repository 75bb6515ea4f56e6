import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { type MockClock, mockClock } from "../../src/clock/index.js";
import { put, take } from "../../src/stream/index.js";
import { servers, turn, until, withPair } from "./peers.js";

/** A clock that knows the timers that are set on it. */
function countingClock(): { clock: MockClock; timers: Set<object> } {
  const inner = mockClock();
  const timers = new Set<object>();
  const clock: MockClock = {
    ...inner,
    in(milliseconds, f) {
      const timer = {};
      timers.add(timer);
      const cancel = inner.in(milliseconds, () => {
        timers.delete(timer);
        f();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
  return { clock, timers };
}

describe.each(servers)("heartbeats over %s", (_name, Server) => {
  const heartbeats = { sendAfterIdle: 100, payload: "beat", timeout: 50 };

  // 81
  it("send a ping after the idle time, again and again while it is answered", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      const pings: string[] = [];
      client.ws.on("ping", (data: Buffer) => pings.push(data.toString()));
      clock.advance(99);
      await turn(10);
      expect(pings).toEqual([]);
      clock.advance(1);
      for (let expected = 1; expected < 4; expected++) {
        const answered = once(duplex.raw as never, "pong");
        await answered;
        expect(pings).toHaveLength(expected);
        clock.advance(50);
        expect(duplex.isClosed()).toBe(false);
        clock.advance(50);
      }
      expect(pings[0]).toBe("beat");
    });
  });

  it("count from the last message in either direction", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      let pings = 0;
      client.ws.on("ping", () => pings++);
      clock.advance(60);
      client.ws.send("in");
      await take(duplex);
      clock.advance(60);
      put(duplex, "out");
      await client.next();
      clock.advance(99);
      await turn(10);
      expect(pings).toBe(0);
      clock.advance(1);
      await until(() => pings === 1);
    });
  });

  // 81
  it("cut the connection when the answer takes longer than the timeout", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      client.ws.pause();
      clock.advance(100);
      await turn(10);
      clock.advance(49);
      expect(duplex.closed.isRealized).toBe(false);
      clock.advance(1);
      expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
    });
  });

  it.each([undefined, null, 0])("wait for ever with the timeout %p", (timeout) => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats: { sendAfterIdle: 100, timeout } }, async ({ duplex, client }) => {
      client.ws.pause();
      clock.advance(100_000);
      await turn(10);
      expect(duplex.isClosed()).toBe(false);
    });
  });

  it("begin after 30 seconds if nothing else is said", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats: {} }, async ({ client }) => {
      let pings = 0;
      client.ws.on("ping", () => pings++);
      const pinged = once(client.ws, "ping");
      clock.advance(29_999);
      await turn(10);
      expect(pings).toBe(0);
      clock.advance(1);
      await pinged;
    });
  });

  it("are off with an idle time of 0", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats: { sendAfterIdle: 0, timeout: 50 } }, async ({ duplex, client }) => {
      client.ws.pause();
      clock.advance(100_000);
      await turn(10);
      expect(duplex.isClosed()).toBe(false);
    });
  });

  it("do not hold against a client that it cannot be heard", () => {
    const clock = mockClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      for (let i = 0; i < 17; i++) client.ws.send(`${i}`);
      await until(() => duplex.isHeldBack);
      // Nothing of the client is read any more when its pong comes.
      const pinged = once(client.ws, "ping");
      clock.advance(100);
      await pinged;
      clock.advance(1000);
      await turn(10);
      expect(duplex.isClosed()).toBe(false);
      for (let i = 0; i < 17; i++) expect(await take(duplex)).toBe(`${i}`);
      client.ws.pause();
      await turn(10);
      clock.advance(150);
      expect(await duplex.closed).toMatchObject({ code: 1006 });
    });
  });

  it("leave no timer behind when the connection ends", () => {
    const { clock, timers } = countingClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      client.ws.pause();
      clock.advance(100);
      expect(timers.size).toBe(1);
      client.ws.terminate();
      await duplex.closed;
      expect(timers.size).toBe(0);
    });
  });

  it("leave no timer behind when a quiet connection ends", () => {
    const { clock, timers } = countingClock();
    return withPair(Server, { clock, heartbeats }, async ({ duplex, client }) => {
      expect(timers.size).toBe(1);
      client.ws.close();
      await duplex.closed;
      expect(timers.size).toBe(0);
    });
  });
});
