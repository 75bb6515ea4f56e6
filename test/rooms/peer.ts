/**
 * A process of its own with rooms over Redis, for the tests: `fork(peer.ts, [port])`. It lets one member into the room its
 * parent names, and tells of all that the member hears.
 */
import { createClient } from "redis";
import { redisEventBus } from "../../src/bus/index.js";
import { setLogger } from "../../src/errors/index.js";
import { type RoomMessage, rooms } from "../../src/rooms/index.js";
import { consume, stream } from "../../src/stream/index.js";

// The tests kill the server on purpose.
setLogger(() => {});

/** What the parent tells: a room to join, or something to say there. */
export interface Order {
  readonly room: string;
  readonly say?: string;
}

const client = createClient({ socket: { port: Number(process.argv[2]), reconnectStrategy: 20 } });
client.on("error", () => {});
await client.connect();
const bus = redisEventBus<string, RoomMessage<string>>(client);
const chat = rooms(bus, { presenceInterval: 100, presenceTimeout: 1000 });

process.on("message", async ({ room, say }: Order) => {
  if (say !== undefined) {
    await chat.broadcast(room, say);
    return;
  }
  const member = stream<string>(100);
  consume((message) => process.send?.(message), member);
  await chat.join(room, member).joined;
  process.send?.("joined");
});
process.on("disconnect", () => {
  chat.close();
  bus.close();
  client.destroy();
});
process.send?.("ready");
