import type { Server } from "node:http";
import { Readable } from "node:stream";
import { fastify } from "fastify";
import { careful, data, greeting, json, line, lines, plainText, text } from "./tasks.js";
import { load } from "./untyped.js";

const { parse: parseCookies } = await load<{ parse(this: void, header: string): Record<string, string> }>("cookie");

export async function start(): Promise<Server> {
  const app = fastify();
  app.get("/text", (_request, reply) => {
    reply.type(plainText).send(text);
  });
  app.get("/json", (_request, reply) => {
    reply.type(json).send(data());
  });
  app.post("/echo", (request, reply) => {
    reply.type(plainText).send(request.body);
  });
  app.get("/stream", (_request, reply) => {
    reply.type(plainText).send(Readable.from(Array.from({ length: lines }, () => line)));
  });
  app.register(async (inner) => {
    inner.addHook("onRequest", async (request) => {
      (request as { cookies?: unknown }).cookies = parseCookies(request.headers.cookie ?? "");
    });
    for (const [name, value] of Object.entries(careful)) {
      inner.addHook("onSend", async (_request, reply) => void reply.header(name, value));
    }
    inner.get("/greet", (request, reply) => {
      const { name = "" } = request.query as Record<string, string>;
      const { theme = "" } = (request as { cookies?: Record<string, string> }).cookies ?? {};
      reply.type(plainText).send(greeting(name, theme));
    });
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server;
}
