/** The kit: a router, and a server of its own. */
import type { Server } from "node:http";
import express from "express";
import { pipe, type RingRequest, ring, router } from "express-ring";
import { toString } from "express-ring/byte-streams";
import { andThen } from "express-ring/deferred";
import { startServer } from "express-ring/http";
import {
  type Cookies,
  type Params,
  wrapContentTypeOptions,
  wrapCookies,
  wrapFrameOptions,
  wrapParams,
  wrapXssProtection,
} from "express-ring/middleware";
import { close, put, stream } from "express-ring/stream";
import { data, greeting, json, line, lines, plainText, text } from "./tasks.js";

const asText = { "content-type": plainText };
const asJson = { "content-type": json };

const routes = router({
  "GET /text": () => ({ status: 200, headers: asText, body: text }),
  "GET /json": () => ({ status: 200, headers: asJson, body: JSON.stringify(data()) }),
  "POST /echo": ({ body }) => andThen(toString(body ?? ""), (body) => ({ status: 200, headers: asText, body })),
  "GET /stream": () => ({ status: 200, headers: asText, body: messages() }),
  "GET /greet": pipe(
    greet,
    wrapParams,
    wrapCookies,
    (handler) => wrapFrameOptions(handler, "sameorigin"),
    (handler) => wrapContentTypeOptions(handler, "nosniff"),
    (handler) => wrapXssProtection(handler, true, { mode: "block" }),
  ),
});

function greet({ params, cookies }: RingRequest & Params & Cookies) {
  return { status: 200, headers: asText, body: greeting(params["name"] as string, String(cookies["theme"]?.value)) };
}

function messages() {
  const body = stream<string>(lines);
  for (let message = 0; message < lines; message++) put(body, line);
  close(body);
  return body;
}

export async function start(): Promise<Server> {
  return (await startServer(routes, { port: 0 })).node as Server;
}

export async function startInFront(): Promise<Server> {
  const fallback = express().get("/express", (_request, response) => void response.type("text").send(text));
  return (await startServer(routes, { port: 0, fallback })).node as Server;
}

export function startInside(): Server {
  return express().use(ring(routes)).listen(0);
}

export async function startHttp2(): Promise<Server> {
  const options = { port: 0, httpVersions: ["http2"], useH2c: true } as const;
  return (await startServer(() => ({ status: 200, headers: asText, body: text }), options)).node as Server;
}
