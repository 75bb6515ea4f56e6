/**
 * A Ring handler in an Express app, beside an Express route.
 *
 *     curl -i http://localhost:3000/hello/Ada
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { ring } from "express-ring";

const app = express();

app.get(
  "/hello/:name",
  ring(({ routeParams, queryString = "nothing" }) => ({
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: `Hello, ${String(routeParams?.["name"])}! You asked for ${queryString}.\n`,
  })),
);

// Nothing means "not mine": the request goes on to the next route.
app.use(ring(({ uri }) => (uri === "/ring" ? { status: 200, body: "answered by Ring\n" } : null)));
app.use((req, res) => res.status(404).send(`Express knows no ${req.path} either\n`));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/hello/Ada`);
});
