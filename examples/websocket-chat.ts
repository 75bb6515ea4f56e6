/**
 * Aleph's chat: the first two messages say which room and who it is, the rest is for all in the room. A bus is all it takes;
 * chat.ts has rooms with more to them. Ada and Bob talk at once, and what they hear is printed.
 *
 *     npx wscat -c ws://localhost:3000/chat
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { type WebsocketMessage, websocketRoute, withWebsockets } from "express-ring";
import { eventBus } from "express-ring/bus";
import { chain } from "express-ring/deferred";
import { websocketClient } from "express-ring/http";
import { buffer, connect, consumeAsync, map } from "express-ring/stream";

const rooms = eventBus<string, WebsocketMessage>();

const app = withWebsockets(express());

app.get(
  "/chat",
  websocketRoute((duplex) =>
    chain(duplex.take(), (room) =>
      chain(duplex.take(), (name) => {
        const heard = rooms.subscribe(String(room));
        connect(heard, duplex);
        // A hundred messages wait for a room that is slow; then the client waits.
        const said = buffer(
          100,
          map((text) => `${String(name)}: ${String(text)}`, duplex),
        );
        consumeAsync((text) => rooms.publish(String(room), text), said);
        duplex.onClosed(() => heard.close());
      }),
    ),
  ),
);

async function enter(url: string, name: string) {
  const duplex = await websocketClient(url);
  for (const message of ["tea", name, "hello"]) await duplex.put(message);
  // Whoever hears himself is in the room.
  await duplex.take();
  return duplex;
}

async function talk(url: string): Promise<void> {
  const ada = await enter(url, "Ada");
  const bob = await enter(url, "Bob");
  console.log("Ada hears", await ada.take());
  await ada.put("how is the tea?");
  for (const [name, duplex] of Object.entries({ Ada: ada, Bob: bob })) console.log(name, "hears", await duplex.take());
  await bob.put("hot");
  for (const [name, duplex] of Object.entries({ Ada: ada, Bob: bob })) {
    console.log(name, "hears", await duplex.take());
    duplex.close();
  }
}

const server = app.listen(Number(process.env.PORT ?? 3000), async (error) => {
  if (error) throw error;
  const url = `ws://localhost:${(server.address() as AddressInfo).port}/chat`;
  console.log(url);
  await talk(url);
});
