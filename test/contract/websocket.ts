/** What a websocket route does, wherever it is mounted. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import cookieParser from "cookie-parser";
import type { Express, RequestHandler, Router } from "express";
import session from "express-session";
import { andThen } from "../../src/deferred/index.js";
import {
  expressOf,
  type RingRequest,
  type WebsocketDuplex,
  type WebsocketHandler,
  websocketClose,
  websocketPing,
} from "../../src/index.js";
import { connect, put, take } from "../../src/stream/index.js";
import { connectTo, sendFragments, turn } from "../websocket/peers.js";
import { withLog } from "./host.js";

/** An app, or a router of it. */
export type Mountable = Express | Router;

/** A way to have websockets in an Express app. */
export interface WebsocketMount {
  readonly name: string;
  /** Makes an app that can have websocket routes. */
  readonly app: () => Express;
  readonly router: () => Router;
  /** Mounts a handler, behind middleware. */
  readonly route: (target: Mountable, path: string, handler: WebsocketHandler, ...before: RequestHandler[]) => void;
  /** The status of the answer to a plain request for the path of a route. */
  readonly statusOfPlain: number;
  /** Is it no app of Express, but a table of routes that looks like one? @default false */
  readonly isTable?: boolean;
}

export interface RunningApp {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

/** Runs `body` while the app listens; ends all connections afterwards. */
export async function running(app: Express, body: (running: RunningApp) => Promise<void>): Promise<void> {
  const server = app.listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  try {
    await body({ server, port, url: `ws://localhost:${port}` });
  } finally {
    const closed = server.listening ? once(server, "close") : undefined;
    if (server.listening) server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

const echo: WebsocketHandler = (duplex) => connect(duplex, duplex);

const slowly: RequestHandler = (_req, _res, next) => void setTimeout(next, 200);

/** Resolves with what the handler was given. */
function handed(): { handler: WebsocketHandler; given: Promise<[WebsocketDuplex, RingRequest]> } {
  let give: (given: [WebsocketDuplex, RingRequest]) => void;
  const given = new Promise<[WebsocketDuplex, RingRequest]>((resolve) => {
    give = resolve;
  });
  return { handler: (duplex, request) => give([duplex, request]), given };
}

export function websocketContract(mount: WebsocketMount): void {
  /** Serves one route, and runs `body` with its url. */
  const serving = (
    handler: WebsocketHandler,
    body: (url: string) => Promise<void>,
    ...before: RequestHandler[]
  ): Promise<void> => {
    const app = mount.app();
    mount.route(app, "/socket", handler, ...before);
    return running(app, ({ url }) => body(`${url}/socket`));
  };

  const itOfExpress = mount.isTable === true ? () => {} : it;

  describe(`a websocket route: ${mount.name}`, () => {
    // 63
    it("echoes text, binary, empty and fragmented messages", () =>
      serving(echo, async (url) => {
        const { ws, next } = await connectTo(url);
        ws.send("grüße");
        ws.send(Buffer.from([0, 255, 1]));
        ws.send("");
        ws.send(Buffer.alloc(0));
        sendFragments(ws, ["a", "b", "c"]);
        for (const expected of ["grüße", Buffer.from([0, 255, 1]), "", Buffer.alloc(0), "abc"]) {
          expect(await next()).toEqual(expected);
        }
      }));

    // 69
    it("echoes messages of 1 MB, and of 1 MiB in fragments", () =>
      serving(echo, async (url) => {
        const { ws, next } = await connectTo(url);
        const text = "0123456789".repeat(100_000);
        ws.send(text);
        expect(await next()).toBe(text);
        const piece = "x".repeat(65_536);
        sendFragments(ws, Array<string>(16).fill(piece));
        expect(await next()).toHaveLength(1_048_576);
      }));

    it("echoes many messages in order", () =>
      serving(echo, async (url) => {
        const { ws, next } = await connectTo(url);
        for (let i = 0; i < 2000; i++) ws.send(`${i}`);
        for (let i = 0; i < 2000; i++) expect(await next()).toBe(`${i}`);
      }));

    it("loses no message that is sent with the handshake, behind 200 ms of middleware", () =>
      serving(
        echo,
        async (url) => {
          const numbers = Array.from({ length: 50 }, (_, i) => `${i}`);
          const { next } = await connectTo(url, { onOpen: (ws) => numbers.forEach((n) => ws.send(n)) });
          for (const expected of numbers) expect(await next()).toBe(expected);
        },
        slowly,
      ));

    it("loses no message that is sent before the handler takes one", () =>
      serving(
        async (duplex) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          connect(duplex, duplex);
        },
        async (url) => {
          const { next } = await connectTo(url, { onOpen: (ws) => ws.send("early") });
          expect(await next()).toBe("early");
        },
      ));

    it("shows the request as it was asked", async () => {
      const { handler, given } = handed();
      await serving(handler, async (url) => {
        await connectTo(`${url}?a=1&b=x?y`, { headers: { "x-extra": "yes" } });
        const [, request] = await given;
        expect(request).toMatchObject({
          requestMethod: "get",
          scheme: "http",
          uri: "/socket",
          queryString: "a=1&b=x?y",
          serverName: "localhost",
          headers: { upgrade: "websocket", "x-extra": "yes" },
        });
        expect(request).not.toHaveProperty("body");
      });
    });

    itOfExpress("works in routers, mounted and nested, with their parameters", async () => {
      const { handler, given } = handed();
      const [app, outer, inner] = [mount.app(), mount.router(), mount.router()];
      app.use("/outer", outer);
      outer.use("/inner", inner);
      mount.route(inner, "/rooms/:room", handler);
      mount.route(outer, "/echo", echo);
      await running(app, async ({ url }) => {
        const { ws, next } = await connectTo(`${url}/outer/echo`);
        ws.send("mounted");
        expect(await next()).toBe("mounted");
        await connectTo(`${url}/outer/inner/rooms/blue?x=1`);
        const [, request] = await given;
        expect(request).toMatchObject({
          uri: "/outer/inner/rooms/blue",
          context: "/outer/inner",
          pathInfo: "/rooms/blue",
          routeParams: { room: "blue" },
          queryString: "x=1",
        });
      });
    });

    itOfExpress("shows cookies and the session to the handler", async () => {
      const { handler, given } = handed();
      const app = mount.app();
      app.use(cookieParser());
      app.use(session({ secret: "secret", resave: false, saveUninitialized: false }));
      app.get("/login", (req, res) => {
        Object.assign(req.session, { user: "ann" });
        res.send("welcome");
      });
      mount.route(app, "/socket", handler);
      await running(app, async ({ url, port }) => {
        const login = await fetch(`http://localhost:${port}/login`);
        const cookie = (login.headers.get("set-cookie") as string).split(";")[0] as string;
        await connectTo(`${url}/socket`, { headers: { cookie: `${cookie}; color=blue` } });
        const [, request] = await given;
        const { req } = expressOf(request);
        expect(req.session).toMatchObject({ user: "ann" });
        expect(req.cookies).toMatchObject({ color: "blue" });
      });
    });

    it.each([
      ["throws", () => JSON.parse("{") as unknown],
      ["rejects", () => Promise.reject(new SyntaxError("boom"))],
      [
        "rejects later",
        async () => {
          await turn(3);
          throw new SyntaxError("boom");
        },
      ],
    ])("closes with 1011 when the handler %s, and reports it once", (_how, handler) =>
      withLog(async (log) => {
        const unhandled: unknown[] = [];
        const collect = (error: unknown): void => void unhandled.push(error);
        process.on("unhandledRejection", collect);
        await serving(handler, async (url) => {
          const { closed } = await connectTo(url);
          expect(await closed).toEqual({ code: 1011, reason: "" });
          await turn(5);
        });
        process.off("unhandledRejection", collect);
        expect(unhandled).toEqual([]);
        expect(log).toMatchObject([{ level: "error", error: { name: "SyntaxError" } }]);
        expect(log[0]?.message).toContain("/socket");
      }),
    );

    it("stays open when the handler has returned", () =>
      serving(
        async (duplex) => {
          andThen(take(duplex), (message) => put(duplex, `late ${String(message)}`));
        },
        async (url) => {
          const { ws, next } = await connectTo(url);
          await turn(10);
          ws.send("hello");
          expect(await next()).toBe("late hello");
        },
      ));

    // 74, 75
    it("tells the client code and reason, and hears the client's", async () => {
      const [byServer, byClient] = [handed(), handed()];
      await serving(byServer.handler, async (url) => {
        const { closed } = await connectTo(url);
        const [duplex] = await byServer.given;
        expect(await websocketClose(duplex, 4001, "going away")).toBe(true);
        expect(await closed).toEqual({ code: 4001, reason: "going away" });
      });
      await serving(byClient.handler, async (url) => {
        const { ws } = await connectTo(url);
        const [duplex] = await byClient.given;
        ws.close(4009, "enough");
        expect(await duplex.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
      });
    });

    // 77
    it("closes with no code when the stream is closed", () =>
      serving(
        (duplex) => duplex.close(),
        async (url) => expect(await (await connectTo(url)).closed).toEqual({ code: 1005, reason: "" }),
      ));

    // 72
    it("pings, and is pinged", async () => {
      const { handler, given } = handed();
      await serving(handler, async (url) => {
        const { ws } = await connectTo(url);
        const [duplex] = await given;
        expect(await websocketPing(duplex, undefined, "hello")).toBe(true);
        ws.ping("there");
        const [data] = (await once(ws, "pong")) as [Buffer];
        expect(data.toString()).toBe("there");
      });
    });

    // 79
    it("stops a sender whose messages nobody takes, and loses none", async () => {
      const { handler, given } = handed();
      await serving(handler, async (url) => {
        const { ws } = await connectTo(url);
        const [duplex] = await given;
        const body = "x".repeat(5000);
        for (let i = 0; i < 3000; i++) ws.send(`${i} ${body}`);
        let before = -1;
        // Until two looks, many turns apart, see the same: the network is full, and nobody reads.
        while (ws.bufferedAmount !== before) {
          before = ws.bufferedAmount;
          await turn(100);
        }
        expect(before).toBeGreaterThan(1_000_000);
        const { source } = duplex.description() as unknown as { source: { pendingPuts: number } };
        expect(source.pendingPuts).toBeLessThan(20);
        for (let i = 0; i < 3000; i++) expect(Number.parseInt((await take(duplex)) as string, 10)).toBe(i);
      });
    });

    // 64
    it(`answers a plain request with ${mount.statusOfPlain}`, () =>
      serving(echo, async (url) => {
        const response = await fetch(url.replace("ws:", "http:"));
        expect(response.status).toBe(mount.statusOfPlain);
        await response.text();
      }));
  });
}
