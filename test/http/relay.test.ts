import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import express from "express";
import { request as undici } from "undici";
import { catchError, chain } from "../../src/deferred/index.js";
import * as http from "../../src/http/index.js";
import { abortSignal, type RingRequest, ring, setLogger } from "../../src/index.js";
import { afterThisTest, gate, listen, pool, serve, textOf } from "./servers.js";

afterEach(() => {
  setLogger(null);
});

/** A server that passes all requests on. */
async function relay(origin: string) {
  const connections = pool();
  const app = express();
  const pass = (request: RingRequest) => {
    const answer = http.request({
      url: origin + request.uri,
      method: request.requestMethod,
      body: request.body,
      pool: connections,
      signal: abortSignal(request),
    });
    return catchError(
      chain(answer, ({ status, body }) => ({ status, body })),
      (error) => ({ status: 502, body: String((error as { code?: unknown }).code) }),
    );
  };
  app.use(ring(pass));
  return listen(createServer(app));
}

describe("a request that is passed on", () => {
  it("comes back over its own connection, with bodies both ways, and again", async () => {
    const { url } = await serve(async (req, res) => res.end(`${req.method} ${(await textOf(req)).length}`));
    const between = await relay(url);
    const one = pool({ connectionsPerHost: 1 });
    for (const length of [0, 1, 3_000_000]) {
      const { body } = await http.post(between.url, { pool: one, body: "x".repeat(length), as: "string" });
      expect(body).toBe(`POST ${length}`);
    }
    expect(between.connections()).toBe(1);
  });

  it("is answered even if nobody can be reached, or wants its body", async () => {
    const { url } = await serve((_req, res) => res.writeHead(200, { connection: "close" }).end("enough"));
    const early = await relay(url);
    const nobody = await relay("http://127.0.0.1:1");
    const body = "x".repeat(3_000_000);
    const options = { pool: pool(), body, as: "string", throwExceptions: false } as const;
    expect(await http.post(nobody.url, options)).toMatchObject({ status: 502, body: "ECONNREFUSED" });
    // Which of the two it is, is a matter of who is first.
    expect((await http.post(early.url, options)).body).toMatch(/^enough$|^RING_CONNECTION_CLOSED$|^EPIPE$/);
    await expect(http.post(nobody.url, options)).resolves.toMatchObject({ status: 502 });
  });

  it("is cut off with its client, while it is sent and while it is answered", async () => {
    const logged: unknown[] = [];
    setLogger((...args) => void logged.push(args));
    const closed: string[] = [];
    const both = gate();
    const begun = { "/up": gate(), "/down": gate() };
    const { url } = await serve((req, res) => {
      const path = req.url as "/up" | "/down";
      res.on("close", () => {
        closed.push(path);
        if (closed.length === 2) both.open();
      });
      if (path === "/up") req.once("data", () => begun[path].open());
      else res.write("begun");
      if (path === "/down") begun[path].open();
    });
    const { server } = await relay(url);
    const sockets = ["/up", "/down"].map((path) => {
      const socket: Socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      afterThisTest(() => void socket.destroy());
      const length = path === "/up" ? 1_000_000 : 0;
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n\r\n${length === 0 ? "" : "begun"}`,
      );
      return socket;
    });
    await Promise.all([begun["/up"].opened, begun["/down"].opened]);
    for (const socket of sockets) socket.destroy();
    await both.opened;
    expect(closed.toSorted()).toEqual(["/down", "/up"]);
    expect(logged).toEqual([]);
  });

  it("is answered also if it was passed on without the kit's client", async () => {
    const { url } = await serve(async (req, res) => res.end(await textOf(req)));
    const app = express();
    app.use(
      ring(async ({ body }) => {
        const response = await undici(url, { method: "POST", body: body as Readable });
        return { status: 200, body: response.body as Readable };
      }),
    );
    const between = await listen(createServer(app));
    expect((await http.post(between.url, { pool: pool(), body: "text", as: "string" })).body).toBe("text");
  });

  it("slows its client down when the other server is slow", async () => {
    const reading = gate();
    const { url } = await serve(async (req, res) => {
      await reading.opened;
      res.end(String((await textOf(req)).length));
    });
    const between = await relay(url);
    const given = { chunks: 0 };
    function* endless() {
      for (; given.chunks < 100; given.chunks++) yield Buffer.alloc(1_000_000);
    }
    const response = http.post(between.url, { pool: pool(), body: endless(), as: "string" });
    let before = -1;
    while (given.chunks === 0 || given.chunks !== before) {
      before = given.chunks;
      // oxlint-disable-next-line no-await-in-loop -- until nothing moves any more
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(given.chunks).toBeLessThan(50);
    reading.open();
    expect((await response).body).toBe("100000000");
  }, 30_000);
});
