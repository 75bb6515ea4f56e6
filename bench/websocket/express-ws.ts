import type { Server } from "node:http";
import express from "express";
import expressWs from "express-ws";

export function start(): Server {
  const { app } = expressWs(express());
  app.ws("/", (socket) => {
    // Under it is ws 7: text comes as a string, binary as bytes, and goes back as the same.
    socket.on("message", (message) => socket.send(message));
  });
  return app.listen(0);
}
