/**
 * Server-sent events from a log: whoever listens hears what anybody posts, and who comes back hears what it has missed.
 *
 *     curl -N http://localhost:3000/news
 *     curl -d 'It rains.' -H 'content-type: text/plain' http://localhost:3000/news
 *     curl -N -H 'last-event-id: (the id of an event)' http://localhost:3000/news
 *
 * With REDIS_URL the log is in Redis, and any number of processes of this example have one between them.
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { ring } from "express-ring";
import { eventLog, redisEventLog, sse } from "express-ring/sse";
import { createClient } from "redis";

const app = express();

const { REDIS_URL: url } = process.env;
const log =
  url === undefined
    ? eventLog({ maxEvents: 100 })
    : redisEventLog(await createClient({ url }).on("error", console.error).connect(), { key: "news", maxEvents: 100 });

app.get(
  "/news",
  // Browsers send the id of what they have seen last by themselves, when their connection was lost.
  ring((request) => sse(request, { feed: log, retry: 2000 }).response),
);

app.post("/news", express.text(), async (req, res) => {
  const id = await log.append({ event: "news", data: String(req.body) });
  res.status(202).send(`${id}\n`);
});

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/news`);
});
