import type { Server } from "node:http";
import express from "express";

export function start(): Server {
  const app = express();
  app.get("/", (_request, response) => {
    response.type("txt").send("Hello, world!");
  });
  return app.listen(0);
}
