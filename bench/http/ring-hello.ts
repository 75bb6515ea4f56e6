import type { Server } from "node:http";
import express from "express";
import { type Handler, ring } from "express-ring";

const headers = { "content-type": "text/plain; charset=utf-8" };

export function startSynchronous(): Server {
  return serve(() => ({ status: 200, headers, body: "Hello, world!" }));
}

export function startAsynchronous(): Server {
  return serve(async () => ({ status: 200, headers, body: "Hello, world!" }));
}

function serve(handler: Handler): Server {
  const app = express();
  app.get("/", ring(handler));
  return app.listen(0);
}
