import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import compression from "compression";
import cors from "cors";
import type { RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import session from "express-session";
import helmet from "helmet";
import serveStatic from "serve-static";
import { deferred, isDeferrable, success } from "../../src/deferred/index.js";
import { expressOf, ring, seq, wrapExpress } from "../../src/index.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { withLog } from "../contract/host.js";
import { get, rawClient } from "../raw-client.js";
import { type ExpressFactory, versions, withApp } from "./hosts.js";

const hello: RingResponse = { status: 200, headers: {}, body: "hello" };

describe.each(versions)("wrapExpress, on %s, runs inside a Ring stack", (_name, express: ExpressFactory) => {
  it("helmet", async () => {
    await withApp(express().use(ring(wrapExpress(() => hello, helmet()))), async ({ url }) => {
      const answer = await fetch(url);
      expect([await answer.text(), answer.headers.get("x-frame-options")]).toEqual(["hello", "SAMEORIGIN"]);
    });
  });

  it("cors, which answers preflights by itself", async () => {
    const handler = jest.fn<Handler>(() => hello);
    await withApp(express().use(ring(wrapExpress(handler, cors()))), async ({ url, errors }) => {
      const preflight = await fetch(url, { method: "OPTIONS", headers: { "access-control-request-method": "PUT" } });
      expect(preflight.status).toBe(204);
      expect(handler).not.toHaveBeenCalled();
      expect((await fetch(url)).headers.get("access-control-allow-origin")).toBe("*");
      expect(errors).toEqual([]);
    });
  });

  it("express-rate-limit, which answers by itself, later", async () => {
    const handler = jest.fn<Handler>(() => hello);
    const after = jest.fn();
    const limited = wrapExpress(handler, rateLimit({ windowMs: 60_000, limit: 1 }));
    await withApp(express().use(ring(limited), after as never), async ({ url, errors }) => {
      expect((await fetch(url)).status).toBe(200);
      expect((await fetch(url)).status).toBe(429);
      expect(handler).toHaveBeenCalledTimes(1);
      expect(after).not.toHaveBeenCalled();
      expect(errors).toEqual([]);
    });
  });

  it("serve-static, which answers by itself, bit by bit", async () => {
    const folder = await mkdtemp(join(tmpdir(), "express-ring-"));
    try {
      await writeFile(join(folder, "large.txt"), "x".repeat(300_000));
      await withApp(express().use(ring(wrapExpress(() => hello, serveStatic(folder)))), async ({ url, errors }) => {
        expect((await (await fetch(`${url}/large.txt`)).text()).length).toBe(300_000);
        expect(await (await fetch(`${url}/other`)).text()).toBe("hello");
        expect(errors).toEqual([]);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("express-session, whose session the handler finds on req, also for a streamed answer", async () => {
    const handler: Handler = (request) => {
      const { session: stored } = expressOf(request).req as unknown as { session: { count?: number } };
      stored.count = (stored.count ?? 0) + 1;
      return { ...hello, body: seq(["count ", stored.count]) };
    };
    const sessions = session({ secret: "secret", resave: false, saveUninitialized: false });
    await withApp(express().use(ring(wrapExpress(handler, sessions))), async ({ url }) => {
      const first = await fetch(url);
      expect(await first.text()).toBe("count 1");
      const headers = { cookie: first.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
      expect(await (await fetch(url, { headers })).text()).toBe("count 2");
    });
  });

  it("compression, which has its effect on the answer", async () => {
    const handler: Handler = () => ({ ...hello, headers: { "content-type": "text/plain" }, body: "x".repeat(5_000) });
    await withApp(express().use(ring(wrapExpress(handler, compression()))), async ({ url }) => {
      const answer = await fetch(url);
      expect(answer.headers.get("content-encoding")).toMatch(/gzip|br/);
      expect((await answer.text()).length).toBe(5_000);
    });
  });

  it("body parsers: what they read is parsedBody from there on", async () => {
    const handler: Handler = (request) => ({
      ...hello,
      body: JSON.stringify([request.parsedBody, "body" in request, "parsedBody" in request]),
    });
    await withApp(express().use(ring(wrapExpress(handler, express.json()))), async ({ url }) => {
      const send = async (type: string): Promise<unknown> =>
        (await fetch(url, { method: "POST", headers: { "content-type": type }, body: '{"a":1}' })).json();
      expect(await send("application/json")).toEqual([{ a: 1 }, false, true]);
      expect(await send("text/plain")).toEqual([null, true, false]);
    });
  });

  it("routers, whole ones, and goes on with what they pass", async () => {
    const router = express.Router().get("/theirs", (_req, res) => void res.send("theirs"));
    await withApp(
      express().use("/in", ring(wrapExpress(({ uri }) => ({ ...hello, body: uri }), router))),
      async ({ url }) => {
        expect(await (await fetch(`${url}/in/theirs`)).text()).toBe("theirs");
        expect(await (await fetch(`${url}/in/ours`)).text()).toBe("/in/ours");
      },
    );
  });

  it("one after the other, each when the one before has called next, now or later", async () => {
    const order: string[] = [];
    const now =
      (name: string): RequestHandler =>
      (_req, _res, next) => {
        order.push(name);
        next();
      };
    const later =
      (name: string): RequestHandler =>
      (_req, _res, next) => {
        setImmediate(() => {
          order.push(name);
          next();
        });
      };
    const stack = wrapExpress(() => hello, now("1"), later("2"), now("3"), later("4"));
    await withApp(express().use(ring(stack)), async ({ url }) => {
      expect(await (await fetch(url)).text()).toBe("hello");
      expect(order).toEqual(["1", "2", "3", "4"]);
    });
  });

  const boom = Object.assign(new Error("boom"), { status: 418 });
  it.each<[string, RequestHandler]>([
    ["calls next with an error", (_req, _res, next) => next(boom)],
    ["calls next with an error, later", (_req, _res, next) => void setImmediate(() => next(boom))],
    [
      "throws",
      () => {
        throw boom;
      },
    ],
    ["rejects", (() => Promise.reject(boom)) as RequestHandler],
  ])("and fails when one %s", async (_what, middleware) => {
    const handler = jest.fn<Handler>(() => hello);
    await withApp(express().use(ring(wrapExpress(handler, middleware))), async ({ url, errors }) => {
      expect((await fetch(url)).status).toBe(418);
      expect(errors).toEqual([boom]);
      expect(handler).not.toHaveBeenCalled();
    });
  });

  it("and goes by the first word of one that goes on talking; the rest is logged", async () => {
    const talkative: RequestHandler = (_req, _res, next) => {
      next(boom);
      next(new Error("again"));
      throw new Error("late");
    };
    await withLog(async (log) => {
      await withApp(express().use(ring(wrapExpress(() => hello, talkative))), async ({ url, errors }) => {
        expect((await fetch(url)).status).toBe(418);
        expect(errors).toEqual([boom]);
        expect(log).toMatchObject([{ error: { message: "again" } }, { error: { message: "late" } }]);
      });
    });
  });

  it("and lets a Ring middleware around it see the failure", async () => {
    const stack = wrapExpress(
      () => hello,
      (_req, _res, next) => next(boom),
    );
    const guarded: Handler = (request) => {
      try {
        return stack(request);
      } catch (error) {
        return { ...hello, body: `caught ${(error as Error).message}` };
      }
    };
    await withApp(express().use(ring(guarded)), async ({ url }) => {
      expect(await (await fetch(url)).text()).toBe("caught boom");
    });
  });

  it.each(["route", "router"])("and passes the request on when one leaves with next(%p)", async (word) => {
    const stack = wrapExpress(
      () => hello,
      (_req, _res, next) => next(word as "route"),
    );
    const app = express().use(ring(stack), (_req, res) => void res.send("after"));
    await withApp(app, async ({ url }) => expect(await (await fetch(url)).text()).toBe("after"));
  });

  it("without making anything wait that need not", async () => {
    const results: unknown[] = [];
    const stack = wrapExpress(() => hello, helmet(), cors());
    const watched: Handler = (request) => {
      const result = stack(request);
      results.push(result);
      return result;
    };
    await withApp(express().use(ring(watched)), async ({ url }) => {
      await fetch(url);
      expect(results).toEqual([hello]);
      expect(isDeferrable(results[0])).toBe(false);
    });
  });

  it("ten thousand of them, without a deep stack", async () => {
    const pass: RequestHandler = (_req, _res, next) => next();
    const stack = wrapExpress(() => hello, ...Array.from({ length: 10_000 }, () => pass));
    await withApp(express().use(ring(stack)), async ({ url }) => expect((await fetch(url)).status).toBe(200));
  });

  it("and does not wait for ever for one that answers later, or for a client that has left", async () => {
    const started = deferred<true>();
    const results: unknown[] = [];
    const silent: RequestHandler = (req, res) => {
      success(started, true);
      if (req.url === "/answered") setImmediate(() => res.send("by itself"));
    };
    const stack = wrapExpress(() => hello, silent);
    const done = [deferred<true>(), deferred<true>()];
    const watched: Handler = async (request) => {
      results.push(await stack(request));
      success(done[results.length - 1] as (typeof done)[0], true);
      return null;
    };
    await withApp(express().use(ring(watched)), async ({ url, port, errors }) => {
      expect(await (await fetch(`${url}/answered`)).text()).toBe("by itself");
      await done[0];
      const client = await rawClient(port);
      client.send(get("/silent"));
      await started;
      client.leave();
      await done[1];
      expect([results, errors]).toEqual([[null, null], []]);
    });
  });
});

describe("wrapExpress", () => {
  it("refuses middleware that handles errors, at once", () => {
    const handlesErrors = ((_error: unknown, _req: unknown, _res: unknown, next: () => void) => next()) as never;
    expect(() => wrapExpress(() => null, helmet(), handlesErrors)).toThrow(
      expect.objectContaining({
        code: "RING_INVALID_ARGUMENT",
        message: expect.stringMatching(/argument 3 handles errors/),
      }),
    );
  });

  it("refuses what is no middleware, at once", () => {
    expect(() => wrapExpress(() => null, "helmet" as never)).toThrow(
      expect.objectContaining({
        code: "RING_INVALID_ARGUMENT",
        message: expect.stringMatching(/argument 2 is a string/),
      }),
    );
  });

  it("fails on a request that no server has made", () => {
    const stack = wrapExpress(() => hello, helmet());
    expect(() => stack({ uri: "/" } as RingRequest)).toThrow(expect.objectContaining({ code: "RING_NO_EXCHANGE" }));
  });
});
