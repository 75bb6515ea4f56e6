/** Real middleware, behind a handler that passes and in front of one that answers. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, jest } from "@jest/globals";
import compression from "compression";
import cookieParser from "cookie-parser";
import cors from "cors";
import type { RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import session from "express-session";
import helmet from "helmet";
import { createProxyMiddleware } from "http-proxy-middleware";
import morgan from "morgan";
import multer from "multer";
import passport from "passport";
import { Strategy } from "passport-local";
import serveStatic from "serve-static";
import { expressOf, ring, seq } from "../../src/index.js";
import type { Handler, RingResponse } from "../../src/ring/types.js";
import { close, put, stream } from "../../src/stream/index.js";
import { chunksOf, get, rawClient } from "../raw-client.js";
import { type ExpressFactory, versions, withApp } from "./hosts.js";

const hello: RingResponse = { status: 200, headers: { "content-type": "text/plain" }, body: "hello" };

describe.each(versions)("On %s a handler works with", (_name, express: ExpressFactory) => {
  /** An app in which the middleware stands behind a handler that passes every request on, and in front of one that answers. */
  const around = (handler: Handler, ...middleware: RequestHandler[]) =>
    express()
      .use(ring(() => null))
      .use(...(middleware as [RequestHandler]))
      .use(ring(handler));

  it("helmet: its headers stay, and x-powered-by is gone", async () => {
    await withApp(
      around(() => hello, helmet()),
      async ({ url }) => {
        const { headers } = await fetch(url);
        expect(headers.get("content-security-policy")).toMatch(/default-src 'self'/);
        expect([headers.get("x-frame-options"), headers.get("x-powered-by")]).toEqual(["SAMEORIGIN", null]);
      },
    );
  });

  it("cors: preflights never reach the handler, answers carry its headers", async () => {
    const handler = jest.fn<Handler>(() => hello);
    await withApp(around(handler, cors({ origin: "https://a.example" })), async ({ url }) => {
      const preflight = await fetch(url, { method: "OPTIONS", headers: { "access-control-request-method": "PUT" } });
      expect(preflight.status).toBe(204);
      expect(handler).not.toHaveBeenCalled();
      const answer = await fetch(url, { headers: { origin: "https://a.example" } });
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://a.example");
    });
  });

  describe("compression:", () => {
    const large = "x".repeat(5_000);
    it.each<[string, () => RingResponse["body"]]>([
      ["a string", () => large],
      ["bytes", () => Buffer.from(large)],
      ["a sequence", () => seq([large.slice(0, 2_000), large.slice(2_000)])],
      ["a Blob", () => new Blob([large])],
    ])("%s is compressed as a whole", async (_kind, body) => {
      const handler: Handler = () => ({ ...hello, body: body() });
      await withApp(around(handler, compression()), async ({ port }) => {
        const client = await rawClient(port);
        client.send(get("/", "Accept-Encoding: gzip"));
        const text = await client.until(/0\r\n\r\n$/);
        expect(text).toMatch(/content-encoding: gzip/i);
        expect(text).not.toMatch(/content-length/i);
        expect(gunzipSync(Buffer.from(chunksOf(text).join(""), "latin1")).toString()).toBe(large);
        client.leave();
      });
    });

    it("events of a stream come through one by one, without waiting for each other", async () => {
      const events = stream<string>();
      const handler: Handler = () => ({ status: 200, headers: { "content-type": "text/event-stream" }, body: events });
      const everything = compression({ filter: () => true, threshold: 0 });
      await withApp(around(handler, everything), async ({ url }) => {
        const answering = fetch(url);
        void put(events, "data: 0\n\n");
        const answer = await answering;
        expect(answer.headers.get("content-encoding")).toMatch(/gzip|br|deflate/);
        const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
        const decoder = new TextDecoder();
        expect(decoder.decode((await reader.read()).value)).toBe("data: 0\n\n");
        for (let i = 1; i < 4; i++) {
          void put(events, `data: ${i}\n\n`);
          expect(decoder.decode((await reader.read()).value)).toBe(`data: ${i}\n\n`);
        }
        close(events);
        expect((await reader.read()).done).toBe(true);
      });
    });

    it("a client that reads slowly stops the producer, and no listeners pile up", async () => {
      const warned = jest.fn();
      process.on("warning", warned);
      // Random, so that it stays large.
      const { randomBytes } = await import("node:crypto");
      let made = 0;
      function* chunks(): Generator<Buffer> {
        for (; made < 300; made++) yield randomBytes(32_768);
      }
      const handler: Handler = () => ({ status: 200, headers: { "content-type": "text/plain" }, body: chunks() });
      try {
        await withApp(around(handler, compression()), async ({ port }) => {
          const client = await rawClient(port);
          client.pause();
          client.send(get("/", "Accept-Encoding: gzip"));
          let before = -1;
          while (made !== before) {
            before = made;
            await new Promise((resolve) => setTimeout(resolve, 150));
          }
          expect(made).toBeGreaterThan(0);
          expect(made).toBeLessThan(300);
          client.resume();
          await client.until(/\r\n0\r\n\r\n$/);
          expect(made).toBe(300);
          expect(warned).not.toHaveBeenCalled();
          client.leave();
        });
      } finally {
        process.off("warning", warned);
      }
    }, 20_000);

    it("a client that leaves closes the body", async () => {
      const events = stream<string>();
      const handler: Handler = () => ({ status: 200, headers: { "content-type": "text/plain" }, body: events });
      await withApp(around(handler, compression({ threshold: 0 })), async ({ port }) => {
        const client = await rawClient(port);
        client.send(get("/", "Accept-Encoding: gzip"));
        await put(events, "first");
        await client.until(/\r\n\r\n./s);
        client.leave();
        await new Promise<void>((resolve) => events.onClosed(resolve));
        expect(await put(events, "second")).toBe(false);
      });
    });
  });

  it("morgan: one line for each answer, streamed ones included", async () => {
    const lines: string[] = [];
    const log = morgan(":method :url :status :res[content-length]", {
      stream: { write: (line: string) => void lines.push(line.trim()) },
    });
    const handler: Handler = ({ uri }) =>
      uri === "/seq" ? { status: 201, headers: {}, body: seq(["a", "b"]) } : hello;
    await withApp(around(handler, log), async ({ url }) => {
      await (await fetch(`${url}/a?b`)).text();
      await (await fetch(`${url}/seq`)).text();
      expect(lines).toEqual(["GET /a?b 200 5", "GET /seq 201 -"]);
    });
  });

  it("cookie-parser: the handler sees what it parsed, and sets cookies beside its", async () => {
    const handler: Handler = (request) => {
      const { req } = expressOf(request);
      return {
        status: 200,
        headers: { "set-cookie": "from=ring" },
        body: JSON.stringify([req.cookies, req.signedCookies, request.headers["cookie"]]),
      };
    };
    const cookies: RequestHandler = (_req, res, next) => {
      res.cookie("from", "express", { signed: true });
      next();
    };
    await withApp(around(handler, cookieParser("secret"), cookies), async ({ url }) => {
      const first = await fetch(url, { headers: { cookie: "a=1; b=2" } });
      expect(await first.json()).toEqual([{ a: "1", b: "2" }, {}, "a=1; b=2"]);
      const [signed, plain] = first.headers.getSetCookie();
      expect(plain).toBe("from=ring");
      const second = await fetch(url, { headers: { cookie: signed?.split(";")[0] ?? "" } });
      expect(await second.json()).toMatchObject([{}, { from: "express" }, expect.anything()]);
    });
  });

  it("express-session: what the handler stores is there for the next request", async () => {
    const handler: Handler = (request) => {
      const { session: stored } = expressOf(request).req as unknown as { session: { count?: number } };
      stored.count = (stored.count ?? 0) + 1;
      return request.uri === "/seq"
        ? { status: 200, headers: {}, body: seq([`count `, stored.count]) }
        : { status: 200, headers: { "set-cookie": "own=1" }, body: `count ${stored.count}` };
    };
    const sessions = session({ secret: "secret", resave: false, saveUninitialized: false });
    await withApp(around(handler, sessions), async ({ url }) => {
      const first = await fetch(url);
      expect(await first.text()).toBe("count 1");
      const cookies = first.headers.getSetCookie();
      expect(cookies.map((cookie) => cookie.split("=")[0])).toEqual(["own", "connect.sid"]);
      const headers = { cookie: cookies[1]?.split(";")[0] ?? "" };
      expect(await (await fetch(`${url}/seq`, { headers })).text()).toBe("count 2");
      expect(await (await fetch(url, { headers })).text()).toBe("count 3");
    });
  });

  it("express-rate-limit: the handler is not called beyond the limit", async () => {
    const handler = jest.fn<Handler>(() => hello);
    await withApp(
      around(handler, rateLimit({ windowMs: 60_000, limit: 1, standardHeaders: true })),
      async ({ url }) => {
        const first = await fetch(url);
        expect([first.status, first.headers.get("ratelimit-remaining")]).toEqual([200, "0"]);
        expect((await fetch(url)).status).toBe(429);
        expect(handler).toHaveBeenCalledTimes(1);
      },
    );
  });

  it("express.json, urlencoded, text and raw: parsedBody is what they made, and body is absent", async () => {
    const handler: Handler = (request) => ({
      status: 200,
      headers: {},
      body: JSON.stringify({
        parsed: request.parsedBody,
        hasBody: "body" in request,
        hasParsed: "parsedBody" in request,
      }),
    });
    const parsers = [express.json(), express.urlencoded({ extended: true }), express.text(), express.raw()];
    await withApp(around(handler, ...parsers), async ({ url }) => {
      const send = async (type: string, body: string): Promise<unknown> =>
        (await fetch(url, { method: "POST", headers: { "content-type": type }, body })).json();
      const parsed = { hasBody: false, hasParsed: true };
      expect(await send("application/json", '{"a":[1]}')).toEqual({ parsed: { a: [1] }, ...parsed });
      expect(await send("application/json", "[]")).toEqual({ parsed: [], ...parsed });
      expect(await send("application/x-www-form-urlencoded", "a[b]=1")).toEqual({
        parsed: { a: { b: "1" } },
        ...parsed,
      });
      expect(await send("text/plain", "hi")).toEqual({ parsed: "hi", ...parsed });
      expect(await send("application/octet-stream", "hi")).toMatchObject({ parsed: { type: "Buffer" }, ...parsed });
      // None of them reads this one, so it is still there to be read.
      expect(await send("application/xml", "<a/>")).toEqual({ hasBody: true, hasParsed: false });
      expect(await (await fetch(url)).json()).toEqual({ hasBody: false, hasParsed: false });
    });
  });

  it("a body that no parser wanted is read by the handler to its end", async () => {
    const handler: Handler = ({ body }) => ({ status: 200, headers: {}, body: body as never });
    await withApp(around(handler, express.json()), async ({ url }) => {
      const sent = "<a/>".repeat(50_000);
      const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/xml" }, body: sent });
      expect(await answer.text()).toBe(sent);
    });
  });

  it("multer: fields are parsedBody, files hang on Express's request", async () => {
    const handler: Handler = (request) => {
      const files = expressOf(request).req.files as Express.Multer.File[];
      return {
        status: 200,
        headers: {},
        body: JSON.stringify([
          request.parsedBody,
          "body" in request,
          files.map((it) => `${it.originalname} ${it.buffer.toString()}`),
        ]),
      };
    };
    await withApp(around(handler, multer().any()), async ({ url }) => {
      const form = new FormData();
      form.append("a", "1");
      form.append("f", new Blob(["content"]), "f.txt");
      const answer = await fetch(url, { method: "POST", body: form });
      expect(await answer.json()).toEqual([{ a: "1" }, false, ["f.txt content"]]);
    });
  });

  it("serve-static: files are its, the rest is the handler's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "express-ring-"));
    try {
      await writeFile(join(folder, "page.html"), "<p>static");
      await withApp(
        around(() => hello, serveStatic(folder)),
        async ({ url }) => {
          const page = await fetch(`${url}/page.html`);
          expect([await page.text(), page.headers.get("content-type")]).toEqual([
            "<p>static",
            "text/html; charset=utf-8",
          ]);
          expect(await (await fetch(`${url}/other`)).text()).toBe("hello");
        },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("passport, local strategy: the handler sees the user, strangers get 401", async () => {
    const passports = new passport.Passport();
    passports.use(new Strategy((name, word, done) => done(null, word === "right" ? { name } : false)));
    passports.serializeUser((user, done) => done(null, (user as { name: string }).name));
    passports.deserializeUser((name, done) => done(null, { name }));
    const handler: Handler = (request) => {
      const { user } = expressOf(request).req as unknown as { user?: { name: string } };
      return { status: 200, headers: {}, body: user?.name ?? "nobody" };
    };
    const app = express()
      .use(ring(() => null))
      .use(session({ secret: "secret", resave: false, saveUninitialized: false }))
      .use(express.urlencoded({ extended: false }))
      .use(passports.session() as RequestHandler)
      .post("/login", passports.authenticate("local") as RequestHandler, ring(handler))
      .get("/me", ring(handler));
    await withApp(app, async ({ url }) => {
      const login = (word: string): Promise<Response> =>
        fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ username: "ada", password: word }) });
      expect((await login("wrong")).status).toBe(401);
      const right = await login("right");
      expect(await right.text()).toBe("ada");
      const headers = { cookie: right.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
      expect(await (await fetch(`${url}/me`, { headers })).text()).toBe("ada");
      expect(await (await fetch(`${url}/me`)).text()).toBe("nobody");
    });
  });

  it("http-proxy-middleware: what the handler passes on arrives there, body and all; the rest does not", async () => {
    const origin = createServer((req, res) => {
      let text = "";
      req.on("data", (piece: Buffer) => {
        text += piece.toString();
      });
      req.on("end", () => res.end(`origin ${req.method} ${req.url} ${text}`));
    });
    await new Promise<void>((resolve) => void origin.listen(0, resolve));
    const { port } = origin.address() as { port: number };
    const proxy = createProxyMiddleware({ target: `http://localhost:${port}`, pathFilter: "/origin" });
    try {
      await withApp(
        around(({ uri }) => ({ ...hello, body: `ring ${uri}` }), proxy as RequestHandler),
        async ({ url }) => {
          const proxied = await fetch(`${url}/origin/x`, { method: "POST", body: "sent" });
          expect(await proxied.text()).toBe("origin POST /origin/x sent");
          expect(await (await fetch(`${url}/here`)).text()).toBe("ring /here");
        },
      );
    } finally {
      origin.close();
      origin.closeAllConnections();
    }
  });

  it("all of them at once", async () => {
    const events = stream<string>(3);
    const handler: Handler = ({ uri }) => (uri === "/events" ? { status: 200, headers: {}, body: events } : hello);
    const stack = [
      helmet(),
      compression(),
      morgan("tiny", { stream: { write() {} } }),
      cors(),
      cookieParser(),
      session({ secret: "secret", resave: false, saveUninitialized: true }),
      express.json(),
      rateLimit({ windowMs: 1_000, limit: 100 }),
    ];
    await withApp(around(handler, ...stack), async ({ url, errors }) => {
      expect(await (await fetch(url)).text()).toBe("hello");
      for (const event of ["a", "b", "c"]) await put(events, event);
      close(events);
      const answer = await fetch(`${url}/events`);
      expect(await answer.text()).toBe("abc");
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(errors).toEqual([]);
    });
  });
});
