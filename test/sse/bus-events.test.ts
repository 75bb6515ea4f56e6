import { describe, expect, it, jest } from "@jest/globals";
import { eventBus, publish } from "../../src/bus/index.js";
import { type BusEventsOptions, busEvents } from "../../src/sse/index.js";
import { type Source, slidingStream } from "../../src/stream/index.js";
import { logged } from "../stream/kit.js";
import { Client } from "./kit.js";

function make(options: BusEventsOptions<string, unknown> = {}) {
  const bus = eventBus<string, unknown>(() => slidingStream(100));
  return { bus, feed: busEvents(bus, options) };
}

describe("a response that is fed from a bus", () => {
  it("sends the messages of several topics, under the names of the topics, as JSON or as the text they are", async () => {
    const { bus, feed } = make();
    const client = new Client({ feed, topics: ["a", "b"] });
    await publish(bus, "a", { n: 1 });
    await publish(bus, "c", "not this one");
    await publish(bus, "b", "text");
    await publish(bus, "a", null);
    expect(await client.read()).toEqual(['a: {"n":1}', "b: text", "a: null"]);
  });

  it("subscribes to a topic once, while somebody reads it", () => {
    const { bus, feed } = make();
    const clients = [new Client({ feed, topics: ["a", "b"] }), new Client({ feed, topics: ["a", "a"] })];
    expect([bus.downstream("a").length, bus.downstream("b").length]).toEqual([1, 1]);
    expect(feed.stats()).toMatchObject({ readers: 2, topics: 2 });
    clients[0]?.leave();
    expect([bus.isActive("a"), bus.isActive("b")]).toEqual([true, false]);
    clients[1]?.leave();
    expect(bus.isActive("a")).toBe(false);
    expect(feed.stats()).toMatchObject({ readers: 0, topics: 0 });
  });

  it("writes a message once, and hands the same bytes to all", async () => {
    const toEvent = jest.fn((message: unknown, topic: string) => ({ event: topic, data: String(message) }));
    const { bus, feed } = make({ toEvent });
    const clients = [1, 2, 3].map(() => new Client({ feed, topics: ["a"] }));
    const taken = clients.map(({ events }) => (events.response.body as Source<Uint8Array>).take());
    await publish(bus, "a", "x");
    const [one, ...others] = await Promise.all(taken);
    for (const other of others) expect(other).toBe(one);
    expect(toEvent).toHaveBeenCalledTimes(1);
    expect(toEvent).toHaveBeenCalledWith("x", "a");
  });

  it("leaves out what toEvent makes null, and what cannot be written, which is logged and counted", async () => {
    const { bus, feed } = make({ toEvent: (message) => (message === null ? null : { data: message as string }) });
    const client = new Client({ feed, topics: ["a"] });
    const entries = await logged(async () => {
      for (const message of [null, 1, "x"]) await publish(bus, "a", message);
    });
    expect(await client.read()).toEqual(["x"]);
    expect(entries).toMatchObject([{ code: "RING_INVALID_EVENT" }]);
    expect(feed.stats().malformed).toBe(1);
  });

  it("keeps nobody who publishes waiting for a client that is slow, and tells the client what it has missed", async () => {
    const { bus, feed } = make();
    const client = new Client({ feed, topics: ["a"], bound: 3 });
    await logged(async () => {
      for (let n = 1; n <= 10; n++) expect(await publish(bus, "a", `${n}`)).toBe(true);
    });
    // One is on its way to the connection already.
    expect(await client.read()).toEqual(["a: 1", 'gap: {"reason":"slow","missed":6}', "a: 8", "a: 9", "a: 10"]);
    expect(feed.stats()).toMatchObject({ dropped: 6, disconnected: 0 });
    client.leave();
    expect(feed.stats().dropped).toBe(6);
  });

  it("cuts off a client that is slow, if that is the policy", async () => {
    const { bus, feed } = make();
    const client = new Client({ feed, topics: ["a"], bound: 3, overflow: "disconnect" });
    await logged(async () => {
      for (let n = 1; n <= 4; n++) await publish(bus, "a", `${n}`);
      expect(client.events.closed.isRealized).toBe(false);
      await publish(bus, "a", "5");
    });
    expect(client.events.closed.isRealized).toBe(true);
    expect(feed.stats()).toMatchObject({ readers: 0, topics: 0, dropped: 1, disconnected: 1 });
  });

  it("ends when the subscription ends", () => {
    const { bus, feed } = make();
    const client = new Client({ feed, topics: ["a"] });
    for (const stream of bus.downstream("a")) stream.close();
    expect(client.events.closed.isRealized).toBe(true);
    expect(feed.stats()).toMatchObject({ readers: 0, topics: 0 });
  });

  it.each([
    ["topics", {}],
    ["a topic", { topics: [] }],
    ["a bound above 0", { topics: ["a"], bound: 0 }],
    ["no start", { topics: ["a"], start: "oldest" }],
  ])("needs %s", (_what, options) => {
    const { feed } = make();
    expect(() => new Client({ feed, ...options } as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
    expect(feed.stats()).toMatchObject({ readers: 0, topics: 0 });
  });

  it("needs names of events for topics that are none", async () => {
    const bus = eventBus<object, string>();
    const client = new Client({ feed: busEvents(bus) as never, topics: [{ id: 1 }] as never });
    const entries = await logged(() => publish(bus, { id: 1 }, "x"));
    expect(entries).toMatchObject([{ code: "RING_INVALID_ARGUMENT" }]);
    client.leave();
  });
});
