/** The server of a soak: a room of websockets, and a log that event streams are fed from. Its parent says what is sent, and when. */
import { eventBus } from "../../src/bus/index.js";
import { startServer, websocketConnection } from "../../src/http/index.js";
import type { RingRequest } from "../../src/index.js";
import { type RoomMessage, rooms } from "../../src/rooms/index.js";
import { eventLog, sse } from "../../src/sse/index.js";
import type { ServerOrder, ServerReport } from "./messages.js";

/** Events of a whole soak: nobody is so slow that it should miss one. */
const KEPT = 100_000;
const KEPT_BYTES = 1_000_000_000;

const chat = rooms(eventBus<string, RoomMessage<string>>());
const log = eventLog({ maxEvents: KEPT, maxBytes: KEPT_BYTES });

async function handler(request: RingRequest) {
  if (request.uri === "/events") return sse(request, { feed: log }).response;
  chat.join("all", await websocketConnection(request));
  return null;
}

const server = await startServer(handler, { port: 0, shutdownTimeout: 0 });

process.on("message", (order: ServerOrder) => {
  if (order.order === "broadcast") chat.broadcast("all", order.text);
  else if (order.order === "event") log.append({ data: order.text });
  else {
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { dropped, members } = chat.stats();
    const { readers, missed, disconnected } = log.stats();
    const memory = process.memoryUsage().rss;
    tell({ memory, processor: (user + system) / 1000, members, readers, dropped: dropped + missed + disconnected });
  }
});
process.once("disconnect", () => process.exit());

function tell(report: ServerReport | { readonly port: number }): void {
  process.send?.(report);
}

tell({ port: server.port });
