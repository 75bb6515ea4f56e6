import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import express from "express";
import { WebSocket } from "ws";
import { eventBus } from "../../src/bus/index.js";
import { attachWebsockets, websocketRoute } from "../../src/express/index.js";
import { websocketClose } from "../../src/http/index.js";
import { type JoinOptions, type RoomMessage, type Rooms, rooms } from "../../src/rooms/index.js";
import type { WebsocketDuplex, WebsocketMessage } from "../../src/websocket/types.js";
import { logged, rest } from "../stream/kit.js";

const open: { close(): unknown }[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Chat {
  readonly url: string;
  readonly chat: Rooms<WebsocketMessage>;
  readonly duplexes: WebsocketDuplex[];
}

/** A room that everybody joins who connects. */
async function serve(
  options: { compression?: boolean; join?: (duplex: WebsocketDuplex) => JoinOptions } = {},
): Promise<Chat> {
  const chat = rooms(eventBus<string, RoomMessage<WebsocketMessage>>());
  const duplexes: WebsocketDuplex[] = [];
  const app = express();
  const route = websocketRoute(
    (duplex) => {
      duplexes.push(duplex);
      chat.join("x", duplex, options.join?.(duplex));
    },
    { compression: options.compression },
  );
  app.get("/", route);
  const server = createServer(app).listen(0, "127.0.0.1");
  servers.push(server);
  attachWebsockets(server, app);
  await once(server, "listening");
  open.push(chat);
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, chat, duplexes };
}

const shown = (message: WebsocketMessage): string =>
  typeof message === "string" ? message : `bytes: ${Buffer.from(message).toString("base64")}`;

/** A client, and what it hears: text as it is, bytes in base64. */
async function enter(url: string) {
  const socket = new WebSocket(url);
  const heard: string[] = [];
  socket.on("message", (data, isBinary) =>
    heard.push(shown(isBinary ? (data as Buffer) : (data as Buffer).toString())),
  );
  await once(socket, "open");
  open.push({ close: () => socket.terminate() });
  const hears = async (count: number) => {
    while (heard.length < count) await once(socket, "message");
    return heard;
  };
  return { socket, hears };
}

async function joined({ chat }: Chat, count: number): Promise<void> {
  while (chat.size("x") < count) await rest();
}

describe("a room of websockets", () => {
  it.each([
    ["framed once for all", false],
    ["compressed for each", true],
  ])("hears text and bytes of every length, %s", async (_how, compression) => {
    const room = await serve({ compression });
    const clients = await Promise.all([1, 2, 3].map(() => enter(room.url)));
    await joined(room, 3);
    const messages = ["", "é", ...[125, 126, 65_535, 65_536, 200_000].map((length) => "x".repeat(length))];
    const said: WebsocketMessage[] = messages.flatMap((text) => [text, Buffer.from(text)]);
    for (const message of said) expect(await room.chat.broadcast("x", message)).toBe(true);
    const expected = said.map(shown);
    for (const { hears } of clients) expect(await hears(said.length)).toEqual(expected);
    const [first] = clients as [(typeof clients)[0]];
    const { bytesRead } = (first.socket as unknown as { _socket: Socket })._socket;
    expect(bytesRead > 500_000).toBe(!compression);
    expect(first.socket.extensions).toBe(compression ? "permessage-deflate" : "");
  });

  it("keeps the order of what is said to all and to one", async () => {
    const room = await serve();
    const { hears } = await enter(room.url);
    await joined(room, 1);
    for (let n = 0; n < 100; n += 2) {
      void room.chat.broadcast("x", `${n}`);
      void room.duplexes[0]?.put(`${n + 1}`);
    }
    expect(await hears(100)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
  });

  it("is left by those who go", async () => {
    const room = await serve();
    const [a, b] = [await enter(room.url), await enter(room.url)];
    await joined(room, 2);
    a.socket.close();
    await once(a.socket, "close");
    while (room.chat.size("x") > 1) await rest();
    await room.chat.broadcast("x", "still here");
    expect(await b.hears(1)).toEqual(["still here"]);
  });

  it("fails nobody with a message that is none, which is counted", async () => {
    const room = await serve();
    const { hears } = await enter(room.url);
    await joined(room, 1);
    const entries = await logged(async () => {
      await room.chat.broadcast("x", 1 as never);
      await room.chat.broadcast("x", "next");
      expect(await hears(1)).toEqual(["next"]);
    });
    expect(entries).toMatchObject([{ code: "RING_NOT_CONVERTIBLE" }]);
    expect(room.chat.stats()).toMatchObject({ dropped: 1, sent: 1 });
  });

  it("sends one away that does not read, in bounded memory, and the others hear all", async () => {
    const room = await serve({
      join: (duplex) => ({
        bound: 5,
        overflow: "disconnect",
        disconnect: () => websocketClose(duplex, 1013, "too slow"),
      }),
    });
    const [slow, fast] = [await enter(room.url), await enter(room.url)];
    await joined(room, 2);
    slow.socket.pause();
    const message = "x".repeat(100_000);
    let said = 0;
    while (room.chat.stats().disconnected === 0 && said < 2000) {
      await room.chat.broadcast("x", message);
      expect((await fast.hears(++said)).length).toBe(said);
    }
    expect(room.chat.stats()).toMatchObject({ disconnected: 1, members: 1, dropped: 6 });
    slow.socket.resume();
    const [code, reason] = (await once(slow.socket, "close")) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1013, "too slow"]);
  });
});
