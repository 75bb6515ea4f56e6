/**
 * A router of Ring handlers as a fetch handler, `export default { fetch }`, as Deno, Bun and workers run it. Here Node
 * serves it, inside an Express app: the way back.
 *
 *     curl -i http://localhost:3000/hello/Ada
 *     curl -N http://localhost:3000/count/5
 *     curl --data-binary @some.file http://localhost:3000/size
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { type FetchHandler, fromFetch, ring, router, toFetch } from "express-ring";
import { toByteArray } from "express-ring/byte-streams";
import { chain } from "express-ring/deferred";
import { periodically, transform } from "express-ring/stream";
import { take } from "express-ring/transducers";

const text = { "content-type": "text/plain; charset=utf-8" };

const app = router({
  "GET /hello/:name": ({ routeParams }) => ({ status: 200, headers: text, body: `Hello, ${routeParams.name}!\n` }),

  // A message each 200 milliseconds, as long as somebody reads.
  "GET /count/:to": ({ routeParams }) => {
    let n = 0;
    const ticks = periodically(200, 0, () => `${++n}\n`);
    return { status: 200, headers: text, body: transform(take(Number(routeParams.to)), ticks) };
  },

  "POST /size": ({ body }) =>
    chain(toByteArray(body ?? ""), ({ length }: Uint8Array) => ({
      status: 200,
      headers: text,
      body: `${length} bytes\n`,
    })),
});

const edge: { readonly fetch: FetchHandler } = { fetch: toFetch(app) };
export default edge;

const server = express()
  .use(ring(fromFetch(edge.fetch, { passNotFound: true })))
  .listen(Number(process.env.PORT ?? 3000), (error) => {
    if (error) throw error;
    console.log(`http://localhost:${(server.address() as AddressInfo).port}/hello/Ada`);
  });
