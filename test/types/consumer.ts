/**
 * An application that was written against the package as it is published: `scripts/check-types.js` compiles it with every compiler and
 * module resolution that is promised. What must not compile is marked.
 */
import type { RequestListener } from "node:http";
import express from "express";
import {
  type Handler,
  pipe,
  type RingRequest,
  type RingResponse,
  ring,
  router,
  websocketRoute,
  withWebsockets,
} from "express-ring";
import { toByteArray } from "express-ring/byte-streams";
import * as d from "express-ring/deferred";
import * as http from "express-ring/http";
import { siteDefaults, wrapDefaults } from "express-ring/middleware";
import { type Params, wrapParams } from "express-ring/middleware/params";
import { request } from "express-ring/mock";
import { contentType, response } from "express-ring/response";
import * as s from "express-ring/stream";
import * as time from "express-ring/time";
import { compose, filter, map } from "express-ring/transducers";

const app = withWebsockets(express());
app.get(
  "/hello/:name",
  ring(({ routeParams }) => ({ status: 200, body: `Hello, ${routeParams?.["name"]}!` })),
);
app.get(
  "/echo",
  websocketRoute((duplex) => s.connect(duplex, duplex)),
);

const greet: Handler<RingRequest & Params> = ({ params }) =>
  contentType(response(`Hello, ${String(params["name"])}`), "text/plain");
export const greeting: Handler = pipe(greet, wrapParams);
// @ts-expect-error -- nobody adds the params
export const unserved: Handler = greet;

export const site: Handler = wrapDefaults(({ session }) => ({ body: String(session["user"]) }), siteDefaults);

export const hot = router({ "GET /stock/:id": ({ routeParams }) => ({ status: 200, body: `7 of ${routeParams.id}` }) });
// @ts-expect-error -- the pattern has no such parameter
router({ "GET /stock/:id": ({ routeParams }) => ({ body: routeParams.name }) });

// @ts-expect-error -- a number is no body
export const wrong: RingResponse = { status: 200, body: 7 };

export async function use(): Promise<readonly [string, readonly number[], Uint8Array]> {
  const server = await http.startServer(hot, { port: 0, fallback: app as RequestListener });
  const page: d.Deferred<string> = d.chain(
    http.get(`http://localhost:${server.port}/stock/tea`),
    ({ status }) => `${status}`,
  );
  const numbers: s.Stream<number> = s.stream(
    8,
    compose(
      map((n: number) => n + 1),
      filter((n) => n > 1),
    ),
  );
  s.put(numbers, 1);
  await time.in(10, () => s.close(numbers));
  const user = d.letFlow({ name: d.deferred<string>(), age: 7 }, ({ name, age }) => name.length + age);
  const typed: d.Deferred<number> = user;
  const answer = await greeting(request("get", "/?name=Ada"));
  await server.close();
  return [await page, [await typed], await toByteArray(answer?.body)];
}
