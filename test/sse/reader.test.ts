import { describe, expect, it } from "@jest/globals";
import { type Deferred, deferred, successDeferred } from "../../src/deferred/index.js";
import type { EventGap } from "../../src/sse/index.js";
import { LogReader, type Page } from "../../src/sse/log/reader.js";
import { EventRing, type LoggedEvent } from "../../src/sse/log/ring.js";

const event = (n: number): LoggedEvent => ({ id: String(n), topic: "message", bytes: Buffer.from(`${n}`), time: 0 });

/** A reader of a ring, and of an archive whose pages are given by the test. */
function make(since: string, limits = {}) {
  const ring = new EventRing(since, { maxEvents: 100, maxBytes: 1000, maxAge: 1000, ...limits });
  const asked: string[] = [];
  const pages: (Page | Deferred<Page>)[] = [];
  const gaps: EventGap[] = [];
  const archive = {
    after: (id: string) => {
      asked.push(id);
      const page = pages.shift() ?? { events: [] };
      return "events" in page ? successDeferred(page) : page;
    },
    compare: (a: string, b: string) => Number(a) - Number(b),
    failed: () => {},
  };
  const reader = new LogReader(ring, archive, {
    topics: undefined,
    lastEventId: "0",
    start: undefined,
    overflow: "dropOldest",
    bound: undefined,
    tell: (gap) => {
      gaps.push(gap);
      return Buffer.from("gap");
    },
    cut: () => {},
  });
  const read = async (): Promise<string> => {
    let text = "";
    for (;;) {
      const found = await reader.tryTake<undefined, undefined>(undefined, 0, undefined);
      if (found === undefined) return text.trim();
      text += `${Buffer.from(found).toString()} `;
    }
  };
  return { ring, reader, asked, pages, gaps, read };
}

describe("a reader of a log with an archive", () => {
  it("gives nothing twice where the ring is behind the archive", async () => {
    const { ring, reader, pages, read } = make("0");
    for (const n of [1, 2]) ring.push(event(n));
    pages.push({ events: [event(4)] }, { events: [] });
    reader.begin({ id: "3" });
    expect(await read()).toBe("4");
    for (const n of [3, 4, 5]) ring.push(event(n));
    expect(await read()).toBe("5");
  });

  it("misses nothing that comes while the archive is asked, and that the ring drops meanwhile", async () => {
    const { ring, reader, pages, asked, read } = make("5", { maxEvents: 1 });
    const page = deferred<Page>();
    pages.push(page, { events: [event(6), event(7)] });
    reader.begin({ id: "3" });
    expect(await read()).toBe("");
    for (const n of [6, 7, 8]) ring.push(event(n));
    page.success({ events: [event(4), event(5)] });
    expect(await read()).toBe("4 5 6 7 8");
    expect(asked).toEqual(["3", "5"]);
  });

  it("asks the archive again when it has fallen out, and is told of what was lost", async () => {
    const { ring, reader, pages, gaps, read } = make("0");
    pages.push({ events: [] });
    reader.begin({ id: "9" });
    expect(await read()).toBe("");
    ring.push(event(10));
    expect(await read()).toBe("10");
    pages.push({ events: [event(2)], gap: "unknown" });
    ring.restart("1");
    ring.push(event(2));
    expect(await read()).toBe("gap 2");
    expect(gaps).toEqual([{ reason: "unknown", lastEventId: "10", missed: undefined }]);
  });

  it("does not trust an id that only lies between those of the ring", async () => {
    const { ring, reader, pages, asked, read } = make("0");
    for (const n of [1, 5]) ring.push(event(n));
    pages.push({ events: [event(5)], gap: "expired" });
    reader.begin({ id: "3" });
    expect(await read()).toBe("gap 5");
    expect(asked).toEqual(["3"]);
  });

  it("asks nothing where the ring has the id", async () => {
    const { ring, reader, asked, read } = make("0");
    for (const n of [1, 5]) ring.push(event(n));
    reader.begin({ id: "1" });
    expect(await read()).toBe("5");
    expect(asked).toEqual([]);
  });
});
