import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as nodeRequest } from "node:http";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { deferred, success } from "../../src/deferred/index.js";
import { abortSignal, fromFetch, pipe, type RingRequest, ring, toFetch } from "../../src/index.js";
import { request } from "../../src/mock/index.js";
import { put, stream } from "../../src/stream/index.js";
import { withApp } from "../express/hosts.js";
import { get, rawClient } from "../raw-client.js";
import { load, serveFetch } from "./hosts.js";

/** As much of Hono as is used here. */
interface Context {
  readonly req: { readonly raw: Request; param(name: string): string; text(): Promise<string> };
  readonly env: RingRequest;
  text(text: string, status?: number): Response;
  body(body: unknown): Response;
  header(name: string, value: string, options?: { append: boolean }): void;
}
type Route = (path: string, handler: (c: Context) => Response | Promise<Response>) => HonoApp;
interface HonoApp {
  get: Route;
  post: Route;
  all: Route;
  mount(path: string, fetch: (request: Request) => Promise<Response>): HonoApp;
  readonly fetch: (request: Request, env?: unknown) => Promise<Response>;
}
const { Hono } = (await load("hono")) as { Hono: new () => HonoApp };

/** What a handler made of a fetch handler answers to a mock request. */
const ask = async (fetchHandler: Parameters<typeof fromFetch>[0], asked: Partial<RingRequest> = {}) =>
  fromFetch(fetchHandler)({ ...request("get", "/"), ...asked });

describe("fromFetch", () => {
  it("makes the Request of the map", async () => {
    let seen: Request | undefined;
    const map = {
      ...request("post", "/a%20b?x=1"),
      scheme: "https" as const,
      headers: { host: "example.org:8443", "x-a": "1", cookie: "a=1;b=2" },
      body: "héllo",
    };
    const remember = (got: Request): null => {
      seen = got;
      return null;
    };
    expect(await fromFetch(remember)(map)).toBeNull();
    expect([seen?.url, seen?.method]).toEqual(["https://example.org:8443/a%20b?x=1", "POST"]);
    expect(Object.fromEntries(seen?.headers ?? [])).toEqual(map.headers);
    expect(await seen?.text()).toBe("héllo");
  });

  it.each<[string, Partial<RingRequest>, string]>([
    [
      "the server's name and port without a Host header",
      { headers: {}, serverName: "a", serverPort: 81 },
      "http://a:81/",
    ],
    ["an IPv6 address", { headers: {}, serverName: "::1", serverPort: 81 }, "http://[::1]:81/"],
    ["a websocket's scheme", { scheme: "wss", headers: { host: "a" } }, "https://a/"],
    ["an empty query", { queryString: "", headers: { host: "a" } }, "http://a/?"],
    ["the whole server", { uri: "*", headers: { host: "a" } }, "http://a/*"],
    ["two slashes", { uri: "//b/c", headers: { host: "a" } }, "http://a//b/c"],
  ])("makes a URL of %s", async (_what, asked, url) => {
    await ask((got) => {
      expect(got.url).toBe(url);
      return null;
    }, asked);
    expect.assertions(1);
  });

  it.each(["", "a/b", "a?b", "user@a", "a b", "a:99999", "a\\b", "a#b"])(
    "fails for the Host %j with 400",
    async (host) => {
      await expect(ask(() => null, { headers: { host } })).rejects.toMatchObject({
        code: "RING_INVALID_HOST",
        status: 400,
      });
    },
  );

  it.each(["connect", "trace", "track"])("fails for %s with 501", async (requestMethod) => {
    await expect(ask(() => null, { requestMethod })).rejects.toMatchObject({
      code: "RING_METHOD_NOT_SUPPORTED",
      status: 501,
    });
  });

  it("hands the map over beside the Request", async () => {
    const map = request("get", "/");
    expect(await fromFetch((_got, { remoteAddr }) => new Response(remoteAddr))(map)).toMatchObject({ status: 200 });
    let second: unknown;
    await fromFetch((...given) => {
      second = given[1];
      return null;
    })(map);
    expect(second).toBe(map);
  });

  it("makes a map of the Response, each cookie by itself", async () => {
    const headers = new Headers({ "x-a": "1" });
    headers.append("set-cookie", "a=1, b");
    headers.append("set-cookie", "c=2");
    const response = new Response("hi", { status: 201, headers });
    expect(await ask(() => response)).toEqual({
      status: 201,
      headers: { "content-type": "text/plain;charset=UTF-8", "set-cookie": ["a=1, b", "c=2"], "x-a": "1" },
      body: response.body,
    });
  });

  it("passes on what is not found, if asked to, and lets go of its body", async () => {
    let isCancelled = false;
    const missing = (): Response =>
      new Response(new ReadableStream({ cancel: () => void (isCancelled = true) }), { status: 404 });
    expect(await ask(missing)).toMatchObject({ status: 404 });
    expect(isCancelled).toBe(false);
    expect(await fromFetch(missing, { passNotFound: true })(request("get", "/"))).toBeNull();
    expect(isCancelled).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ["a map", { status: 200, headers: {} }, "an object of a fetch handler"],
    ["text", "hi", "a string of a fetch handler"],
    ["a network error", Response.error(), "a network error"],
  ])("refuses %s", async (_what, answer, complaint) => {
    await expect(ask(() => answer as Response)).rejects.toMatchObject({
      code: "RING_INVALID_RESPONSE",
      message: expect.stringContaining(complaint),
    });
  });

  it("refuses options that it does not have", () => {
    // @ts-expect-error: misspelt
    expect(() => fromFetch(() => null, { passnotfound: true })).toThrow('no option "passnotfound"');
  });

  it("says so where a parser has read the body", async () => {
    const app = express();
    app.use(express.json(), ring(fromFetch(async (got) => new Response(await got.text()))));
    await withApp(app, async ({ url, errors }) => {
      const headers = { "content-type": "application/json" };
      expect((await fetch(url, { method: "POST", headers, body: "{}" })).status).toBe(500);
      expect(errors).toMatchObject([{ code: "RING_BODY_READ" }]);
    });
  });

  it("is undone by toFetch", async () => {
    const hello = async (got: Request): Promise<Response> =>
      new Response(`${got.method} ${got.url} ${await got.text()}`, { status: 201, headers: { "x-a": "1" } });
    const response = await toFetch(fromFetch(hello))(new Request("http://a:81/b?c", { method: "PUT", body: "d" }));
    expect([response.status, response.headers.get("x-a")]).toEqual([201, "1"]);
    expect(await response.text()).toBe("PUT http://a:81/b?c d");
  });
});

describe("a Hono app in a Ring handler in Express", () => {
  const hono = new Hono();
  hono.get("/hono/hello/:name", (c) => {
    c.header("set-cookie", "a=1", { append: true });
    c.header("set-cookie", "b=2", { append: true });
    return c.text(`hello ${c.req.param("name")} from ${c.env.remoteAddr.replace("::1", "127.0.0.1")}`);
  });
  hono.post("/hono/echo", (c) => c.body(c.req.raw.body));
  const app = (more = hono) =>
    express()
      .use(ring(fromFetch(more.fetch, { passNotFound: true })))
      .get("/express", (_req, res) => void res.send("express"));

  it("answers its own routes, and leaves the others to Express", () =>
    withApp(app(), async ({ url }) => {
      const hello = await fetch(`${url}/hono/hello/Ada`);
      expect(await hello.text()).toBe("hello Ada from 127.0.0.1");
      expect(hello.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      expect(await (await fetch(`${url}/express`)).text()).toBe("express");
      const head = await fetch(`${url}/hono/hello/Ada`, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
    }));

  it("streams 10 MiB both ways, byte for byte", () =>
    withApp(app(), async ({ url }) => {
      const sent = randomBytes(10 * 2 ** 20);
      const response = await fetch(`${url}/hono/echo`, { method: "POST", body: sent });
      expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
    }));

  it("sends each bit when it comes, and reads an upload only as fast as the handler does", async () => {
    const bits = stream<string>();
    const reading = deferred<ReadableStreamDefaultReader<Uint8Array>>();
    const more = new Hono();
    more.get("/bits", (c) =>
      c.body(new ReadableStream({ pull: async (to) => to.enqueue(Buffer.from(String(await bits.take()))) })),
    );
    more.post("/slow", async (c) => {
      success(reading, (c.req.raw.body as ReadableStream<Uint8Array>).getReader());
      return new Promise<Response>(() => {});
    });
    await withApp(app(more), async ({ port, url }) => {
      const reader = ((await fetch(`${url}/bits`)).body as ReadableStream<Uint8Array>).getReader();
      for (const bit of ["one", "two"]) {
        void put(bits, bit);
        expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe(bit);
      }
      await reader.cancel();

      const upload = nodeRequest({ port, method: "POST", path: "/slow" });
      upload.on("error", () => {});
      let written = 0;
      const chunk = Buffer.alloc(65_536);
      const from = await (upload.flushHeaders(), reading);
      const fill = async (): Promise<void> => {
        for (;;) {
          written += chunk.length;
          if (upload.write(chunk)) continue;
          const drained = once(upload, "drain");
          const isFull = await Promise.race([
            drained.then(() => false),
            new Promise((done) => setTimeout(done, 200, true)),
          ]);
          if (isFull === true) return;
        }
      };
      await fill();
      // What lies in the network's buffers, and no more.
      expect(written).toBeLessThan(16 * 2 ** 20);
      for (let read = 0; read < 2 ** 20; ) read += (await from.read()).value?.length ?? 0;
      upload.destroy();
    });
  });

  it("tells it that the client has gone: signal, and body", async () => {
    const signals: AbortSignal[] = [];
    const cancelled = deferred<true>();
    const asked = deferred<true>();
    const more = new Hono();
    more.get("/waiting", (c) => {
      signals.push(c.req.raw.signal);
      success(asked, true);
      return new Promise<Response>(() => {});
    });
    more.get("/endless", (c) => {
      const body = new ReadableStream({
        pull: (to) => to.enqueue(Buffer.from("more")),
        cancel: () => void success(cancelled, true),
      });
      return c.body(body);
    });
    await withApp(app(more), async ({ port, errors }) => {
      const waiting = await rawClient(port);
      waiting.send(get("/waiting"));
      await asked;
      const [signal] = signals as [AbortSignal];
      expect(signal.aborted).toBe(false);
      waiting.leave();
      if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done));
      const endless = await rawClient(port);
      endless.send(get("/endless"));
      await endless.until(/more/);
      endless.leave();
      expect(await cancelled).toBe(true);
      expect(errors).toEqual([]);
    });
  });
});

describe("a Ring handler in a Hono app", () => {
  it("answers under its mount, streams 10 MiB both ways, and hears of a client that leaves", async () => {
    const left = deferred<true>();
    const handler = pipe((asked: RingRequest) => {
      if (asked.uri.endsWith("/echo")) return { status: 200, body: asked.body as ReadableStream as never };
      abortSignal(asked).addEventListener("abort", () => success(left, true));
      const body = stream<string>();
      void put(body, "first");
      return { status: 200, body };
    });
    const hono = new Hono().get("/hono", (c) => c.text("hono"));
    const answer = toFetch(handler);
    hono.all("/ring/*", (c) => answer(c.req.raw));
    const { port, close } = await serveFetch(hono.fetch as never);
    try {
      expect(await (await fetch(`http://localhost:${port}/hono`)).text()).toBe("hono");
      const sent = randomBytes(10 * 2 ** 20);
      const echo = await fetch(`http://localhost:${port}/ring/echo`, { method: "POST", body: sent });
      expect(Buffer.from(await echo.arrayBuffer()).equals(sent)).toBe(true);
      const client = await rawClient(port);
      client.send(get("/ring/forever"));
      await client.until(/first/);
      client.leave();
      expect(await left).toBe(true);
    } finally {
      await close();
    }
  });
});
