import type { Server } from "node:http";
import type { RingRequest } from "express-ring";
import { eventBus, publish } from "express-ring/bus";
import { startServer } from "express-ring/http";
import { busEvents, eventLog, type SseOptions, sse } from "express-ring/sse";
import { event } from "./event.js";

async function serve(options: SseOptions, send: () => unknown): Promise<Server> {
  const handler = (request: RingRequest) => {
    if (request.requestMethod === "get") return sse(request, options).response;
    send();
    return { status: 200 };
  };
  return (await startServer(handler, { port: 0 })).node as Server;
}

/** From a bus: who is not there misses it. */
export function start(): Promise<Server> {
  const bus = eventBus<string, string>();
  const feed = busEvents(bus, { toEvent: (data) => ({ data }) });
  return serve({ feed, topics: ["all"] }, () => publish(bus, "all", event));
}

/** From a log: who comes back gets what was missed. */
export function startLog(): Promise<Server> {
  const log = eventLog();
  return serve({ feed: log }, () => log.append({ data: event }));
}
