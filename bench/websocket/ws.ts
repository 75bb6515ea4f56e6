import { createServer, type Server } from "node:http";
import { WebSocketServer } from "ws";

export function start(): Server {
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return server.listen(0);
}
