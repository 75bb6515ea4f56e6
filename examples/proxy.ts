/**
 * A proxy that streams: what the client sends goes to another server as it comes, and the answer back, with backpressure both
 * ways, so that it holds a few kilobytes of a transfer of any size. When the client leaves, the other request is cancelled.
 *
 *     npm run example proxy https://example.org
 *     curl http://localhost:3000/numbers | head -3
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { abortSignal, type RingRequest, type RingResponse, ring } from "express-ring";
import { catchError, chain } from "express-ring/deferred";
import * as http from "express-ring/http";

/** They are about one connection, and not to be handed on (RFC 9110, 7.6.1); this server has said "100 Continue" itself. */
const OF_THE_CONNECTION = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function handedOn<V>(headers: Readonly<Record<string, V | undefined>>): Record<string, V> {
  const named = new Set(
    String(headers["connection"] ?? "")
      .toLowerCase()
      .split(/\s*,\s*/),
  );
  const kept = Object.entries(headers).filter(
    (entry): entry is [string, V] => entry[1] !== undefined && !OF_THE_CONNECTION.has(entry[0]) && !named.has(entry[0]),
  );
  return Object.fromEntries(kept);
}

const pool = http.connectionPool({ connectionsPerHost: 64 });

const forwardTo = (origin: string) => (request: RingRequest) => {
  const { uri, queryString, requestMethod, headers, body, remoteAddr } = request;
  const response = http.request({
    url: `${origin}${uri}${queryString === undefined ? "" : `?${queryString}`}`,
    method: requestMethod,
    headers: { ...handedOn(headers), "x-forwarded-for": remoteAddr },
    body,
    pool,
    signal: abortSignal(request),
    // As it is: the client is to see what the other server says.
    decompressBody: false,
    followRedirects: false,
    throwExceptions: false,
  });
  const answer = chain(
    response,
    ({ status, headers, body }): RingResponse => ({ status, headers: handedOn(headers), body }),
  );
  return catchError(answer, (error): RingResponse => {
    console.error(`${requestMethod} ${uri}: ${(error as Error).message}`);
    return { status: 502, headers: { "content-type": "text/plain" }, body: "The other server does not answer.\n" };
  });
};

/** The other server, if no other is named: it counts, or measures what it is sent. */
const other = createServer((req, res) => {
  if (req.method === "GET") {
    let number = 0;
    const count = (): void => {
      while (!res.destroyed && res.write(`${number++}\n`));
    };
    res.on("drain", count).on("close", () => console.log("the other server: nobody listens any more"));
    count();
    return;
  }
  let bytes = 0;
  req.on("data", (chunk: Buffer) => (bytes += chunk.length));
  req.on("end", () =>
    res.writeHead(201, { "x-seen-from": req.headers["x-forwarded-for"] ?? "" }).end(`${bytes} bytes\n`),
  );
}).listen(0, "localhost", () => {
  const origin = process.argv[2] ?? `http://localhost:${(other.address() as AddressInfo).port}`;
  const app = express();
  app.use(ring(forwardTo(origin)));
  const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
    if (error) throw error;
    console.log(`http://localhost:${(server.address() as AddressInfo).port}/numbers is passed on to ${origin}`);
  });
});
