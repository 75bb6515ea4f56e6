import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mockClock } from "../../src/clock/index.js";
import { type EventGap, type EventLogOptions, eventLog, type SseOptions } from "../../src/sse/index.js";
import type { Source } from "../../src/stream/index.js";
import { logged } from "../stream/kit.js";
import { Client } from "./kit.js";

/** A log with so many events: their data are 1, 2, 3 ... */
function logOf(count: number, options: EventLogOptions = {}) {
  const log = eventLog(options);
  for (let n = 1; n <= count; n++) void log.append({ data: String(n) });
  return log;
}

const gap = (reason: string, missed?: number) => `gap: ${JSON.stringify({ reason, missed })}`;

describe("a response that is fed from a log", () => {
  it("sends what is appended from then on", async () => {
    const log = logOf(2);
    const client = new Client({ feed: log });
    void log.append({ data: "3" });
    void log.append({ event: "news", data: "4\n5" });
    expect(await client.read()).toEqual(["3", "news: 4\n5"]);
    expect(client.lastEventId).toBe(await log.append({ data: "6" }).then((id) => id.replace("-5", "-4")));
  });

  it("gives a client its place before the first event, so that it misses nothing if it comes back before that", async () => {
    const log = logOf(2);
    const client = new Client({ feed: log });
    expect(await client.read()).toEqual([]);
    client.leave();
    void log.append({ data: "3" });
    expect(await new Client({ feed: log }, client.lastEventId).read()).toEqual(["3"]);
  });

  it("begins with all that is kept, if it is told to", async () => {
    expect(await new Client({ feed: logOf(3), start: "oldest" }).read()).toEqual(["1", "2", "3"]);
    expect(await new Client({ feed: logOf(0), start: "oldest" }).read()).toEqual([]);
    expect(await new Client({ feed: logOf(5, { maxEvents: 2 }), start: "oldest" }).read()).toEqual(["4", "5"]);
  });

  it("replays what a client has missed, in order, and goes on with what comes", async () => {
    const log = logOf(0);
    const first = new Client({ feed: log });
    for (const data of ["1", "2"]) void log.append({ data });
    expect(await first.read()).toEqual(["1", "2"]);
    first.leave();
    for (const data of ["3", "4"]) void log.append({ data });
    const second = new Client({ feed: log }, first.lastEventId);
    void log.append({ data: "5" });
    expect(await second.read()).toEqual(["3", "4", "5"]);
    void log.append({ data: "6" });
    expect((await second.next()).data).toBe("6");
  });

  it("takes the place of a client from the option, for clients that cannot send the header", async () => {
    const log = logOf(3, { maxEvents: 10 });
    const oldest = new Client({ feed: log, start: "oldest" });
    await oldest.read();
    const lastEventId = oldest.lastEventId.replace("-3", "-1");
    const client = new Client({ feed: log, lastEventId });
    expect(client.events.lastEventId).toBe(lastEventId);
    expect(await client.read()).toEqual(["2", "3"]);
  });

  it("sends only the topics that are asked for, whose place moves on with the others", async () => {
    const clock = mockClock();
    const log = eventLog();
    const client = new Client({ feed: log, topics: ["b", "message"], heartbeat: 10, clock });
    for (const event of ["a", "b", "", "a", "a"]) void log.append({ event, data: "." });
    expect(await client.read()).toEqual(["b: .", "."]);
    expect(client.lastEventId).toMatch(/-3$/);
    const next = client.next();
    clock.advance(10);
    void log.append({ event: "b", data: "!" });
    expect(await next).toMatchObject({ type: "b", data: "!" });
    expect(client.state.events).toHaveLength(3);
    client.leave();
  });

  it("tells the place with a heartbeat where it has moved, else nothing", async () => {
    const clock = mockClock();
    const log = eventLog();
    const client = new Client({ feed: log, topics: ["b"], heartbeat: 10, clock });
    await client.read();
    const body = client.events.response.body as Source<string>;
    for (const [events, heartbeat] of [
      [1, /^id: .*-1\n\n$/],
      [0, /^:\n\n$/],
    ] as const) {
      const taken = body.take();
      for (let i = 0; i < events; i++) void log.append({ event: "a", data: "." });
      clock.advance(10);
      expect(await taken).toMatch(heartbeat);
    }
  });

  it("sends what the handler sends, in between", async () => {
    const log = eventLog();
    const client = new Client({ feed: log });
    void client.events.send({ data: "by hand" });
    void log.append({ data: "1" });
    expect((await client.read()).toSorted()).toEqual(["1", "by hand"]);
  });

  it("leaves the log when its client leaves", () => {
    const log = eventLog();
    const clients = [new Client({ feed: log }), new Client({ feed: log })];
    expect(log.stats().readers).toBe(2);
    for (const client of clients) client.leave();
    expect(log.stats().readers).toBe(0);
  });

  it("hands the same bytes to all", async () => {
    const log = eventLog();
    const clients = [1, 2].map(() => new Client({ feed: log }));
    for (const client of clients) await client.read();
    const taken = clients.map(({ events }) => (events.response.body as Source<Uint8Array>).take());
    void log.append({ data: "x" });
    const [one, other] = await Promise.all(taken);
    expect(one).toBe(other);
  });
});

describe("a gap", () => {
  it("is told to a client whose place is not kept any more, before what is kept", async () => {
    const log = logOf(2, { maxEvents: 3 });
    const first = new Client({ feed: log, start: "oldest" });
    expect(await first.read()).toEqual(["1", "2"]);
    for (let n = 3; n <= 9; n++) void log.append({ data: String(n) });
    expect(await new Client({ feed: log }, first.lastEventId).read()).toEqual([gap("expired", 4), "7", "8", "9"]);
    expect(log.stats()).toMatchObject({ gaps: 1, missed: 4 });
  });

  it("is none for a client that has seen the last one that is gone", async () => {
    const log = logOf(3);
    const first = new Client({ feed: log, start: "oldest" });
    await first.read();
    const small = logOf(3, { maxEvents: 1 });
    const id = (await small.append({ data: "4" })).replace("-4", "-3");
    expect(await new Client({ feed: small }, id).read()).toEqual(["4"]);
  });

  it.each([
    ["another log's", async () => new Client({ feed: logOf(1), start: "oldest" })],
    ["no id of a log", async () => ({ lastEventId: "17", read: async () => [] })],
    ["one of the future", async () => ({ lastEventId: "", read: async () => [] })],
  ])("is told to a client whose id is %s", async (what, other) => {
    const log = logOf(2);
    const client = await other();
    await client.read();
    const id = what.startsWith("one") ? (await log.append({ data: "3" })).replace("-3", "-4") : client.lastEventId;
    const kept = what.startsWith("one") ? ["1", "2", "3"] : ["1", "2"];
    expect(await new Client({ feed: log }, id).read()).toEqual([gap("unknown"), ...kept]);
  });

  it("carries the place from which on nothing is missing, so that it is told once", async () => {
    const log = logOf(5, { maxEvents: 2 });
    const client = new Client({ feed: log }, "another-1");
    const told = await client.next();
    expect(told).toMatchObject({ type: "gap" });
    client.leave();
    expect(await new Client({ feed: log }, told.lastEventId).read()).toEqual(["4", "5"]);
  });

  it("is told to a client that has read too slowly", async () => {
    const log = logOf(0, { maxEvents: 3 });
    const client = new Client({ feed: log });
    await client.read();
    for (let n = 1; n <= 10; n++) void log.append({ data: String(n) });
    // One is on its way to the connection already.
    expect(await client.read()).toEqual(["1", gap("slow", 6), "8", "9", "10"]);
    expect(log.stats()).toMatchObject({ gaps: 1, missed: 6, disconnected: 0 });
  });

  it("cuts a client off that is too slow, if that is the policy, as soon as it has fallen out", async () => {
    const log = logOf(0, { maxEvents: 3 });
    const client = new Client({ feed: log, overflow: "disconnect" });
    await client.read();
    for (let n = 1; n <= 4; n++) void log.append({ data: String(n) });
    expect(client.events.closed.isRealized).toBe(false);
    void log.append({ data: "5" });
    expect(client.events.closed.isRealized).toBe(true);
    expect(log.stats()).toMatchObject({ disconnected: 1, readers: 0 });
  });

  it("is reported to onGap, which says what the client is told", async () => {
    const gaps: EventGap[] = [];
    const answers: ReturnType<NonNullable<SseOptions["onGap"]>>[] = [
      { event: "reload", data: "all" },
      null,
      undefined,
      { event: "no\ndata" },
    ];
    const seen: string[][] = [];
    const log = logOf(1);
    const entries = await logged(async () => {
      for (const answer of answers) {
        const onGap = (found: EventGap) => {
          gaps.push(found);
          return answer;
        };
        seen.push(await new Client({ feed: log, onGap }, "x").read());
      }
    });
    expect(seen).toEqual([["reload: all", "1"], ["1"], [gap("unknown"), "1"], [gap("unknown"), "1"]]);
    expect(gaps).toEqual(answers.map(() => ({ reason: "unknown", lastEventId: "x", missed: undefined })));
    expect(entries).toMatchObject([{ code: "RING_INVALID_EVENT" }]);
  });
});

describe("eventLog", () => {
  it("keeps as many bytes as it may, and still sends what is longer to those who wait", async () => {
    const log = logOf(0, { maxBytes: 100 });
    const client = new Client({ feed: log });
    await client.read();
    const next = client.next();
    void log.append({ data: "x".repeat(200) });
    expect((await next).data).toHaveLength(200);
    expect(log.stats()).toMatchObject({ appended: 1, kept: 0, bytes: 0 });
    for (let n = 0; n < 10; n++) void log.append({ data: "y".repeat(20) });
    expect(log.stats().bytes).toBeLessThanOrEqual(100);
    expect(log.stats().kept).toBeGreaterThan(1);
  });

  it("drops what is too old, with the next event or reader", async () => {
    const clock = mockClock();
    const log = eventLog({ maxAge: 1000, clock });
    for (let n = 1; n <= 3; n++) {
      void log.append({ data: String(n) });
      clock.advance(400);
    }
    expect(log.stats().kept).toBe(3);
    expect(await new Client({ feed: log, start: "oldest" }).read()).toEqual(["2", "3"]);
    expect(log.stats().kept).toBe(2);
  });

  it.each([
    ["an id", { data: "x", id: "1" }, "has id"],
    ["a retry", { data: "x", retry: 1 }, "has retry"],
    ["no data", { event: "x" }, "has no data"],
    ["a line break in its name", { event: "a\nb", data: "x" }, "line break"],
    ["data that are no text", { data: 1 }, "has a number as data"],
  ])("refuses an event with %s", async (_what, event, message) => {
    const log = eventLog();
    await expect(log.append(event as never)).rejects.toMatchObject({
      code: "RING_INVALID_EVENT",
      message: expect.stringContaining(message),
    });
    expect(log.stats()).toMatchObject({ appended: 0, kept: 0 });
  });

  it("ends its responses when it is closed, and refuses events and readers then", async () => {
    const log = logOf(1);
    const client = new Client({ feed: log });
    await client.read();
    log.close();
    expect(client.events.closed.isRealized).toBe(true);
    await expect(log.append({ data: "2" })).rejects.toMatchObject({ code: "RING_EVENT_LOG_CLOSED", status: 503 });
    expect(new Client({ feed: log }).events.closed.isRealized).toBe(true);
    expect(log.stats().readers).toBe(0);
  });

  it.each([
    [{ maxEvents: 0 }],
    [{ maxEvents: 1.5 }],
    [{ maxBytes: -1 }],
    [{ maxAge: 0 }],
    [{ maxAge: Number.NaN }],
    [{ maximum: 1 }],
  ])("refuses %j", (options) => {
    expect(() => eventLog(options as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it.each([
    ["topics without a feed", { topics: ["a"] }],
    ["onGap without a feed", { onGap: () => null }],
    ["a bound for a log", { feed: eventLog(), bound: 1 }],
    ["an unknown policy", { feed: eventLog(), overflow: "block" }],
    ["an unknown start", { feed: eventLog(), start: "newest" }],
    ["an unknown option", { replay: eventLog() }],
  ])("is refused by sse with %s", (_what, options) => {
    expect(() => new Client(options as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("gives every client all events once and in order, whenever it reads, leaves and comes back", async () => {
    const action = fc.oneof(
      fc.record({ what: fc.constant("append" as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ what: fc.constantFrom("read" as const, "leave" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), async (actions, max) => {
        const log = eventLog({ maxEvents: max });
        let client = new Client({ feed: log });
        await client.read();
        let appended = 0;
        const seen: string[] = [];
        for (const each of [...actions, { what: "read" as const }]) {
          if (each.what === "append") {
            for (let i = 0; i < each.count; i++) void log.append({ data: String(++appended) });
          } else if (each.what === "read") seen.push(...(await client.read()));
          else {
            const id = client.lastEventId;
            client.leave();
            client = new Client({ feed: log }, id);
            if (id === "") await client.read();
          }
        }
        // What is missing between two numbers is what a gap between them says.
        let last = 0;
        for (const each of seen) {
          if (each.startsWith("gap: ")) last += (JSON.parse(each.slice(5)) as { missed: number }).missed;
          else expect(Number(each)).toBe(++last);
        }
        expect(last).toBe(appended);
      }),
    );
  });
});
