/**
 * One process of several that are one application: `worker.ts <host> <Redis's port> <port>`. Sessions, a bus, rooms and a log of
 * events are in Redis, so it does not matter which process a client comes to. It tells its parent when it listens, and on
 * SIGTERM lets what is under way come to its end.
 */
import type { Server } from "node:http";
import { RedisStore } from "connect-redis";
import express from "express";
import { createClient } from "redis";
import { expressSessionStore, wrapSession } from "../../middleware/index.js";
import { publish, redisEventBus } from "../../src/bus/index.js";
import { toString } from "../../src/byte-streams/index.js";
import { andThen } from "../../src/deferred/index.js";
import { setLogger } from "../../src/errors/index.js";
import { startServer, websocketConnection } from "../../src/http/index.js";
import { pipe, type RingRequest, type RingResponse, ring, router, withWebsockets } from "../../src/index.js";
import { type RoomMessage, rooms } from "../../src/rooms/index.js";
import { busEvents, redisEventLog, type SseOptions, sse } from "../../src/sse/index.js";
import { consumeAsync } from "../../src/stream/index.js";

// The tests kill on purpose.
setLogger(() => {});

const [host = "express", redisPort, port] = process.argv.slice(2);

const client = await createClient({ socket: { port: Number(redisPort) } })
  .on("error", () => {})
  .connect();
const words = redisEventBus<string, string>(client, { prefix: "words:" });
const halls = redisEventBus<string, RoomMessage<string>>(client, { prefix: "halls:" });
const chat = rooms<string>(halls, { presenceInterval: 300, presenceTimeout: 1000 });
const log = redisEventLog(client, { key: "news" });

interface Visits {
  readonly visits: number;
}

const feed = busEvents(words);

let isLeaving = false;

const events = (request: RingRequest, options: SseOptions): RingResponse =>
  sse(request, { heartbeat: 100, retry: 50, ...options }).response;

const bodyOf = async ({ body }: RingRequest): Promise<string> => toString(body ?? "");

const handler = pipe(
  router({
    "GET /work": async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { status: 200, body: "done" };
    },
    "GET /visits": wrapSession<Visits>(
      ({ session }) => {
        const visits = (session.visits ?? 0) + 1;
        return { status: 200, body: String(visits), session: { visits } };
      },
      { store: expressSessionStore(new RedisStore({ client })) },
    ),
    "GET /words": (request) => {
      const response = events(request, { feed, topics: ["words"] });
      // Who has the head of the answer hears what is said from then on, in whichever process.
      return andThen(words.whenSubscribed("words"), () => response);
    },
    "PUT /words": async (request) => ({
      status: 200,
      body: String(await publish(words, "words", await bodyOf(request))),
    }),
    "GET /news": (request) => events(request, { feed: log }),
    "PUT /news": async (request) => ({
      status: 200,
      body: await log.append({ event: "news", data: await bodyOf(request) }),
    }),
    "GET /halls/:hall": async (request) => {
      const { hall } = request.routeParams;
      const duplex = await websocketConnection(request);
      await chat.join(hall, duplex).joined;
      consumeAsync((text) => chat.broadcast(hall, String(text)), duplex);
      await duplex.put(`welcome to ${process.pid}`);
      return null;
    },
    "GET /halls/:hall/count": ({ routeParams: { hall } }) => ({ status: 200, body: String(chat.count(hall)) }),
  }),
  (routes) => (request: RingRequest) => andThen(routes(request), signed),
);

/** Says which process answers. */
const signed = (response: RingResponse | null | undefined): RingResponse | null | undefined =>
  response && { ...response, headers: { ...response.headers, "x-process": String(process.pid) } };

/** @returns what closes it, in order */
async function listen(): Promise<() => PromiseLike<unknown>> {
  if (host === "startServer") {
    const server = await startServer(handler, { port: Number(port), websocketCloseCode: 1012 });
    return () => server.close();
  }
  const app = withWebsockets(express(), { closeCode: 1012 });
  app.use((_req, res, next) => {
    if (isLeaving) res.set("connection", "close");
    next();
  });
  app.use(ring(handler));
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(Number(port), () => resolve(listening));
  });
  return () => new Promise((resolve) => server.close(resolve));
}

const close = await listen();
process.send?.("listening");

process.once("SIGTERM", async () => {
  isLeaving = true;
  await close();
  chat.close();
  for (const each of [halls, words, log]) each.close();
  await client.close();
  // Nothing is left that keeps the process alive but its parent.
  process.disconnect?.();
});
