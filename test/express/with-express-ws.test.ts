import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import express, { type ErrorRequestHandler, type NextFunction, type Request } from "express";
import expressWs, { type Application } from "express-ws";
import type { WebSocket } from "ws";
import { type WebsocketOptions, websocketRoute, withExpressWs } from "../../src/index.js";
import { connect, take } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { connectTo, turn } from "../websocket/peers.js";

const slowly = (_ws: WebSocket, _req: Request, next: NextFunction): void => void setTimeout(next, 100);

async function running(app: Application, body: (url: string) => Promise<void>): Promise<void> {
  const server = app.listen(0);
  await once(server, "listening");
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  try {
    await body(`ws://localhost:${(server.address() as AddressInfo).port}`);
  } finally {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

describe("withExpressWs", () => {
  it("is the instance, once", () => {
    const instance = expressWs(express());
    expect(withExpressWs(withExpressWs(instance))).toBe(instance);
    // express-ws's own, and the kit's.
    expect(instance.getWss().listenerCount("connection")).toBe(2);
  });

  it.each([[() => expressWs(express()).app], [() => expressWs], [() => null]])("refuses %s", (wrong) => {
    const call = (): unknown => withExpressWs(wrong() as never);
    expect(call).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("gives routers their ws, made before or after it", async () => {
    const before = express.Router();
    const { app } = withExpressWs(expressWs(express()));
    const after = express.Router();
    for (const router of [before, after]) {
      router.ws(
        "/echo",
        websocketRoute((duplex) => connect(duplex, duplex)),
      );
    }
    app.use("/before", before);
    app.use("/after", after);
    await running(app, async (url) => {
      for (const path of ["before", "after"]) {
        const { ws, next } = await connectTo(`${url}/${path}/echo`);
        ws.send(path);
        expect(await next()).toBe(path);
      }
    });
  });

  it("leaves it to the app to set how paths are matched", async () => {
    const { app } = withExpressWs(expressWs(express()));
    app.enable("case sensitive routing");
    app.enable("strict routing");
    app.get("/Path", (_req, res) => void res.send("matched"));
    // Later is too late, as ever in Express 5.
    app.disable("case sensitive routing");
    const server = app.listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    const statuses = await Promise.all(
      ["/Path", "/path", "/Path/"].map(async (path) => (await fetch(url + path)).status),
    );
    expect(statuses).toEqual([200, 404, 404]);
    server.close();
    server.closeAllConnections();
  });

  it("keeps more than 16 early messages in order, and lets the client wait meanwhile", async () => {
    const { app } = withExpressWs(expressWs(express()));
    app.ws(
      "/",
      slowly,
      websocketRoute((duplex) => connect(duplex, duplex)),
    );
    await running(app, async (url) => {
      const body = "x".repeat(10_000);
      const { next } = await connectTo(url, {
        onOpen: (ws) => {
          for (let i = 0; i < 1000; i++) ws.send(`${i} ${body}`);
        },
      });
      for (let i = 0; i < 1000; i++) expect(Number.parseInt((await next()) as string, 10)).toBe(i);
    });
  });

  it("stops a client that sends much while middleware awaits", async () => {
    const { app } = withExpressWs(expressWs(express()));
    const kept = new Promise<number>((resolve) => {
      app.ws(
        "/",
        (_ws, _req, next) => void setTimeout(next, 300),
        websocketRoute((duplex) => {
          const { source } = duplex.description() as unknown as {
            source: Record<"bufferSize" | "pendingPuts", number>;
          };
          resolve(source.bufferSize + source.pendingPuts);
        }),
      );
    });
    await running(app, async (url) => {
      await connectTo(url, {
        onOpen: (ws) => {
          for (let i = 0; i < 3000; i++) ws.send("x".repeat(5000));
        },
      });
      // The 16, and the rest of the chunk that they came in.
      expect(await kept).toBeLessThan(50);
    });
  });

  it("keeps what a client that has left again has sent", async () => {
    const { app } = withExpressWs(expressWs(express()));
    const taken = new Promise<unknown[]>((resolve) => {
      app.ws(
        "/",
        slowly,
        websocketRoute(async (duplex) => {
          const messages: unknown[] = [];
          for await (const message of duplex) messages.push(message);
          resolve([...messages, await duplex.closed]);
        }),
      );
    });
    await running(app, async (url) => {
      await connectTo(url, {
        onOpen: (ws) => {
          ws.send("hit");
          ws.send("and run");
          ws.close(4001);
        },
      });
      expect(await taken).toEqual(["hit", "and run", expect.objectContaining({ code: 4001 })]);
    });
  });

  it("makes the sockets of express-ws's own handlers lose nothing either", async () => {
    const { app } = withExpressWs(expressWs(express()));
    app.ws("/", slowly, (ws) => ws.on("message", (message) => ws.send(`own ${message as unknown as string}`)));
    await running(app, async (url) => {
      const { ws, next } = await connectTo(url, {
        onOpen: (socket) => {
          for (let i = 0; i < 40; i++) socket.send(`${i}`);
        },
      });
      for (let i = 0; i < 40; i++) expect(await next()).toBe(`own ${i}`);
      ws.send("more");
      expect(await next()).toBe("own more");
    });
  });

  it("does not hold back own handlers that listen at once, or never", async () => {
    const { app } = withExpressWs(expressWs(express()));
    app.ws("/at-once", (ws) => ws.on("message", (message) => ws.send(message)));
    app.ws("/never", (ws) => ws.send("hello"));
    await running(app, async (url) => {
      const { ws, next } = await connectTo(`${url}/at-once`);
      for (let i = 0; i < 100; i++) ws.send(`${i}`);
      for (let i = 0; i < 100; i++) expect(await next()).toBe(`${i}`);
      const listener = await connectTo(`${url}/never`);
      expect(await listener.next()).toBe("hello");
      listener.ws.close(1000);
      expect(await listener.closed).toMatchObject({ code: 1000 });
    });
  });

  it("is not misled by those who only watch", async () => {
    const instance = withExpressWs(expressWs(express()));
    const watched = jest.fn();
    instance.getWss().on("connection", (ws) => ws.on("message", watched));
    instance.app.use((_req, _res, next) => void setTimeout(next, 100));
    instance.app.ws(
      "/",
      websocketRoute((duplex) => connect(duplex, duplex)),
    );
    await running(instance.app, async (url) => {
      const { next } = await connectTo(url, { onOpen: (ws) => ws.send("early") });
      expect(await next()).toBe("early");
      expect(watched).toHaveBeenCalledTimes(1);
    });
  });

  it("survives clients that break the rules while middleware awaits", async () => {
    const { app } = withExpressWs(expressWs(express()));
    const taken = new Promise<unknown>((resolve) => {
      app.ws(
        "/",
        slowly,
        websocketRoute(async (duplex) => resolve([await take(duplex, "nothing"), duplex.isClosed()])),
      );
    });
    await running(app, async (url) => {
      const { closed } = await connectTo(url, {
        onOpen: (ws) => {
          const { _socket: socket } = ws as unknown as { _socket: { write(bytes: Buffer): void } };
          socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
        },
      });
      expect(await closed).toMatchObject({ code: 1007 });
      expect(await taken).toEqual(["nothing", true]);
    });
  });
});

describe("a websocketRoute under express-ws", () => {
  it("works without withExpressWs, and warns once", () =>
    withLog(async (log) => {
      const { app } = expressWs(express());
      app.ws(
        "/echo",
        websocketRoute((duplex, request) => {
          duplex.put(`${request.uri}?${request.queryString}`);
          connect(duplex, duplex);
        }),
      );
      await running(app, async (url) => {
        for (let i = 0; i < 2; i++) {
          const { ws, next } = await connectTo(`${url}/echo?a=1`);
          expect(await next()).toBe("/echo?a=1");
          ws.send("hello");
          expect(await next()).toBe("hello");
        }
      });
      expect(log).toMatchObject([
        { level: "warn", message: expect.stringContaining("withExpressWs(expressWs(app))") as unknown },
      ]);
    }));

  it.each<WebsocketOptions>([
    { headers: { "x-a": "1" } },
    { subProtocols: ["a"] },
    { maxPayload: 10 },
    { compression: true },
    { origins: [] },
  ])("cannot follow %j: it says so, and closes with 1011", async (options) => {
    const { app } = withExpressWs(expressWs(express()));
    const errors: unknown[] = [];
    const collect: ErrorRequestHandler = (error, _req, _res, _next) => void errors.push(error);
    app.ws(
      "/",
      websocketRoute(() => {}, options),
    );
    app.use(collect);
    await running(app, async (url) => {
      expect(await (await connectTo(url)).closed).toMatchObject({ code: 1011 });
      await turn();
      expect(errors).toMatchObject([
        {
          code: "RING_INVALID_ARGUMENT",
          message: expect.stringContaining(Object.keys(options)[0] as string) as unknown,
        },
      ]);
    });
  });

  it("follows the options that come after the handshake", async () => {
    const { app } = withExpressWs(expressWs(express()));
    app.ws(
      "/",
      websocketRoute((duplex) => connect(duplex, duplex), { rawStream: true, heartbeats: { sendAfterIdle: 20 } }),
    );
    await running(app, async (url) => {
      const { ws, next } = await connectTo(url);
      ws.send("text");
      expect(await next()).toEqual(Buffer.from("text"));
      await once(ws, "ping");
    });
  });
});
