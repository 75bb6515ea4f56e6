/**
 * A chat over websockets, with rooms. What comes is for all in the room; what is sent is one message, with who is there.
 *
 *     npx wscat -c 'ws://localhost:3000/chat/tea?name=Ada'
 *
 * With REDIS_URL any number of processes of this example share their rooms.
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { websocketRoute, withWebsockets } from "express-ring";
import { eventBus, redisEventBus } from "express-ring/bus";
import { websocketClose } from "express-ring/http";
import { type RoomMessage, rooms } from "express-ring/rooms";
import { consumeAsync } from "express-ring/stream";
import { createClient } from "redis";

/** What is said in a room. */
interface Saying {
  readonly who: string;
  readonly says: string;
  readonly present: number;
}

const { REDIS_URL: url } = process.env;
const bus =
  url === undefined
    ? eventBus<string, RoomMessage<Saying>>()
    : redisEventBus<string, RoomMessage<Saying>>(await createClient({ url }).on("error", console.error).connect(), {
        prefix: "chat:",
      });

// Each process makes the text of a saying once, however many listen.
const chat = rooms(bus, {
  encode: (saying: Saying) => JSON.stringify(saying),
  presenceInterval: 1000,
  presenceTimeout: 3000,
});

const app = withWebsockets(express());

app.get(
  "/chat/:room",
  websocketRoute(async (duplex, request) => {
    const room = String(request.routeParams?.["room"]);
    const who = new URLSearchParams(request.queryString).get("name") ?? "somebody";
    const say = (says: string) => chat.broadcast(room, { who, says, present: chat.count(room) });

    // Who reads too slowly is sent away, and may come again.
    const member = chat.join(room, duplex, {
      bound: 100,
      overflow: "disconnect",
      disconnect: () => websocketClose(duplex, 1013, "too slow"),
    });
    await member.joined;
    await say("hello");
    // `broadcast` yields when the message is on its way, so nobody can flood the room.
    consumeAsync(async (text) => void (await say(String(text))), duplex);
    duplex.onClosed(() => void say("goodbye"));
  }),
);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`ws://localhost:${(server.address() as AddressInfo).port}/chat/tea?name=Ada`);
});
