import { createServer, type Server } from "node:http";
import { Server as SocketServer } from "socket.io";

const options = { serveClient: false, transports: ["websocket" as const] };

export function start(): Server {
  const server = createServer();
  new SocketServer(server, options).on("connection", (socket) => {
    socket.on("message", (message) => socket.emit("message", message));
  });
  return server.listen(0);
}

export function startRooms(): Server {
  const server = createServer();
  const io = new SocketServer(server, options);
  io.on("connection", async (socket) => {
    await socket.join("all");
    socket.on("message", (message) => io.to("all").emit("message", message));
  });
  return server.listen(0);
}
