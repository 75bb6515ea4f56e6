/**
 * What takes time, side by side: `letFlow` for things that were started already, `flow` where one needs another.
 *
 *     curl http://localhost:3000/page
 *     curl http://localhost:3000/graph
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { ring } from "express-ring";
import { catchError, type Deferred, flow, letFlow } from "express-ring/deferred";
import { inMilliseconds } from "express-ring/time";

// They stand for a database and for services.
const loadUser = (id: string): Deferred<{ id: string; name: string }> =>
  inMilliseconds(200, () => ({ id, name: "Ada" }));
const loadPosts = (name: string): Promise<string[]> => Promise.resolve([`${name} on engines`, `${name} on numbers`]);
const loadAds = (): Deferred<string[]> =>
  inMilliseconds(100, () => {
    throw new Error("the ads are down");
  });

/** A part of the page that may be missing. */
const adsOrNone = (): Deferred<string[]> => catchError(loadAds(), () => []);

const app = express();

const json = (value: unknown) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

// Both have been started when letFlow is called: 200 ms, not 300.
app.get(
  "/page",
  ring(() => letFlow({ user: loadUser("7"), ads: adsOrNone() }, ({ user, ads }) => json({ user, ads }))),
);

// Each begins as soon as what it needs is there; the types follow.
app.get(
  "/graph",
  ring(() =>
    flow()
      .let("user", () => loadUser("7"))
      .let("ads", adsOrNone)
      .let("posts", ["user"], ({ user }) => loadPosts(user.name))
      .in(({ user, ads, posts }) => json({ user, ads, posts })),
  ),
);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/page`);
});
