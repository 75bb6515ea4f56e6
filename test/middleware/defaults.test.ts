import { once } from "node:events";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import {
  type AntiForgery,
  type AntiForgeryStrategy,
  apiDefaults,
  type Cookies,
  cookieStore,
  type DefaultsAdded,
  type DefaultsConfig,
  defaultsList,
  defaultsOrder,
  encryptedToken,
  type Flash,
  memoryStore,
  type Params,
  type Session,
  secureApiDefaults,
  secureSiteDefaults,
  signedToken,
  siteDefaults,
  wrapDefaults,
  wrapHead,
  wrapSession,
} from "../../middleware/index.js";
import { ring, type WebsocketSocket, withWebsockets } from "../../src/index.js";
import { pipe } from "../../src/ring/pipe.js";
import { tagOf } from "../../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { running } from "../contract/websocket.js";
import { type ExpressFactory, versions, withApp } from "../express/hosts.js";
import { exchangeRaw } from "../raw-client.js";
import { form, request } from "./helpers.js";

const invalid = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });
const namesIn = (config: DefaultsConfig): readonly string[] => defaultsList(config).map(({ name }) => name);
const site = { ...siteDefaults, static: false } as const;
const host = { host: "example.com" };

/** The names on a stack, from the outermost to the innermost. */
function tagsOf(handler: unknown): string[] {
  const tag = tagOf(handler);
  return tag === undefined ? [] : [tag.name, ...tagsOf(tag.inner)];
}

describe("defaultsOrder", () => {
  it("is Ring's, with a place in the configuration for each", () => {
    expect(defaultsOrder.map(({ path, name }) => `${path} ${name}`)).toEqual([
      "websocket.keepalive wrapWebsocketKeepalive",
      "security.antiForgery wrapAntiForgery",
      "session.flash wrapFlash",
      "session wrapSession",
      "params.keywordize wrapKeywordParams",
      "params.nested wrapNestedParams",
      "params.multipart wrapMultipartParams",
      "params.urlencoded wrapParams",
      "cookies wrapCookies",
      "responses.absoluteRedirects wrapAbsoluteRedirects",
      "static.resources wrapResource",
      "static.files wrapFile",
      "responses.contentTypes wrapContentType",
      "responses.defaultCharset wrapDefaultCharset",
      "responses.notModifiedResponses wrapNotModified",
      "responses.contentLength wrapContentLength",
      "security.xssProtection wrapXssProtection",
      "security.frameOptions wrapFrameOptions",
      "security.contentTypeOptions wrapContentTypeOptions",
      "security.hsts wrapHsts",
      "security.sslRedirect wrapSslRedirect",
      "proxy wrapForwardedScheme",
      "proxy wrapForwardedRemoteAddr",
    ]);
  });

  it("names each after the function it calls", () => {
    const values: Record<string, unknown> = {
      "responses.defaultCharset": "utf-8",
      "security.xssProtection": { mode: "block" },
      "security.frameOptions": "deny",
      "security.contentTypeOptions": "nosniff",
      "static.files": tmpdir(),
    };
    // A folder that is not there needs no middleware.
    const entries = defaultsOrder.filter(({ path }) => path !== "static.resources");
    const made = entries.map(({ path, wrap }) => tagsOf(wrap(() => null, values[path] ?? true)));
    expect(made).toEqual(entries.map(({ name }) => [name]));
  });
});

describe("defaultsList", () => {
  it.each([
    [
      "apiDefaults",
      apiDefaults,
      "wrapKeywordParams wrapParams wrapContentType wrapDefaultCharset wrapNotModified wrapContentLength",
    ],
    [
      "secureApiDefaults",
      secureApiDefaults,
      "wrapKeywordParams wrapParams wrapContentType wrapDefaultCharset wrapNotModified wrapContentLength wrapHsts wrapSslRedirect",
    ],
    [
      "siteDefaults",
      siteDefaults,
      "wrapWebsocketKeepalive wrapAntiForgery wrapFlash wrapSession wrapKeywordParams wrapNestedParams wrapMultipartParams " +
        "wrapParams wrapCookies wrapResource wrapContentType wrapDefaultCharset wrapNotModified wrapContentLength " +
        "wrapFrameOptions wrapContentTypeOptions",
    ],
    [
      "secureSiteDefaults",
      secureSiteDefaults,
      "wrapWebsocketKeepalive wrapAntiForgery wrapFlash wrapSession wrapKeywordParams wrapNestedParams wrapMultipartParams " +
        "wrapParams wrapCookies wrapResource wrapContentType wrapDefaultCharset wrapNotModified wrapContentLength " +
        "wrapFrameOptions wrapContentTypeOptions wrapHsts wrapSslRedirect",
    ],
  ])("of %s can be read", (_name, config, names) => {
    expect(namesIn(config).join(" ")).toBe(names);
  });

  it("says what each step has for options, and one step for each folder", () => {
    const files = [{ root: "a", indexFiles: false }, "b"];
    const list = defaultsList({ static: { files }, session: true, proxy: { any: "thing" } as never });
    expect(list.map(({ name, path, options }) => ({ name, path, options }))).toEqual([
      { name: "wrapSession", path: "session", options: undefined },
      { name: "wrapFile", path: "static.files", options: files[0] },
      { name: "wrapFile", path: "static.files", options: "b" },
      { name: "wrapForwardedScheme", path: "proxy", options: { any: "thing" } },
      { name: "wrapForwardedRemoteAddr", path: "proxy", options: { any: "thing" } },
    ]);
  });

  it("leaves out what is absent, false or null, in whole sections, too", () => {
    expect(namesIn({})).toEqual([]);
    expect(namesIn({ params: false, security: null, static: undefined, session: false, cookies: null })).toEqual([]);
    expect(namesIn({ params: { nested: false, urlencoded: null }, session: { flash: false } })).toEqual([
      "wrapSession",
    ]);
  });

  it("can be edited, and makes of it what wrapDefaults makes", () => {
    const handler: Handler = () => ({ status: 200, body: "x" });
    const all = defaultsList(site);
    expect(tagsOf(pipe(handler, ...all.map(({ wrap }) => wrap)))).toEqual(tagsOf(wrapDefaults(handler, site)));
    const steps = all.filter(({ path }) => path.startsWith("responses.")).map(({ wrap }) => wrap);
    const app = pipe(handler, ...steps, wrapHead);
    expect(tagsOf(app).slice(0, 2)).toEqual(["wrapHead", "wrapContentLength"]);
    expect(app(request({ uri: "/a.txt" }))).toMatchObject({ headers: { "Content-Length": "1" } });
  });

  it.each([
    { sesion: true },
    { security: { csrf: true } },
    { responses: { contentType: true } },
    { session: true, hsts: true },
  ])("refuses names that are misspelt: %j", (config) => {
    expect(() => defaultsList(config as never)).toThrow(invalid);
  });
});

describe("the presets", () => {
  it("cannot be changed in place", () => {
    const parts = [apiDefaults, secureApiDefaults, siteDefaults, secureSiteDefaults].flatMap((preset) => [
      preset,
      ...Object.values(preset).filter((part) => typeof part === "object"),
    ]);
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen(siteDefaults.session.cookieAttrs)).toBe(true);
  });

  it("share one session store", () => {
    expect(secureSiteDefaults.session.store).toBe(siteDefaults.session.store);
    expect(secureSiteDefaults.session).toMatchObject({
      flash: true,
      cookieName: "secure-ring-session",
      cookieAttrs: { httpOnly: true, secure: true },
    });
  });
});

describe("wrapDefaults", () => {
  it.each([{ security: { frameOptions: true } }, { security: { xssProtection: true } }, { static: { files: true } }])(
    "refuses true where a value is needed: %j",
    (config) => {
      expect(() => wrapDefaults(() => null, config as never)).toThrow(invalid);
    },
  );

  it("reads its configuration when it wraps", () => {
    const params = { urlencoded: true };
    const app = wrapDefaults((request) => ({ body: Object.keys(request).includes("params") ? "yes" : "no" }), {
      params,
    });
    params.urlencoded = false;
    expect(app(request())).toEqual({ body: "yes" });
  });

  it("keeps what is in the request already, and leaves the request itself unchanged", () => {
    const mine: unique symbol = Symbol("mine");
    const cookies = { a: { value: "1" } };
    const given = Object.freeze({
      ...request({ queryString: "b=2" }),
      cookies,
      params: { c: "3" },
      user: "ada",
      [mine]: true,
    });
    let seen: object = {};
    wrapDefaults((request) => {
      seen = request;
      return null;
    }, site)(given);
    expect(seen).toMatchObject({ cookies, params: { b: "2", c: "3" }, user: "ada", [mine]: true, session: {} });
    expect(Object.keys(given)).not.toContain("session");
  });

  it("adds no key that the stack does not fill", () => {
    let seen: string[] = [];
    const config = { params: { urlencoded: true, multipart: true }, cookies: true } as const;
    wrapDefaults((request) => {
      seen = Object.keys(request);
      return null;
    }, config)(request());
    const added = seen.filter((key) => !Object.keys(request()).includes(key));
    expect(added.sort()).toEqual(["cookies", "formParams", "multipartParams", "params", "queryParams"]);
  });

  it("is drawn as the stack that it is", () => {
    expect(tagsOf(wrapDefaults(() => null, site))).toEqual(namesIn(site).toReversed());
  });

  it("computes a length where a charset is known, and adds the charset first", () => {
    const app = wrapDefaults(({ uri }) => ({ body: uri }), apiDefaults);
    expect(app(request({ uri: "/é.txt" }))).toMatchObject({
      headers: { "Content-Type": "text/plain; charset=utf-8", "Content-Length": "7" },
    });
    expect(app(request({ uri: "/é" }))).toEqual({
      headers: { "Content-Type": "application/octet-stream" },
      body: "/é",
    });
  });

  it("lets the handler see HEAD, and its body stay", () => {
    const app = wrapDefaults(({ requestMethod }) => ({ body: requestMethod }), site);
    expect(app(request({ requestMethod: "head" }))).toMatchObject({ body: "head" });
  });
});

describe("the types of wrapDefaults", () => {
  const served = (handler: Handler): Handler => handler;
  const visits = (request: RingRequest & Params & Cookies & Session<{ visits: number }> & AntiForgery & Flash) => ({
    body: `${request.session.visits} ${request.antiForgeryToken} ${String(request.flash)}`,
  });

  it("follow the presets, and what a spread makes of them", () => {
    expect(served(wrapDefaults(visits, siteDefaults))).toBeInstanceOf(Function);
    expect(served(wrapDefaults(visits, secureSiteDefaults))).toBeInstanceOf(Function);
    const stored = { ...site, session: { ...siteDefaults.session, store: memoryStore() }, proxy: true };
    expect(served(wrapDefaults(visits, stored))).toBeInstanceOf(Function);
    expect(
      served(wrapDefaults(({ session, antiForgeryToken }) => ({ session, body: antiForgeryToken }), stored)),
    ).toBeInstanceOf(Function);
    const parsed = wrapDefaults((request) => ({ body: request.params["a"] as string }), { params: { urlencoded: {} } });
    expect(served(parsed)(request({ queryString: "a=1" }))).toEqual({ body: "1" });
  });

  it("follow a configuration with a name, if it is constant, and go through pipe", () => {
    const constant = { ...apiDefaults, cookies: true } as const;
    const named = (request: RingRequest & DefaultsAdded<typeof constant>): RingResponse => ({
      body: `${request.params["a"] as string} ${request.cookies["b"]?.value}`,
    });
    const app = served(pipe(named, (handler) => wrapDefaults(handler, constant)));
    expect(app(request({ queryString: "a=1", headers: { cookie: "b=2" } }))).toMatchObject({ body: "1 2" });
    const variable = { ...apiDefaults, cookies: true };
    // @ts-expect-error -- it may be set to false
    expect(served(wrapDefaults(named, variable))).toBeInstanceOf(Function);
  });

  it("follow the strategy of tokens: what it needs the stack has, or what is outside of it", () => {
    const secret = "a secret of enough bytes";
    const token = ({ antiForgeryToken }: RingRequest & AntiForgery): RingResponse => ({ body: antiForgeryToken });
    const by = <N>(strategy: AntiForgeryStrategy<N>) => ({ ...apiDefaults, security: { antiForgery: { strategy } } });
    const signed = served(wrapDefaults(token, { ...by(signedToken(secret)), cookies: true }));
    expect(signed(request())).toMatchObject({
      headers: { "Set-Cookie": [expect.stringContaining("__Host-anti-forg")] },
    });
    // @ts-expect-error -- there are no cookies
    served(wrapDefaults(token, by(signedToken(secret))));
    // @ts-expect-error -- there is no session
    served(wrapDefaults(token, { ...apiDefaults, security: { antiForgery: true } }));
    served(wrapSession(wrapDefaults(token, { ...apiDefaults, security: { antiForgery: true } })));
    const ofUser = by(encryptedToken(secret, 3600, ({ user }: { readonly user: string }) => user));
    // @ts-expect-error -- nothing adds the user
    served(wrapDefaults(token, ofUser));
    const sealed = wrapDefaults(token, ofUser)({ ...request(), user: "ada" });
    expect(sealed).toMatchObject({ body: expect.stringMatching(/\S/) });
  });

  it("do not compile without what the handler reads", () => {
    // @ts-expect-error -- an API has no session
    served(wrapDefaults(visits, apiDefaults));
    // @ts-expect-error -- nothing adds a token
    served(wrapDefaults(visits, { ...site, security: { frameOptions: "deny" } }));
    // @ts-expect-error -- nothing adds the flash
    served(wrapDefaults(visits, { ...site, session: true }));
    // @ts-expect-error -- perhaps there are parameters, perhaps not
    served(wrapDefaults((request) => ({ body: request.params }), { params: { urlencoded: Boolean(visits) } }));
    // @ts-expect-error -- nothing adds a user
    served(wrapDefaults((request: RingRequest & Params & { user: string }) => ({ body: request.user }), apiDefaults));
    // @ts-expect-error -- a misspelt option of the session
    wrapDefaults(() => null, { ...site, session: { ...siteDefaults.session, stroe: memoryStore() } });
    // @ts-expect-error -- there is no such store
    wrapDefaults(() => null, { session: { store: 5 } });
    expect(() => wrapDefaults(() => null, { security: { frameOptions: "sometimes" as "deny" } })).toThrow(invalid);
  });
});

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "defaults-"));
  await mkdir(join(folder, "public"));
  await writeFile(join(folder, "public", "a.css"), "a { color: red }");
  await utimes(join(folder, "public", "a.css"), 1_700_000_000, 1_700_000_000);
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(versions)("siteDefaults on %s", (_name, express: ExpressFactory) => {
  const served = async (
    handler: Handler,
    body: (
      ask: (path: string, init?: RequestInit) => Promise<Response>,
      errors: readonly unknown[],
      port: number,
    ) => Promise<void>,
  ): Promise<void> =>
    withApp(express().disable("etag").use(ring(handler)), async ({ url, errors, port }) => {
      await body((path, init) => fetch(`${url}${path}`, { redirect: "manual", ...init }), errors, port);
    });
  const hello: Handler = () => ({ status: 200, headers: { "Content-Type": "text/html" }, body: "hello" });

  it("serves static files without session, token and handler, but with type, charset, length and careful headers", async () => {
    const store = { ...memoryStore(), readSession: jest.fn(() => null) };
    const handler = jest.fn(hello);
    const config = {
      ...siteDefaults,
      session: { ...siteDefaults.session, store },
      static: { resources: { root: "public", roots: [folder] } },
    };
    await served(wrapDefaults(handler, config), async (ask) => {
      const answer = await ask("/a.css");
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": "text/css; charset=utf-8",
        "content-length": "16",
        "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "x-frame-options": "SAMEORIGIN",
        "x-content-type-options": "nosniff",
      });
      expect(answer.headers.get("set-cookie")).toBeNull();
      expect(await answer.text()).toBe("a { color: red }");
      const since = { "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT" };
      expect((await ask("/a.css", { headers: since })).status).toBe(304);
      const head = await ask("/a.css", { method: "HEAD" });
      expect(head.headers.get("content-length")).toBe("16");
    });
    expect(store.readSession).not.toHaveBeenCalled();
    expect(handler).not.toHaveBeenCalled();
  });

  it("redirects to https with none of the other headers", async () => {
    await served(wrapDefaults(hello, { ...secureSiteDefaults, static: false }), async (ask) => {
      const { status, headers } = await ask("/a?b", { headers: { cookie: "x=y" } });
      expect([status, headers.get("location")]).toEqual([301, expect.stringMatching(/^https:\/\/localhost\/a\?b$/)]);
      for (const name of ["strict-transport-security", "x-frame-options", "set-cookie", "content-type"]) {
        expect(headers.get(name)).toBeNull();
      }
    });
  });

  it("believes a proxy that says https, where it is told to", async () => {
    const app = wrapDefaults(({ remoteAddr }) => ({ body: remoteAddr }), { ...secureApiDefaults, proxy: true });
    await served(app, async (ask) => {
      const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "1.2.3.4" };
      const answer = await ask("/", { headers });
      expect([answer.status, await answer.text()]).toEqual([200, "1.2.3.4"]);
      expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000; includeSubDomains");
      expect((await ask("/")).status).toBe(301);
    });
  });

  it("sends a 304 with a length of zero, and its other headers", async () => {
    const app = wrapDefaults(() => ({ headers: { ETag: '"1"', "Content-Type": "text/html" }, body: "hello" }), site);
    await served(app, async (_ask, _errors, port) => {
      const answer = await exchangeRaw(
        port,
        'GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: "1"\r\nConnection: close\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 304 /);
      for (const line of ["Content-Length: 0", 'ETag: "1"', "X-Frame-Options: SAMEORIGIN"])
        expect(answer).toContain(line);
    });
  });

  it("lets the query win over the form", async () => {
    const app = wrapDefaults(({ params }) => ({ body: JSON.stringify(params) }), site);
    await served(app, async (ask) => {
      const headers = { ...form, "x-ring-anti-forgery": "1" };
      const answer = await ask("/?a=query&c[d]=1", { method: "POST", headers, body: "a=form&b=form&c[e]=2" });
      expect(JSON.parse(await answer.text())).toEqual({ a: "query", b: "form", c: { d: "1", e: "2" } });
    });
  });

  it("refuses nested names that clash, with a status for the client", async () => {
    await served(wrapDefaults(hello, site), async (ask, errors) => {
      expect((await ask("/?a=1&a[b][c]=2")).status).toBe(400);
      expect(errors).toEqual([expect.objectContaining({ code: "RING_PARAM_CONFLICT" })]);
    });
  });

  it("opens websockets, keeps them open, and says nothing of a body at the handshake", async () => {
    const echo = { onMessage: (socket: WebsocketSocket, message: string | Uint8Array) => socket.send(message) };
    const app = withWebsockets(express());
    app.use(
      ring(wrapDefaults(() => ({ websocketListener: echo }), { ...site, websocket: { keepalive: { period: 5 } } })),
    );
    await running(app, async ({ port }) => {
      const client = new WebSocket(`ws://localhost:${port}/`);
      const [{ headers }] = (await once(client, "upgrade")) as [IncomingMessage];
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["content-length"]));
      for (let pings = 0; pings < 3; pings++) await once(client, "ping");
      client.send("hello");
      const [message] = (await once(client, "message")) as [Buffer];
      expect(String(message)).toBe("hello");
      client.close();
      await once(client, "close");
    });
  });

  it("begins a session with every first GET, and seals it anew with every write", async () => {
    const app = wrapDefaults(
      ({ session, uri }) => ({
        body: String(session["n"]),
        ...(uri === "/write" && { session: { ...session, n: 1 } }),
      }),
      site,
    );
    await served(app, async (ask) => {
      const cookieOf = (answer: Response): string => answer.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
      const first = cookieOf(await ask("/"));
      expect(first).toMatch(/^ring-session=/);
      expect((await ask("/", { headers: { cookie: first } })).headers.get("set-cookie")).toBeNull();
      const second = cookieOf(await ask("/write", { headers: { cookie: first } }));
      const third = cookieOf(await ask("/write", { headers: { cookie: first } }));
      expect(new Set([first, second, third]).size).toBe(3);
      for (const cookie of [second, third]) expect(await (await ask("/", { headers: { cookie } })).text()).toBe("1");
    });
  });

  it("keeps sessions of one process from another one's key", async () => {
    const own = { ...site, session: { ...site.session, store: cookieStore() } };
    const app = (config: typeof own): Handler =>
      wrapDefaults(({ sessionKey }) => ({ body: String(sessionKey) }), config);
    await served(app(own), async (ask) => {
      const cookie = (await ask("/")).headers.get("set-cookie")?.split(";", 1)[0] ?? "";
      await served(app({ ...site, session: { ...site.session, store: cookieStore() } }), async (other) => {
        expect(await (await other("/", { headers: { cookie } })).text()).toBe("undefined");
      });
    });
  });

  it("answers HEAD without a body, whatever the handler makes of it", async () => {
    await served(wrapDefaults(hello, site), async (ask) => {
      const answer = await ask("/", { method: "HEAD" });
      expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([200, "5", ""]);
    });
  });

  it("sends a 404 of the handler as octets, unless it says what it is", async () => {
    await served(
      wrapDefaults(({ uri }) => ({ status: 404, body: uri }), site),
      async (ask) => {
        const types = ["/a", "/a.html"].map(async (path) => (await ask(path)).headers.get("content-type"));
        expect(await Promise.all(types)).toEqual(["application/octet-stream", "text/html; charset=utf-8"]);
      },
    );
  });

  it("leaves what nobody answers, and what is thrown, to Express", async () => {
    const app = wrapDefaults(({ uri }): RingResponse | null => {
      if (uri === "/throw") throw new Error("boom");
      return null;
    }, site);
    await served(app, async (ask, errors) => {
      expect((await ask("/")).status).toBe(404);
      expect((await ask("/throw")).status).toBe(500);
      expect(errors).toEqual([expect.objectContaining({ message: "boom" })]);
    });
  });
});

describe("secureSiteDefaults", () => {
  it("marks its cookie, and knows no other name", () => {
    const app = wrapDefaults(({ sessionKey }) => ({ body: String(sessionKey) }), {
      ...secureSiteDefaults,
      static: false,
    });
    expect(app(request({ scheme: "https", headers: host }))).toMatchObject({
      headers: { "Set-Cookie": [expect.stringMatching(/^secure-ring-session=.*; Path=\/; HttpOnly; Secure$/)] },
    });
  });
});
