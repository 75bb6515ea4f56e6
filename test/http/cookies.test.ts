import { describe, expect, it, jest } from "@jest/globals";
import { MemoryCookieStore } from "tough-cookie";
import * as http from "../../src/http/index.js";
import { pool, serve } from "./servers.js";

const origin = { host: "www.example.com", port: 80, isSecure: false, path: "/blog/post" };
const sentTo = (store: Required<http.CookieStore>, change: Partial<http.CookieOrigin> = {}) =>
  store.cookiesFor({ ...origin, ...change }).map(({ name, value }) => `${name}=${value}`);

describe("inMemoryCookieStore", () => {
  // Test idea 98.
  it.each([
    ["the host that set it", "a=1", {}, ["a=1"]],
    ["no subdomain of it", "a=1", { host: "sub.www.example.com" }, []],
    ["no other host", "a=1", { host: "www.example.org" }, []],
    ["subdomains of its domain", "a=1; domain=example.com", { host: "sub.example.com" }, ["a=1"]],
    ["subdomains of its domain with a dot", "a=1; domain=.example.com", { host: "example.com" }, ["a=1"]],
    ["its path", "a=1; path=/blog", { path: "/blog" }, ["a=1"]],
    ["paths below it", "a=1; path=/blog", { path: "/blog/x" }, ["a=1"]],
    ["no path that only begins alike", "a=1; path=/blog", { path: "/blogger" }, []],
    ["no plain connection, if it is secure", "a=1; secure", {}, []],
    ["a secure connection, if it is secure", "a=1; secure", { isSecure: true }, ["a=1"]],
    ["nobody, once it has expired", "a=1; max-age=0", {}, []],
    ["the host for all its seconds", "a=1; max-age=1000", {}, ["a=1"]],
  ])("sends a cookie to %s", (_where, line, change, expected) => {
    const store = http.inMemoryCookieStore();
    store.setCookie(line, { ...origin, isSecure: true });
    expect(sentTo(store, change)).toEqual(expected);
  });

  it("keeps so many cookies of a domain, and those that were sent or set last", () => {
    const store = http.inMemoryCookieStore();
    for (let i = 1; i <= 180; i++) store.setCookie(`c${i}=${i}; path=/${i}`, origin);
    expect(store.getCookies()).toHaveLength(180);
    store.setCookie("c1=again; path=/1", origin);
    expect(store.getCookies()).toHaveLength(180);
    expect(store.setCookie("c181=181; path=/", origin)).toMatchObject({ name: "c181" });
    const names = store.getCookies().map(({ name }) => name);
    expect(names).toHaveLength(163);
    expect(names).toEqual(expect.arrayContaining(["c20", "c180", "c181"]));
    expect(names).not.toContain("c2");
  });

  it("keeps nothing of cookies that are gone", () => {
    const put = jest.spyOn(MemoryCookieStore.prototype, "putCookie");
    try {
      const store = http.inMemoryCookieStore();
      for (let i = 0; i < 10_000; i++)
        store.setCookie(`c=1; path=/${i}`, { ...origin, host: `www.example${i % 7}.com` });
      const { idx } = put.mock.contexts[0] as MemoryCookieStore;
      const paths = Object.values(idx).flatMap((one) => Object.keys(one));
      expect(paths.length).toBeLessThanOrEqual(7 * 180);
      expect(store.getCookies().length).toBeLessThanOrEqual(7 * 180);
    } finally {
      put.mockRestore();
    }
  });

  it("keeps so many cookies of all domains together", () => {
    const store = http.inMemoryCookieStore();
    for (let host = 0; host < 40; host++) {
      const url = { ...origin, host: `www.example${host}.com` };
      for (let i = 0; i < 100; i++) {
        store.setCookie(`c${i}=1`, url);
        expect(store.cookiesFor(url).some(({ name }) => name === `c${i}`)).toBe(true);
      }
    }
    const { length } = store.getCookies();
    expect(length).toBeGreaterThan(2_600);
    expect(length).toBeLessThanOrEqual(3_000);
    expect(store.cookiesFor({ ...origin, host: "www.example39.com" })).toHaveLength(100);
  });

  it.each([
    ["another host's domain (cookie tossing)", "a=1; domain=example.org"],
    ["a subdomain", "a=1; domain=sub.www.example.com"],
    ["a public suffix (supercookie)", "a=1; domain=com"],
    ["nothing", ""],
    ["nothing, with a path", "; path=/"],
    ["no name and no value", " = ; path=/"],
  ])("does not keep a cookie for %s", (_what, line) => {
    const store = http.inMemoryCookieStore();
    expect(store.setCookie(line, origin)).toBeUndefined();
    expect(store.getCookies()).toEqual([]);
  });

  it("sends of two cookies of a name the one with the longer path", async () => {
    const { url } = await server();
    const cookieStore = http.inMemoryCookieStore();
    const { port } = new URL(url);
    for (const line of ["a=root; path=/", "a=blog; path=/blog"]) {
      cookieStore.setCookie(line, { ...origin, host: "127.0.0.1", port: Number(port) });
    }
    const ask = async (path: string) => (await http.get(url + path, { pool: pool(), cookieStore, as: "string" })).body;
    expect(await ask("/blog/post")).toBe("a=blog");
    expect(await ask("/")).toBe("a=root");
  });

  it("keeps one cookie of a domain, path and name", () => {
    const store = http.inMemoryCookieStore([{ name: "a", value: "1", domain: "www.example.com" }]);
    store.setCookie("a=2; domain=www.example.com; path=/", origin);
    expect(store.getCookies()).toMatchObject([{ name: "a", value: "2", path: "/" }]);
  });
});

/** Sets cookies on /set, tells those it got elsewhere. */
const server = (...lines: string[]) =>
  serve((req, res) => {
    if (req.url === "/login") res.writeHead(302, { location: "/home", "set-cookie": lines }).end();
    else res.end(req.headers.cookie ?? "none");
  });

describe("cookies", () => {
  // Test idea 99.
  it("go along, and are kept on the hops of a redirect", async () => {
    const { url } = await server("session=abc; path=/", "gone=1; max-age=0", "");
    const cookieStore = http.inMemoryCookieStore();
    const seen: unknown[] = [];
    const response = await http.get(`${url}/login`, {
      pool: pool(),
      cookieStore,
      as: "string",
      responseInterceptor: (one) => (seen.push(one.headers["set-cookie"]), one),
    });
    expect(response.body).toBe("session=abc");
    expect(cookieStore.getCookies()).toMatchObject([{ name: "session", value: "abc", hostOnly: true }]);
    expect(seen).toHaveLength(2);
  });

  it("are listed in the response that sets them", async () => {
    const { url } = await server("a=1");
    const options = { pool: pool(), cookieStore: http.inMemoryCookieStore(), followRedirects: false };
    expect((await http.get(`${url}/login`, options)).cookies).toMatchObject([{ name: "a", value: "1" }]);
  });

  it("come from the header, else as given, else from the store", async () => {
    const { url, port: _ } = await server();
    const cookieStore = http.inMemoryCookieStore([{ name: "a", value: "store", domain: "127.0.0.1", hostOnly: true }]);
    const ask = async (options: http.RequestOptions) =>
      (await http.get(url, { pool: pool(), cookieStore, ...options, as: "string" })).body;
    expect(await ask({ cookies: { a: "given" }, headers: { Cookie: "a=header" } })).toBe("a=header");
    expect(await ask({ cookies: { a: "given", b: { value: "2" } } })).toBe("a=given; b=2");
    expect(await ask({ cookies: [{ name: "a", value: "list" }] })).toBe("a=list");
    expect(await ask({ cookies: [] })).toBe("a=store");
    expect(await ask({ cookieStore: undefined })).toBe("none");
  });

  it("go through a store of the user's, by the spec's judgement", async () => {
    const { url } = await server("a=1; path=/", "b=2; domain=example.com", "deep=3; path=/login");
    const kept: http.ClientCookie[] = [];
    const cookieStore: http.CookieStore = {
      getCookies: () => kept,
      addCookies: (cookies) => void kept.push(...cookies),
    };
    const { body } = await http.get(`${url}/login`, { pool: pool(), cookieStore, as: "string" });
    expect(kept.map(({ name }) => name)).toEqual(["a", "deep"]);
    expect(body).toBe("a=1");
  });
});
