import { describe, expect, it } from "@jest/globals";
import type { LinkEvents, RedisLink, SubscriberLink } from "../../src/bus/redis-client.js";
import { type ChannelGap, Subscriptions } from "../../src/bus/redis-subscriptions.js";
import { mockClock } from "../../src/clock/index.js";
import { type Deferred, deferred, success } from "../../src/deferred/index.js";
import { logged, rest } from "../stream/kit.js";

const CHECK_INTERVAL = 1000;

/** Subscriptions over a connection that does what it is told to. */
function subscriptions() {
  const clock = mockClock();
  const gaps: ChannelGap[] = [];
  const failed: string[] = [];
  const confirm = new Map<string, Deferred<unknown>>();
  const pings: Deferred<unknown>[] = [];
  const connections = { opened: 0, ended: 0 };
  let events: LinkEvents | undefined;
  let receive: (channel: string, payload: Buffer) => void = () => {};
  let isReady = false;
  const makeLink = (): SubscriberLink => ({
    get isReady() {
      return isReady;
    },
    lastError: undefined,
    open: () => deferred(),
    watch(found) {
      events = found;
      return () => {};
    },
    subscribe(channel) {
      const confirmation = deferred();
      confirm.set(channel, confirmation);
      return confirmation;
    },
    unsubscribe: () => deferred(),
    ping() {
      const pong = deferred();
      pings.push(pong);
      return pong;
    },
    end: () => void connections.ended++,
  });
  const duplicate: RedisLink["duplicate"] = (onMessage) => {
    connections.opened++;
    isReady = false;
    receive = onMessage;
    return makeLink();
  };
  const origin = { duplicate } as Partial<RedisLink> as RedisLink;
  const all = new Subscriptions(
    origin,
    {
      onMessage: () => {},
      onInForce: () => {},
      onLost: () => {},
      onGap: (gap) => gaps.push(gap),
      onFailed: (channel) => failed.push(channel),
    },
    clock,
    CHECK_INTERVAL,
  );
  const become = (state: "ready" | "lost"): void => {
    isReady = state === "ready";
    events?.[state]();
  };
  const pong = async (): Promise<void> => {
    for (const each of pings.splice(0)) success(each, "PONG");
    await rest();
  };
  /** Lets time pass, and what it has set off come to rest. */
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await rest();
  };
  const confirmed = async (...channels: string[]): Promise<void> => {
    for (const channel of channels) success(confirm.get(channel) as Deferred<unknown>, undefined);
    await rest();
  };
  const message = (): void => receive("a", Buffer.from("x"));
  return { all, clock, gaps, failed, confirm, connections, pings, become, confirmed, pong, pass, message };
}

describe("Subscriptions", () => {
  it("count a loss before all is restored to the same gap", async () => {
    const { all, clock, gaps, become, confirmed } = subscriptions();
    all.want("a");
    all.want("b");
    become("ready");
    await confirmed("a", "b");
    await logged(async () => {
      clock.advance(10);
      become("lost");
      clock.advance(10);
      become("ready");
      await confirmed("a");
      clock.advance(10);
      become("lost");
      become("ready");
      await confirmed("a", "b");
    });
    // It was asked for the subscriptions, and has answered: what was published before that is no loss.
    expect(gaps).toEqual([{ since: 0, until: 30, channels: ["a", "b"] }]);
  });

  it("end a gap also when what is still missing is not wanted any more", async () => {
    const { all, gaps, become, confirmed } = subscriptions();
    all.want("a");
    all.want("b");
    become("ready");
    await confirmed("a", "b");
    await logged(() => become("lost"));
    become("ready");
    await confirmed("a");
    expect(gaps).toEqual([]);
    all.unwant("b");
    expect(gaps).toEqual([{ since: 0, until: 0, channels: ["a"] }]);
    expect(all.lostSince).toBeNull();
  });

  it("ask again for what was asked when the connection was lost, and heed no answer of before", async () => {
    const { all, failed, confirm, become, confirmed } = subscriptions();
    all.want("a");
    become("ready");
    const before = confirm.get("a") as Deferred<unknown>;
    become("lost");
    before.error(new Error("connection lost"));
    await rest();
    expect([all.isInForce("a"), failed]).toEqual([false, []]);
    become("ready");
    await confirmed("a");
    expect(all.isInForce("a")).toBe(true);
  });

  it("are no gap before they were in force", async () => {
    const { all, gaps, become, confirmed } = subscriptions();
    all.want("a");
    become("ready");
    become("lost");
    become("ready");
    await confirmed("a");
    expect(gaps).toEqual([]);
    expect(all.lostSince).toBeNull();
  });

  describe("that hear nothing", () => {
    it("ask whether the connection works, and say until when nothing was missed", async () => {
      const { all, gaps, pings, clock, become, confirmed, pong, pass } = subscriptions();
      all.want("a");
      become("ready");
      await confirmed("a");
      await pass(999);
      expect(pings).toHaveLength(0);
      await pass(1);
      expect(pings).toHaveLength(1);
      await pass(500);
      await pong();
      await pass(500);
      expect(pings).toHaveLength(1);
      await pass(700);
      await logged(() => become("lost"));
      // The second question, of 2000, was not answered; the first one, of 1000, was.
      expect(all.lostSince).toBe(2700);
      become("ready");
      await confirmed("a");
      expect([gaps, clock.now()]).toEqual([[{ since: 1000, until: 2700, channels: ["a"] }], 2700]);
    });

    it("give a connection up that does not answer, for a new one", async () => {
      const { all, gaps, connections, become, confirmed, pong, pass } = subscriptions();
      all.want("a");
      become("ready");
      await confirmed("a");
      await pass(1000);
      await pass(999);
      expect([connections, all.isInForce("a")]).toEqual([{ opened: 1, ended: 0 }, true]);
      const entries = await logged(() => pass(1));
      expect(entries).toHaveLength(1);
      expect([connections, all.isInForce("a"), all.lostSince]).toEqual([{ opened: 2, ended: 1 }, false, 2000]);
      // An answer of the old one means nothing any more.
      await pong();
      await pass(10);
      become("ready");
      await confirmed("a");
      expect(all.isInForce("a")).toBe(true);
      expect(gaps).toEqual([{ since: 0, until: 2010, channels: ["a"] }]);
    });

    it("wait for an answer that is behind messages", async () => {
      const { all, connections, pings, message, become, confirmed, pong, pass } = subscriptions();
      all.want("a");
      become("ready");
      await confirmed("a");
      await pass(1000);
      for (let i = 0; i < 5; i++) {
        message();
        await pass(1000);
      }
      expect([connections.opened, pings.length]).toEqual([1, 1]);
      await pong();
      await pass(1000);
      expect([connections.opened, pings.length]).toEqual([1, 1]);
      await logged(() => pass(1000));
      expect(connections.opened).toBe(2);
    });

    it("heed an answer that has come while the process was busy", async () => {
      const { all, connections, pings, clock, become, confirmed } = subscriptions();
      all.want("a");
      become("ready");
      await confirmed("a");
      clock.advance(1000);
      // Both at once, as when the process comes back from something that took long: first the timer, then what was read.
      clock.advance(1000);
      success(pings[0] as Deferred<unknown>, "PONG");
      await rest();
      expect(connections.opened).toBe(1);
      expect(pings).toHaveLength(2);
    });

    it("ask no more when they are ended, or lost", async () => {
      const { all, pings, become, confirmed, pass } = subscriptions();
      all.want("a");
      become("ready");
      await confirmed("a");
      await logged(() => become("lost"));
      await pass(5000);
      expect(pings).toHaveLength(0);
      become("ready");
      all.end();
      await pass(5000);
      expect(pings).toHaveLength(0);
    });
  });
});
