/** Clients that break the rules, or keep them to do harm: each is closed with the right code, and nobody else notices. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import express, { type Express } from "express";
import expressWs from "express-ws";
import {
  type WebsocketDuplex,
  type WebsocketHandler,
  type WebsocketOptions,
  websocketRoute,
  withExpressWs,
  withWebsockets,
} from "../../src/index.js";
import { connect } from "../../src/stream/index.js";
import type { Websocket } from "../../src/websocket/duplex.js";
import { withLog } from "../contract/host.js";
import { running } from "../contract/websocket.js";
import { heapInUse } from "../garbage.js";
import { appOverHttp2 } from "../http/server/over-http2.js";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  deflate,
  encode,
  type Frame,
  type FrameClient,
  frameClient,
  PING,
  PONG,
  TEXT,
} from "./frames.js";
import { connectTo, turn, until } from "./peers.js";

interface Mount {
  readonly name: string;
  readonly app: (handler: WebsocketHandler, options?: WebsocketOptions) => Express;
}

const native: Mount = {
  name: "withWebsockets",
  app: (handler, options) => {
    const app = withWebsockets(express());
    app.get("/", websocketRoute(handler, options));
    return app;
  },
};

const viaExpressWs: Mount = {
  name: "express-ws",
  app: (handler, { maxPayload = 1_048_576, compression = false } = {}) => {
    const wsOptions = { maxPayload, perMessageDeflate: compression };
    const { app } = withExpressWs(expressWs(express(), undefined, { wsOptions }));
    app.ws("/", websocketRoute(handler) as never);
    return app as unknown as Express;
  },
};

const overHttp2: Mount = { name: "startServer, over HTTP/2", app: appOverHttp2 };

const echo = (duplex: WebsocketDuplex): void => connect(duplex, duplex);

/** Runs an attack on a server that echoes, while somebody else uses it, who must not notice. */
async function attack(
  mount: Mount,
  body: (client: FrameClient, url: string) => Promise<void>,
  { options, handler = echo, extra }: { options?: WebsocketOptions; handler?: WebsocketHandler; extra?: string } = {},
): Promise<void> {
  await withLog(async (log) => {
    await running(mount.app(handler, options), async ({ url }) => {
      const bystander = await connectTo(`${url}/`);
      const client = await frameClient(`${url}/`, extra);
      await body(client, url);
      bystander.ws.send("still here");
      expect(await bystander.next()).toBe("still here");
      bystander.ws.close(1000);
      expect(await bystander.closed).toEqual({ code: 1000, reason: "" });
      client.socket.destroy();
    });
    // What clients do wrong is no news.
    expect(log).toEqual([]);
  });
}

const DEFLATE = "sec-websocket-extensions: permessage-deflate\r\n";
const compression = { options: { compression: true }, extra: DEFLATE };

describe.each([native, viaExpressWs, overHttp2].map((mount) => [mount.name, mount] as const))(
  "a client under %s",
  (_name, mount) => {
    it.each<[string, number, (Frame | string | Uint8Array)[]]>([
      ["sends a frame that is not masked", 1002, [{ opcode: TEXT, payload: "x", isMasked: false }]],
      ["sets a reserved bit", 1002, [{ opcode: TEXT, payload: "x", reserved: 1 }]],
      ["compresses though that was not agreed on", 1002, [{ opcode: TEXT, payload: deflate("x"), reserved: 4 }]],
      ["sends an opcode for data that there is not", 1002, [{ opcode: 3 }]],
      ["sends an opcode for control that there is not", 1002, [{ opcode: 11 }]],
      ["continues what has not begun", 1002, [{ opcode: CONTINUATION, payload: "x" }]],
      [
        "begins a message within a message",
        1002,
        [
          { opcode: TEXT, payload: "x", isFinal: false },
          { opcode: TEXT, payload: "y" },
        ],
      ],
      ["sends a ping in fragments", 1002, [{ opcode: PING, payload: "x", isFinal: false }]],
      ["sends a ping of 126 bytes", 1002, [{ opcode: PING, payload: "x".repeat(126) }]],
      ["closes with half a code", 1002, [{ opcode: CLOSE, payload: "x" }]],
      ["closes with the code 1005", 1002, [{ opcode: CLOSE, payload: closePayload(1005) }]],
      ["closes with the code 999", 1002, [{ opcode: CLOSE, payload: closePayload(999) }]],
      [
        "closes with a reason that is no text",
        1007,
        [{ opcode: CLOSE, payload: closePayload(1000, Buffer.from([255])) }],
      ],
      ["sends text that is no UTF-8", 1007, [{ opcode: TEXT, payload: Buffer.from([0xc3, 0x28]) }]],
      ["sends surrogates", 1007, [{ opcode: TEXT, payload: Buffer.from([0xed, 0xa0, 0x80]) }]],
      [
        "sends text that is no UTF-8 in fragments",
        1007,
        [
          { opcode: TEXT, payload: Buffer.from([0xe2, 0x82]), isFinal: false },
          { opcode: CONTINUATION, payload: "x" },
        ],
      ],
      ["announces a message over maxPayload, and sends none of it", 1009, [{ opcode: BINARY, length: 1_048_577 }]],
      ["announces a message of 2^62 bytes", 1009, [{ opcode: BINARY, length: 2n ** 62n }]],
      [
        "goes over maxPayload in fragments",
        1009,
        Array.from({ length: 18 }, (_, i) => ({
          opcode: i === 0 ? BINARY : CONTINUATION,
          payload: Buffer.alloc(65_536),
          isFinal: false,
        })),
      ],
      ["sends garbage", 1002, ["GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"]],
    ])("%s: is closed with %d", (_what, code, frames) =>
      attack(mount, async (client) => {
        client.send(...frames);
        expect(await client.closed).toBe(code);
        expect(client.payloads(TEXT)).toEqual([]);
      }),
    );

    it("sends pings between fragments, and gets pongs before its message", () =>
      attack(mount, async (client) => {
        client.send({ opcode: TEXT, payload: "a", isFinal: false });
        client.send({ opcode: PING, payload: "1" }, { opcode: PONG, payload: "unasked" });
        client.send({ opcode: CONTINUATION, payload: "", isFinal: false }, { opcode: PING, payload: "2" });
        client.send({ opcode: CONTINUATION, payload: "b" });
        await until(() => client.payloads(TEXT).length === 1);
        expect(client.payloads(PONG)).toEqual(["1", "2"]);
        expect(client.payloads(TEXT)).toEqual(["ab"]);
      }));

    it("sends everything one byte at a time", () =>
      attack(mount, async (client) => {
        client.socket.setNoDelay(true);
        const bytes = Buffer.concat([
          encode({ opcode: TEXT, payload: "grü", isFinal: false }),
          encode({ opcode: CONTINUATION, payload: `ße ${"x".repeat(200)}` }),
          encode({ opcode: CLOSE, payload: closePayload(4001, "bye") }),
        ]);
        for (const byte of bytes) {
          client.socket.write(Buffer.from([byte]));
          await turn();
        }
        expect(await client.closed).toBe(4001);
        expect(client.payloads(TEXT)).toEqual([`grüße ${"x".repeat(200)}`]);
      }));

    it("goes on sending after its close frame, and is not heard", () =>
      attack(mount, async (client) => {
        client.send({ opcode: TEXT, payload: "before" }, { opcode: CLOSE, payload: closePayload(1000) });
        client.send({ opcode: TEXT, payload: "after" }, "garbage");
        expect(await client.closed).toBe(1000);
        expect(client.payloads(TEXT)).not.toContain("after");
      }));

    it("half-closes the connection in the middle of a frame: is gone", async () => {
      const closings: unknown[] = [];
      const handler = (duplex: WebsocketDuplex): void => {
        duplex.closed.onRealized(
          (closing) => closings.push(closing),
          () => {},
        );
        echo(duplex);
      };
      await attack(
        mount,
        async (client) => {
          client.socket.end(Buffer.from([129, 254, 0]));
          expect(await client.closed).toBe(1006);
          await until(() => closings.length === 1);
          expect(closings).toEqual([{ code: 1006, reason: "", wasClean: false }]);
        },
        { handler },
      );
    });

    it("floods with pings whose answers it does not read: is cut off", async () => {
      const closings: unknown[] = [];
      const handler = (duplex: WebsocketDuplex): void => {
        duplex.closed.onRealized(
          (closing) => closings.push(closing),
          () => {},
        );
        echo(duplex);
      };
      await attack(
        mount,
        async (client) => {
          client.socket.pause();
          const pings = Array.from({ length: 5000 }, () => ({ opcode: PING, payload: "x".repeat(125) }));
          while (closings.length === 0) {
            client.send(...pings);
            await turn(2);
          }
          expect(closings).toEqual([{ code: 1006, reason: "", wasClean: false }]);
        },
        { handler },
      );
    });

    it("sends a compressed message that inflates over maxPayload: is closed with 1009", () =>
      attack(
        mount,
        async (client) => {
          client.send({ opcode: TEXT, payload: deflate("x".repeat(100_000_000)), reserved: 4 });
          // `ws` 7 takes it for one that cannot be inflated.
          expect(await client.closed).toBe(mount === viaExpressWs ? 1007 : 1009);
        },
        compression,
      ));

    it("sends what cannot be inflated: is closed with 1007", () =>
      attack(
        mount,
        async (client) => {
          client.send({ opcode: TEXT, payload: Buffer.from([255, 255, 255, 255]), reserved: 4 });
          expect(await client.closed).toBe(1007);
        },
        compression,
      ));

    it("sends many compressed messages that nobody takes: they stay compressed", async () => {
      let held: Websocket | undefined;
      let inflated = 0;
      const handler: WebsocketHandler = (duplex, request) => {
        if (request.queryString !== "held") {
          echo(duplex);
          return;
        }
        held = duplex as Websocket;
        held.raw.on("message", () => inflated++);
      };
      await attack(
        mount,
        async (other, url) => {
          const client = await frameClient(`${url}/?held`, DEFLATE);
          const bomb = { opcode: TEXT, payload: deflate("x".repeat(1_000_000)), reserved: 4 };
          for (let i = 0; i < 60; i++) client.send(bomb);
          await until(() => held?.isHeldBack === true);
          // Another one's messages are inflated behind those.
          for (let i = 0; i < 5; i++) other.send(bomb);
          await until(() => other.payloads(TEXT).length === 5);
          expect(inflated).toBeLessThanOrEqual(3);
          client.socket.destroy();
        },
        { ...compression, handler },
      );
    });
  },
);

describe("a server", () => {
  it("survives 2,000 clients that connect and drop, and forgets them", async () => {
    const server = native.app(echo).listen(0);
    await once(server, "listening");
    const url = `ws://localhost:${(server.address() as AddressInfo).port}/`;
    const bystander = await connectTo(url);
    const one = async (i: number): Promise<void> => {
      const client = await frameClient(url);
      if (i % 4 === 0) client.send({ opcode: TEXT, payload: "x".repeat(1000) });
      if (i % 4 === 1) client.send("garbage");
      if (i % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.end();
      await client.closed;
    };
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    const many = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => one(i + j)));
      while ((await connections()) > 1) await turn();
    };
    await many(300);
    const before = heapInUse();
    await many(2000);
    // One that is kept would be some kilobytes.
    expect(heapInUse() - before).toBeLessThan(1_500_000);
    bystander.ws.send("still here");
    expect(await bystander.next()).toBe("still here");
    bystander.ws.close();
    await bystander.closed;
    await new Promise((resolve) => server.close(resolve));
  }, 60_000);

  it("closes with 1008 on a message of more fragments than 16,384", () =>
    attack(native, async (client) => {
      client.send({ opcode: TEXT, payload: "x", isFinal: false });
      for (let i = 0; i < 17; i++) {
        client.send(...Array.from({ length: 1000 }, () => ({ opcode: CONTINUATION, payload: "x", isFinal: false })));
      }
      expect(await client.closed).toBe(1008);
    }));

  it("has heartbeats cut a client that is there and silent", async () => {
    const closings: { readonly code: number }[] = [];
    const handler = (duplex: WebsocketDuplex): void => {
      duplex.closed.onRealized(
        (closing) => closings.push(closing),
        () => {},
      );
    };
    const app = native.app(handler, { heartbeats: { sendAfterIdle: 50, timeout: 50 } });
    await running(app, async ({ url }) => {
      const client = await frameClient(`${url}/`);
      // It answers nothing by itself.
      expect(await client.closed).toBe(1006);
      expect(client.payloads(PING)).toEqual([""]);
      await until(() => closings.length === 1);
      expect(closings[0]?.code).toBe(1006);
    });
  });

  it("keeps the ends apart: what one client does wrong closes none of a hundred others", () =>
    attack(native, async (client, url) => {
      const others = await Promise.all(Array.from({ length: 100 }, () => connectTo(`${url}/`)));
      client.send({ opcode: 3 });
      expect(await client.closed).toBe(1002);
      for (const { ws, next } of others) {
        ws.send("fine");
        expect(await next()).toBe("fine");
      }
      for (const { ws } of others) {
        const closed = once(ws, "close");
        ws.close();
        await closed;
      }
    }));
});
