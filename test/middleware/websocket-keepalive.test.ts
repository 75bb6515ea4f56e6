import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import { websocketKeepaliveResponse, wrapWebsocketKeepalive } from "../../middleware/websocket-keepalive.js";
import { type Clock, mockClock, systemClock } from "../../src/clock/index.js";
import { deferred } from "../../src/deferred/index.js";
import { ring, withWebsockets } from "../../src/express/index.js";
import type { Handler, RingResponse, WebsocketListener, WebsocketSocket } from "../../src/ring/types.js";
import { type Client, connectTo } from "../websocket/peers.js";
import { request } from "./helpers.js";

const socketThat = (ping: () => void): WebsocketSocket => ({
  isOpen: () => true,
  send: () => {},
  ping,
  pong: () => {},
  close: () => {},
});

const listenerOf = (response: RingResponse | null | undefined): WebsocketListener => response?.websocketListener ?? {};

describe("websocketKeepaliveResponse", () => {
  it("pings each period from the opening on, until the closing", () => {
    const clock = mockClock();
    const ping = jest.fn();
    const socket = socketThat(ping);
    const listener = listenerOf(websocketKeepaliveResponse({ websocketListener: {} }, { period: 10, clock }));
    listener.onOpen?.(socket);
    clock.advance(9);
    expect(ping).not.toHaveBeenCalled();
    clock.advance(21);
    expect(ping).toHaveBeenCalledTimes(3);
    listener.onClose?.(socket, 1000, "");
    clock.advance(100);
    expect(ping).toHaveBeenCalledTimes(3);
  });

  it("has a timer for each socket of a listener", () => {
    const clock = mockClock();
    const pings = [jest.fn(), jest.fn()] as const;
    const sockets = [socketThat(pings[0]), socketThat(pings[1])] as const;
    const listener = listenerOf(websocketKeepaliveResponse({ websocketListener: {} }, { period: 10, clock }));
    for (const socket of sockets) listener.onOpen?.(socket);
    listener.onClose?.(sockets[0], 1000, "");
    clock.advance(10);
    expect(pings.map((ping) => ping.mock.calls.length)).toEqual([0, 1]);
  });

  it("starts the timer before onOpen, and stops it before onClose, whatever these do", () => {
    const steps: string[] = [];
    const clock: Clock = {
      ...systemClock,
      every: () => {
        steps.push("start");
        return () => void steps.push("stop");
      },
    };
    const fail = (step: string) => (): void => {
      steps.push(step);
      throw new Error(step);
    };
    const inner = { onOpen: fail("onOpen"), onClose: fail("onClose") };
    const listener = listenerOf(websocketKeepaliveResponse({ websocketListener: inner }, { clock }));
    const socket = socketThat(() => {});
    expect(() => listener.onOpen?.(socket)).toThrow("onOpen");
    expect(() => listener.onClose?.(socket, 1000, "")).toThrow("onClose");
    expect(steps).toEqual(["start", "onOpen", "stop", "onClose"]);
  });

  it("passes on what a listener with a class of its own answers, and adds nothing it does not listen to", () => {
    class Echo implements WebsocketListener {
      readonly #prefix = "said ";
      onMessage(_socket: WebsocketSocket, message: string | Uint8Array): string {
        return this.#prefix + String(message);
      }
    }
    const listener = listenerOf(websocketKeepaliveResponse({ websocketListener: new Echo() }));
    expect(
      listener.onMessage?.(
        socketThat(() => {}),
        "a",
      ),
    ).toBe("said a");
    expect(Object.keys(listener).toSorted()).toEqual(["onClose", "onMessage", "onOpen"]);
  });

  it.each([null, undefined, { status: 200 }, { websocketListener: null as never }])("leaves %j alone", (response) => {
    expect(websocketKeepaliveResponse(response)).toBe(response);
  });
});

describe("wrapWebsocketKeepalive", () => {
  it.each([0, -1, Number.NaN, Infinity])("refuses a period of %p, in place", (period) => {
    expect(() => wrapWebsocketKeepalive(() => null, { period })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  const response = { websocketListener: {} };
  it.each<[string, () => ReturnType<Handler>]>([
    ["at once", () => response],
    ["with a promise", async () => response],
    [
      "with a deferred",
      () => {
        const later = deferred<RingResponse>();
        queueMicrotask(() => later.success(response));
        return later;
      },
    ],
  ])("wraps the listener of a handler that answers %s", async (_how, handler) => {
    expect(Object.keys(listenerOf(await wrapWebsocketKeepalive(handler)(request())))).toContain("onOpen");
  });
});

describe("a websocket kept alive in Express", () => {
  let server: Server | undefined;
  let client: Client | undefined;

  afterEach(async () => {
    client?.ws.terminate();
    server?.close();
    if (server?.listening === true) await once(server, "close");
  });

  async function serve(handler: Handler): Promise<Client> {
    const app = withWebsockets(express());
    app.get("/", ring(handler));
    server = app.listen(0);
    await once(server, "listening");
    client = await connectTo(`ws://localhost:${(server.address() as AddressInfo).port}`);
    return client;
  }

  it("is pinged over and over, and answers, until it is closed, which stops the timer", async () => {
    let ticking = 0;
    const clock: Clock = {
      ...systemClock,
      every: (delay, period, f) => {
        ticking++;
        const stop = systemClock.every(delay, period, f);
        return () => {
          ticking--;
          stop();
        };
      },
    };
    const pongs = jest.fn();
    const closed = deferred<number>();
    const listener: WebsocketListener = {
      onPong: (_socket, data) => pongs(data.length),
      onClose: (_socket, code) => void closed.success(code),
    };
    const { ws } = await serve(wrapWebsocketKeepalive(() => ({ websocketListener: listener }), { period: 5, clock }));
    for (let count = 0; count < 4; count++) expect((await once(ws, "ping"))[0]).toHaveLength(0);
    expect(ticking).toBe(1);
    ws.close(4001);
    expect(await closed).toBe(4001);
    expect(ticking).toBe(0);
    expect(pongs.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(pongs).toHaveBeenCalledWith(0);
  });

  it("answers the client's own pings with pongs of the same data, though its listener does not know of pings", async () => {
    const { ws } = await serve(wrapWebsocketKeepalive(() => ({ websocketListener: {} })));
    ws.ping("are you there?");
    expect(String((await once(ws, "pong"))[0])).toBe("are you there?");
  });

  it("sends what the listener sends between the pings", async () => {
    const echo: WebsocketListener = { onMessage: (socket, message) => socket.send(`you said ${String(message)}`) };
    const { ws, next } = await serve(wrapWebsocketKeepalive(() => ({ websocketListener: echo }), { period: 1 }));
    await once(ws, "ping");
    ws.send("a");
    expect(await next()).toBe("you said a");
  });
});
