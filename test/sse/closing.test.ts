/** Event streams on servers that close: they end by themselves, and their clients miss nothing on the successor. */
import { once } from "node:events";
import { createServer, type Server as NodeServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { eventBus, publish } from "../../src/bus/index.js";
import { ring } from "../../src/express/index.js";
import { connectionPool, type Server, startServer } from "../../src/http/index.js";
import type { Handler } from "../../src/ring/types.js";
import {
  busEvents,
  type EventFeed,
  type EventSourceStream,
  eventLog,
  eventSource,
  type ReceivedEvent,
  type SseOptions,
  sse,
} from "../../src/sse/index.js";
import { consume, type Source, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { afterThisTest, gate } from "../http/servers.js";

interface Started {
  readonly port: number;
  readonly close: () => PromiseLike<unknown>;
}

type Start = (handler: Handler, port?: number) => Promise<Started>;

const onExpress: Start = async (handler, port = 0) => {
  const server: NodeServer = createServer(express().use(ring(handler))).listen(port, "127.0.0.1");
  await once(server, "listening");
  afterThisTest(() => server.closeAllConnections());
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

/** Long after the test a connection that is left would be cut off. */
const SHUTDOWN_TIMEOUT = 60;

const onStartServer =
  (options = {}): Start =>
  async (handler, port = 0) => {
    const socketAddress = { port, host: "127.0.0.1" };
    const server: Server = await startServer(handler, { socketAddress, shutdownTimeout: SHUTDOWN_TIMEOUT, ...options });
    afterThisTest(() => {
      void server.close();
      if ("closeAllConnections" in server.node) server.node.closeAllConnections();
    });
    return { port: server.port, close: () => server.close() };
  };

const http2 = { httpVersions: ["http2"], useH2c: true };

/** Each on a connection of its own. */
function clientsOf(port: number, count: number, isHttp2: boolean): EventSourceStream[] {
  const connectionOptions = isHttp2 ? { httpVersions: ["http2" as const], forceH2c: true } : {};
  return Array.from({ length: count }, () => {
    const pool = connectionPool({ connectionsPerHost: 1, connectionOptions });
    const client = eventSource(`http://127.0.0.1:${port}/`, { retryDelay: 20, maxRetryDelay: 50, request: { pool } });
    afterThisTest(() => {
      client.close();
      pool.destroy();
    });
    return client;
  });
}

/** All that a client has heard, and the moment that it has heard a certain thing. */
function hearing(client: Source<ReceivedEvent>, last: string): { heard: string[]; end: Promise<void> } {
  const heard: string[] = [];
  const { opened: end, open } = gate();
  consume(({ event, data }) => {
    heard.push(event === "message" ? data : `${event}: ${data}`);
    if (data === last) open();
  }, client);
  return { heard, end };
}

const CLIENTS = 100;

describe("a server that closes", () => {
  it.each([
    ["Express", onExpress, false],
    ["startServer", onStartServer(), false],
    ["startServer, HTTP/2", onStartServer(http2), true],
  ])(
    "ends 100 open streams at once, and their clients miss nothing on its successor: %s",
    (_name, start, isHttp2) =>
      withLog(async (logged) => {
        const log = eventLog();
        let open = 0;
        const { opened: all, open: allAreThere } = gate();
        const handler: Handler = (request) => {
          const { response } = sse(request, { feed: log });
          if (++open === CLIENTS) allAreThere();
          return response;
        };
        const server = await start(handler);
        const clients = clientsOf(server.port, CLIENTS, isHttp2);
        const hearers = clients.map((client) => hearing(client, "last"));
        await all;
        const appended: string[] = [];
        const append = (): void => {
          appended.push(String(appended.length));
          log.append({ data: appended.at(-1) as string });
        };
        const appending = setInterval(append, 1);
        while (hearers.some(({ heard }) => heard.length < 5)) await new Promise((resolve) => setTimeout(resolve, 5));
        const began = performance.now();
        await server.close();
        // It waits for nobody, though on a busy machine it takes its time.
        expect(performance.now() - began).toBeLessThan(10_000);
        const missed = appended.length;
        while (appended.length < missed + 20) await new Promise((resolve) => setTimeout(resolve, 5));
        const successor = await start(handler, server.port);
        clearInterval(appending);
        log.append({ data: "last" });
        await Promise.all(hearers.map(({ end }) => end));
        for (const { heard } of hearers) {
          // A client sees only what was said after it came.
          const from = appended.indexOf(heard[0] as string);
          expect(heard).toEqual([...appended.slice(from), "last"]);
        }
        expect(log.stats()).toMatchObject({ gaps: 0, disconnected: 0 });
        expect(logged).toEqual([]);
        await successor.close();
      }),
    60_000,
  );

  /** The whole of what a client gets of an answer that a server ends while it closes. */
  async function lastWords(options: SseOptions, ready: () => void | Promise<void>, during = (): void => {}) {
    const { opened: asked, open: ask } = gate();
    const server = await onStartServer()((request) => {
      const { response } = sse(request, { heartbeat: null, ...options });
      ask();
      return response;
    });
    const answer = await fetch(`http://127.0.0.1:${server.port}/`);
    await asked;
    await ready();
    const closed = server.close();
    during();
    const text = await answer.text();
    await closed;
    return text;
  }

  it("sends what the log had before, and nothing of what comes then", async () => {
    const log = eventLog();
    const text = await lastWords(
      { feed: log },
      () => {
        for (const data of ["1", "2"]) log.append({ data });
      },
      () => void log.append({ data: "3" }),
    );
    expect(text.match(/^data: .*$/gm)).toEqual(["data: 1", "data: 2"]);
    expect(log.stats().readers).toBe(0);
  });

  it("sends what a bus had brought before, and leaves its topics", async () => {
    const bus = eventBus<string, string>();
    const feed = busEvents(bus);
    const text = await lastWords({ feed, topics: ["a"] }, () => {
      for (const message of ["1", "2"]) publish(bus, "a", message);
    });
    expect(text).toBe("event: a\ndata: 1\n\nevent: a\ndata: 2\n\n");
    expect(feed.stats()).toMatchObject({ readers: 0, topics: 0, dropped: 0 });
  });

  it("closes what a feed of one's own gives, unless that knows how to end", async () => {
    const ended: string[] = [];
    const feedOf = (hasEnd: boolean): EventFeed => ({
      open() {
        const events = stream<Uint8Array>(2);
        events.put(Buffer.from(":begun\n\n"));
        const end = (): void => {
          ended.push("told");
          events.put(Buffer.from(":bye\n\n"));
          events.close();
        };
        return { events, position: () => undefined, ...(hasEnd && { end }) };
      },
    });
    expect(await lastWords({ feed: feedOf(false) }, () => {})).toBe(":begun\n\n");
    expect(await lastWords({ feed: feedOf(true) }, () => {})).toBe(":begun\n\n:bye\n\n");
    expect(ended).toEqual(["told"]);
  });

  it("lets a response without a feed come to its own end, unless that says otherwise", async () => {
    const open: ReturnType<typeof sse>[] = [];
    const answers: Promise<string>[] = [];
    const { opened: closing, open: close } = gate<unknown>();
    const server = await onStartServer()((request) => {
      const events = sse(request, request.uri === "/ends" ? { endsWithServer: true } : {});
      open.push(events);
      events.send({ data: "1" });
      return events.response;
    });
    for (const path of ["/ends", "/goes-on"]) {
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
      answers.push(answer.text());
    }
    const closed = server.close().then(close);
    const [ends, goesOn] = open;
    expect([ends?.closed.isRealized, goesOn?.closed.isRealized]).toEqual([true, false]);
    await goesOn?.send({ data: "2" });
    goesOn?.close();
    expect(await Promise.all(answers)).toEqual(["data: 1\n\n", "data: 1\n\ndata: 2\n\n"]);
    await Promise.all([closed, closing]);
  });

  it("waits for a response with a feed that does not end with it", async () => {
    const log = eventLog();
    const text = await lastWords(
      { feed: log, endsWithServer: false },
      () => {},
      () => {
        log.append({ data: "late" });
        setImmediate(() => log.close());
      },
    );
    expect(text).toContain("data: late");
  });

  it("answers who comes meanwhile with its place in the log, and the end", async () => {
    const log = eventLog();
    const { opened: asked, open: ask } = gate();
    const { opened: free, open: release } = gate();
    const server = await onStartServer()(async (request) => {
      ask();
      await free;
      return sse(request, { feed: log, retry: 7 }).response;
    });
    const answer = fetch(`http://127.0.0.1:${server.port}/`);
    await asked;
    const closed = server.close();
    await log.append({ data: "1" });
    release();
    expect(await (await answer).text()).toMatch(/^retry: 7\n\nid: [^\n]+-1\n\n$/);
    await closed;
  });
});
