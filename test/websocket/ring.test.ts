import { describe, expect, it, jest } from "@jest/globals";
import type { WebsocketSocket } from "../../src/ring/types.js";
import {
  close,
  isOpen,
  isUpgradeRequest,
  isWebsocketResponse,
  ping,
  pong,
  requestProtocols,
  send,
} from "../../src/websocket/index.js";
import { completeListener } from "../../src/websocket/listener.js";

function socketDouble() {
  return {
    isOpen: jest.fn(() => true),
    send: jest.fn(),
    ping: jest.fn(),
    pong: jest.fn(),
    close: jest.fn(),
  } satisfies WebsocketSocket;
}

describe("the functions of a socket", () => {
  it("call its methods, with Ring's defaults", () => {
    const socket = socketDouble();
    const [succeed, fail, data] = [jest.fn(), jest.fn(), Buffer.from("x")];
    expect(isOpen(socket)).toBe(true);
    send(socket, "text");
    send(socket, data, succeed, fail);
    ping(socket);
    ping(socket, data);
    pong(socket);
    pong(socket, data);
    close(socket);
    close(socket, 4000, "why");
    expect(socket.send.mock.calls).toEqual([["text"], [data, succeed, fail]]);
    expect(socket.ping.mock.calls).toEqual([[new Uint8Array(0)], [data]]);
    expect(socket.pong.mock.calls).toEqual([[new Uint8Array(0)], [data]]);
    expect(socket.close.mock.calls).toEqual([
      [1000, "Normal Closure"],
      [4000, "why"],
    ]);
  });
});

describe("isUpgradeRequest", () => {
  it.each([
    [{ connection: "Upgrade", upgrade: "websocket" }, true],
    [{ connection: "keep-alive, upgrade", upgrade: "WebSocket" }, true],
    [{ connection: "no-upgrade", upgrade: "websocket" }, true],
    [{ connection: "upgraded", upgrade: "websocket" }, false],
    [{ connection: "Upgrade", upgrade: "h2c" }, false],
    [{ upgrade: "websocket" }, false],
    [{ connection: "upgrade" }, false],
  ])("of %j is %p", (headers, expected) => {
    expect(isUpgradeRequest({ headers: headers as Record<string, string> })).toBe(expected);
  });
});

describe("requestProtocols", () => {
  it.each([
    ["mqtt", ["mqtt"]],
    ["a , b ,c", ["a", "b", "c"]],
    [" a", [" a"]],
    ["a,", ["a"]],
    [",a", ["", "a"]],
    ["", [""]],
  ])("of %j is %j", (header, expected) => {
    expect(requestProtocols({ headers: { "sec-websocket-protocol": header } })).toEqual(expected);
  });

  it("without the header is undefined", () => {
    expect(requestProtocols({ headers: {} })).toBeUndefined();
  });
});

describe("isWebsocketResponse", () => {
  it("looks at the key, not at its value", () => {
    expect(isWebsocketResponse({ websocketListener: {} })).toBe(true);
    expect(isWebsocketResponse({ websocketListener: undefined })).toBe(true);
    expect(isWebsocketResponse({ status: 200 })).toBe(false);
  });
});

describe("completeListener", () => {
  it("hands every event on", () => {
    const socket = socketDouble();
    const events = ["onOpen", "onMessage", "onPing", "onPong", "onError", "onClose"] as const;
    const listener = Object.fromEntries(events.map((event) => [event, jest.fn(() => event)]));
    const complete = completeListener(listener);
    const data = Buffer.from("x");
    expect(complete.onOpen(socket)).toBe("onOpen");
    expect(complete.onMessage(socket, "hi")).toBe("onMessage");
    expect(complete.onPing(socket, data)).toBe("onPing");
    expect(complete.onPong(socket, data)).toBe("onPong");
    expect(complete.onError(socket, "error")).toBe("onError");
    expect(complete.onClose(socket, 1000, "bye")).toBe("onClose");
    expect(listener.onClose).toHaveBeenCalledWith(socket, 1000, "bye");
    expect(socket.pong).not.toHaveBeenCalled();
  });

  it("answers pings with the same data, and does nothing else, where there is no function", () => {
    const socket = socketDouble();
    const complete = completeListener({});
    const data = Buffer.from("x");
    complete.onOpen(socket);
    complete.onMessage(socket, "hi");
    complete.onPong(socket, data);
    complete.onError(socket, "error");
    complete.onClose(socket, 1000, "bye");
    complete.onPing(socket, data);
    expect(socket.pong.mock.calls).toEqual([[data]]);
    expect(socket.send).not.toHaveBeenCalled();
  });
});
