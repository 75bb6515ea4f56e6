import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import type { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import express, { type Express } from "express";
import expressWs from "express-ws";
import { mountInFront, startServer, websocketConnection } from "../../../src/http/index.js";
import { attachWebsockets, withExpressWs } from "../../../src/index.js";
import type { Handler } from "../../../src/ring/types.js";
import { connect, description } from "../../../src/stream/index.js";
import type { WebsocketDuplex } from "../../../src/websocket/types.js";
import { type WebsocketMount, websocketContract } from "../../contract/websocket.js";
import { mounts } from "../../express/websocket-mounts.js";
import { exchangeRaw, get, rawClient } from "../../raw-client.js";
import { connectTo } from "../../websocket/peers.js";
import { overHttp2 } from "./over-http2.js";
import { started } from "./start.js";

const nobodys: Handler = () => null;
const [express5, express4, viaExpressWs] = mounts as readonly [WebsocketMount, WebsocketMount, WebsocketMount];

/** An app that listens by other means. */
function listening<App extends Express>(app: App, listen: (app: App) => Server): App {
  app.listen = (() => listen(app)) as unknown as App["listen"];
  return app;
}

function byStartServer(app: RequestListener): Server {
  let node: Server | undefined;
  const options = { port: 0, fallback: app, shutdownTimeout: 0 };
  void startServer(nobodys, { ...options, serverTransform: (server) => void (node = server as Server) });
  return node as Server;
}

function byMount(app: RequestListener, prepare: (server: Server) => void = () => {}): Server {
  const server = createServer(app);
  prepare(server);
  mountInFront(server, nobodys);
  return server.listen(0);
}

/** express-ws on a server that a handler stands in front of. */
function expressWsBehind(): Express {
  const app = express();
  const server = createServer(app);
  withExpressWs(expressWs(app, server));
  return listening(app, () => {
    mountInFront(server, nobodys);
    return server.listen(0);
  });
}

const bare = (mount: WebsocketMount) => (mount === express4 ? mount.app() : express());

for (const [mount, version] of [
  [express5, "Express 5"],
  [express4, "Express 4"],
] as const) {
  websocketContract({
    ...mount,
    name: `${version} behind startServer`,
    app: () => listening(bare(mount), byStartServer),
  });
  websocketContract({
    ...mount,
    name: `${version} behind mountInFront, on a server that routes upgrades itself`,
    app: () => listening(bare(mount), (app) => byMount(app, (server) => attachWebsockets(server, app))),
  });
}
websocketContract({ ...express5, name: "Express 5 behind mountInFront", app: () => listening(express(), byMount) });
websocketContract(overHttp2);
websocketContract({ ...viaExpressWs, name: "express-ws behind mountInFront", app: expressWsBehind });

describe("websocketConnection on startServer", () => {
  const echo: Handler = async (request) => {
    const duplex = await websocketConnection(request);
    connect(duplex, duplex);
    return null;
  };

  it("echoes (63)", async () => {
    const server = await started(echo);
    const { ws, next } = await connectTo(`ws://localhost:${server.port}`);
    ws.send("hello");
    expect(await next()).toBe("hello");
    ws.send(Buffer.from([0, 255]));
    expect(await next()).toEqual(Buffer.from([0, 255]));
  });

  it("answers a plain request with 400 (64), another version with 426 (66), and takes lists of connection options (65)", async () => {
    const { port } = await started(echo);
    expect(await exchangeRaw(port, get("/"))).toMatch(/^HTTP\/1.1 400 [^]*\r\n\r\nexpected websocket request$/);
    const ask = (version: string) =>
      get("/", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") //
        .replace(/\r\n\r\n$/, `\r\nSec-WebSocket-Version: ${version}\r\n\r\n`);
    expect(await exchangeRaw(port, ask("8"))).toMatch(/^HTTP\/1.1 426 [^]*sec-websocket-version: 13/i);
    const client = await rawClient(port);
    client.send(ask("13"));
    expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 101 /);
    client.leave();
  });

  it("is left to the handler: null is 204 (64), a response is that response", async () => {
    const { port } = await started(({ uri }) => (uri === "/null" ? null : { status: 401, body: "who?" }));
    await expect(connectTo(`ws://localhost:${port}/null`)).rejects.toMatchObject({ status: 204 });
    await expect(connectTo(`ws://localhost:${port}/`)).rejects.toMatchObject({ status: 401, body: "who?" });
  });

  it("answers a handler that throws before it with 500, and closes with 1011 after it", async () => {
    const { port } = await started(
      (request) => {
        if (request.uri === "/late") void websocketConnection(request);
        throw new Error("boom");
      },
      { errorHandler: () => ({ status: 500, body: "oops" }) },
    );
    await expect(connectTo(`ws://localhost:${port}/`)).rejects.toMatchObject({ status: 500, body: "oops" });
    const { closed } = await connectTo(`ws://localhost:${port}/late`);
    expect((await closed).code).toBe(1011);
  });

  it("takes Ring's listeners", async () => {
    const { port } = await started(() => ({
      websocketListener: { onMessage: (socket, message) => socket.send(`got ${String(message)}`) },
    }));
    const { ws, next } = await connectTo(`ws://localhost:${port}/`);
    ws.send("it");
    expect(await next()).toBe("got it");
  });

  it("is under the idle timeout, which each message restarts", async () => {
    const { port } = await started(echo, { idleTimeout: 300 });
    const { ws, next, closed } = await connectTo(`ws://localhost:${port}/`);
    const begun = performance.now();
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ws.send("still here");
      expect(await next()).toBe("still here");
    }
    expect((await closed).code).toBe(1006);
    expect(performance.now() - begun).toBeGreaterThan(750);
  });

  it("holds its server's end up until it is closed, or cut, and no longer", async () => {
    const open = async (shutdownTimeout: number) => {
      const server = await started(echo, { shutdownTimeout });
      const client = await rawClient(server.port);
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
      client.send(get("/", "Connection: Upgrade", "Upgrade: websocket", key, "Sec-WebSocket-Version: 13"));
      await client.until(/^HTTP\/1.1 101 [^]*\r\n\r\n/);
      return { server, client };
    };
    const patient = await open(60);
    const closed = patient.server.close();
    // The last byte of a close frame with 1001, which is not answered: the client leaves.
    await patient.client.until(/\u00e9$/);
    expect(closed.isRealized).toBe(false);
    patient.client.leave();
    await closed;
    const hasty = await open(0);
    await hasty.server.close();
    await hasty.client.ended();
  });

  it("holds up the end of a server that another one feeds", async () => {
    const listener = createNetServer().listen(0);
    await once(listener, "listening");
    const server = await started(echo, { port: undefined, listenSocket: listener, shutdownTimeout: 60 } as object);
    const { ws, closed } = await connectTo(`ws://localhost:${(listener.address() as AddressInfo).port}/`);
    ws.pause();
    const end = server.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(end.isRealized).toBe(false);
    ws.resume();
    expect((await closed).code).toBe(1001);
    await end;
    listener.close();
  });

  it("can be asked for its addresses at any time", async () => {
    let opened: WebsocketDuplex | undefined;
    const { port } = await started(async (request) => {
      opened = await websocketConnection(request);
      return null;
    });
    const { ws, closed } = await connectTo(`ws://127.0.0.1:${port}/`);
    const { sink } = description(opened as WebsocketDuplex) as { sink?: { connection?: object } };
    expect(sink?.connection).toMatchObject({ remoteAddress: "::ffff:127.0.0.1", localAddress: "::ffff:127.0.0.1" });
    ws.close();
    await closed;
  });

  it("serves an upgrade request for something else as the request it is, body included", async () => {
    const { port } = await started(async ({ body, headers }) => ({
      body: `${headers["upgrade"] ?? ""} ${String(await (body as Readable).toArray())}`,
    }));
    const client = await rawClient(port);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi");
    expect(await client.until(/hi$/)).toMatch(/^HTTP\/1.1 200 [^]*h2c hi$/);
    client.leave();
  });

  it("hands an upgrade request for something else to the listeners behind it, untouched", async () => {
    const behind = createServer();
    behind.on("upgrade", (req, socket, head: Buffer) => {
      socket.end(`HTTP/1.1 101 Other\r\n\r\n${req.headers.upgrade ?? ""} ${head.toString()}`);
    });
    const { port } = await started(() => ({ status: 500 }), { fallback: behind });
    expect(await exchangeRaw(port, `${get("/", "Connection: Upgrade", "Upgrade: other")}more`)).toMatch(/other more$/);
  });

  it.each([undefined, 1012])("is told by websocketCloseCode %p that the server closes", async (websocketCloseCode) => {
    const server = await started(echo, { shutdownTimeout: 5, websocketCloseCode });
    const { closed } = await connectTo(`ws://localhost:${server.port}/`);
    const done = server.close();
    expect((await closed).code).toBe(websocketCloseCode ?? 1001);
    await done;
  });
});
