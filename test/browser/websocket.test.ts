import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import express from "express";
import type { Browser, Page } from "playwright-core";
import { deferred } from "../../src/deferred/index.js";
import {
  type RingRequest,
  type WebsocketClosing,
  websocketClose,
  websocketPing,
  websocketRoute,
  withWebsockets,
} from "../../src/index.js";
import { connect, take } from "../../src/stream/index.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

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

describeWith("chromium", chromiumPath(), "Chromium's WebSocket", (executablePath) => {
  let browser: Browser;
  let server: Server;
  let page: Page;
  let origin: string;
  const closing = deferred<WebsocketClosing>();
  const asked = deferred<RingRequest>();

  beforeAll(async () => {
    const app = withWebsockets(express());
    app.get("/", (_req, res) => void res.cookie("visit", "1").send("<!doctype html><title>a page</title>"));
    const echo = websocketRoute(
      (duplex, request) => {
        asked.success(request);
        duplex.closed.onRealized(
          (how) => closing.success(how),
          () => {},
        );
        connect(duplex, duplex);
      },
      { subProtocols: ["chat"], compression: true },
    );
    app.get("/echo", echo);
    app.get(
      "/away",
      websocketRoute((duplex) => websocketClose(duplex, 4001, "going away")),
    );
    app.get(
      "/pinged",
      websocketRoute(async (duplex) => {
        await take(duplex);
        duplex.put(`pong: ${await websocketPing(duplex, undefined, "x")}`);
        websocketClose(duplex, 1000);
      }),
    );
    app.get("/refused", (_req, res) => void res.status(401).send("who are you?"));
    app.get(
      "/ours",
      websocketRoute((duplex) => websocketClose(duplex, 1000), { origins: (from) => from === origin }),
    );
    app.get(
      "/theirs",
      websocketRoute((duplex) => websocketClose(duplex, 1000), { origins: ["https://a.example"] }),
    );
    server = app.listen(0);
    [browser] = await Promise.all([launchChromium(executablePath), once(server, "listening")]);
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    page = await (await browser.newContext()).newPage();
    await page.goto(origin);
  });

  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  /** Opens a websocket in the page, sends messages (numbers: bytes of that length), and closes when as many have come. */
  const talk = (path: string, messages: readonly (string | number)[] = []): Promise<Seen> =>
    page.evaluate(
      ({ path, messages }) =>
        new Promise<Seen>((resolve) => {
          const socket = new WebSocket(
            `ws://${location.host}${path}`,
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
    // What a page has to say for itself.
    expect((await asked).headers).toMatchObject({ origin, cookie: "visit=1" });
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
});
