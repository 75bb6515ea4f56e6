/**
 * Server-sent events over the event bus: whoever listens hears what anybody posts.
 *
 *     curl -N http://localhost:3000/news
 *     curl -d 'It rains.' -H 'content-type: text/plain' http://localhost:3000/news
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { ring } from "express-ring";
import { eventBus, publish, subscribe } from "express-ring/bus";
import { chain } from "express-ring/deferred";
import { sse } from "express-ring/sse";
import { consumeAsync, slidingStream } from "express-ring/stream";

const app = express();

// Who reads too slowly misses the oldest of a hundred, and holds nobody back.
const bus = eventBus<"news", string>(() => slidingStream(100));

app.get(
  "/news",
  ring((request) => {
    const events = sse(request, { heartbeat: 15_000, retry: 2000 });
    const news = subscribe(bus, "news");
    // What `send` yields is true when the client has room for more, and false when it has gone.
    consumeAsync((data) => events.send({ event: "news", data }), news);
    chain(events.closed, () => news.close());
    return events.response;
  }),
);

app.post("/news", express.text(), (req, res) => {
  publish(bus, "news", String(req.body));
  res.sendStatus(202);
});

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/news`);
});
