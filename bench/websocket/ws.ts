import { createServer, type Server } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

export function start(): Server {
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return server.listen(0);
}

/** A loop over all who are there, as everybody writes it. */
export function startBroadcast(): Server {
  const server = createServer();
  const websockets = new WebSocketServer({ server });
  websockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      for (const member of websockets.clients) {
        if (member.readyState === WebSocket.OPEN) member.send(data, { binary: isBinary });
      }
    });
  });
  return server.listen(0);
}
