import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import express from "express";
import express4 from "express-4";
import { wrapContentType } from "../../middleware/content-type.js";
import { siteDefaults, wrapDefaults } from "../../middleware/defaults.js";
import { inspected, wrapInspector } from "../../middleware/inspector.js";
import { wrapParams } from "../../middleware/params.js";
import { wrapContentTypeOptions, wrapFrameOptions } from "../../middleware/x-headers.js";
import { deferred, success } from "../../src/deferred/index.js";
import * as http from "../../src/http/index.js";
import { pipe, ring, router, websocketConnection } from "../../src/index.js";
import { stopRecorder } from "../../src/inspector/recorder.js";
import { request as mockRequest } from "../../src/mock/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { close, connect, put, streamOf } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { withApp } from "../express/hosts.js";
import { started } from "../http/server/start.js";

interface PartRow {
  readonly name: string;
  readonly depth: number;
  readonly start: number;
  readonly duration?: number;
  readonly own?: number;
  readonly hasFailed: boolean;
}
interface Data {
  readonly streams: { readonly nodes: readonly Record<string, unknown>[]; readonly edges: readonly unknown[] };
  readonly websockets: readonly Record<string, unknown>[];
  readonly mounts: readonly { readonly where: string; readonly stack: unknown }[];
  readonly express: readonly unknown[];
  readonly requests: readonly (Record<string, unknown> & { readonly parts: readonly PartRow[] })[];
}

const hello: Handler = () => ({ status: 200, body: "hello" });

async function dataOf(port: number, path = "/__inspector/data"): Promise<Data> {
  const response = await fetch(`http://localhost:${port}${path}`);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  return (await response.json()) as Data;
}

async function ask(port: number, path: string): Promise<number> {
  const response = await fetch(`http://localhost:${port}${path}`);
  await response.text();
  return response.status;
}

/** The latest request for a path, once the server has found that it was sent. */
async function latest(port: number, path: string): Promise<Data["requests"][number]> {
  for (;;) {
    const row = (await dataOf(port)).requests.find((request) => request["path"] === path);
    if (row?.["duration"] !== undefined) return row;
  }
}

// Channels are the process's, and so shared with other tests.
afterAll(stopRecorder);

const environment = process.env["NODE_ENV"];
afterEach(() => {
  process.env["NODE_ENV"] = environment;
});

describe("inspected", () => {
  it("measures each part of a stack, in the order in which requests meet them", async () => {
    const gate = deferred<void>();
    const wrapSlow = (inner: Handler): Handler => {
      return async (request) => {
        await gate;
        return inner(request);
      };
    };
    const app = wrapInspector(inspected(() => pipe(hello, wrapContentType, wrapSlow, wrapParams)));
    const { port } = await started(app);
    const asked = ask(port, "/measured");
    success(gate, undefined);
    await asked;
    const { parts } = await latest(port, "/measured");
    expect(parts.map(({ name, depth }) => [name, depth])).toEqual([
      ["wrapParams", 0],
      ["wrapSlow", 1],
      ["wrapContentType", 2],
      ["hello", 3],
    ]);
    for (const [place, { start, duration = -1, own = -1 }] of parts.entries()) {
      const inner = parts[place + 1];
      expect(own).toBeGreaterThanOrEqual(0);
      expect(duration).toBeCloseTo(own + (inner?.duration ?? 0), 5);
      if (inner !== undefined) expect(inner.start).toBeGreaterThanOrEqual(start);
    }
  });

  it("measures what wrapDefaults and router put together, and headers one by one", async () => {
    const app = inspected(() =>
      wrapDefaults(
        router({ "GET /defaults": hello }) as Handler<never>,
        {
          ...siteDefaults,
          session: false,
          security: { frameOptions: "deny", contentTypeOptions: "nosniff" },
          static: false,
        } as const,
      ),
    );
    const { port } = await started(wrapInspector(app as unknown as Handler));
    await ask(port, "/defaults");
    const { parts } = await latest(port, "/defaults");
    expect(parts.map(({ name }) => name)).toEqual([
      "wrapContentTypeOptions",
      "wrapFrameOptions",
      "wrapContentLength",
      "wrapNotModified",
      "wrapDefaultCharset",
      "wrapContentType",
      "wrapCookies",
      "wrapParams",
      "wrapMultipartParams",
      "wrapNestedParams",
      "wrapKeywordParams",
      "wrapWebsocketKeepalive",
      "router",
      "GET /defaults",
    ]);
    expect(parts.map(({ depth }) => depth)).toEqual(parts.map((_part, place) => place));
    expect(parts.length).toBeGreaterThan(10);
  });

  it("tells which part failed, and that a part was not asked", async () => {
    await withLog(async () => {
      const wrapGuard =
        (inner: Handler): Handler =>
        (request) =>
          request.uri === "/closed" ? { status: 403, body: "no" } : inner(request);
      const fail: Handler = async () => {
        throw Object.assign(new Error("the password is swordfish"), { code: "E_DATABASE" });
      };
      const app = inspected(() => pipe(fail, wrapContentType, wrapGuard));
      const { port } = await started(wrapInspector(app));
      await ask(port, "/closed");
      expect((await latest(port, "/closed")).parts.map(({ name }) => name)).toEqual(["wrapGuard"]);
      await ask(port, "/failing");
      const row = await latest(port, "/failing");
      expect(row).toMatchObject({ status: 500, error: "Error E_DATABASE" });
      expect(row.parts.map(({ name, hasFailed }) => [name, hasFailed])).toEqual([
        ["wrapGuard", true],
        ["wrapContentType", true],
        ["fail", true],
      ]);
      expect(JSON.stringify(await dataOf(port))).not.toContain("swordfish");
    });
  });

  it("does the same as without it, synchronously where that is so", () => {
    const inner: Handler = (request) => ({ status: 200, body: request.uri });
    const build = (): Handler =>
      pipe(
        inner,
        (given) => wrapFrameOptions(given, "deny"),
        (given) => wrapContentTypeOptions(given, "nosniff"),
      );
    const map = mockRequest("get", "/same") as RingRequest;
    expect(inspected(build)(map)).toEqual(build()(map));
  });

  it("leaves alone what is built in production, later, or by somebody who throws", () => {
    expect(() =>
      inspected(() => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(pipe(hello)).toBe(hello);
    process.env["NODE_ENV"] = "production";
    expect(inspected(() => pipe(hello))).toBe(hello);
    expect(inspected(() => pipe(hello), { enabled: true })).not.toBe(hello);
    expect(() => inspected(() => hello, { enable: true } as never)).toThrow("there are enabled");
  });
});

describe("wrapInspector", () => {
  it("serves a page that loads nothing, and passes everything else on", async () => {
    const { port } = await started(wrapInspector(hello));
    const response = await fetch(`http://localhost:${port}/__inspector`);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; .*script-src 'sha256-/);
    expect(text).not.toMatch(/(?:src|href)="(?!data:)/);
    for (const path of ["/", "/__inspector/other", "/__inspectors"]) {
      expect(await (await fetch(`http://localhost:${port}${path}`)).text()).toBe("hello");
    }
    const posted = await fetch(`http://localhost:${port}/__inspector`, { method: "POST" });
    expect(await posted.text()).toBe("hello");
  });

  it("is not there in production, unless it is asked for", async () => {
    process.env["NODE_ENV"] = "production";
    expect(wrapInspector(hello)).toBe(hello);
    const { port } = await started(wrapInspector(hello, { enabled: true, path: "/look" }));
    expect((await dataOf(port, "/look/data")).requests).toBeDefined();
  });

  it.each([
    ["another machine", { remoteAddr: "192.0.2.7" }, {}],
    ["the network, over IPv6", { remoteAddr: "2001:db8::1" }, {}],
    ["a proxy on this machine", {}, { "x-forwarded-for": "192.0.2.7" }],
    ["a proxy that says so in its own way", {}, { forwarded: "for=192.0.2.7" }],
    ["a page under a foreign name (DNS rebinding)", {}, { host: "evil.example" }],
    ["a name that only begins like this machine's", {}, { host: "localhost.evil.example" }],
    ["a page of another site", {}, { "sec-fetch-site": "cross-site" }],
    ["a client without a host", {}, { host: undefined }],
  ])("is not there for %s, unless remote says so", (_who, facts, headers) => {
    const map = mockRequest("get", "/__inspector") as RingRequest;
    const request = {
      ...map,
      remoteAddr: "127.0.0.1",
      ...facts,
      headers: { host: "localhost:3000", ...headers } as unknown as Record<string, string>,
    };
    expect(wrapInspector(hello)(request)).toEqual({ status: 200, body: "hello" });
    expect(wrapInspector(hello, { remote: true })(request)).not.toEqual({ status: 200, body: "hello" });
  });

  it("believes the connection, not what middleware has made of the address", async () => {
    const { port } = await started((request) => wrapInspector(hello)({ ...request, remoteAddr: "192.0.2.7" }));
    expect(await (await fetch(`http://127.0.0.1:${port}/__inspector`)).text()).toContain("<h1>Inspector</h1>");
  });

  it("records neither queries nor headers, and not its own requests", async () => {
    const { port } = await started(wrapInspector(hello, { requests: 3 }));
    await fetch(`http://localhost:${port}/first?token=secret1`, { headers: { cookie: "id=secret2" } });
    for (const path of ["/a", "/b"]) await ask(port, path);
    const data = await dataOf(port);
    expect(data.requests.map(({ path }) => path).slice(0, 3)).toEqual(["/b", "/a", "/first"]);
    expect(data.requests.map(({ path }) => path)).not.toContain("/__inspector/data");
    expect(JSON.stringify(data)).not.toMatch(/secret[12]/);
    expect(await latest(port, "/b")).toMatchObject({ method: "GET", status: 200, isComplete: true });
  });

  it("shows requests that are still open, and then how they ended", async () => {
    const body = streamOf<string>({});
    const { port } = await started(wrapInspector(() => ({ status: 200, body })));
    const response = await fetch(`http://localhost:${port}/open`);
    await put(body, "first");
    const open = (await dataOf(port)).requests.find(({ path }) => path === "/open");
    expect(open).not.toHaveProperty("duration");
    expect(open).not.toHaveProperty("status");
    close(body);
    expect(await response.text()).toBe("first");
    expect(await latest(port, "/open")).toMatchObject({ id: open?.["id"], status: 200, isComplete: true });
  });

  it("shows stacks from the outermost to the handler, with the routes of routers", async () => {
    const users = pipe(function showUser() {
      return { status: 200, body: "Ada" };
    }, wrapContentType);
    const app = wrapInspector(wrapParams(router({ "GET /users/:id": users, "/admin": router({ "POST /": hello }) })));
    const { port } = await started(app);
    await ask(port, "/users/7");
    const found = (await dataOf(port)).mounts.find(({ stack }) => JSON.stringify(stack).includes("showUser"));
    expect(found).toEqual({
      where: "/*",
      stack: {
        parts: ["wrapInspector", "wrapParams", "router"],
        routes: [
          { route: "GET /users/:id", stack: { parts: ["wrapContentType", "showUser"], routes: [] } },
          {
            route: "/admin",
            stack: { parts: ["router"], routes: [{ route: "POST /", stack: { parts: ["hello"], routes: [] } }] },
          },
        ],
      },
    });
    expect(await latest(port, "/users/7")).toMatchObject({ route: "/users/:id" });
  });

  it.each([
    ["Express 5", "/five/:id", express],
    ["Express 4", "/four/:id", express4 as unknown as typeof express],
  ])("shows the layers of an app of %s, in their order", async (_name, route, create) => {
    const app = create();
    app.use(function logger(_req, _res, next) {
      next();
    });
    app.use(ring(wrapInspector(() => null)));
    const api = create.Router().get(route, ring(pipe(hello, wrapContentType)));
    app.use("/api", api);
    app.post("/both", express.json(), ring(hello));
    await withApp(app, async ({ port }) => {
      await ask(port, `/api${route}`);
      const { express: layers, mounts } = await dataOf(port);
      expect(layers.filter((layer) => !/^(query|expressInit)$/.test((layer as { name: string }).name))).toEqual([
        { name: "logger" },
        { name: "ring /*", stack: { parts: ["wrapInspector", "handler"], routes: [] } },
        {
          name: "router",
          layers: [{ name: `GET ${route}`, stack: { parts: ["wrapContentType", "hello"], routes: [] } }],
        },
        {
          name: "POST /both",
          layers: [{ name: "jsonParser" }, { name: "ring", stack: { parts: ["hello"], routes: [] } }],
        },
        { name: "collect" },
      ]);
      expect(mounts.map(({ where }) => where)).not.toContain(`GET /api${route}`);
    });
  });

  it("shows streams with their state, and open websockets as streams", async () => {
    const numbers = streamOf<string>({ bufferSize: 4, description: (all) => ({ ...all, name: "numbers" }) });
    const app = wrapInspector(async (request) => {
      connect(numbers, await websocketConnection(request), { description: "feed" });
      return null;
    });
    const { port } = await started(app);
    const made = streamOf<string>({
      bufferSize: 1,
      description: (all) => ({ ...all, name: "made", cookie: "secret" }),
    });
    await put(made, "a message");
    put(made, "another");
    const client = await http.websocketClient(`ws://localhost:${port}/feed?token=secret`, {
      headers: { cookie: "id=secret" },
    });
    await put(numbers, "1");
    expect(await client.take()).toBe("1");
    const data = await dataOf(port);
    const node = (label: string) => data.streams.nodes.find((one) => one["label"] === label);
    expect(node("made")).toMatchObject({ type: "manifold", buffered: 1, capacity: 1, puts: 1, takes: 0, messages: 0 });
    expect(node("/feed")).toMatchObject({ type: "websocket", capacity: 16, isClosed: false });
    expect(node(`ws://localhost:${port}/feed`)).toMatchObject({ messages: 1 });
    expect(data.streams.edges).toContainEqual(expect.objectContaining({ to: node("/feed")?.["id"], label: "feed" }));
    expect(data.websockets).toContainEqual(expect.objectContaining({ url: "/feed", side: "server", sending: 0 }));
    expect(JSON.stringify(data)).not.toMatch(/secret|a message/);
    const ended = client.closed;
    client.close();
    await ended;
  });

  it("refuses options that are wrong", () => {
    expect(() => wrapInspector(hello, { paths: "/x" } as never)).toThrow("there are");
    for (const path of ["inspector", "/inspector/", "/", ""]) {
      expect(() => wrapInspector(hello, { path })).toThrow("begin with a slash");
    }
    expect(() => wrapInspector(hello, { requests: 0 })).toThrow("above 0");
  });
});
