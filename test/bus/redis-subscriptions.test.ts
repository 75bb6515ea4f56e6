import { describe, expect, it } from "@jest/globals";
import type { LinkEvents, RedisLink, SubscriberLink } from "../../src/bus/redis-client.js";
import { type ChannelGap, Subscriptions } from "../../src/bus/redis-subscriptions.js";
import { mockClock } from "../../src/clock/index.js";
import { type Deferred, deferred, success } from "../../src/deferred/index.js";
import { logged, rest } from "../stream/kit.js";

/** Subscriptions over a connection that does what it is told to. */
function subscriptions() {
  const clock = mockClock();
  const gaps: ChannelGap[] = [];
  const failed: string[] = [];
  const confirm = new Map<string, Deferred<unknown>>();
  let events: LinkEvents | undefined;
  const link: SubscriberLink & { isReady: boolean } = {
    isReady: false,
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
    end: () => {},
  };
  const origin = { duplicate: () => link } as Partial<RedisLink> as RedisLink;
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
  );
  const become = (state: "ready" | "lost"): void => {
    link.isReady = state === "ready";
    events?.[state]();
  };
  const confirmed = async (...channels: string[]): Promise<void> => {
    for (const channel of channels) success(confirm.get(channel) as Deferred<unknown>, undefined);
    await rest();
  };
  return { all, clock, gaps, failed, confirm, become, confirmed };
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
    expect(gaps).toEqual([{ since: 10, until: 30, channels: ["a", "b"] }]);
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
});
