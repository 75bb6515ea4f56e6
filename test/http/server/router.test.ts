import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import express from "express";
import { type Server, startServer } from "../../../src/http/index.js";
import { context, ring, router } from "../../../src/index.js";
import { withApp } from "../../express/hosts.js";

const routes = router({
  "GET /users/:id": ({ routeParams }) => ({ status: 200, body: `user ${routeParams.id}` }),
  ...context("/teams/:team", {
    "GET /": ({ routeParams, context: at, pathInfo }) => ({
      status: 200,
      body: `${routeParams.team} ${at} ${pathInfo}`,
    }),
  }),
});

describe("a router in front of an Express app", () => {
  let server: Server;
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://localhost:${server.port}${path}`, init);
  beforeAll(async () => {
    const app = express()
      .use(express.json())
      .post("/users/:id", (req, res) => void res.json({ id: req.params["id"], body: req.body as unknown }))
      .get("/legacy", (_req, res) => void res.send("legacy"));
    server = await startServer(routes, { port: 0, fallback: app });
  });
  afterAll(async () => await server.close());

  it("answers its own routes, HEAD among them, and never enters the app", async () => {
    const answer = await ask("/users/a%20b");
    expect([await answer.text(), answer.headers.get("x-powered-by")]).toEqual(["user a b", null]);
    const head = await ask("/users/1", { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("x-powered-by")]).toEqual([200, "", null]);
    expect(await (await ask("/teams/blue")).text()).toBe("blue /teams/blue /");
  });

  it("leaves all else to the app, with its body unread", async () => {
    expect(await (await ask("/legacy")).text()).toBe("legacy");
    const headers = { "content-type": "application/json" };
    const posted = await ask("/users/7", { method: "POST", headers, body: '{"a":1}' });
    expect(await posted.json()).toEqual({ id: "7", body: { a: 1 } });
    expect((await ask("/nobody")).status).toBe(404);
  });

  it("answers a parameter that is not properly encoded with 400, and what is wrong", async () => {
    const answer = await ask("/users/%ff");
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/"id" is not properly encoded/)]);
  });
});

describe("a router under an Express mount", () => {
  it("looks at the path inside the mount, and leaves the rest to the next route", () =>
    withApp(
      express()
        .use("/api/:version", ring(routes))
        .use((_req, res) => void res.status(404).send("next")),
      async ({ url }) => {
        expect(await (await fetch(`${url}/api/v1/users/7`)).text()).toBe("user 7");
        expect(await (await fetch(`${url}/api/v1/teams/blue/`)).text()).toBe("blue /api/v1/teams/blue /");
        expect(await (await fetch(`${url}/users/7`)).text()).toBe("next");
      },
    ));
});
