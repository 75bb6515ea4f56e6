import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import type { Browser, Page } from "playwright-core";
import { andThen, deferred } from "../../src/deferred/index.js";
import { startServer } from "../../src/http/index.js";
import {
  type Handler,
  type RingRequest,
  type WebsocketClosing,
  type WebsocketHandler,
  type WebsocketOptions,
  websocketClose,
  websocketConnection,
  websocketPing,
  websocketRoute,
  withWebsockets,
} from "../../src/index.js";
import { connect, take } from "../../src/stream/index.js";
import { certificate, openssl } from "../http/certificate.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

/** Path, handler and options of each websocket. */
type Routes = readonly (readonly [path: string, handler: WebsocketHandler, options?: WebsocketOptions])[];

interface Host {
  readonly origin: string;
  readonly close: () => unknown;
}

const COOKIE = "visit=1; Path=/";
const PAGE = "<!doctype html><title>a page</title>";

async function overHttp1(routes: Routes): Promise<Host> {
  const app = withWebsockets(express());
  app.get("/", (_req, res) => void res.append("set-cookie", COOKIE).send(PAGE));
  for (const [path, handler, options] of routes) app.get(path, websocketRoute(handler, options));
  app.get("/refused", (_req, res) => void res.status(401).send("who are you?"));
  const server = app.listen(0);
  await once(server, "listening");
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Chromium asks for websockets on the connection that its page came on. */
async function overHttp2(routes: Routes): Promise<Host> {
  const handler: Handler = (request) => {
    const [, handler, options] = routes.find(([path]) => path === request.uri) ?? [];
    if (request.uri === "/") return { headers: { "content-type": "text/html", "set-cookie": COOKIE }, body: PAGE };
    if (handler === undefined) return { status: 401, body: "who are you?" };
    return andThen(websocketConnection(request, options), (duplex) => handler(duplex, request) as null);
  };
  const server = await startServer(handler, {
    port: 0,
    httpVersions: ["http2", "http1"],
    sslContext: certificate(openssl as string),
    shutdownTimeout: 0,
  });
  return { origin: `https://localhost:${server.port}`, close: () => server.close() };
}

/** What a page saw of a websocket. */
interface Seen {
  readonly opened: boolean;
  readonly protocol: string;
  readonly extensions: string;
  readonly messages: readonly unknown[];
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

function suite(executablePath: string, start: (routes: Routes) => Promise<Host>, version: string): void {
  let browser: Browser;
  let host: Host;
  let page: Page;
  const closing = deferred<WebsocketClosing>();
  const asked: RingRequest[] = [];
  const ours = (from: string | undefined): boolean => from === host.origin;
  const away: WebsocketHandler = (duplex) => websocketClose(duplex, 1000);

  beforeAll(async () => {
    const routes: Routes = [
      [
        "/echo",
        (duplex, request) => {
          asked.push(request);
          duplex.closed.onRealized(
            (how) => closing.success(how),
            () => {},
          );
          connect(duplex, duplex);
        },
        { subProtocols: ["chat"], compression: true },
      ],
      ["/away", (duplex) => websocketClose(duplex, 4001, "going away")],
      [
        "/pinged",
        async (duplex) => {
          await take(duplex);
          duplex.put(`pong: ${await websocketPing(duplex, undefined, "x")}`);
          websocketClose(duplex, 1000);
        },
      ],
      ["/ours", away, { origins: ours }],
      ["/theirs", away, { origins: ["https://a.example"] }],
    ];
    [browser, host] = await Promise.all([launchChromium(executablePath), start(routes)]);
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(host.origin);
  });

  afterAll(async () => {
    await browser.close();
    await host.close();
  });

  /** Opens a websocket in the page, sends messages (numbers: bytes of that length), and closes when as many have come. */
  const talk = (path: string, messages: readonly (string | number)[] = []): Promise<Seen> =>
    page.evaluate(
      ({ path, messages }) =>
        new Promise<Seen>((resolve) => {
          const socket = new WebSocket(
            `${location.origin.replace("http", "ws")}${path}`,
            ["talk", "chat"].slice(path === "/echo" ? 0 : 2),
          );
          socket.binaryType = "arraybuffer";
          const received: unknown[] = [];
          let opened = false;
          socket.addEventListener("open", () => {
            opened = true;
            for (const message of messages) {
              socket.send(typeof message === "string" ? message : new Uint8Array(message).fill(7));
            }
          });
          socket.addEventListener("message", ({ data }) => {
            received.push(typeof data === "string" ? data : (data as ArrayBuffer).byteLength);
            if (path === "/echo" && received.length === messages.length) socket.close(4002, "bye");
          });
          socket.addEventListener("close", ({ code, reason, wasClean }) => {
            const { protocol, extensions } = socket;
            resolve({ opened, protocol, extensions, messages: received, code, reason, wasClean });
          });
        }),
      { path, messages },
    );

  it("sends and receives, compressed, and closes with code and reason", async () => {
    const large = "0123456789".repeat(50_000);
    const messages = ["grüße", 0, 3, "", large, 500_000];
    expect(await talk("/echo", messages)).toEqual({
      opened: true,
      protocol: "chat",
      extensions: "permessage-deflate",
      messages,
      code: 4002,
      reason: "bye",
      wasClean: true,
    });
    expect(await closing).toEqual({ code: 4002, reason: "bye", wasClean: true });
    expect(asked).toMatchObject([
      {
        protocol: version,
        requestMethod: "get",
        // What a page has to say for itself.
        headers: { origin: host.origin, cookie: "visit=1", upgrade: "websocket" },
      },
    ]);
  });

  it("is told code and reason", async () => {
    expect(await talk("/away")).toMatchObject({ opened: true, code: 4001, reason: "going away", wasClean: true });
  });

  it("answers pings", async () => {
    expect(await talk("/pinged", ["go"])).toMatchObject({ messages: ["pong: true"], code: 1000 });
  });

  it("does not open where it is refused, or its page is another one's", async () => {
    for (const path of ["/refused", "/theirs"]) {
      expect(await talk(path)).toMatchObject({ opened: false, code: 1006, wasClean: false });
    }
    expect(await talk("/ours")).toMatchObject({ opened: true, code: 1000 });
  });
}

describeWith("chromium", chromiumPath(), "Chromium's WebSocket", (executablePath) => {
  describe("over HTTP/1", () => {
    suite(executablePath, overHttp1, "HTTP/1.1");
  });
  describeWith("openssl", openssl, "over HTTP/2 and TLS", () => {
    suite(executablePath, overHttp2, "HTTP/2.0");
  });
});
