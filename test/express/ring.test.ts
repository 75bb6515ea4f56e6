import { describe, expect, it, jest } from "@jest/globals";
import { deferred, success } from "../../src/deferred/index.js";
import { expressOf, ring, seq } from "../../src/index.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { close, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { exchangeRaw, get } from "../raw-client.js";
import { versions, withApp } from "./hosts.js";

/** Answers with some keys of the request map as JSON. */
const show =
  (...keys: (keyof RingRequest)[]): Handler =>
  (request) => ({
    status: 200,
    headers: {},
    body: JSON.stringify(Object.fromEntries(keys.filter((key) => key in request).map((key) => [key, request[key]]))),
  });

const json = async (url: string, init?: RequestInit): Promise<unknown> => (await fetch(url, init)).json();

describe.each(versions)("ring, on %s", (_name, express) => {
  const where = show("uri", "queryString", "context", "pathInfo", "routeParams");

  it("tells mount, path inside it and route parameters, at any depth", async () => {
    const inner = express.Router({ mergeParams: true });
    inner.get("/posts/:post", ring(where));
    const outer = express.Router();
    outer.use("/users/:user", inner);
    await withApp(express().use("/api", outer), async ({ url }) => {
      expect(await json(`${url}/api/users/a%20b/posts/7?x=1`)).toEqual({
        uri: "/api/users/a%20b/posts/7",
        queryString: "x=1",
        context: "/api/users/a%20b",
        pathInfo: "/posts/7",
        routeParams: { user: "a b", post: "7" },
      });
    });
  });

  it("has the root as the path inside, when the mount is all of the path", async () => {
    await withApp(express().use("/api", ring(where)), async ({ url }) => {
      expect(await json(`${url}/api?x`)).toEqual({ uri: "/api", queryString: "x", context: "/api", pathInfo: "/" });
    });
  });

  it("tells the path inside the mount to a client that sends whole URLs, too", async () => {
    await withApp(express().use("/api", ring(where)), async ({ port }) => {
      const text = await exchangeRaw(port, get("http://elsewhere/api/x?y", "Connection: close"));
      expect(JSON.parse(text.slice(text.indexOf("{")))).toEqual({
        uri: "/api/x",
        queryString: "y",
        context: "/api",
        pathInfo: "/x",
      });
    });
  });

  it("has neither mount nor parameters where there are none", async () => {
    await withApp(express().use(ring(where)), async ({ url }) => {
      expect(await json(`${url}/a/b`)).toEqual({ uri: "/a/b" });
    });
  });

  it("works in an app inside an app", async () => {
    const inner = express().get("/x", ring(where));
    await withApp(express().use("/in", inner), async ({ url }) => {
      expect(await json(`${url}/in/x`)).toEqual({ uri: "/in/x", context: "/in", pathInfo: "/x" });
    });
  });

  it("tells the path that a middleware has put in place of the one asked for", async () => {
    const app = express().use((req, _res, next) => {
      req.url = "/new?y";
      next();
    });
    await withApp(app.use(ring(where)), async ({ url }) => {
      expect(await json(`${url}/old?x`)).toEqual({ uri: "/old", queryString: "x", pathInfo: "/new" });
    });
  });

  it("believes a proxy that Express trusts, and no other", async () => {
    const who = ring(show("remoteAddr", "scheme", "serverName"));
    const headers = {
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "example.org",
    };
    await withApp(express().set("trust proxy", true).use(who), async ({ url }) => {
      expect(await json(url, { headers })).toEqual({
        remoteAddr: "203.0.113.7",
        scheme: "https",
        serverName: "example.org",
      });
    });
    await withApp(express().use(who), async ({ port }) => {
      expect(await json(`http://127.0.0.1:${port}`, { headers })).toEqual({
        remoteAddr: "127.0.0.1",
        scheme: "http",
        serverName: "127.0.0.1",
      });
    });
  });

  it("asks the getters that an app has put in place of Express's own", async () => {
    const app = express();
    Object.defineProperty(app.request, "ip", { configurable: true, get: () => "198.51.100.9" });
    await withApp(app.use(ring(show("remoteAddr"))), async ({ url }) => {
      expect(await json(url)).toEqual({ remoteAddr: "198.51.100.9" });
    });
  });

  it("shares a path with Express's own handlers: what it passes on is theirs", async () => {
    const app = express()
      .get(
        "/x",
        ring(() => null),
      )
      .get("/x", (_req, res) => void res.send("Express"));
    await withApp(app, async ({ url }) => expect(await (await fetch(`${url}/x`)).text()).toBe("Express"));
  });

  it("does not touch the response when it passes the request on", async () => {
    const later = deferred<null>();
    const app = express()
      .disable("x-powered-by")
      .use(ring(() => later))
      .use((_req, res) => {
        expect([res.statusCode, res.getHeaderNames()]).toEqual([200, []]);
        res.end("untouched");
      });
    await withApp(app, async ({ url, errors }) => {
      setImmediate(() => success(later, null));
      expect(await (await fetch(url)).text()).toBe("untouched");
      expect(errors).toEqual([]);
    });
  });

  it("calls next exactly once, whatever happens", async () => {
    const next = jest.fn();
    const boom = new Error("boom");
    const failing = ring((_request, respond, raise) => (raise(boom), respond(null), raise(boom)), { async: true });
    const app = express().use((req, res, done) => {
      failing(req, res, next);
      setImmediate(done);
    });
    await withApp(
      app.use((_req, res) => void res.send("on")),
      async ({ url }) => {
        await fetch(url);
        expect(next.mock.calls).toEqual([[boom]]);
      },
    );
  });

  it("takes three-argument handlers if it is told so", async () => {
    const handler = ring(({ uri }, respond) => respond({ status: 200, headers: {}, body: uri }), { async: true });
    await withApp(express().use(handler), async ({ url }) => {
      expect(await (await fetch(`${url}/three`)).text()).toBe("/three");
    });
  });

  it("gives every handler the same single argument, however many it declares", async () => {
    const seen: unknown[][] = [];
    const handler = ((...all: unknown[]) => {
      seen.push(all);
      return { status: 204 };
    }) as Handler;
    await withApp(express().use(ring(handler)), async ({ url }) => {
      await fetch(url);
      expect(seen).toMatchObject([[{ uri: "/" }]]);
      expect(seen[0]).toHaveLength(1);
    });
  });

  it("names the route whose response is invalid", async () => {
    const users = express.Router().get(
      "/users/:id",
      ring(() => ({ body: 7 as never })),
    );
    await withApp(express().use("/api", users), async ({ url, errors }) => {
      await fetch(`${url}/api/users/secret`);
      expect(errors).toMatchObject([
        { message: expect.stringMatching(/^the response to GET \/api\/users\/:id has a number/) },
      ]);
    });
  });

  it("keeps headers that are on the response, unless the response map names them", async () => {
    const app = express().use((_req, res, next) => {
      res.set({ "X-Kept": "kept", "X-Replaced": "old", "Content-Length": "999" });
      res.cookie("a", "1");
      res.status(202);
      next();
    });
    const response: RingResponse = {
      status: 200,
      headers: { "x-replaced": "new", "set-cookie": ["b=2", "c=3"] },
      body: "hello",
    };
    await withApp(app.use(ring(() => response)), async ({ url }) => {
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe("hello");
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "x-kept": "kept",
        "x-replaced": "new",
        "content-length": "5",
      });
      expect(answer.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2", "c=3"]);
    });
  });

  it("does not believe a content-length that was set for another body", async () => {
    const app = express().use((_req, res, next) => {
      res.set("Content-Length", "999");
      next();
    });
    await withApp(app.use(ring(() => ({ body: seq(["a", "b"]) }))), async ({ url }) => {
      const answer = await fetch(url);
      expect([await answer.text(), answer.headers.get("content-length")]).toEqual(["ab", null]);
    });
  });

  it("encodes text in the charset of a content-type that is on the response", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("content-type", "text/plain; charset=iso-8859-1");
      next();
    });
    await withApp(app.use(ring(() => ({ body: "é" }))), async ({ port }) => {
      expect(await exchangeRaw(port, get("/", "Connection: close"))).toMatch(/\r\n\r\n\xe9$/);
    });
  });

  it("sees the headers that middleware has changed, also where the client sent them twice", async () => {
    const app = express().use((req, _res, next) => {
      req.headers["x-added"] = "by middleware";
      req.headers["x-twice"] = "changed";
      delete req.headers["x-gone"];
      next();
    });
    const handler: Handler = ({ headers }) => ({ status: 200, headers: {}, body: JSON.stringify(headers) });
    await withApp(app.use(ring(handler)), async ({ port }) => {
      const lines = [
        "X-Twice: 1",
        "X-Twice: 2",
        "X-Gone: 1",
        "X-Gone: 2",
        "X-Both: 1",
        "X-Both: 2",
        "Connection: close",
      ];
      const text = await exchangeRaw(port, get("/", ...lines));
      expect(JSON.parse(text.slice(text.indexOf("{")))).toEqual({
        host: "localhost",
        connection: "close",
        "x-added": "by middleware",
        "x-twice": "changed",
        "x-both": "1,2",
      });
    });
  });

  it("drops an answer that comes after somebody else's", async () => {
    const late = deferred<RingResponse>();
    let closed = false;
    const body = new ReadableStream({
      cancel: () => {
        closed = true;
      },
    });
    const app = express().use((_req, res, next) => {
      next();
      setImmediate(() => res.status(503).send("timeout"));
      res.on("finish", () => success(late, { status: 200, headers: {}, body: body as never }));
    });
    await withLog(async (log) => {
      await withApp(app.use(ring(() => late)), async ({ url, errors }) => {
        const answer = await fetch(url);
        expect([answer.status, await answer.text()]).toEqual([503, "timeout"]);
        expect([closed, errors]).toEqual([true, []]);
        expect(log).toMatchObject([{ level: "warn", message: expect.stringMatching(/GET \/ was answered twice/) }]);
      });
    });
  });

  it("drops a body whose first chunk comes while somebody else is answering", async () => {
    await withLog(async (log) => {
      const body = stream<string>();
      let send = (): void => {};
      async function* late(): AsyncGenerator<string> {
        await new Promise<void>((resolve) => {
          send = resolve;
        });
        try {
          yield "late";
        } finally {
          close(body);
        }
      }
      const app = express().use((_req, res, next) => {
        next();
        res.status(503).write("time");
        send();
        body.onClosed(() => res.end("out"));
      });
      await withApp(app.use(ring(() => ({ body: late() }))), async ({ url, errors }) => {
        expect(await (await fetch(url)).text()).toBe("timeout");
        expect(errors).toEqual([]);
        expect(log).toMatchObject([{ level: "warn", message: expect.stringMatching(/answered twice/) }]);
      });
    });
  });

  it("leaves alone what the handler has answered through Express itself", async () => {
    const handler: Handler = (request) => {
      expressOf(request).res.status(201).send("by hand");
      return null;
    };
    const after = jest.fn();
    await withApp(express().use(ring(handler), after as never), async ({ url }) => {
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([201, "by hand"]);
      expect(after).not.toHaveBeenCalled();
    });
  });
});

describe("expressOf", () => {
  it("leads from a copy of the request map to Express's request and response", async () => {
    for (const [, express] of versions) {
      const app = express().use((req, _res, next) => {
        Object.assign(req, { user: { name: "Ada" } });
        next();
      });
      const handler: Handler = (request) => {
        const { req, res } = expressOf({ ...request });
        expect(res.req).toBe(req);
        return { status: 200, headers: {}, body: (req as unknown as { user: { name: string } }).user.name };
      };
      await withApp(app.use(ring(handler)), async ({ url }) => {
        expect(await (await fetch(url)).text()).toBe("Ada");
      });
    }
  });

  it("fails on a request that no server has made", () => {
    expect(() => expressOf({ uri: "/" } as RingRequest)).toThrow(
      expect.objectContaining({ code: "RING_NO_EXCHANGE", message: expect.stringContaining("{ ...request") }),
    );
  });
});
