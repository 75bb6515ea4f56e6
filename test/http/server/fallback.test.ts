import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import type { Express } from "express";
import session from "express-session";
import { mountInFront } from "../../../src/http/index.js";
import { ring } from "../../../src/index.js";
import type { Handler } from "../../../src/ring/types.js";
import { versions } from "../../express/hosts.js";
import { describeWith } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { started } from "./start.js";

/** Answers /hot, and reads nothing of what it passes on. */
const hot: Handler = ({ uri }) => (uri === "/hot" ? { headers: { "x-by": "ring" }, body: "hot" } : null);
const hotLater: Handler = async (request) => {
  await new Promise((resolve) => setImmediate(resolve));
  return hot(request);
};

/** Runs `body` with the port of a server that has a handler in front of an app. */
type Front = (handler: Handler, app: RequestListener, body: (port: number) => Promise<void>) => Promise<void>;

const fronts: readonly (readonly [name: string, front: Front])[] = [
  ["startServer", async (handler, app, body) => body((await started(handler, { fallback: app })).port)],
  [
    "startServer before a server",
    async (handler, app, body) => body((await started(handler, { fallback: createServer(app) })).port),
  ],
  [
    "mountInFront",
    async (handler, app, body) => {
      const server = createServer(app);
      mountInFront(server, handler);
      server.listen(0);
      await once(server, "listening");
      try {
        await body((server.address() as AddressInfo).port);
      } finally {
        server.close();
        server.closeAllConnections();
      }
    },
  ],
];

for (const [version, create] of versions) {
  describe.each(fronts)(`${version} behind %s`, (_name, front) => {
    function appWith(prepare: (app: Express) => void): { app: Express; entered: jest.Mock } {
      const app = create();
      const entered = jest.fn();
      app.use((_req, _res, next) => {
        entered();
        next();
      });
      prepare(app);
      return { app, entered };
    }

    it.each([
      ["at once", hot],
      ["later", hotLater],
    ])("is not entered by what the handler answers, and gets what it passes on %s", async (_when, handler) => {
      const { app, entered } = appWith((app) => app.get("/cold", (_req, res) => void res.send("cold")));
      await front(handler, app, async (port) => {
        const answer = await fetch(`http://localhost:${port}/hot`);
        expect([await answer.text(), answer.headers.get("x-by"), answer.headers.get("x-powered-by")]).toEqual([
          "hot",
          "ring",
          null,
        ]);
        expect(entered).not.toHaveBeenCalled();
        const cold = await fetch(`http://localhost:${port}/cold`);
        expect([await cold.text(), cold.headers.get("x-powered-by"), cold.headers.get("server")]).toEqual([
          "cold",
          "Express",
          null,
        ]);
        expect((await fetch(`http://localhost:${port}/nowhere`)).status).toBe(404);
        expect(entered).toHaveBeenCalledTimes(2);
      });
    });

    it.each([10, 16_384, 1_000_000])("reads the body of %d bytes itself, by a parser and as a stream", async (size) => {
      const { app } = appWith((app) => {
        app.post(
          "/json",
          create.json({ limit: "2mb" }),
          (req, res) => void res.json({ length: (req.body as string[])[0]?.length }),
        );
        app.post("/pipe", (req, res) => void req.pipe(res));
      });
      await front(hotLater, app, async (port) => {
        const body = "x".repeat(size);
        const headers = { "content-type": "application/json" };
        const post = (path: string, sent: string) =>
          fetch(`http://localhost:${port}${path}`, { method: "POST", headers, body: sent });
        expect(await (await post("/json", JSON.stringify([body]))).json()).toEqual({ length: size });
        expect((await (await post("/pipe", body)).text()).length).toBe(size);
      });
    });

    it("has its middleware, sessions, errors and Ring handlers as ever", async () => {
      const { app } = appWith((app) => {
        app.use(session({ secret: "secret", resave: false, saveUninitialized: true }));
        app.get("/throw", () => {
          throw Object.assign(new Error("teapot"), { status: 418 });
        });
        app.use(
          "/ring",
          ring(({ pathInfo, context }) => ({ body: `${context} ${pathInfo}` })),
        );
      });
      await front(hot, app, async (port) => {
        const answer = await fetch(`http://localhost:${port}/ring/inner`);
        expect(answer.headers.getSetCookie()[0]).toMatch(/^connect\.sid=/);
        expect(await answer.text()).toBe("/ring /inner");
        const silence = jest.spyOn(console, "error").mockImplementation(() => {});
        expect((await fetch(`http://localhost:${port}/throw`)).status).toBe(418);
        silence.mockRestore();
      });
    });
  });
}

describe("the fallback of startServer", () => {
  it("gets a body that was gathered whole, of unknown length", async () => {
    const fallback: RequestListener = (req, res) => void req.pipe(res);
    const { port } = await started(() => null, { fallback, maxRequestBodySize: 1_000_000 });
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 50; i++) controller.enqueue(Buffer.alloc(10_000, "x"));
        controller.close();
      },
    });
    const answer = await fetch(`http://localhost:${port}/`, { method: "POST", body, duplex: "half" } as RequestInit);
    expect((await answer.text()).length).toBe(500_000);
  });

  it("says that its connections close when the server does", async () => {
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const fallback: RequestListener = (_req, res) => {
      answer();
      setTimeout(() => res.end("late"), 50);
    };
    const server = await started(() => null, { fallback, shutdownTimeout: 60, keepAliveTimeout: 60_000 });
    const fetching = fetch(`http://localhost:${server.port}/`);
    await asked;
    const closed = server.close();
    expect(await (await fetching).text()).toBe("late");
    const begun = performance.now();
    await closed;
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describeWith("openssl", openssl, "mountInFront", (program) => {
  it("stands in front of a server of node:https, and calls all of its listeners", async () => {
    const server = createHttpsServer(certificate(program), (_req, res) => void res.write("one "));
    server.on("request", (_req, res) => void res.end("two"));
    mountInFront(server, ({ uri, scheme }) => (uri === "/hot" ? { body: scheme } : null));
    server.listen(0);
    await once(server, "listening");
    try {
      const { get } = await import("../../../src/http/index.js");
      const url = `https://localhost:${(server.address() as AddressInfo).port}`;
      const { connectionPool } = await import("../../../src/http/index.js");
      const pool = connectionPool({ connectionOptions: { insecure: true } });
      expect((await get(`${url}/hot`, { pool, as: "string" })).body).toBe("https");
      expect((await get(`${url}/`, { pool, as: "string" })).body).toBe("one two");
      await pool.close();
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
