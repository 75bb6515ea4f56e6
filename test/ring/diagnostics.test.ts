import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectSocket } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { deferred, success } from "../../src/deferred/index.js";
import * as http from "../../src/http/index.js";
import { context, expressOf, ring, router, toFetch, websocketConnection } from "../../src/index.js";
import { type DiagnosticsEvents, type RequestEvent, subscribe } from "../../src/ring/diagnostics/index.js";
import { requestEventOf } from "../../src/ring/diagnostics/requests.js";
import type { Handler } from "../../src/ring/types.js";
import { close, connect, put, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { started } from "../http/server/start.js";
import { openSocket } from "../websocket/over-http2.js";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function listen<Name extends keyof DiagnosticsEvents>(name: Name): Promise<DiagnosticsEvents[Name]> {
  return new Promise((resolve) => stops.push(subscribe(name, resolve)));
}

function gather<Name extends keyof DiagnosticsEvents>(name: Name): DiagnosticsEvents[Name][] {
  const events: DiagnosticsEvents[Name][] = [];
  stops.push(subscribe(name, (event) => events.push(event)));
  return events;
}

const ok: Handler = () => ({ status: 201, body: "made" });
const ofRequests = "express-ring:request:";

describe("express-ring:request", () => {
  it("starts before the handler and ends when the answer was sent, in one object", async () => {
    const begun = gather(`${ofRequests}start`);
    const seen: unknown[] = [];
    const handler: Handler = (request) => {
      seen.push(begun[0]?.request === request, begun[0]?.duration);
      return { status: 201, body: "made" };
    };
    const ended = listen(`${ofRequests}end`);
    const { port } = await started(handler);
    await (await fetch(`http://localhost:${port}/things?a=1`)).text();
    const event = await ended;
    expect(seen).toEqual([true, undefined]);
    expect(event).toBe(begun[0]);
    expect(event).toMatchObject({ handler, status: 201, isComplete: true, error: undefined, route: undefined });
    expect(event.request.uri).toBe("/things");
    expect(event.duration).toBeGreaterThan(0);
    expect(event.startTime).toBeLessThanOrEqual(performance.now());
  });

  it("does not end while the body is being sent", async () => {
    const events = gather(`${ofRequests}end`);
    const body = stream<string>();
    const { port } = await started(() => ({ status: 200, body }));
    const response = await fetch(`http://localhost:${port}/`);
    const ended = listen(`${ofRequests}end`);
    await put(body, "first");
    expect(events).toEqual([]);
    close(body);
    await response.text();
    expect(await ended).toMatchObject({ isComplete: true });
  });

  it("tells the route of the router, through mounts and past what did not answer", async () => {
    const nothing = (): null => null;
    const app = router({
      "GET /:page": nothing,
      "/users/:user": router({ "GET /drafts/:draft": nothing, "GET /": ok }),
      ...context("/teams/:team", { "GET /members/:member": ok, "/deep": router({ "GET /er": ok }) }),
      "/": router({ "GET /at-root": ok }),
      "GET /users/:user/drafts/:last": ok,
    });
    const { port } = await started(app);
    const routeOf = async (path: string): Promise<string | undefined> => {
      const ended = listen(`${ofRequests}end`);
      await (await fetch(`http://localhost:${port}${path}`)).text();
      return (await ended).route;
    };
    expect(await routeOf("/users/7")).toBe("/users/:user");
    expect(await routeOf("/teams/1/members/2")).toBe("/teams/:team/members/:member");
    expect(await routeOf("/teams/1/deep/er")).toBe("/teams/:team/deep/er");
    expect(await routeOf("/at-root")).toBe("/at-root");
    expect(await routeOf("/users/7/drafts/3")).toBe("/users/:user/drafts/:last");
  });

  it("is one in Express, however many handlers pass it on, with Express's route", async () => {
    const begun = gather(`${ofRequests}start`);
    const api = express.Router().get("/users/:id", ring(ok));
    const app = express()
      .use(ring(() => null))
      .use("/api", api)
      .use((_req, res) => void res.status(404).end());
    const { port } = await started(() => null, { fallback: app });
    const first = listen(`${ofRequests}end`);
    await (await fetch(`http://localhost:${port}/api/users/7`)).text();
    expect(await first).toMatchObject({ route: "/api/users/:id", status: 201, handler: ok });
    const second = listen(`${ofRequests}end`);
    await (await fetch(`http://localhost:${port}/elsewhere`)).text();
    expect(await second).toMatchObject({ route: undefined, status: 404, isComplete: true });
    expect(begun).toHaveLength(2);
  });

  it("tells what the handler failed with, before the end", async () => {
    await withLog(async () => {
      const error = new Error("no database");
      const failed = listen(`${ofRequests}error`);
      const ended = listen(`${ofRequests}end`);
      const { port } = await started(async () => {
        throw error;
      });
      await (await fetch(`http://localhost:${port}/`)).text();
      expect((await failed).error).toBe(error);
      expect(await ended).toMatchObject({ status: 500, isComplete: true, error });
    });
  });

  it("tells of a body that fails in the middle", async () => {
    await withLog(async () => {
      const error = new Error("no more rows");
      const gate = deferred<void>();
      const ended = listen(`${ofRequests}end`);
      const { port } = await started(() => ({
        status: 200,
        body: (async function* () {
          yield "first";
          await gate;
          throw error;
        })(),
      }));
      const response = await fetch(`http://localhost:${port}/`);
      success(gate, undefined);
      await expect(response.text()).rejects.toMatchObject({});
      expect(await ended).toMatchObject({ status: 200, isComplete: false, error });
    });
  });

  it("has no status if the client leaves before there is an answer", async () => {
    const asked = listen(`${ofRequests}start`);
    const ended = listen(`${ofRequests}end`);
    const { port } = await started(() => deferred<null>());
    const socket = connectSocket(port, "localhost");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await asked;
    socket.destroy();
    expect(await ended).toMatchObject({ status: undefined, isComplete: false, error: undefined });
  });

  it("is told of requests of fetch, too", async () => {
    const ended = listen(`${ofRequests}end`);
    const answer = toFetch(ok);
    await (await answer(new Request("http://localhost/x"))).text();
    expect(await ended).toMatchObject({ status: 201, isComplete: true });
    const passed = listen(`${ofRequests}end`);
    await toFetch(() => null)(new Request("http://localhost/x"));
    expect(await passed).toMatchObject({ status: undefined });
  });

  const asNodes: Handler = (request) => {
    expressOf(request);
    return { status: 201, body: "made" };
  };
  it.each<[string, Handler, string | undefined]>([
    ["no body", ok, undefined],
    ["a body", ok, "x"],
    ["Node's request asked for", asNodes, undefined],
  ])("is told over HTTP/2, with %s", async (_what, handler, body) => {
    const begun = gather(`${ofRequests}start`);
    const ended = listen(`${ofRequests}end`);
    const { port } = await started(handler, { httpVersions: ["http2"], useH2c: true });
    const session = connectHttp2(`http://localhost:${port}`);
    const stream = session.request({ ":path": "/x", ":method": body === undefined ? "GET" : "POST" });
    stream.end(body).resume();
    expect(await ended).toMatchObject({ status: 201, isComplete: true });
    expect(begun).toHaveLength(1);
    session.close();
  });

  it("leaves no trace while nobody listens, nor when nobody does any more", async () => {
    const events: (RequestEvent | undefined)[] = [];
    const listeners: (number | undefined)[] = [];
    const app = express().use(
      ring((request) => {
        events.push(requestEventOf(request));
        return null;
      }),
      (_req, res) => {
        listeners.push(res.listenerCount("close"));
        res.end();
      },
    );
    const { port } = await started(() => null, { fallback: app });
    const ask = async (): Promise<string> => (await fetch(`http://localhost:${port}/`)).text();
    await ask();
    const stop = subscribe(`${ofRequests}end`, () => {});
    await ask();
    stop();
    await ask();
    const [before, during, after] = listeners as [number, number, number];
    expect(events.map((event) => event !== undefined)).toEqual([false, true, false]);
    expect(during).toBe(before + 1);
    expect(after).toBe(before);
  });
});

describe("express-ring:websocket", () => {
  it("opens and closes on both sides, and ends the request with 101", async () => {
    const opened = gather("express-ring:websocket:open");
    const ended = listen(`${ofRequests}end`);
    const closed: unknown[] = [];
    const both = deferred<void>();
    stops.push(
      subscribe("express-ring:websocket:close", (event) => {
        if (closed.push(event) === 2) success(both, undefined);
      }),
    );
    let listeners: (() => number) | undefined;
    const { port } = await started(async (request) => {
      const { res } = expressOf(request);
      listeners = () => res.listenerCount("close");
      const duplex = await websocketConnection(request);
      connect(duplex, duplex);
      return null;
    });
    const client = await http.websocketClient(`ws://localhost:${port}/echo?token=secret`);
    expect(await ended).toMatchObject({ status: 101, isComplete: true });
    // Nothing keeps the request of an open websocket.
    expect(listeners?.()).toBe(0);
    await client.put("hello");
    expect(await client.take()).toBe("hello");
    http.websocketClose(client, 4001, "enough");
    await both;
    const server = opened.find(({ side }) => side === "server");
    expect(server).toMatchObject({ url: "/echo", code: 4001, reason: "enough", wasClean: true });
    expect(server?.request?.uri).toBe("/echo");
    expect(server?.duration).toBeGreaterThan(0);
    expect(opened.find(({ side }) => side === "client")).toMatchObject({
      url: `ws://localhost:${port}/echo`,
      websocket: client,
      request: undefined,
      code: 4001,
    });
    expect(closed).toHaveLength(2);
    expect(opened).toEqual(expect.arrayContaining(closed));
  });
});

describe("express-ring:websocket, over HTTP/2", () => {
  it("opens and closes, and ends the request with 200", async () => {
    const ended = listen(`${ofRequests}end`);
    const opened = listen("express-ring:websocket:open");
    const closed = listen("express-ring:websocket:close");
    const { port } = await started(
      async (request) => {
        const duplex = await websocketConnection(request);
        connect(duplex, duplex);
        return null;
      },
      { httpVersions: ["http2"], useH2c: true },
    );
    const session = connectHttp2(`http://localhost:${port}`);
    await once(session, "remoteSettings");
    const client = await openSocket(session, { ":path": "/echo?token=secret" });
    expect(await ended).toMatchObject({ status: 200, isComplete: true });
    expect(await opened).toMatchObject({ url: "/echo", side: "server" });
    session.destroy();
    expect(await closed).toBe(await opened);
    expect((await closed).code).toBe(1006);
    expect(client.headers[":status"]).toBe(200);
  });
});

describe("express-ring:client", () => {
  it("starts, answers and ends, in one object; what is added to the headers is sent", async () => {
    const { port } = await started(({ headers }) => ({ status: 200, body: headers["traceparent"] ?? "none" }));
    const answered = gather("express-ring:client:response");
    const ended = listen("express-ring:client:end");
    stops.push(
      subscribe("express-ring:client:start", ({ headers }) => {
        headers["traceparent"] = "00-1-2-01";
      }),
    );
    const url = `http://localhost:${port}/x?y=1`;
    expect((await http.get(url, { as: "string" })).body).toBe("00-1-2-01");
    const event = await ended;
    expect(answered).toEqual([event]);
    expect(event).toMatchObject({ method: "GET", url, status: 200, protocolVersion: "HTTP/1.1", error: undefined });
    expect(event.duration).toBeGreaterThan(0);
  });

  it("ends when its reader leaves the body, once", async () => {
    const ended = gather("express-ring:client:end");
    const failed = gather("express-ring:client:error");
    const body = stream<string>();
    const { port } = await started(() => ({ status: 200, body }));
    const response = await http.get(`http://localhost:${port}/`);
    expect(ended).toEqual([]);
    response.close();
    await once(response.body, "close");
    close(body);
    expect(ended).toHaveLength(1);
    expect(failed).toEqual([]);
  });

  it.each([
    ["nobody listens", (port: number) => http.get(`http://localhost:${port}/`), "ECONNREFUSED"],
    [
      "it was cancelled",
      (port: number) => {
        const asked = http.get(`http://localhost:${port}/`);
        http.cancelRequest(asked);
        return asked;
      },
      "RING_REQUEST_CANCELLED",
    ],
  ])("fails if %s, and does not end", async (_why, ask, code) => {
    const server = await started(ok);
    const { port } = server;
    await server.close();
    const failed = listen("express-ring:client:error");
    const ended = jest.fn();
    stops.push(subscribe("express-ring:client:end", ended));
    await expect(ask(port)).rejects.toMatchObject({ code });
    expect((await failed).error).toMatchObject({ code });
    expect(ended).not.toHaveBeenCalled();
  });
});
