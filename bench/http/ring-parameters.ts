import type { Server } from "node:http";
import express from "express";
import { pipe, type RingRequest, ring } from "express-ring";
import { type Cookies, type Params, wrapContentType, wrapCookies, wrapParams } from "express-ring/middleware";

function greeting({ params, cookies }: RingRequest & Params & Cookies) {
  const { name, mark } = params as Record<string, string>;
  return { status: 200, body: `Hello, ${name}${mark} (${cookies.theme?.value})` };
}

export function start(): Server {
  const app = express();
  app.get("/greeting.txt", ring(pipe(greeting, wrapParams, wrapCookies, wrapContentType)));
  return app.listen(0);
}
