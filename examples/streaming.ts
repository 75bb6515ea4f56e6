/**
 * Responses whose bodies come bit by bit: a stream and a generator. Both are asked for more only when the client has room,
 * and are closed when it goes.
 *
 *     curl -N http://localhost:3000/ticks
 *     curl -s http://localhost:3000/numbers | head -3
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { type RingResponse, ring } from "express-ring";
import { map, onDrained, periodically } from "express-ring/stream";

const app = express();

const text = (body: RingResponse["body"]): RingResponse => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});

app.get(
  "/ticks",
  ring(() => {
    const times = periodically(500, 0, () => new Date());
    onDrained(times, () => console.log("ticks: the client has gone"));
    return text(map((time) => `${time.toISOString()}\n`, times));
  }),
);

function* countUp(): Generator<string> {
  let number = 0;
  try {
    while (true) yield `${number++}\n`;
  } finally {
    console.log(`numbers: the client has gone after about ${number}`);
  }
}

app.get(
  "/numbers",
  ring(() => text(countUp())),
);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ticks`);
});
