import type { Server } from "node:http";
import { Readable } from "node:stream";
import cookieParser from "cookie-parser";
import express, { type Express } from "express";
import { careful, data, greeting, line, lines, text } from "./tasks.js";

export function start(): Server {
  return app().listen(0);
}

function app(): Express {
  const app = express();
  app.get("/text", (_request, response) => void response.type("text").send(text));
  app.get("/express", (_request, response) => void response.type("text").send(text));
  app.get("/json", (_request, response) => void response.json(data()));
  app.post("/echo", express.text({ type: "*/*" }), (request, response) => {
    response.type("text").send(request.body);
  });
  app.get("/stream", (_request, response) => {
    response.type("text");
    Readable.from(Array.from({ length: lines }, () => line)).pipe(response);
  });
  const headers = Object.entries(careful).map(([name, value]) => {
    const set: express.RequestHandler = (_request, response, next) => {
      response.setHeader(name, value);
      next();
    };
    return set;
  });
  app.get("/greet", cookieParser(), ...headers, (request, response) => {
    const { name = "" } = request.query as Record<string, string>;
    response.type("text").send(greeting(name, String(request.cookies["theme"])));
  });
  return app;
}
