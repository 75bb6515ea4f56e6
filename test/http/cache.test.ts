import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { setLogger } from "../../src/index.js";
import { take } from "../../src/stream/index.js";
import { gate, pool, serve, textOf } from "./servers.js";

type Answer = (res: ServerResponse, req: IncomingMessage, hit: number) => unknown;

/** A server that counts what it is asked, and a client with a cache. */
async function cached(answer: Answer, options: http.HttpCacheOptions = {}) {
  const hits: string[] = [];
  const running = await serve((req, res) => {
    hits.push(`${req.method} ${req.url}`);
    answer(res, req, hits.length);
  });
  const cache = http.httpCache(options);
  const connections = pool({ cache });
  const ask = async (path = "/", options: http.RequestOptions = {}) => {
    const { status, headers, cached, body } = await http.request({
      method: "get",
      pool: connections,
      as: "string",
      ...options,
      url: running.url + path,
    });
    return { status, headers, cached, body: body as string };
  };
  return { ...running, hits, ask, pool: connections, cache };
}

const fresh = { "cache-control": "max-age=60" };
const stale = { "cache-control": "max-age=0", etag: '"1"' };
const HIT = "CACHE_HIT";
const MISS = "CACHE_MISS";

afterEach(() => {
  jest.restoreAllMocks();
  setLogger(null);
});

const realNow = Date.now;

/** Sets the clock of the cache, and no timer. */
function later(seconds: number): void {
  const time = realNow.call(Date) + seconds * 1000;
  jest.spyOn(Date, "now").mockReturnValue(time);
}

describe("cache", () => {
  it("answers from memory what is fresh", async () => {
    const { ask, hits, cache } = await cached((res, _req, hit) => res.writeHead(200, "Fine", fresh).end(`body ${hit}`));
    const [first, second] = [await ask(), await ask()];
    expect([first.body, first.cached, second.body, second.cached]).toEqual(["body 1", MISS, "body 1", HIT]);
    expect(second.headers).toMatchObject({ "cache-control": "max-age=60", age: "0", date: first.headers.date });
    expect(hits).toEqual(["GET /"]);
    expect((await ask("/?a=1")).cached).toBe(MISS);
    expect((await ask("/?a=1", { cache: null })).cached).toBeUndefined();
    expect(cache.store).toMatchObject({ size: 2 });
    later(61);
    expect((await ask()).body).toBe("body 4");
  });

  it("is an option of one request, too, and goes with its pool otherwise", async () => {
    const { url, hits } = await cached((res) => res.writeHead(200, fresh).end("a"));
    const options = { pool: pool(), cache: http.httpCache(), as: "string" } as const;
    await http.get(url, options);
    expect(await http.get(url, options)).toMatchObject({ cached: HIT, reasonPhrase: "OK", length: 1, requestTime: 0 });
    expect(await http.get(url, { ...options, cache: undefined })).not.toHaveProperty("cached");
    expect(hits.length).toBe(2);
  });

  it.each([
    ["etag", { etag: '"1"' }, "if-none-match", '"1"'],
    [
      "last-modified",
      { "last-modified": "Wed, 21 Oct 2015 07:28:00 GMT" },
      "if-modified-since",
      "Wed, 21 Oct 2015 07:28:00 GMT",
    ],
  ])("asks whether what is stale is still right, by its %s", async (_what, validator, condition, value) => {
    const asked: unknown[] = [];
    const { ask, hits } = await cached((res, req, hit) => {
      asked.push(req.headers[condition]);
      if (hit === 1)
        res
          .writeHead(200, {
            ...validator,
            "content-length": 4,
            "cache-control": "no-cache",
            "x-old": "old",
            "x-a": "1",
          })
          .end("body");
      else if (hit < 4)
        res.writeHead(304, { "cache-control": hit === 3 ? "max-age=60" : "no-cache", "x-a": `${hit}` }).end();
      else res.writeHead(200).end("new");
    });
    expect((await ask()).cached).toBe(MISS);
    for (const hit of [2, 3]) {
      expect(await ask()).toMatchObject({
        status: 200,
        cached: "VALIDATED",
        body: "body",
        headers: { "x-old": "old", "x-a": `${hit}`, "content-length": "4" },
      });
    }
    expect(await ask()).toMatchObject({ cached: HIT, body: "body", headers: { "x-a": "3" } });
    later(61);
    expect(await ask()).toMatchObject({ cached: MISS, body: "new" });
    expect([hits.length, asked]).toEqual([4, [undefined, value, value, value]]);
  });

  it("keeps its connection when what is stale is still right", async () => {
    const { ask, connections } = await cached((res, req) =>
      req.headers["if-none-match"] === undefined ? res.writeHead(200, stale).end("a") : res.writeHead(304).end(),
    );
    for (let round = 0; round < 5; round++) await ask();
    expect(connections()).toBe(1);
  });

  it("tells apart what Vary names, and keeps all of it", async () => {
    const { ask, hits } = await cached((res, req) =>
      res.writeHead(200, { ...fresh, vary: "Accept-Language , X-B" }).end(req.headers["accept-language"]),
    );
    const speaking = (language: string) => ask("/", { headers: { "Accept-Language": language } });
    expect([(await speaking("de")).body, (await speaking("fr")).body]).toEqual(["de", "fr"]);
    expect([(await speaking("de")).body, (await speaking("fr")).body]).toEqual(["de", "fr"]);
    expect(hits.length).toBe(2);
    expect((await ask("/", { headers: { "accept-language": "de", "x-b": "1" } })).cached).toBe(MISS);
  });

  it("keeps bodies as they are on the wire, and each reader gets its own", async () => {
    const body = "text ".repeat(1000);
    const { ask, hits, pool, url, cache } = await cached((res) =>
      res.writeHead(200, { ...fresh, "content-encoding": "gzip", vary: "accept-encoding" }).end(gzipSync(body)),
    );
    expect((await ask()).body).toBe(body);
    expect((cache.store as http.MemoryCacheStore).bytes).toBeLessThan(2000);
    const spoilt = await http.get(url, {
      pool,
      as: "byteArray",
      decompressBody: false,
      headers: { "accept-encoding": "gzip, deflate, br" },
    });
    spoilt.body.fill(0);
    expect(await ask()).toMatchObject({ cached: HIT, body });
    expect(hits.length).toBe(1);
  });

  it("gives a stream of the kit where one is asked for", async () => {
    const { url, pool } = await cached((res) => res.writeHead(200, fresh).end("a"));
    for (const expected of [MISS, HIT]) {
      const { body, cached } = await http.get(url, { pool, rawStream: true });
      expect([String(await take(body)), await take(body, "end"), cached]).toEqual(["a", "end", expected]);
    }
  });

  it("answers many at once, each with a whole body", async () => {
    const { ask, hits } = await cached((res) => res.writeHead(200, fresh).end("x".repeat(100_000)));
    const many = () => Promise.all(Array.from({ length: 20 }, () => ask()));
    for (const { body } of await many()) expect(body.length).toBe(100_000);
    expect(hits.length).toBe(20);
    for (const { body, cached } of await many()) expect([body.length, cached]).toEqual([100_000, HIT]);
    expect(hits.length).toBe(20);
  });

  it("streams what it keeps, and does not wait for the end", async () => {
    const rest = gate();
    const { url, pool, hits } = await cached((res) => {
      res.writeHead(200, fresh).write("first ");
      void rest.opened.then(() => res.end("second"));
    });
    const { body } = await http.get(url, { pool });
    await new Promise((resolve) => body.once("readable", () => resolve(undefined)));
    expect(String(body.read())).toBe("first ");
    expect((await http.get(url, { pool })).cached).toBe(MISS);
    rest.open();
    expect(await textOf(body)).toBe("second");
    expect(await http.get(url, { pool, as: "string" })).toMatchObject({ cached: HIT, body: "first second" });
    expect(hits.length).toBe(2);
  });

  it("keeps nothing of a body that was not read, or not received, to its end", async () => {
    const { url, pool, ask } = await cached((res, _req, hit) => {
      res.writeHead(200, { ...fresh, "content-length": 200_000 }).write("x".repeat(100_000));
      if (hit === 1) return;
      if (hit === 2) setImmediate(() => res.destroy());
      else res.end("x".repeat(100_000));
    });
    (await http.get(url, { pool })).close();
    await expect(ask()).rejects.toMatchObject({ code: "RING_CONNECTION_CLOSED" });
    expect((await ask()).cached).toBe(MISS);
    expect((await ask()).cached).toBe(HIT);
  });

  it.each([
    ["announced", { "content-length": 1001 }],
    ["not announced", {}],
  ])("passes on what is larger than maxObjectSize, %s, and does not keep it", async (_how, headers) => {
    const { ask } = await cached((res) => res.writeHead(200, { ...fresh, ...headers }).end("x".repeat(1001)), {
      maxObjectSize: 1000,
    });
    for (let round = 0; round < 2; round++) {
      const { body, cached } = await ask();
      expect([body.length, cached]).toEqual([1001, MISS]);
    }
  });

  it.each([
    ["no-store", { "cache-control": "no-store, max-age=60" }],
    ["vary on everything", { ...fresh, vary: "*" }],
    ["nothing to go by", {}],
    ["private, for it is shared", { "cache-control": "private, max-age=60" }],
    ["No-Store in capitals", { "cache-control": "No-Store, max-age=60" }],
    ["no-cache without a validator", { "cache-control": "no-cache" }],
  ])("keeps nothing of a response with %s", async (_what, headers) => {
    const { ask, cache } = await cached((res) => res.writeHead(200, headers).end("a"));
    await ask();
    expect((await ask()).cached).toBe(MISS);
    expect(cache.store).toMatchObject({ size: 0 });
  });

  it("asks again in spite of what it keeps, if the request says so", async () => {
    const { ask, hits, cache } = await cached((res, _req, hit) => res.writeHead(200, fresh).end(`${hit}`));
    const saying = (directives: string) => ask("/", { headers: { "Cache-Control": directives } });
    await saying("no-store");
    expect(cache.store).toMatchObject({ size: 0 });
    await ask();
    expect((await saying("no-cache")).body).toBe("3");
    later(30);
    expect((await saying("max-age=40")).body).toBe("3");
    expect((await saying("min-fresh=40")).body).toBe("4");
    later(70);
    expect((await saying("max-stale")).body).toBe("4");
    expect(hits.length).toBe(4);
  });

  it("answers 504 to only-if-cached where it has nothing fresh", async () => {
    const { ask, hits } = await cached((res) => res.writeHead(200, fresh).end("a"));
    const only = { headers: { "cache-control": "only-if-cached" } };
    await expect(ask("/", only)).rejects.toMatchObject({ code: "RING_STATUS", status: 504 });
    expect(hits).toEqual([]);
    await ask();
    expect(await ask("/", only)).toMatchObject({ cached: HIT, body: "a" });
    later(61);
    expect(await ask("/", { ...only, throwExceptions: false })).toMatchObject({
      status: 504,
      cached: "CACHE_MODULE_RESPONSE",
      body: "",
    });
  });

  it("answers HEAD with what it keeps of GET, and keeps nothing of HEAD", async () => {
    const { ask, hits } = await cached((res) => res.writeHead(200, { ...fresh, "content-length": 1 }).end("a"));
    const head = () => ask("/", { method: "head" });
    expect((await head()).cached).toBe(MISS);
    expect((await head()).cached).toBe(MISS);
    await ask();
    expect(await head()).toMatchObject({ cached: HIT, body: "", headers: { "content-length": "1" } });
    expect(hits).toEqual(["HEAD /", "HEAD /", "GET /"]);
  });

  it.each(["post", "put", "patch", "delete"])("forgets what a successful %s may have changed", async (method) => {
    const { ask, hits } = await cached((res, req) => {
      if (req.url === "/fail") res.writeHead(500).end();
      else if (req.method !== "GET")
        res.writeHead(201, { location: "/made", "content-location": "http://other.example/other" }).end();
      else res.writeHead(200, fresh).end("a");
    });
    for (const path of ["/", "/made", "/other"]) await ask(path);
    await ask("/", { method });
    expect([(await ask("/")).cached, (await ask("/made")).cached, (await ask("/other")).cached]).toEqual([
      MISS,
      MISS,
      HIT,
    ]);
    await ask("/fail", { method, throwExceptions: false });
    expect(hits.filter((hit) => hit.startsWith("GET")).length).toBe(5);
  });

  it("keeps what a request that failed has not changed", async () => {
    const { ask } = await cached((res, req) => res.writeHead(req.method === "GET" ? 200 : 403, fresh).end("a"));
    await ask();
    await ask("/", { method: "post", throwExceptions: false });
    expect((await ask()).cached).toBe(HIT);
  });

  it.each([
    ["a range", { range: "bytes=0-0" }],
    ["a condition of their own", { "If-None-Match": '"mine"' }],
  ])("lets requests with %s go past it", async (_what, headers) => {
    const { ask, hits } = await cached((res, req) =>
      req.headers.range === undefined && req.headers["if-none-match"] === undefined
        ? res.writeHead(200, fresh).end("whole")
        : res.writeHead(req.headers.range === undefined ? 304 : 206, fresh).end(),
    );
    await ask();
    const past = await ask("/", { headers });
    expect([past.status === 200, past.cached, hits.length]).toEqual([false, undefined, 2]);
    expect(await ask()).toMatchObject({ cached: HIT, body: "whole" });
  });

  it("keeps redirects that last, and follows them by itself", async () => {
    const { ask, hits } = await cached((res, req) =>
      req.url === "/"
        ? res.writeHead(301, { ...fresh, location: "/end", "content-length": 5 }).end("moved")
        : res.writeHead(200, fresh).end("end"),
    );
    await ask();
    expect(await ask()).toMatchObject({ body: "end", cached: HIT });
    expect(hits).toEqual(["GET /", "GET /end"]);
  });

  it("does not ask for what is fresh though it must be revalidated once it is stale, and then does, whatever the client allows", async () => {
    const { ask, hits } = await cached((res, _req, hit) =>
      res.writeHead(200, { "cache-control": "max-age=60, must-revalidate, stale-if-error=600" }).end(`${hit}`),
    );
    await ask();
    expect((await ask()).cached).toBe(HIT);
    later(61);
    expect((await ask("/", { headers: { "cache-control": "max-stale" } })).body).toBe("2");
    expect(hits.length).toBe(2);
  });

  it.each([
    ["answers with an error", (res: ServerResponse) => res.writeHead(503).end("broken"), "RING_STATUS"],
    ["closes the connection", (res: ServerResponse) => res.destroy(), "RING_CONNECTION_CLOSED"],
  ])("answers with what is stale when the server %s, if that is allowed", async (_what, fail, code) => {
    const { ask, hits } = await cached((res, req, hit) => {
      if (hit > 2) fail(res);
      else
        res.writeHead(200, { "cache-control": `max-age=1${req.url === "/" ? ", stale-if-error=60" : ""}` }).end("old");
    });
    await ask("/");
    await ask("/strict");
    later(30);
    expect(await ask("/")).toMatchObject({ status: 200, cached: HIT, body: "old" });
    await expect(ask("/strict")).rejects.toMatchObject({ code });
    later(62);
    await expect(ask("/")).rejects.toMatchObject({ code });
    expect(hits.length).toBeGreaterThanOrEqual(5);
  });

  it("sets cookies when the server does, and not again", async () => {
    const cookieStore = http.inMemoryCookieStore();
    const { ask } = await cached((res) =>
      res.writeHead(200, { "cache-control": "public, max-age=60", "set-cookie": "a=1" }).end(),
    );
    await ask("/", { cookieStore });
    cookieStore.addCookies([{ name: "a", value: "2", domain: "127.0.0.1" }]);
    const { cached: what, headers } = await ask("/", { cookieStore });
    expect([what, headers["set-cookie"]]).toEqual([HIT, undefined]);
    expect(cookieStore.getCookies()).toMatchObject([{ value: "2" }]);
  });

  it("tells apart hosts that share an address", async () => {
    const { ask, hits } = await cached((res, req) => res.writeHead(200, fresh).end(req.headers.host));
    for (const host of ["a.example", "b.example", "a.example"]) {
      expect((await ask("/", { headers: { host } })).body).toBe(host);
    }
    expect(hits.length).toBe(2);
  });
});

describe("a shared cache", () => {
  it("keeps nothing for who sends credentials, unless it is public", async () => {
    const { ask } = await cached((res, req) =>
      res
        .writeHead(200, { "cache-control": req.url === "/public" ? "public, max-age=60" : "max-age=60" })
        .end(req.headers.authorization),
    );
    const as = (oauthToken: string, path = "/") => ask(path, { oauthToken });
    await as("ada");
    expect(await as("eve")).toMatchObject({ cached: MISS, body: "Bearer eve" });
    await as("ada", "/public");
    expect((await as("eve", "/public")).cached).toBe(HIT);
  });
});

describe("a private cache", () => {
  it("keeps what is private, and gives it to who has the same credentials only (leak between users)", async () => {
    const { ask, hits } = await cached(
      (res, req) =>
        res.writeHead(200, { "cache-control": "private, max-age=60" }).end(req.headers.authorization ?? "nobody"),
      { shared: false },
    );
    const as = (oauthToken?: string) => ask("/", { oauthToken });
    expect([(await as("ada")).body, (await as("eve")).body, (await as()).body]).toEqual([
      "Bearer ada",
      "Bearer eve",
      "nobody",
    ]);
    expect([(await as("ada")).body, (await as("eve")).body, (await as()).body]).toEqual([
      "Bearer ada",
      "Bearer eve",
      "nobody",
    ]);
    expect(hits.length).toBe(3);
  });

  it("writes no credentials into its store", async () => {
    const store = http.memoryCacheStore();
    const set = jest.spyOn(store, "set");
    const { ask } = await cached((res) => res.writeHead(200, { ...fresh, vary: "accept" }).end(), {
      shared: false,
      store,
    });
    await ask("/", { oauthToken: "secret-token", headers: { cookie: "secret-cookie" } });
    expect(JSON.stringify(set.mock.calls)).toContain("max-age=60");
    expect(JSON.stringify(set.mock.calls)).not.toContain("secret");
  });
});

describe("a store of one's own", () => {
  it("may be asynchronous, and keep JSON", async () => {
    const kept = new Map<string, string>();
    const store: http.CacheStore = {
      get: async (key) => {
        const found = JSON.parse(kept.get(key) ?? "[]") as { body: string }[];
        return found.map((one) => ({ ...one, body: Buffer.from(one.body, "base64") })) as never;
      },
      set: async (key, responses) => {
        const written = responses.map((one) => ({ ...one, body: Buffer.from(one.body).toString("base64") }));
        kept.set(key, JSON.stringify(written));
      },
      delete: async (key) => kept.delete(key),
    };
    const { ask, hits } = await cached((res) => res.writeHead(200, { ...fresh, vary: "x-a" }).end("body"), { store });
    await ask();
    while (kept.size === 0) await new Promise(setImmediate);
    expect(await ask()).toMatchObject({ cached: HIT, body: "body" });
    expect((await ask("/", { headers: { "x-a": "1" } })).cached).toBe(MISS);
    await ask("/", { method: "delete" });
    expect((await ask()).cached).toBe(MISS);
    expect(hits.length).toBe(4);
  });

  const fail = (): never => {
    throw new Error("the store is on fire");
  };
  const reject = (): Promise<never> => Promise.reject(new Error("the store is on fire"));
  const nothing = (): undefined => undefined;
  it.each<[string, http.CacheStore]>([
    ["throws", { get: fail, set: fail, delete: fail }],
    ["rejects", { get: reject, set: reject, delete: reject }],
    ["gives rubbish", { get: () => [{ policy: { v: 2 } }] as never, set: nothing, delete: nothing }],
    ["gives no list", { get: () => 5 as never, set: nothing, delete: nothing }],
  ])("that %s breaks no request, and is logged", async (_what, store) => {
    const logged: unknown[] = [];
    setLogger((...args) => void logged.push(args));
    const { ask, hits } = await cached((res) => res.writeHead(200, fresh).end("body"), { store });
    for (const method of ["get", "get", "delete"]) expect((await ask("/", { method })).body).toBe("body");
    expect(hits.length).toBe(3);
    expect(logged.length).toBeGreaterThanOrEqual(2);
  });
});

describe("memoryCacheStore", () => {
  const response = (length: number) =>
    ({ policy: {}, status: 200, reasonPhrase: "", protocolVersion: "", body: Buffer.alloc(length) }) as const;

  it("forgets what was not used for the longest time, beyond its bytes or entries", () => {
    const store = http.memoryCacheStore({ maxBytes: 1000, maxEntries: 3 });
    for (const key of ["a", "b", "c"]) store.set(key, [response(100)]);
    expect(store.bytes).toBe(3 * (1 + 2 + 100));
    store.get("a");
    store.set("d", [response(100)]);
    expect(["a", "b", "c", "d"].map((key) => store.get(key) !== undefined)).toEqual([true, false, true, true]);
    store.set("e", [response(700)]);
    expect(["a", "c", "d", "e"].map((key) => store.get(key) !== undefined)).toEqual([false, true, true, true]);
    store.set("f", [response(1000)]);
    expect([store.get("f"), store.size]).toEqual([undefined, 3]);
    store.delete("c");
    store.set("d", [response(1)]);
    store.delete("e");
    expect([store.size, store.bytes]).toEqual([1, 4]);
    store.clear();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });

  it("is not filled by a flood of variants", async () => {
    const store = http.memoryCacheStore();
    const { ask, url } = await cached((res) => res.writeHead(200, { ...fresh, vary: "x-a" }).end("a"), { store });
    for (let variant = 0; variant < 40; variant++) await ask("/", { headers: { "x-a": `${variant}` } });
    expect(store.get(`${url}/`)?.length).toBe(32);
  });

  it.each<object>([{ maxBytes: -1 }, { maxEntries: Number.NaN }, { maxSize: 1 }])("refuses %j", (options) => {
    expect(() => http.memoryCacheStore(options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("httpCache", () => {
  it.each<object>([{ maxObjectSize: -1 }, { heuristic: 2 }, { sharedCache: true }])("refuses %j", (options) => {
    expect(() => http.httpCache(options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
