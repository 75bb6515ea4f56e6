/** The kit on a server of its own. */
import type { Server } from "node:http";
import type { RingRequest, WebsocketMessage } from "express-ring";
import { eventBus } from "express-ring/bus";
import { startServer, websocketConnection } from "express-ring/http";
import { type RoomMessage, rooms } from "express-ring/rooms";
import { connect, consumeAsync } from "express-ring/stream";

export async function start(): Promise<Server> {
  const echo = async (request: RingRequest) => {
    const duplex = await websocketConnection(request);
    connect(duplex, duplex);
    return null;
  };
  return (await startServer(echo, { port: 0 })).node as Server;
}

export async function startRooms(): Promise<Server> {
  const chat = rooms(eventBus<string, RoomMessage<WebsocketMessage>>());
  const join = async (request: RingRequest) => {
    const duplex = await websocketConnection(request);
    chat.join("all", duplex);
    consumeAsync((message) => chat.broadcast("all", message), duplex);
    return null;
  };
  return (await startServer(join, { port: 0 })).node as Server;
}
