import type { Server } from "node:http";
import { extname } from "node:path";
import cookieParser from "cookie-parser";
import express, { type Request, type Response } from "express";

export function startWithSend(): Server {
  return serve((request, response) => response.type(extname(request.path)).send(greeting(request)));
}

export function startWithEnd(): Server {
  return serve((request, response) => response.type(extname(request.path)).end(greeting(request)));
}

function greeting({ query, cookies }: Request): string {
  const { name, mark } = query as Record<string, string>;
  return `Hello, ${name}${mark} (${cookies.theme})`;
}

function serve(answer: (request: Request, response: Response) => void): Server {
  const app = express();
  app.use(cookieParser());
  app.get("/greeting.txt", answer);
  return app.listen(0);
}
