/**
 * Aleph's HTTP example: answers that come later, a body that comes bit by bit in three ways, the same handlers in a router of
 * the kit and in one of Express; then a client reads it all back. What it reads is printed; both servers go on until stopped.
 *
 *     curl -N 'http://localhost:3000/numbers?count=10'
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import express, { type ErrorRequestHandler, Router } from "express";
import { type Body, type Handler, type RingRequest, type RingResponse, ring, router } from "express-ring";
import { toLineSeq, toText } from "express-ring/byte-streams";
import { andThen, chain, deferred, timeout } from "express-ring/deferred";
import * as http from "express-ring/http";
import { type Params, wrapParams } from "express-ring/middleware/params";
import { notFound } from "express-ring/response";
import { periodically, reduce, transform } from "express-ring/stream";
import { take } from "express-ring/transducers";

const text = (body: Body): RingResponse => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});

const hello: Handler = () => text("hello world!\n");

// Nobody realizes this deferred, so after half a second it has the other value.
const delayed: Handler = () => timeout(deferred<RingResponse>(), 500, text("hello, at last!\n"));

const delayedByPromise: Handler = async () => {
  await sleep(500);
  return text("hello, at last!\n");
};

/** A throw is an answer too: 500. */
function countOf({ params }: RingRequest & Params): number {
  const count = Number(params["count"]);
  if (!Number.isInteger(count)) throw new RangeError("the count is to be a whole number");
  return count;
}

/** A number each 50 ms, as long as somebody reads. */
const numbers = wrapParams((request) => {
  let number = 0;
  return text(
    transform(
      take(countOf(request)),
      periodically(50, 0, () => `${number++}\n`),
    ),
  );
});

async function* counting(count: number): AsyncGenerator<string> {
  for (let number = 0; number < count; number++) {
    yield `${number}\n`;
    await sleep(50);
  }
}

const numbersByGenerator = wrapParams((request) => text(counting(countOf(request))));

const numbersByReadable = wrapParams((request) => {
  const count = countOf(request);
  let number = 0;
  const readable = new Readable({
    read: () => void setTimeout(() => readable.push(number < count ? `${number++}\n` : null), 50),
  });
  return text(readable);
});

const routes = {
  "GET /hello": hello,
  "GET /delayed": delayed,
  "GET /delayed/promise": delayedByPromise,
  "GET /numbers": numbers,
  "GET /numbers/generator": numbersByGenerator,
  "GET /numbers/readable": numbersByReadable,
};

/** Reads back what a server of these handlers says. */
async function read(url: string): Promise<void> {
  // One after the other, waiting.
  const { body } = await http.get(`${url}/hello`);
  console.log("waited for:", (await toText(body)).trim());

  // The same without waiting: the functions are called when there is something to call them with.
  const since = performance.now();
  await chain(
    http.get(`${url}/delayed`),
    (response) => toText(response.body),
    (said: string) =>
      console.log("chained:", said.trim(), `after ${performance.now() - since < 500 ? "no time" : "500 ms"}`),
  );

  for (const kind of ["", "/generator", "/readable"]) {
    const { body: lines } = await http.get(`${url}/numbers${kind}`, { queryParams: { count: 5 } });
    const seen: number[] = [];
    for await (const line of toLineSeq(lines)) seen.push(Number(line));
    console.log(`numbers${kind}:`, seen);
  }

  // As it came in: a stream of the kit, chunk by chunk.
  const { body: chunks } = await http.get(`${url}/hello`, { rawStream: true });
  const joined = reduce((all: string, chunk: Uint8Array) => all + toText(chunk), "", chunks);
  console.log("raw:", (await joined).trim());

  const wrong = await http.get(`${url}/numbers?count=all`, { throwExceptions: false });
  const missing = await http.get(`${url}/nobody`, { throwExceptions: false });
  console.log("statuses:", wrong.status, missing.status);
}

/** The error is for whoever runs the server, not for whoever asks it. */
const onError: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).send("Internal Server Error\n");

const expressRouter = Router();
for (const [route, handler] of Object.entries(routes)) expressRouter.get(route.replace("GET ", ""), ring(handler));
const inExpress = express().use(expressRouter).use(onError).listen(0);
await once(inExpress, "listening");

// A router answers nothing where it has no route; what is said then is its user's.
const routed = router(routes);
const orNot: Handler = (request) => andThen(routed(request), (response) => response ?? notFound("No such page.\n"));
const server = await http.startServer(orNot, {
  port: Number(process.env.PORT ?? 3000),
  errorHandler: () => ({ status: 500, body: "Internal Server Error\n" }),
});

console.log(`http://localhost:${server.port}/numbers?count=10`);
await read(`http://localhost:${server.port}`);
console.log("and in Express:");
await read(`http://localhost:${(inExpress.address() as AddressInfo).port}`);
