import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import compression from "compression";
import express, { type ErrorRequestHandler, type Express } from "express";
import session, { MemoryStore, type SessionData } from "express-session";
import helmet from "helmet";
import morgan from "morgan";
import { type Clock, mockClock, withClock } from "../../src/clock/index.js";
import { andThen, deferred } from "../../src/deferred/index.js";
import {
  abortSignal,
  attachWebsockets,
  expressOf,
  type RingRequest,
  ring,
  type WebsocketDuplex,
  type WebsocketOptions,
  websocketConnection,
  websocketRoute,
  withWebsockets,
} from "../../src/index.js";
import { connect, consume, put } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { running } from "../contract/websocket.js";
import { collectGarbage } from "../garbage.js";
import { get, rawClient } from "../raw-client.js";
import { connectTo, turn } from "../websocket/peers.js";
import { versions } from "./hosts.js";

const echo = (duplex: WebsocketDuplex) => connect(duplex, duplex);
const pem = (name: string) => readFileSync(new URL(`../message/certificates/${name}.pem`, import.meta.url));
const KEY = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION = "sec-websocket-version: 13";
const HANDSHAKE = ["connection: Upgrade", "upgrade: websocket", KEY, VERSION];

async function connectionsOf(server: { getConnections(f: (error: unknown, count: number) => void): void }) {
  return new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
}

describe.each(versions)("withWebsockets on %s", (_name, create) => {
  describe("an answer of middleware or routes", () => {
    it("reaches the client before any handshake", async () => {
      const app = withWebsockets(create());
      app.use(async (_req, _res, next) => {
        await turn(3);
        next();
      });
      app.get("/401", (_req, res) => void res.status(401).set("www-authenticate", "Basic").send("who are you?"));
      app.get("/302", (_req, res) => res.redirect("/login"));
      app.use(
        "/403",
        create.Router().get("/deep", (_req, res) => void res.sendStatus(403)),
      );
      app.get("/page", (_req, res) => void res.json({ plain: true }));
      app.get("/500", () => {
        throw new Error("boom");
      });
      app.get("/echo", websocketRoute(echo));
      const fail: ErrorRequestHandler = (error: Error, _req, res, _next) => void res.status(500).send(error.message);
      app.use(fail);
      await running(app, async ({ server, url }) => {
        await expect(connectTo(`${url}/401`)).rejects.toMatchObject({
          status: 401,
          headers: { "www-authenticate": "Basic", connection: "close" },
          body: "who are you?",
        });
        await expect(connectTo(`${url}/302`)).rejects.toMatchObject({ status: 302, headers: { location: "/login" } });
        await expect(connectTo(`${url}/403/deep`)).rejects.toMatchObject({ status: 403, body: "Forbidden" });
        await expect(connectTo(`${url}/404`)).rejects.toMatchObject({ status: 404 });
        await expect(connectTo(`${url}/500`)).rejects.toMatchObject({ status: 500, body: "boom" });
        await expect(connectTo(`${url}/page`)).rejects.toMatchObject({ status: 200, body: '{"plain":true}' });
        while ((await connectionsOf(server)) > 0) await turn();
        const { ws, next } = await connectTo(`${url}/echo`);
        ws.send("in");
        expect(await next()).toBe("in");
      });
    });
  });

  it("leaves the app's plain requests as they were", async () => {
    const app = withWebsockets(create());
    app.get("/plain", (_req, res) => void res.send("plain"));
    await running(app, async ({ port }) => {
      expect(await (await fetch(`http://localhost:${port}/plain`)).text()).toBe("plain");
    });
  });

  it("sends what middleware has set and hooked with the handshake", async () => {
    const lines: string[] = [];
    const app = withWebsockets(create());
    app.use(morgan(":method :url :status", { stream: { write: (line) => void lines.push(line.trim()) } }));
    app.use(helmet(), compression());
    app.use((_req, res, next) => {
      res.cookie("a", "1").cookie("b", "2").type("html").set("content-length", "5");
      const writeHead = res.writeHead.bind(res);
      res.writeHead = (...head: [number]) => {
        res.setHeader("x-late", "hooked");
        return writeHead(...head);
      };
      next();
    });
    app.get(
      "/echo",
      websocketRoute(echo, { headers: { "x-own": ["1", "2"], "x-number": 3, "x-frame-options": "DENY" } }),
    );
    await running(app, async ({ url }) => {
      const { headers, ws, next } = await connectTo(`${url}/echo`);
      expect(headers).toMatchObject({
        "set-cookie": ["a=1; Path=/", "b=2; Path=/"],
        "x-late": "hooked",
        "x-own": "1, 2",
        "x-number": "3",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        connection: "Upgrade",
        upgrade: "websocket",
      });
      expect(headers).not.toHaveProperty("content-length");
      expect(headers).not.toHaveProperty("content-type");
      ws.send("in");
      expect(await next()).toBe("in");
    });
    expect(lines).toEqual(["GET /echo 101"]);
  });
});

describe("withWebsockets", () => {
  it("is the app, once", async () => {
    const app = express();
    expect(withWebsockets(withWebsockets(app))).toBe(app);
    app.get("/echo", websocketRoute(echo));
    await running(app, async ({ server, url }) => {
      expect(server.listenerCount("upgrade")).toBe(1);
      await connectTo(`${url}/echo`);
    });
  });
});

describe("an express-session", () => {
  class SlowStore extends MemoryStore {
    override set(id: string, data: SessionData, done?: (error?: unknown) => void): void {
      setTimeout(() => super.set(id, data, done), 50);
    }
  }

  function appWith(store: session.Store): Express {
    const app = withWebsockets(express());
    app.use(session({ secret: "secret", resave: false, saveUninitialized: false, store }));
    app.get("/begin", (req, _res, next) => {
      Object.assign(req.session, { user: "ann" });
      next();
    });
    app.get(["/begin", "/nothing"], websocketRoute(echo));
    app.get("/whoami", (req, res) => void res.send((req.session as { user?: string }).user ?? "nobody"));
    return app;
  }

  it("begun on the handshake is saved before it, and its cookie comes with it", async () => {
    const store = new SlowStore();
    await running(appWith(store), async ({ port, url }) => {
      const { headers } = await connectTo(`${url}/begin`, {
        onOpen: () => expect(Object.keys((store as unknown as { sessions: object }).sessions)).toHaveLength(1),
      });
      const [cookie] = headers["set-cookie"] as string[];
      const answer = await fetch(`http://localhost:${port}/whoami`, {
        headers: { cookie: cookie?.split(";")[0] ?? "" },
      });
      expect(await answer.text()).toBe("ann");
    });
  });

  it("that nobody began is not saved", async () => {
    const store = new MemoryStore();
    await running(appWith(store), async ({ url }) => {
      const { headers } = await connectTo(`${url}/nothing`);
      expect(headers).not.toHaveProperty("set-cookie");
      expect(Object.keys((store as unknown as { sessions: object }).sessions)).toEqual([]);
    });
  });

  it("whose client leaves while it is saved fails the websocket", async () => {
    const store = new MemoryStore();
    const [saving, go] = [deferred<true>(), deferred<true>()];
    store.set = (_id, _data, done) => {
      saving.success(true);
      andThen(go, () => done?.());
    };
    const app = withWebsockets(express());
    app.use(session({ secret: "secret", resave: false, saveUninitialized: true, store }));
    const [left, outcome] = [deferred<true>(), deferred()];
    app.get(
      "/",
      ring((request) => {
        abortSignal(request).addEventListener("abort", () => left.success(true));
        websocketConnection(request).onRealized(outcome.success.bind(outcome), outcome.error.bind(outcome));
        return null;
      }),
    );
    await running(app, async ({ port }) => {
      const client = await rawClient(port);
      client.send(get("/", ...HANDSHAKE));
      await saving;
      client.leave();
      await left;
      go.success(true);
      await expect(outcome).rejects.toMatchObject({ code: "RING_WEBSOCKET_CLOSED" });
    });
  });

  it("that cannot be saved cuts the connection, and is the app's error", async () => {
    class BrokenStore extends MemoryStore {
      override set(_id: string, _data: SessionData, done: (error?: unknown) => void): void {
        setTimeout(() => done(new Error("store down")), 10);
      }
    }
    const app = appWith(new BrokenStore());
    const errors: unknown[] = [];
    const fail: ErrorRequestHandler = (error, _req, _res, next) => {
      errors.push(error);
      next(error);
    };
    app.use(fail);
    app.set("env", "test");
    await running(app, async ({ url }) => {
      const { closed } = await connectTo(`${url}/begin`);
      expect(await closed).toMatchObject({ code: 1006 });
      expect(errors).toEqual([expect.objectContaining({ message: "store down" })]);
    });
  });
});

describe("websocketConnection", () => {
  /** Serves "/", and runs `body` with its url and what the handler's deferred gave. */
  const serving = (
    options: WebsocketOptions | undefined,
    body: (url: string, port: number, outcomes: unknown[]) => Promise<void>,
  ): Promise<void> => {
    const app = withWebsockets(express());
    const outcomes: unknown[] = [];
    const handler = (request: RingRequest) => {
      websocketConnection(request, options).onRealized(
        (duplex) => {
          outcomes.push(duplex);
          connect(duplex, duplex);
        },
        (error) => outcomes.push(error),
      );
      return { status: 418, headers: {}, body: "ignored" };
    };
    app.all("/", ring(handler));
    return running(app, ({ url, port }) => body(url, port, outcomes));
  };

  it("yields a duplex, and makes the handler's own answer void", () =>
    serving(undefined, async (url, _port, outcomes) => {
      const { ws, next, headers } = await connectTo(url);
      ws.send("hello");
      expect(await next()).toBe("hello");
      expect(outcomes).toHaveLength(1);
      expect(headers).not.toHaveProperty("sec-websocket-protocol");
      expect(headers).not.toHaveProperty("sec-websocket-extensions");
    }));

  it.each([
    ["a plain GET", get("/"), /upgrade: websocket/],
    ["a POST", get("/", ...HANDSHAKE, "content-length: 0").replace("GET", "POST"), /method is POST/],
    ["a GET without a key", get("/", "connection: Upgrade", "upgrade: websocket", VERSION), /sec-websocket-key/],
    [
      "a GET with a bad key",
      get("/", "connection: Upgrade", "upgrade: websocket", VERSION, "sec-websocket-key: x"),
      /sec-websocket-key/,
    ],
    ["HTTP/1.0", get("/", ...HANDSHAKE).replace("HTTP/1.1", "HTTP/1.0"), /HTTP\/1.0/],
  ])("answers %s with 400, and fails", (_what, request, why) =>
    serving(undefined, async (_url, port, outcomes) => {
      const client = await rawClient(port);
      client.send(request);
      const answer = await client.ended();
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(answer.toLowerCase()).toContain("content-type: text/plain\r\n");
      expect(answer).toMatch(/\r\n\r\nexpected websocket request$/);
      expect(outcomes).toMatchObject([
        { code: "RING_NOT_A_WEBSOCKET_REQUEST", status: 400, message: expect.stringMatching(why) as unknown },
      ]);
    }),
  );

  // 66
  it.each(["8", "14", "x"])("answers version %s with 426 and the version it speaks, and fails", (version) =>
    serving(undefined, async (_url, port, outcomes) => {
      const client = await rawClient(port);
      client.send(get("/", "connection: Upgrade", "upgrade: websocket", KEY, `sec-websocket-version: ${version}`));
      const answer = await client.ended();
      expect(answer).toMatch(/^HTTP\/1.1 426 /);
      expect(answer.toLowerCase()).toContain("sec-websocket-version: 13\r\n");
      expect(outcomes).toMatchObject([{ code: "RING_WEBSOCKET_VERSION", status: 426 }]);
    }),
  );

  // 65
  it.each(["keep-alive, Upgrade", "upgrade", "UPGRADE,x"])("accepts `connection: %s`", (connection) =>
    serving(undefined, async (_url, port) => {
      const client = await rawClient(port);
      client.send(get("/", `connection: ${connection}`, "upgrade: WebSocket", KEY, VERSION));
      expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 101 [^]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
      client.leave();
    }),
  );

  it("answers what ws finds wrong as ws does, and fails", () =>
    serving(undefined, async (_url, port, outcomes) => {
      const client = await rawClient(port);
      client.send(get("/", ...HANDSHAKE, "sec-websocket-protocol: a,,a"));
      expect(await client.ended()).toMatch(/^HTTP\/1.1 400 /);
      expect(outcomes).toMatchObject([{ code: "RING_NOT_A_WEBSOCKET_REQUEST" }]);
    }));

  it.each<[string, WebsocketOptions, string[], string]>([
    ["none without the option", {}, ["a"], ""],
    ["the server's first that is offered", { subProtocols: ["c", "b", "a"] }, ["a", "b"], "b"],
    ["none if none is offered", { subProtocols: ["x"] }, [], ""],
    ["what a function chooses", { subProtocols: (offered) => offered.at(-1) }, ["a", "b"], "b"],
    ["none if a function chooses none", { subProtocols: () => undefined }, [], ""],
    ["what the headers say", { headers: { "Sec-WebSocket-Protocol": "b" } }, ["a", "b"], "b"],
  ])("agrees on a sub-protocol: %s", (_what, options, protocols, expected) =>
    serving(options, async (url, _port, outcomes) => {
      const attempt = connectTo(url, { protocols });
      // A client that has offered some ends the connection if none is chosen.
      if (expected === "" && protocols.length > 0) await expect(attempt).rejects.toThrow("no subprotocol");
      else expect((await attempt).ws.protocol).toBe(expected);
      const [duplex] = outcomes as [WebsocketDuplex];
      expect(duplex.protocol).toBe(expected);
      expect(duplex.description()).toMatchObject({
        sink: { websocketSelectedSubprotocol: expected === "" ? undefined : expected },
      });
    }),
  );

  it("leaves the request to the app's error handlers if what is chosen was not offered", () =>
    serving({ subProtocols: () => "x" }, async (url, _port, outcomes) => {
      await expect(connectTo(url, { protocols: ["a"] })).rejects.toMatchObject({ status: 418 });
      expect(outcomes).toMatchObject([{ code: "RING_INVALID_ARGUMENT" }]);
    }));

  // 69
  it("closes with 1009 on a message of more than 1 MiB", () =>
    serving(undefined, async (url) => {
      const { ws, next, closed } = await connectTo(url);
      ws.send("x".repeat(1_048_576));
      expect(await next()).toHaveLength(1_048_576);
      ws.send("x".repeat(1_048_577));
      expect(await closed).toMatchObject({ code: 1009 });
    }));

  it("closes with 1009 on a message of more than maxPayload", () =>
    serving({ maxPayload: 10 }, async (url) => {
      const { ws, next, closed } = await connectTo(url);
      ws.send("0123456789");
      expect(await next()).toBe("0123456789");
      ws.send("0123456789x");
      expect(await closed).toMatchObject({ code: 1009 });
    }));

  it.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ])("compresses only if both sides want to: %p, %p", (compression, perMessageDeflate, expected) =>
    serving({ compression }, async (url) => {
      const { ws, next, headers } = await connectTo(url, { perMessageDeflate });
      expect(String(headers["sec-websocket-extensions"]).startsWith("permessage-deflate")).toBe(expected);
      const text = "again and ".repeat(10_000);
      for (let i = 0; i < 10; i++) ws.send(text);
      for (let i = 0; i < 10; i++) expect(await next()).toBe(text);
    }),
  );

  // 70
  it("gives bytes only with rawStream", () =>
    serving({ rawStream: true }, async (url) => {
      const { ws, next } = await connectTo(url);
      ws.send("text");
      expect(await next()).toEqual(Buffer.from("text"));
    }));

  it.each<[string, WebsocketOptions["origins"], string | undefined, boolean]>([
    ["one of the list", ["https://a.example", "https://b.example"], "https://b.example", true],
    ["another than the list's", ["https://a.example"], "https://a.example.evil", false],
    ["none, with a list", ["https://a.example"], undefined, true],
    ["one that a function likes", (origin) => origin === "null", "null", true],
    ["none that a function dislikes", (origin) => origin !== undefined, undefined, false],
  ])("lets in by origin: %s", (_what, origins, origin, expected) =>
    serving({ origins }, async (url, _port, outcomes) => {
      const attempt = connectTo(url, origin === undefined ? {} : { origin });
      if (expected) await attempt;
      else {
        await expect(attempt).rejects.toMatchObject({ status: 403, body: "origin not allowed" });
        expect(outcomes).toMatchObject([{ code: "RING_ORIGIN_REFUSED" }]);
      }
    }),
  );

  it.each<[string, WebsocketOptions["verify"], boolean]>([
    ["let in", (request) => request.headers["x-key"] === "open", true],
    ["let in later", async (request) => request.headers["x-key"] === "open", true],
    ["refused", () => false, false],
    ["refused later", async () => false, false],
  ])("asks verify: %s", (_what, verify, expected) =>
    serving({ verify }, async (url, _port, outcomes) => {
      const attempt = connectTo(url, { headers: { "x-key": "open" } });
      if (expected) {
        const { ws, next } = await attempt;
        ws.send("hello");
        expect(await next()).toBe("hello");
      } else {
        await expect(attempt).rejects.toMatchObject({ status: 403, body: "forbidden" });
        expect(outcomes).toMatchObject([{ code: "RING_WEBSOCKET_REFUSED", status: 403 }]);
      }
    }),
  );

  it("is the handler's failure when verify throws", async () => {
    const app = withWebsockets(express());
    const verify = (): boolean => {
      throw new SyntaxError("boom");
    };
    app.get("/", websocketRoute(echo, { verify }));
    app.use(((error: Error, _req, res, _next) => void res.status(503).send(error.name)) as ErrorRequestHandler);
    await running(app, ({ url }) => expect(connectTo(url)).rejects.toMatchObject({ status: 503, body: "SyntaxError" }));
  });

  it("answers 500, and fails, when verify rejects, which is reported once", () =>
    withLog(async (log) => {
      const app = withWebsockets(express());
      app.get("/", websocketRoute(echo, { verify: () => Promise.reject(new SyntaxError("boom")) }));
      await running(app, ({ url }) => expect(connectTo(url)).rejects.toMatchObject({ status: 500, body: "" }));
      expect(log).toMatchObject([{ level: "error", error: { name: "SyntaxError" } }]);
    }));

  it("cuts a handshake that takes longer than handshakeTimeout, and fails", async () => {
    const clock = mockClock();
    const asked = deferred<boolean>();
    const verify = () => {
      asked.success(true);
      return deferred<boolean>();
    };
    await serving({ verify, clock, handshakeTimeout: 5000 }, async (url, _port, outcomes) => {
      const failure = connectTo(url).catch((error: unknown) => error);
      await asked;
      clock.advance(4999);
      await turn(5);
      expect(outcomes).toEqual([]);
      clock.advance(1);
      expect(await failure).toMatchObject({ code: "ECONNRESET" });
      expect(outcomes).toMatchObject([{ code: "RING_HANDSHAKE_TIMEOUT" }]);
      expect((outcomes[0] as Error).message).toContain("5000 milliseconds");
    });
  });

  it("leaves no timer of the handshake behind", async () => {
    const clock = mockClock();
    let timers = 0;
    const counting: Clock = {
      ...clock,
      in(milliseconds, f) {
        const cancel = clock.in(milliseconds, f);
        timers++;
        return () => {
          timers--;
          cancel();
        };
      },
    };
    await serving({ clock: counting }, async (url) => {
      await connectTo(url);
      expect(timers).toBe(0);
    });
  });

  it("gives the socket of ws to pipelineTransform, before anything is received", async () => {
    const given: unknown[] = [];
    const pipelineTransform: WebsocketOptions["pipelineTransform"] = (ws, connection) => {
      given.push(ws.readyState, (connection as Socket).remotePort !== undefined);
      ws.on("message", (data: Buffer) => given.push(data.toString()));
    };
    await serving({ pipelineTransform }, async (url) => {
      const { next } = await connectTo(url, { onOpen: (ws) => ws.send("early") });
      expect(await next()).toBe("early");
      expect(given).toEqual([1, true, "early"]);
    });
  });

  it.each<WebsocketOptions>([
    { headers: { "x-a": "1\r\nx-b: 2" } },
    { headers: { "x-a": ["fine", "not\nfine"] } },
    { headers: { "no name": "1" } },
    { maxPayload: 0 },
    { maxPayload: 1.5 },
    { closeTimeout: -1 },
    { heartbeats: { sendAfterIdle: 10, payload: "x".repeat(126) } },
    { heartbeats: { sendAfterIdle: Number.NaN } },
    { heartbeats: { sendafteridle: 10 } as object },
    { handshakeTimeout: 0 },
    { maxFrameSize: 10 } as object,
    // 68.
    { compression: true, allowExtensions: false },
  ])("refuses %j at once", (options) => {
    const invalid = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });
    expect(() => websocketConnection({} as RingRequest, options)).toThrow(invalid);
    expect(() => websocketRoute(echo, options)).toThrow(invalid);
  });

  it("fails on a request without a server behind it", async () => {
    await expect(websocketConnection({ headers: {} } as RingRequest)).rejects.toMatchObject({
      code: "RING_NO_EXCHANGE",
    });
  });

  it("fails the second time, and the first one goes on", async () => {
    const app = withWebsockets(express());
    const second = deferred();
    app.get(
      "/",
      ring((request) => {
        andThen(websocketConnection(request), echo);
        websocketConnection(request).onRealized(second.success.bind(second), second.error.bind(second));
        return null;
      }),
    );
    await running(app, async ({ url }) => {
      const { ws, next } = await connectTo(url);
      await expect(second).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
      ws.send("first");
      expect(await next()).toBe("first");
    });
  });

  it("names the remedy on a server that routes no upgrade requests", () =>
    withLog(async (log) => {
      const app = express();
      app.get("/", websocketRoute(echo));
      await running(app, async ({ url }) => {
        await expect(connectTo(url)).rejects.toMatchObject({ status: 400 });
      });
      expect(log).toMatchObject([
        { level: "warn", error: { message: expect.stringContaining("withWebsockets(app)") as unknown } },
      ]);
    }));

  it.each(["reset", "leave"] as const)("fails if the client leaves before the handshake (%s)", async (how) => {
    const app = withWebsockets(express());
    const [reached, outcome] = [deferred<true>(), deferred()];
    app.get(
      "/",
      ring(async (request) => {
        const left = once(abortSignal(request), "abort");
        reached.success(true);
        await left;
        websocketConnection(request).onRealized(outcome.success.bind(outcome), outcome.error.bind(outcome));
        return null;
      }),
    );
    await running(app, async ({ port }) => {
      const client = await rawClient(port);
      client.send(get("/", ...HANDSHAKE));
      await reached;
      client[how]();
      await expect(outcome).rejects.toMatchObject({ code: "RING_WEBSOCKET_CLOSED" });
    });
  });

  it("tells the abort signal of the request when the websocket ends, asked for before or after it began", async () => {
    const app = withWebsockets(express());
    const [before, after] = [deferred<AbortSignal>(), deferred<AbortSignal>()];
    app.get("/", (req, _res, next) => {
      const signal = new AbortController();
      req.res?.on("close", () => signal.abort());
      before.success(signal.signal);
      next();
    });
    app.get(
      "/",
      websocketRoute((_duplex, request) => after.success(abortSignal(request))),
    );
    await running(app, async ({ url }) => {
      const { ws } = await connectTo(url);
      const signals = [await before, await after];
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
      const aborted = signals.map((signal) => once(signal, "abort"));
      ws.close();
      await Promise.all(aborted);
    });
  });

  it("closes with 1011 when the handler fails before the handshake is complete", () =>
    withLog(async (log) => {
      const app = withWebsockets(express());
      app.use(session({ secret: "secret", resave: false, saveUninitialized: true }));
      app.get(
        "/",
        ring((request) => {
          websocketConnection(request);
          throw new Error("boom");
        }),
      );
      await running(app, async ({ url }) => {
        expect(await (await connectTo(url)).closed).toMatchObject({ code: 1011 });
      });
      expect(log).toMatchObject([{ error: { message: "boom" } }]);
    }));

  it.each([
    ["throws when the response ends", { end: true }],
    ["throws when its head is written", { end: false }],
  ])("fails, is logged, and cuts the connection, if middleware %s", (_what, { end }) =>
    withLog(async (log) => {
      const app = withWebsockets(express());
      app.use((_req, res, next) => {
        const fail = (): never => {
          throw new Error("boom");
        };
        if (end) res.end = fail;
        else res.writeHead = fail;
        next();
      });
      const outcome = deferred();
      app.get(
        "/",
        ring((request) => {
          const made = websocketConnection(request);
          made.onRealized(outcome.success.bind(outcome), outcome.error.bind(outcome));
          return made as never;
        }),
      );
      await running(app, async ({ url }) => {
        await expect(connectTo(url)).rejects.toThrow("socket hang up");
        await expect(outcome).rejects.toThrow("boom");
      });
      expect(log).toMatchObject([{ error: { message: "boom" } }]);
    }),
  );

  it("gives Express's request and response to the handler", async () => {
    const app = withWebsockets(express());
    const seen = deferred();
    app.get(
      "/:name",
      websocketRoute((_duplex, request) => {
        const { req, res } = expressOf(request);
        seen.success([req.params, res.headersSent, res.statusCode]);
      }),
    );
    await running(app, async ({ url }) => {
      await connectTo(`${url}/x`);
      expect(await seen).toEqual([{ name: "x" }, true, 101]);
    });
  });
});

describe("an upgrade request that is no websocket handshake", () => {
  const H2C = ["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"];
  const post = (...lines: string[]) =>
    get("/body", ...H2C, "content-type: text/plain", ...lines).replace("GET", "POST");

  function app(): Express {
    const made = withWebsockets(express());
    made.post("/body", express.text(), (req, res) => {
      const { upgrade, connection } = req.headers;
      res.json([req.body, upgrade, connection, req.rawHeaders.includes("h2c")]);
    });
    made.get("/plain", (_req, res) => void res.send("plain"));
    made.get("/echo", websocketRoute(echo));
    return made;
  }

  const answer = (body: string) => `\r\n\r\n${JSON.stringify([body, "h2c", "Upgrade, HTTP2-Settings", true])}`;

  it("is served with its body, whole or in pieces, and its connection goes on", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      client.send(`${post("content-length: 10")}0123456789`);
      await client.until(/"0123456789"/);
      expect(client.received()).toContain(answer("0123456789"));
      client.send(`${post("content-length: 10")}abc`);
      await turn(5);
      client.send("defghij");
      await client.until(/"abcdefghij"/);
      client.send(`${post("transfer-encoding: chunked")}3\r\none\r\n`);
      await turn(5);
      client.send("4\r\n-two\r\n0\r\n\r\n");
      await client.until(/"one-two"/);
      client.send(get("/plain"));
      await client.until(/\r\n\r\nplain$/);
      client.send(get("/echo", ...HANDSHAKE));
      await client.until(/ 101 /);
      expect(client.received().match(/HTTP\/1.1 \d+/g)).toEqual([
        ...Array<string>(4).fill("HTTP/1.1 200"),
        "HTTP/1.1 101",
      ]);
      client.leave();
    }));

  it("is one for a websocket that comes with a body, whose bytes would be taken for frames", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      for (const body of [
        "content-length: 2\r\n\r\n\x88\x00",
        "transfer-encoding: chunked\r\n\r\n2\r\n\x88\x00\r\n0\r\n\r\n",
      ]) {
        client.send(get("/echo", ...HANDSHAKE).replace(/\r\n$/, body));
        await client.until(/ 400 [^]*expected websocket request$/);
      }
      expect(client.received()).not.toContain(" 101 ");
      client.leave();
    }));

  it("is served in its turn when it is sent ahead of answers", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      client.send(`${get("/plain")}${post("content-length: 1")}x`);
      // From Node 25 on, Node itself loses what comes in one piece with the body of an upgrade request.
      if (Number.parseInt(process.versions.node, 10) >= 25) await client.until(/plain[^]*"x"/);
      client.send(get("/plain"));
      expect((await client.until(/plain[^]*"x"[^]*plain$/)).match(/ 200 /g)).toHaveLength(3);
      client.leave();
    }));

  it("leaves nothing behind on its connection, however often", async () => {
    const warnings: unknown[] = [];
    const collect = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", collect);
    await running(app(), async ({ server, port }) => {
      const sockets: Socket[] = [];
      server.prependListener("connection", (socket) => sockets.push(socket));
      const client = await rawClient(port);
      for (let i = 0; i < 30; i++) {
        client.send(`${post("content-length: 2")}${i + 10}`);
        await client.until(new RegExp(`"${i + 10}"`));
      }
      await turn(3);
      const [socket] = sockets as [Socket];
      for (const event of socket.eventNames()) expect(socket.listenerCount(event)).toBeLessThan(4);
      expect(server.listenerCount("request")).toBe(1);
      client.leave();
    });
    process.off("warning", collect);
    expect(warnings).toEqual([]);
  });

  it("may expect a 100", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      client.send(post("content-length: 5", "expect: 100-continue"));
      await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n/);
      client.send("hello");
      expect(await client.until(/"hello"/)).toContain(" 200 ");
      client.leave();
    }));

  it("has no part in what follows if Node answers it itself", () => {
    const made = app();
    made.get("/headers", (req, res) => void res.json(req.headers));
    return running(made, async ({ port }) => {
      const client = await rawClient(port);
      client.send(post("expect: something-else"));
      await client.until(/ 417 /);
      client.send(get("/headers"));
      expect(await client.until(/\}$/)).toMatch(/\{"host":"localhost"\}$/);
      client.leave();
    });
  });

  it("is refused if Node has dropped some of its headers", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      const junk = Array<string>(1000).fill("a: b");
      client.send(`${post(...junk, "transfer-encoding: chunked")}3\r\none\r\n0\r\n\r\n`);
      expect(await client.ended()).toMatch(/^HTTP\/1.1 431 /);
    }));

  it("may be a GET for any protocol", () =>
    running(app(), async ({ port }) => {
      const client = await rawClient(port);
      client.send(get("/plain", "connection: upgrade", "upgrade: something/1"));
      expect(await client.until(/\r\n\r\nplain$/)).toMatch(/^HTTP\/1.1 200 /);
      client.leave();
    }));
});

describe("a handshake sent ahead of the answers to earlier requests", () => {
  it("waits for its turn", async () => {
    const app = withWebsockets(express());
    const go = deferred<true>();
    app.get("/slow/:n", async (req, res) => {
      await go;
      res.send(`slow ${req.params.n}`);
    });
    app.get(
      "/echo",
      websocketRoute((duplex) => put(duplex, "hello")),
    );
    await running(app, async ({ port }) => {
      const client = await rawClient(port);
      client.send(get("/slow/1") + get("/slow/2") + get("/echo", ...HANDSHAKE));
      await turn(10);
      expect(client.received()).toBe("");
      go.success(true);
      expect(await client.until(/hello$/)).toMatch(/slow 1[^]*slow 2[^]* 101 /);
      client.leave();
    });
  });

  it("is forgotten when the client leaves meanwhile", async () => {
    const app = withWebsockets(express());
    const routed = jest.fn();
    const [reached, go] = [deferred<true>(), deferred<true>()];
    app.get("/slow", async (_req, res) => {
      reached.success(true);
      await go;
      res.send("slow");
    });
    app.get("/echo", websocketRoute(routed));
    await running(app, async ({ server, port }) => {
      const client = await rawClient(port);
      client.send(get("/slow") + get("/echo", ...HANDSHAKE));
      await reached;
      client.reset();
      while ((await connectionsOf(server)) > 0) await turn();
      go.success(true);
      await turn(5);
      expect(routed).not.toHaveBeenCalled();
    });
  });
});

describe("a client that resets the connection while the app thinks", () => {
  it("does no harm", async () => {
    const app = withWebsockets(express());
    const [reached, go, answered] = [deferred<true>(), deferred<true>(), deferred<boolean>()];
    app.get("/", async (_req, res) => {
      reached.success(true);
      await go;
      res.status(401).send("no");
      answered.success(res.headersSent);
    });
    await running(app, async ({ server, port }) => {
      const client = await rawClient(port);
      client.send(get("/", ...HANDSHAKE));
      await reached;
      client.reset();
      while ((await connectionsOf(server)) > 0) await turn();
      go.success(true);
      expect(await answered).toBe(true);
    });
  });
});

describe("a websocketRoute", () => {
  it("answers what is no handshake, and has nothing to report", () =>
    withLog(async (log) => {
      const app = withWebsockets(express());
      const handler = jest.fn();
      app.get("/", websocketRoute(handler, { origins: ["https://a.example"] }));
      await running(app, async ({ port, url }) => {
        const answer = await fetch(`http://localhost:${port}/`);
        expect([answer.status, await answer.text()]).toEqual([400, "expected websocket request"]);
        await expect(connectTo(url, { origin: "https://b.example" })).rejects.toMatchObject({ status: 403 });
      });
      expect(handler).not.toHaveBeenCalled();
      expect(log).toEqual([]);
    }));
});

describe("a closing server", () => {
  it("sends 1001, and ends when its websockets have ended", async () => {
    const app = withWebsockets(express());
    app.get("/", websocketRoute(echo));
    await running(app, async ({ server, url }) => {
      const clients = await Promise.all([connectTo(url), connectTo(url), connectTo(url)]);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const client of clients) expect(await client.closed).toEqual({ code: 1001, reason: "" });
      expect(await closed).toBeUndefined();
    });
  });

  it("cuts off those that do not answer within closeTimeout", async () => {
    const clock = mockClock();
    const app = withWebsockets(express(), { closeTimeout: 500 });
    app.get("/", websocketRoute(echo, { closeTimeout: 60_000 }));
    await running(app, async ({ server, url }) => {
      const { ws, closed } = await connectTo(url);
      ws.pause();
      const ended = new Promise((resolve) => withClock(clock, () => server.close(resolve)));
      clock.advance(499);
      await turn(10);
      expect(await connectionsOf(server)).toBe(1);
      clock.advance(1);
      await ended;
      ws.resume();
      await closed;
    });
  });

  it("tells them the closeCode, and refuses one that must not be sent", async () => {
    const app = withWebsockets(express(), { closeCode: 1012 });
    app.get("/", websocketRoute(echo));
    await running(app, async ({ server, url }) => {
      const { closed } = await connectTo(url);
      server.close();
      expect((await closed).code).toBe(1012);
    });
    expect(() => withWebsockets(express(), { closeCode: 1006 })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("keep nothing of their requests, and still tell a response that they are closed", async () => {
    const app = withWebsockets(express());
    const closed = deferred<true>();
    const responses: WeakRef<object>[] = [];
    app.get("/", (_req, res, next) => {
      responses.push(new WeakRef(res));
      next();
    });
    app.get(
      "/",
      websocketRoute((duplex, request) => {
        consume((message) => {
          // Somebody listens late, and for one of them only.
          if (message === "listen") expressOf(request).res.once("close", () => closed.success(true));
        }, duplex);
      }),
    );
    app.get("/idle", (_req, res, next) => {
      responses.push(new WeakRef(res));
      next();
    });
    app.get(
      "/idle",
      websocketRoute(() => {}),
    );
    await running(app, async ({ url }) => {
      const listening = await connectTo(url);
      const idle = await connectTo(`${url}/idle`);
      listening.ws.send("listen");
      await turn(20);
      collectGarbage();
      expect(responses.map((response) => response.deref() !== undefined)).toEqual([true, false]);
      listening.ws.close();
      expect(await closed).toBe(true);
      idle.ws.close();
    });
  });

  it("sends 1001 also where the handshake was under way", async () => {
    const app = withWebsockets(express());
    const [reached, go] = [deferred<true>(), deferred<true>()];
    app.use(async (_req, _res, next) => {
      reached.success(true);
      await go;
      next();
    });
    app.get("/", websocketRoute(echo));
    await running(app, async ({ server, url }) => {
      const client = connectTo(url);
      await reached;
      const ended = new Promise((resolve) => server.close(resolve));
      go.success(true);
      expect(await (await client).closed).toEqual({ code: 1001, reason: "" });
      await ended;
    });
  });

  it("opens websockets again when it listens again", async () => {
    const app = express();
    app.get("/", websocketRoute(echo));
    const server = createServer(app);
    attachWebsockets(server, app);
    for (let i = 0; i < 2; i++) {
      server.listen(0);
      await once(server, "listening");
      const { ws, next, closed } = await connectTo(`ws://localhost:${(server.address() as AddressInfo).port}`);
      ws.send("hello");
      expect(await next()).toBe("hello");
      const ended = once(server, "close");
      server.close();
      expect(await closed).toMatchObject({ code: 1001 });
      await ended;
    }
  });
});

describe("attachWebsockets", () => {
  it("serves wss on a server of https, and other upgrades there", async () => {
    const app = express();
    app.get(
      "/echo",
      websocketRoute((duplex, request) => put(duplex, request.scheme)),
    );
    app.post("/body", express.text(), (req, res) => void res.send(req.body));
    const server = createTlsServer({ key: pem("server-key"), cert: pem("server") }, app);
    attachWebsockets(server, app);
    server.listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { next, ws } = await connectTo(`wss://localhost:${port}/echo`, { rejectUnauthorized: false });
    expect(await next()).toBe("https");
    ws.terminate();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });

  it("routes once, however often it is called", async () => {
    const app = express();
    const route = jest.fn(echo);
    app.get("/", websocketRoute(route));
    const server = createServer(app);
    attachWebsockets(server, app);
    attachWebsockets(server, app);
    server.listen(0);
    await once(server, "listening");
    const { ws, closed } = await connectTo(`ws://localhost:${(server.address() as AddressInfo).port}`);
    expect(route).toHaveBeenCalledTimes(1);
    ws.close();
    await closed;
    server.close();
    await once(server, "close");
  });

  it("leaves to others what `accept` does not accept", async () => {
    const app = express();
    app.get(
      "/mine",
      websocketRoute((duplex) => put(duplex, "mine")),
    );
    const server = createServer(app);
    attachWebsockets(server, app, { accept: (req) => req.url !== "/theirs" });
    server.on("upgrade", (req, socket) => {
      if (req.url === "/theirs") socket.end("HTTP/1.1 410 Gone\r\n\r\n");
    });
    server.listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { next, ws } = await connectTo(`ws://localhost:${port}/mine`);
    expect(await next()).toBe("mine");
    await expect(connectTo(`ws://localhost:${port}/theirs`)).rejects.toMatchObject({ status: 410 });
    ws.terminate();
    server.close();
    await once(server, "close");
  });

  it("answers Node's own client as well", async () => {
    const app = withWebsockets(express());
    app.get("/", websocketRoute(echo));
    await running(app, async ({ port }) => {
      const request = httpRequest({ port, headers: Object.fromEntries(HANDSHAKE.map((line) => line.split(": "))) });
      request.end();
      const [response, socket] = (await once(request, "upgrade")) as [{ statusCode: number }, Socket];
      expect(response.statusCode).toBe(101);
      socket.destroy();
    });
  });
});
