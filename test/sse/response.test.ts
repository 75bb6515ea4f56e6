import { once } from "node:events";
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import compression from "compression";
import express from "express";
import { mockClock } from "../../src/clock/index.js";
import { deferred, zip } from "../../src/deferred/index.js";
import { setLogger } from "../../src/errors/index.js";
import { ring } from "../../src/express/index.js";
import type { RingRequest } from "../../src/ring/types.js";
import { type EventStream, type SseOptions, sse } from "../../src/sse/index.js";
import { consumeAsync, type Source, stream } from "../../src/stream/index.js";

const request: RingRequest = {
  serverPort: 80,
  serverName: "localhost",
  remoteAddr: "127.0.0.1",
  uri: "/events",
  scheme: "http",
  requestMethod: "get",
  protocol: "HTTP/1.1",
  headers: {},
};

const bodyOf = (events: EventStream) => events.response.body as Source<string>;

describe("sse", () => {
  it("answers with the head of an event stream, which nothing on the way should gather", () => {
    const { status, headers } = sse(request).response;
    expect(status).toBe(200);
    expect(headers).toEqual({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
  });

  it("puts each event into the body as one chunk", async () => {
    const events = sse(request);
    const sent = events.send({ event: "tick", data: "1\n2" });
    expect(await bodyOf(events).take()).toBe("event: tick\ndata: 1\ndata: 2\n\n");
    expect(await sent).toBe(true);
  });

  it("sends comments", async () => {
    const events = sse(request);
    const sent = events.comment("hello");
    expect(await bodyOf(events).take()).toBe(": hello\n\n");
    expect(await sent).toBe(true);
  });

  it("tells the client first how long to wait before it comes back", async () => {
    const events = sse(request, { retry: 1500 });
    void events.send({ data: "x" });
    expect(await bodyOf(events).take()).toBe("retry: 1500\n\n");
    expect(await bodyOf(events).take()).toBe("data: x\n\n");
  });

  it("lets a send wait until somebody takes the event", async () => {
    const events = sse(request);
    const sent = events.send({ data: "x" });
    expect(sent.isRealized).toBe(false);
    await bodyOf(events).take();
    expect(sent.isRealized).toBe(true);
  });

  it("fails a send that is no event, and goes on", async () => {
    const events = sse(request);
    await expect(events.send({ id: "a\nb", data: "" })).rejects.toMatchObject({ code: "RING_INVALID_EVENT" });
    void events.send({ data: "x" });
    expect(await bodyOf(events).take()).toBe("data: x\n\n");
  });

  it.each([
    ["a retry that is not whole", { retry: 1.5 }, "RING_INVALID_EVENT"],
    ["a heartbeat of 0", { heartbeat: 0 }, "RING_INVALID_ARGUMENT"],
    ["a heartbeat that is no number", { heartbeat: Number.NaN }, "RING_INVALID_ARGUMENT"],
  ])("refuses %s in place", (_what, options: SseOptions, code) => {
    expect(() => sse(request, options)).toThrow(expect.objectContaining({ code }));
  });
});

describe("closed", () => {
  it("is pending while events are accepted", () => {
    expect(sse(request).closed.isRealized).toBe(false);
  });

  it("is realized when whoever writes the response closes the body", () => {
    const events = sse(request);
    bodyOf(events).close();
    expect(events.closed.isRealized).toBe(true);
  });

  it("comes with false for every send that waits, and for every later one", async () => {
    const events = sse(request);
    const waiting = [events.send({ data: "1" }), events.send({ data: "2" })];
    bodyOf(events).close();
    expect(await Promise.all([...waiting, events.send({ data: "3" })])).toEqual([false, false, false]);
    expect(bodyOf(events).isDrained()).toBe(true);
  });

  it("ends the connection of a source that feeds it", async () => {
    const events = sse(request);
    const source = stream<string>(10);
    const ended = consumeAsync((data) => events.send({ data }), source);
    bodyOf(events).close();
    await source.put("late");
    expect(await ended).toBe(true);
    expect(source.isClosed()).toBe(true);
  });
});

describe("close", () => {
  it("ends the body after what was sent before", async () => {
    const events = sse(request);
    const sent = events.send({ data: "last" });
    events.close();
    expect(events.closed.isRealized).toBe(true);
    expect(await events.send({ data: "too late" })).toBe(false);
    expect(await bodyOf(events).take()).toBe("data: last\n\n");
    expect(await sent).toBe(true);
    expect(await bodyOf(events).take("end")).toBe("end");
  });
});

describe("lastEventId", () => {
  const idOf = (headers: Record<string, string>) => sse({ ...request, headers }).lastEventId;

  it("is what the header says", () => {
    expect(idOf({ "last-event-id": "42" })).toBe("42");
  });

  it.each([[{}], [{ "last-event-id": "" }]])(
    "is undefined for a client that comes for the first time: %j",
    (headers) => {
      expect(idOf(headers)).toBeUndefined();
    },
  );

  it.each([
    ["as UTF-8, whose bytes Node reads one by one", Buffer.from("größe-日本").toString("latin1"), "größe-日本"],
    ["as it is where it is not UTF-8", "gr\xf6\xdfe", "gr\xf6\xdfe"],
    ["as it is in a map that was made by hand", "Ā", "Ā"],
  ])("is read %s", (_how, header, id) => {
    expect(idOf({ "last-event-id": header })).toBe(id);
  });
});

describe("the heartbeat", () => {
  it("is a comment, every 15 seconds", async () => {
    const clock = mockClock();
    const body = bodyOf(sse(request, { clock }));
    const first = body.take();
    clock.advance(14_999);
    expect(first.isRealized).toBe(false);
    clock.advance(1);
    expect(await first).toBe(":\n\n");
    const second = body.take();
    clock.advance(15_000);
    expect(await second).toBe(":\n\n");
  });

  it("comes as often as the option says", async () => {
    const clock = mockClock();
    const heartbeat = bodyOf(sse(request, { clock, heartbeat: 10 })).take();
    clock.advance(10);
    expect(await heartbeat).toBe(":\n\n");
  });

  it("is left out where it is null", () => {
    const clock = mockClock();
    const message = bodyOf(sse(request, { clock, heartbeat: null })).take();
    clock.advance(1e9);
    expect(message.isRealized).toBe(false);
  });

  it("does not pile up behind a client that is slow", async () => {
    const clock = mockClock();
    const events = sse(request, { clock, heartbeat: 10 });
    clock.advance(1000);
    void events.send({ data: "x" });
    clock.advance(1000);
    expect(bodyOf(events).description().pendingPuts).toBe(1);
    expect(await bodyOf(events).take()).toBe("data: x\n\n");
    expect(bodyOf(events).take().isRealized).toBe(false);
  });

  it.each([
    ["the client has gone", (events: EventStream) => bodyOf(events).close()],
    ["it was closed", (events: EventStream) => events.close()],
  ])("stops when %s", (_when, end) => {
    let pending = 0;
    const clock = mockClock();
    const counting = {
      ...clock,
      every(delay: number, period: number, f: () => void) {
        pending++;
        const cancel = clock.every(delay, period, f);
        return () => {
          pending--;
          cancel();
        };
      },
    };
    const events = sse(request, { clock: counting });
    expect(pending).toBe(1);
    end(events);
    expect(pending).toBe(0);
  });
});

describe("an event stream on a real server", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listen(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  async function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const [response] = (await once(get(url, { headers, agent: false }), "response")) as [IncomingMessage];
    return response.setEncoding("utf8");
  }

  const nextChunk = async (response: IncomingMessage) => String((await once(response, "data"))[0]);

  /** Serves an event stream behind this middleware; `made` yields it once a client has come. */
  async function serveEvents(...middleware: express.RequestHandler[]) {
    const made = deferred<EventStream>();
    const handler = ring((received) => {
      const events = sse(received);
      made.success(events);
      return events.response;
    });
    return { url: await listen(express().use(...middleware, handler)), made };
  }

  it("reaches the client head first, then event by event", async () => {
    const { url, made } = await serveEvents();
    const response = await open(url);
    expect(response.headers).toMatchObject({ "content-type": "text/event-stream", "x-accel-buffering": "no" });
    const events = await made;
    for (const data of ["1", "2", "3"]) {
      const chunk = nextChunk(response);
      expect(await events.send({ data })).toBe(true);
      expect(await chunk).toBe(`data: ${data}\n\n`);
    }
    const ended = once(response, "end");
    events.close();
    await ended;
  });

  it("is neither compressed nor held back by compression", async () => {
    const { url, made } = await serveEvents(compression({ threshold: 0 }));
    const response = await open(url, { "accept-encoding": "gzip" });
    expect(response.headers).not.toHaveProperty("content-encoding");
    const chunk = nextChunk(response);
    void (await made).send({ data: "now" });
    expect(await chunk).toBe("data: now\n\n");
  });

  it("is not held back either where it is compressed on purpose", async () => {
    const made = deferred<EventStream>();
    const handler = ring((received) => {
      const events = sse(received);
      made.success(events);
      return { ...events.response, headers: { ...events.response.headers, "cache-control": "no-cache" } };
    });
    const url = await listen(express().use(compression({ threshold: 0 }), handler));
    const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    const chunks = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    const events = await made;
    for (const data of ["1", "2"]) {
      expect(await events.send({ data })).toBe(true);
      expect((await chunks.read()).value).toBe(`data: ${data}\n\n`);
    }
    await chunks.cancel();
  });

  it("closes when the client goes, with nothing being sent", async () => {
    const { url, made } = await serveEvents();
    (await open(url)).destroy();
    const events = await made;
    expect(await events.closed).toBe(true);
    expect(await events.send({ data: "x" })).toBe(false);
  });

  it("closes when the client goes before the handler has answered", async () => {
    const made = deferred<EventStream>();
    const handler = ring((received) => {
      made.success(sse(received));
      return new Promise(() => {});
    });
    const clientRequest = get(await listen(express().use(handler)), { agent: false }).on("error", () => {});
    const events = await made;
    const sent = events.send({ data: "x" });
    clientRequest.destroy();
    expect(await sent).toBe(false);
    expect(await events.closed).toBe(true);
  });

  it("closes when the handler fails after it was made", async () => {
    const made = deferred<EventStream>();
    const handler = ring((received) => {
      made.success(sse(received));
      throw new Error("no");
    });
    const onError: express.ErrorRequestHandler = (_error, _req, res, _next) => void res.sendStatus(500);
    expect((await fetch(await listen(express().use(handler, onError)))).status).toBe(500);
    expect(await (await made).closed).toBe(true);
  });

  it("closes at once when only the head is asked for", async () => {
    const { url, made } = await serveEvents();
    const response = await fetch(url, { method: "HEAD" });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await (await made).closed).toBe(true);
  });

  it("holds a sender back while the client does not read, and answers it with false when the client goes", async () => {
    const { url, made } = await serveEvents();
    const response = await open(url);
    response.pause();
    const events = await made;
    const sent = Array.from({ length: 100 }, () => events.send({ data: "x".repeat(1_000_000) }));
    expect(await sent.at(0)).toBe(true);
    expect(sent.at(-1)?.isRealized).toBe(false);
    response.destroy();
    expect(await sent.at(-1)).toBe(false);
    // The sockets on the way take some megabytes, not a hundred.
    expect((await zip(...sent)).filter((accepted) => accepted).length).toBeLessThan(50);
  });

  it("sends what was sent before the close, then ends, to a client that is slow", async () => {
    const { url, made } = await serveEvents();
    const response = await open(url);
    const events = await made;
    const data = "x".repeat(100_000);
    const sent = Array.from({ length: 50 }, () => events.send({ data }));
    events.close();
    let length = 0;
    for await (const chunk of response) length += String(chunk).length;
    expect(length).toBe(50 * `data: ${data}\n\n`.length);
    expect(new Set(await zip(...sent))).toEqual(new Set([true]));
  });

  it("answers with false what was sent before the close when the client goes before it has it", async () => {
    const { url, made } = await serveEvents();
    const response = await open(url);
    response.pause();
    const events = await made;
    const sent = Array.from({ length: 100 }, () => events.send({ data: "x".repeat(1_000_000) }));
    events.close();
    expect(await sent.at(0)).toBe(true);
    response.destroy();
    expect(await sent.at(-1)).toBe(false);
  });
});

describe("too many events that wait", () => {
  it("close the stream, which the log is told of", async () => {
    const messages: string[] = [];
    const before = setLogger((_level, _error, message) => messages.push(message));
    try {
      const events = sse(request);
      const first = events.send({ data: "x" });
      for (let i = 0; i < 16_383; i++) void events.send({ data: "x" });
      expect(events.closed.isRealized).toBe(false);
      expect(await events.send({ data: "x" })).toBe(false);
      expect(events.closed.isRealized).toBe(true);
      expect(await first).toBe(false);
      expect(messages).toEqual([expect.stringContaining("16384 puts")]);
    } finally {
      setLogger(before);
    }
  });
});
