/**
 * A dashboard over server-sent events: the process measures itself once in a while, as long as somebody looks. Open the address in
 * a browser, or:
 *
 *     curl -N http://localhost:3000/metrics
 */
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import express from "express";
import { ring } from "express-ring";
import { eventBus } from "express-ring/bus";
import { busEvents, sse } from "express-ring/sse";
import { every } from "express-ring/time";

const PERIOD = 500;

const bus = eventBus<"metrics", Readonly<Record<string, number>>>();
// An event is written once, however many look; who does not keep up misses some.
const feed = busEvents(bus);

const delays = monitorEventLoopDelay();
delays.enable();
let requests = 0;

const rounded = (value: number): number => Math.round(value * 10) / 10;

every(PERIOD, () => {
  const { heapUsed, rss } = process.memoryUsage();
  const metrics = {
    requestsPerSecond: (1000 * requests) / PERIOD,
    heapMegabytes: rounded(heapUsed / 1_048_576),
    residentMegabytes: rounded(rss / 1_048_576),
    eventLoopDelayMilliseconds: rounded(delays.percentile(99) / 1e6),
    viewers: feed.stats().readers,
  };
  requests = 0;
  delays.reset();
  if (bus.isActive("metrics")) bus.publish("metrics", metrics);
});

const app = express();

app.use((_req, _res, next) => {
  requests++;
  next();
});

app.get(
  "/metrics",
  ring((request) => sse(request, { feed, topics: ["metrics"] }).response),
);

app.get(
  "/",
  ring(() => ({
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: new URL("pages/dashboard.html", import.meta.url),
  })),
);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ shows how this process is doing`);
});
