import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { describe, expect, it } from "@jest/globals";
import express, { type ErrorRequestHandler } from "express";
import { WebSocket } from "ws";
import { deferred } from "../../src/deferred/index.js";
import {
  type RingResponse,
  ring,
  type WebsocketListener,
  type WebsocketSocket,
  withWebsockets,
  wrapRingAsyncHandler,
} from "../../src/index.js";
import { close, isOpen, ping, pong, send } from "../../src/websocket/index.js";
import { withLog } from "../contract/host.js";
import { running } from "../contract/websocket.js";
import { get, rawClient } from "../raw-client.js";
import { connectTo, turn, until } from "../websocket/peers.js";

/** Serves a response map at "/"; `body` gets the url, and the errors of the app. */
function serving(
  response: () => RingResponse | PromiseLike<RingResponse>,
  body: (url: string, errors: unknown[], port: number) => Promise<void>,
): Promise<void> {
  const app = withWebsockets(express());
  const errors: unknown[] = [];
  const collect: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(error);
    res.status(500).send("failed");
  };
  app.get("/", ring(response));
  app.use(collect);
  return running(app, ({ url, port }) => body(url, errors, port));
}

const listening = (websocketListener: WebsocketListener) => () => ({ websocketListener });

describe("a response with a websocketListener", () => {
  it("opens a websocket, and tells the listener everything", async () => {
    const events: unknown[] = [];
    const closed = deferred<true>();
    const listener: WebsocketListener = {
      onOpen: (socket) => {
        events.push(["open", isOpen(socket)]);
        send(socket, "welcome");
      },
      onMessage: (socket, message) => {
        events.push(message);
        send(socket, message);
      },
      onPong: (_socket, data) => events.push(["pong", Buffer.from(data).toString()]),
      onClose: (socket, code, reason) => {
        events.push(["close", code, reason, isOpen(socket)]);
        closed.success(true);
      },
    };
    await serving(listening(listener), async (url) => {
      const { ws, next } = await connectTo(url);
      expect(await next()).toBe("welcome");
      ws.send("text");
      ws.send(Buffer.from([1, 255]));
      ws.pong("unasked");
      expect(await next()).toBe("text");
      expect(await next()).toEqual(Buffer.from([1, 255]));
      ws.close(4001, "bye");
      await closed;
      expect(events).toEqual([
        ["open", true],
        "text",
        Buffer.from([1, 255]),
        ["pong", "unasked"],
        ["close", 4001, "bye", false],
      ]);
    });
  });

  it("may come late, or from a handler of three arguments", async () => {
    const listener: WebsocketListener = { onOpen: (socket) => send(socket, "hello") };
    await serving(
      async () => {
        await turn(2);
        return { websocketListener: listener };
      },
      async (url) => expect(await (await connectTo(url)).next()).toBe("hello"),
    );
    const app = withWebsockets(express());
    app.use(ring(wrapRingAsyncHandler((_request, respond) => respond({ websocketListener: listener }))));
    await running(app, async ({ url }) => expect(await (await connectTo(url)).next()).toBe("hello"));
  });

  it("agrees on its websocketProtocol", () =>
    serving(
      () => ({ websocketListener: {}, websocketProtocol: "b" }),
      async (url) => expect((await connectTo(url, { protocols: ["a", "b"] })).ws.protocol).toBe("b"),
    ));

  it("answers pings itself, unless the listener does", async () => {
    await serving(listening({}), async (url) => {
      const { ws } = await connectTo(url);
      ws.ping("same");
      const [data] = (await once(ws, "pong")) as [Buffer];
      expect(data.toString()).toBe("same");
    });
    await serving(
      listening({ onPing: (socket, data) => pong(socket, Buffer.from(`not ${String(data)}`)) }),
      async (url) => {
        const { ws } = await connectTo(url);
        const pongs: string[] = [];
        ws.on("pong", (data: Buffer) => pongs.push(data.toString()));
        ws.ping("same");
        ws.ping("again");
        while (pongs.length < 2) await turn();
        await turn(5);
        expect(pongs).toEqual(["not same", "not again"]);
      },
    );
  });

  it("pings, and closes with code and reason", () =>
    serving(
      listening({
        onOpen: (socket) => ping(socket, Buffer.from("there?")),
        onPong: (socket, data) => close(socket, 4002, Buffer.from(data).toString()),
      }),
      async (url) => expect(await (await connectTo(url)).closed).toEqual({ code: 4002, reason: "there?" }),
    ));

  it("closes normally by default", () =>
    serving(listening({ onOpen: (socket) => close(socket) }), async (url) =>
      expect(await (await connectTo(url)).closed).toEqual({ code: 1000, reason: "Normal Closure" }),
    ));

  it("gives the next message when the one before is dealt with, and the end last", async () => {
    const events: unknown[] = [];
    const closed = deferred<true>();
    const listener = {
      onMessage: async (_socket: WebsocketSocket, message: string | Uint8Array) => {
        events.push(`begin ${String(message)}`);
        await turn(3);
        events.push(`end ${String(message)}`);
      },
      onClose: () => {
        events.push("close");
        closed.success(true);
      },
    };
    await serving(listening(listener as unknown as WebsocketListener), async (url) => {
      const { ws } = await connectTo(url);
      ws.send("1");
      ws.send("2");
      ws.close();
      await closed;
      expect(events).toEqual(["begin 1", "end 1", "begin 2", "end 2", "close"]);
    });
  });

  it("holds a client back whose messages are not dealt with", async () => {
    const go = deferred<true>();
    let count = 0;
    const listener = {
      onMessage: () => {
        count++;
        return go;
      },
    };
    await serving(listening(listener as unknown as WebsocketListener), async (url) => {
      const { ws } = await connectTo(url);
      for (let i = 0; i < 3000; i++) ws.send("x".repeat(5000));
      let before = -1;
      while (ws.bufferedAmount !== before) {
        before = ws.bufferedAmount;
        await turn(100);
      }
      expect(before).toBeGreaterThan(1_000_000);
      expect(count).toBe(1);
      go.success(true);
      await until(() => count === 3000);
    });
  });

  it("tells callbacks of a send what became of it", async () => {
    const outcomes: unknown[] = [];
    const opened = deferred<WebsocketSocket>();
    await serving(listening({ onOpen: (socket) => opened.success(socket) }), async (url) => {
      const { next, closed } = await connectTo(url);
      const socket = await opened;
      send(
        socket,
        "hello",
        () => outcomes.push("sent"),
        () => outcomes.push("failed"),
      );
      expect(await next()).toBe("hello");
      send(socket, 1 as never, undefined, (error) => outcomes.push((error as { code: string }).code));
      close(socket);
      send(socket, "too late", undefined, (error) => outcomes.push((error as { code: string }).code));
      expect(outcomes).toEqual(["sent", "RING_NOT_CONVERTIBLE", "RING_WEBSOCKET_CLOSED"]);
      expect(() => send(socket, "too late")).toThrow(expect.objectContaining({ code: "RING_WEBSOCKET_CLOSED" }));
      await closed;
    });
  });

  it.each(["onOpen", "onMessage", "onPong"] as const)(
    "closes with 1011 when %s fails, in place or later",
    async (event) => {
      const failures = [
        (): never => {
          throw new Error("boom");
        },
        () => Promise.reject(new Error("boom")),
      ];
      for (const fail of failures) {
        const errors: unknown[] = [];
        const listener = { [event]: fail, onError: (_socket: WebsocketSocket, error: unknown) => errors.push(error) };
        await serving(listening(listener), async (url) => {
          const { ws, closed } = await connectTo(url);
          ws.send("x");
          ws.pong();
          expect(await closed).toEqual({ code: 1011, reason: "" });
          expect(errors).toMatchObject([{ message: "boom" }]);
        });
      }
    },
  );

  it("is told nothing more of the messages after one has failed", async () => {
    const events: unknown[] = [];
    const closed = deferred<true>();
    const listener: WebsocketListener = {
      onMessage: (_socket, message) => {
        events.push(message);
        throw new Error("boom");
      },
      onError: (_socket, error) => events.push((error as Error).message),
      onClose: (_socket, code) => {
        events.push(code);
        closed.success(true);
      },
    };
    await serving(listening(listener), async (url) => {
      await connectTo(url, { onOpen: (ws) => ["1", "2", "3"].forEach((n) => ws.send(n)) });
      await closed;
      expect(events).toEqual(["1", "boom", 1011]);
    });
  });

  it("is logged when it fails and has no onError, or that fails too", () =>
    withLog(async (log) => {
      const fail = (): never => {
        throw new Error("boom");
      };
      for (const onError of [undefined, fail, () => Promise.reject(new Error("boom")) as never]) {
        const listener = { onMessage: fail, ...(onError && { onError }) };
        await serving(listening(listener), async (url) => {
          const { ws, closed } = await connectTo(url);
          ws.send("x");
          expect(await closed).toMatchObject({ code: 1011 });
          await turn(2);
        });
      }
      expect(log.map(({ error }) => (error as Error).message)).toEqual(["boom", "boom", "boom"]);
    }));

  it("hears of clients that break the rules, and of the end", async () => {
    const events: unknown[] = [];
    const closed = deferred<true>();
    const listener: WebsocketListener = {
      onError: (_socket, error) => events.push((error as { code: string }).code),
      onClose: (_socket, code) => {
        events.push(code);
        closed.success(true);
      },
    };
    await serving(listening(listener), async (url) => {
      const { ws } = await connectTo(url);
      const { _socket: socket } = ws as unknown as { _socket: { write(bytes: Buffer): void } };
      socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
      await closed;
      expect(events).toEqual(["WS_ERR_INVALID_UTF8", 1006]);
    });
  });

  it("cuts off a client that pings without reading", async () => {
    const closed = deferred<number>();
    await serving(listening({ onClose: (_socket, code) => closed.success(code) }), async (_url, _errors, port) => {
      const client = await rawClient(port);
      client.send(
        get(
          "/",
          "connection: upgrade",
          "upgrade: websocket",
          "sec-websocket-version: 13",
          "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
      );
      await client.until(/\r\n\r\n/);
      client.pause();
      const frame = Buffer.concat([Buffer.from([0x89, 0x80 + 125, 0, 0, 0, 0]), Buffer.alloc(125)]).toString("latin1");
      const flood = setInterval(() => client.send(frame.repeat(5000)), 1);
      expect(await closed).toBe(1006);
      clearInterval(flood);
      client.leave();
    });
  });

  it.each<[string, RingResponse, RegExp]>([
    ["no listener", { websocketListener: undefined }, /no websocketListener/],
    ["a protocol that was not offered", { websocketListener: {}, websocketProtocol: "c" }, /websocketProtocol "c"/],
  ])("is an error before any handshake with %s", (_what, response, why) =>
    serving(
      () => response,
      async (url, errors) => {
        await expect(connectTo(url, { protocols: ["a"] })).rejects.toMatchObject({ status: 500 });
        expect(errors).toMatchObject([
          { code: "RING_INVALID_RESPONSE", message: expect.stringMatching(why) as unknown },
        ]);
      },
    ),
  );

  it("is an error where no websocket was asked for", () =>
    serving(listening({}), async (_url, errors, port) => {
      expect((await fetch(`http://localhost:${port}/`)).status).toBe(500);
      expect(errors).toMatchObject([
        { code: "RING_INVALID_RESPONSE", message: expect.stringContaining("isUpgradeRequest") as unknown },
      ]);
    }));
});

describe("the websocketOptions of a response", () => {
  const listener: WebsocketListener = {
    onMessage: (socket, message) => send(socket, String(message.length)),
  };

  it.each([
    [{ maxPayload: 10 }, 11],
    [{}, 1_048_577],
  ])("limit a message, %j: one of %d bytes closes it with 1009", async (websocketOptions, size) => {
    await serving(
      () => ({ websocketListener: listener, websocketOptions }),
      async (url) => {
        const { ws, next } = await connectTo(url);
        ws.send("x".repeat(size - 1));
        expect(await next()).toBe(String(size - 1));
        const closed = once(ws, "close");
        ws.send("x".repeat(size));
        expect((await closed)[0]).toBe(1009);
      },
    );
  });

  it("let larger ones through", () =>
    serving(
      () => ({ websocketListener: listener, websocketOptions: { maxPayload: 3_000_000 } }),
      async (url) => {
        const { ws, next } = await connectTo(url);
        ws.send("x".repeat(2_000_000));
        expect(await next()).toBe("2000000");
      },
    ));

  it("compress, add headers, and send heartbeats", () =>
    serving(
      () => ({
        websocketListener: listener,
        websocketOptions: {
          compression: true,
          headers: { "x-room": "tea" },
          heartbeats: { sendAfterIdle: 10, payload: "beat" },
        },
      }),
      async (url) => {
        const ws = new WebSocket(url);
        const headers = new Promise<IncomingHttpHeaders>((resolve) => {
          ws.once("upgrade", (response) => resolve(response.headers));
        });
        const [payload] = (await once(ws, "ping")) as [Buffer];
        expect((await headers)["x-room"]).toBe("tea");
        expect([ws.extensions, payload.toString()]).toEqual([expect.stringContaining("permessage-deflate"), "beat"]);
        ws.terminate();
      },
    ));

  it("refuse foreign origins", () =>
    serving(
      () => ({ websocketListener: listener, websocketOptions: { origins: ["https://example.com"] } }),
      async (url) => {
        const statusFor = async (origin: string): Promise<number | undefined> => {
          const ws = new WebSocket(url, { origin });
          const [, response] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
          return response.statusCode;
        };
        expect(await statusFor("https://elsewhere.example")).toBe(403);
        await connectTo(url);
      },
    ));

  it.each([
    [{ maxPayload: 0 }, "maxPayload is 0"],
    [{ maxPayloads: 1 }, 'no option "maxPayloads"'],
    [{ subProtocols: ["a"] }, "websocketProtocol chooses one"],
    [{ onPing: () => {} }, "the listener has it"],
  ])("that cannot work are refused before anything is sent: %j", (websocketOptions, complaint) =>
    serving(
      () => ({ websocketListener: listener, websocketOptions: websocketOptions as never }),
      async (url, errors) => {
        const ws = new WebSocket(url);
        const [, response] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage];
        expect(response.statusCode).toBe(500);
        expect(errors).toMatchObject([{ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(complaint) }]);
      },
    ),
  );
});
