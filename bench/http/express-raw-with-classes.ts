import type { Server } from "node:http";
import express from "express";
import { withMessageClasses } from "express-ring";

export function start(): Server {
  const app = withMessageClasses(express());
  app.get("/", (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": 13 });
    response.end("Hello, world!");
  });
  return app.listen(0);
}
