import type { Server } from "node:http";
import express from "express";
import { type Handler, ring } from "express-ring";
import { type Listen, plainly, withClasses } from "./listen.js";

const headers = { "content-type": "text/plain; charset=utf-8" };

const response = { status: 200, headers, body: "Hello, world!" };

export function startSynchronous(): Server {
  return serve(() => ({ ...response }), plainly);
}

export function startAsynchronous(): Server {
  return serve(async () => ({ ...response }), plainly);
}

export function startSynchronousWithClasses(): Server {
  return serve(() => ({ ...response }), withClasses);
}

export function startAsynchronousWithClasses(): Server {
  return serve(async () => ({ ...response }), withClasses);
}

function serve(handler: Handler, listen: Listen): Server {
  const app = express();
  app.get("/", ring(handler));
  return listen(app);
}
