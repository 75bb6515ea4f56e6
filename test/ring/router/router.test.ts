import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { match } from "path-to-regexp";
import { wrapHead } from "../../../middleware/index.js";
import { deferred, success } from "../../../src/deferred/index.js";
import { context, type Handler, type RingRequest, router } from "../../../src/index.js";
import { request } from "../../../src/mock/index.js";
import { tagOf } from "../../../src/ring/tag.js";

const says =
  (name: string): Handler =>
  (asked) => ({ status: 200, body: name, headers: { params: JSON.stringify(asked.routeParams) } });

/** What a handler answers at once. */
function ask(app: Handler, method: string, path: string): { body?: unknown; headers?: unknown } | null | undefined {
  const answer = app({ ...request(method as "get", "/"), uri: path });
  return answer as { body?: unknown } | null | undefined;
}

const bodyOf = (app: Handler, method: string, path: string): unknown => ask(app, method, path)?.body;

/** The parameters that a pattern finds in a path. */
function params(pattern: string, path: string): unknown {
  let found: unknown;
  const app = router({
    [`GET ${pattern}` as "GET /"]: (asked) => {
      found = asked.routeParams;
      return { status: 200 };
    },
  });
  expect(ask(app, "get", path)).toEqual({ status: 200 });
  expect(Object.getPrototypeOf(found)).toBeNull();
  return { ...(found as object) };
}

describe("router", () => {
  it("asks the handler of the method and the path", () => {
    const app = router({
      "GET /": says("home"),
      "GET /users": says("list"),
      "POST /users": says("create"),
      "GET /users/new": says("form"),
      "GET /users/:id": says("show"),
      "ANY /anything": says("any"),
      "M-SEARCH /": says("search"),
    });
    expect(bodyOf(app, "get", "/")).toBe("home");
    expect(bodyOf(app, "get", "/users")).toBe("list");
    expect(bodyOf(app, "post", "/users")).toBe("create");
    expect(bodyOf(app, "get", "/users/new")).toBe("form");
    expect(bodyOf(app, "get", "/users/7")).toBe("show");
    expect(bodyOf(app, "propfind", "/anything")).toBe("any");
    expect(bodyOf(app, "unheard-of", "/anything")).toBe("any");
    expect(bodyOf(app, "m-search", "/")).toBe("search");
  });

  it.each([
    ["another path", "get", "/nobody"],
    ["another method", "delete", "/users"],
    ["a longer path", "get", "/users/7/posts"],
    ["the whole server", "options", "*"],
    ["nothing", "get", ""],
  ])("answers null to a request for %s", (_what, method, path) => {
    expect(ask(router({ "GET /users": says("x"), "GET /users/:id": says("y") }), method, path)).toBeNull();
  });

  it("answers null where there are no routes", () => {
    expect(ask(router({}), "get", "/")).toBeNull();
  });

  it.each<[string, string, object]>([
    ["/users/:id", "/users/7", { id: "7" }],
    ["/users/:id", "/users/a%20b%2Fc", { id: "a b/c" }],
    ["/users/:id", "/users/caf%C3%A9", { id: "café" }],
    ["/users/:id", "/users/a+b", { id: "a+b" }],
    ["/:from-:to", "/vie-ber", { from: "vie", to: "ber" }],
    ["/files/*path", "/files/a/b%2Fc/d", { path: ["a", "b/c", "d"] }],
    ["/files/*path.:type", "/files/a/b.c/d.txt", { path: ["a", "b.c", "d"], type: "txt" }],
    ["/users/:id{/:tab}", "/users/7", { id: "7" }],
    ["/users/:id{/:tab}", "/users/7/posts", { id: "7", tab: "posts" }],
    ["{/:language}/about", "/de/about", { language: "de" }],
    ["{/:language}/about", "/about", {}],
    ['/:"two words"', "/x", { "two words": "x" }],
    ["/:__proto__/:constructor", "/a/b", { ["__proto__"]: "a", constructor: "b" }],
    ["/plain", "/plain", {}],
    ["/größe/:cm", "/gr%C3%B6%C3%9Fe/180", { cm: "180" }],
    ["/größe", "/gr%c3%b6%c3%9fe", {}],
    ["/a\\:b/:c", "/a:b/1", { c: "1" }],
  ])("reads %s in %s", (pattern, path, found) => {
    expect(params(pattern, path)).toEqual(found);
  });

  it.each(["/users/%", "/users/%zz", "/users/%ff", "/files/a/%c3/b"])(
    "fails for %s, which is not properly encoded, with status 400",
    (path) => {
      const app = router({ "GET /users/:id": says("x"), "GET /files/*path": says("y"), "ANY /*all": says("z") });
      expect(() => ask(app, "get", path)).toThrow(
        expect.objectContaining({ code: "RING_MALFORMED_PARAMETER", status: 400 }),
      );
    },
  );

  it("takes neither case nor one slash at the end for a difference", () => {
    const app = router({ "GET /Users": says("list"), "GET /Users/:Id": says("show"), "GET /": says("home") });
    for (const path of ["/users", "/USERS", "/Users/"]) expect(bodyOf(app, "get", path)).toBe("list");
    for (const path of ["/users/Ab", "/USERS/Ab/"]) {
      expect(ask(app, "get", path)).toMatchObject({ body: "show", headers: { params: '{"Id":"Ab"}' } });
    }
    expect(bodyOf(app, "get", "//")).toBe("home");
    expect(ask(app, "get", "/users//")).toBeNull();
  });

  it("takes them for one if asked to", () => {
    const routes = { "GET /Users": says("list"), "GET /Users/:id/": says("show") } as const;
    const bySpelling = router(routes, { caseSensitive: true });
    expect(["/Users", "/Users/", "/users"].map((path) => bodyOf(bySpelling, "get", path))).toEqual([
      "list",
      "list",
      undefined,
    ]);
    const bySlash = router(routes, { strict: true });
    expect(["/users", "/users/", "/users/1", "/users/1/"].map((path) => bodyOf(bySlash, "get", path))).toEqual([
      "list",
      undefined,
      undefined,
      "show",
    ]);
  });

  it("lets a route for GET serve HEAD, unless one for HEAD comes first", () => {
    const method: Handler = ({ requestMethod }) => ({ status: 200, body: requestMethod });
    const app = router({ "HEAD /a": says("own"), "GET /a": method, "GET /b": method, "HEAD /b": says("late") });
    expect(bodyOf(app, "head", "/a")).toBe("own");
    expect(bodyOf(app, "head", "/b")).toBe("head");
    expect(wrapHead(app)({ ...request("head", "/b") })).toEqual({ status: 200, body: null });
    expect(ask(router({ "POST /": method }), "head", "/")).toBeNull();
  });

  it("asks the first one that is listed, whether its path is fixed or not", () => {
    const first = router({ "GET /users/:id": says("dynamic"), "GET /users/new": says("static") });
    expect(bodyOf(first, "get", "/users/new")).toBe("dynamic");
    const last = router({ "ANY /*all": says("all"), "GET /users/new": says("static") });
    expect(bodyOf(last, "get", "/users/new")).toBe("all");
  });

  it("asks the next one that matches when the answer is null", async () => {
    const later = deferred<null>();
    const seen: unknown[] = [];
    const passes =
      (answer: null | PromiseLike<null>): Handler =>
      (asked) => {
        seen.push({ ...asked.routeParams });
        return answer;
      };
    const app = router({
      "GET /:a/:b": passes(null),
      "GET /x/:b": passes(later),
      "GET /:c/y": passes(Promise.resolve(null)),
      "GET /x/y": says("last"),
      "GET /*never": says("never"),
    });
    const answer = app(request("get", "/x/y"));
    success(later, null);
    expect(await answer).toMatchObject({ body: "last", headers: { params: "{}" } });
    expect(seen).toEqual([{ a: "x", b: "y" }, { b: "y" }, { c: "x" }]);
    expect(await router({ "GET /x": passes(Promise.resolve(null)) })(request("get", "/x"))).toBeNull();
  });

  it("leaves an answer that comes later as it is, where nobody else could have one", () => {
    const answer = Promise.resolve({ status: 200 });
    expect(router({ "GET /x": () => answer, "GET /y": says("y") })(request("get", "/x"))).toBe(answer);
  });

  it("is data: tables can be read, cut and put together", () => {
    const users = { "GET /users": says("list") } as const;
    const posts = { "GET /posts": says("posts"), "GET /users": says("other") } as const;
    const all = { ...users, ...posts };
    expect(Object.keys(all)).toEqual(["GET /users", "GET /posts"]);
    const app = router(all);
    expect(bodyOf(app, "get", "/users")).toBe("other");
    expect(tagOf(app)).toEqual({ name: "router", inner: all });
  });

  it("leaves the request as it was", () => {
    const asked = Object.freeze(request("get", "/users/7")) as RingRequest;
    router({ "GET /users/:id": says("x") })(asked);
    expect(asked).not.toHaveProperty("routeParams");
  });

  it.each([
    ["get /", "is no route"],
    ["GET users", "is no route"],
    ["GET", "is no route"],
    ["GTE /", "is no route"],
    ["", "is no route"],
    ["GET  /", "is no route"],
    ["GET /:", "is no pattern: Missing parameter name"],
    ["GET /(a)", "is no pattern: Unexpected"],
    ["GET /:a:b", "is no pattern: Missing text"],
    ["GET /a*", "is no pattern: Missing parameter name"],
    ["GET /{a", "is no pattern: Unexpected end"],
    ["GET /\ud800", "is no pattern"],
    [`GET /${"{a}".repeat(40)}`, "is no pattern: Too many"],
  ])("refuses %s", (key, complaint) => {
    expect(() => router({ [key as "GET /"]: says("x") })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(complaint) }),
    );
  });
});

describe("a mount", () => {
  const shows: Handler = ({ context: at, pathInfo, uri, routeParams }) => ({
    status: 200,
    body: JSON.stringify([at, pathInfo, uri, routeParams]),
  });
  const seenAt = (app: Handler, path: string): unknown => {
    const body = bodyOf(app, "get", path);
    return body === undefined ? undefined : JSON.parse(body as string);
  };

  it.each([
    ["/admin", ["/admin", "/"]],
    ["/admin/", ["/admin", "/"]],
    ["/ADMIN/users/7", ["/ADMIN", "/users/7"]],
    ["/admin//x", ["/admin", "//x"]],
  ])("has %s with the path in two", (path, [at, rest]) => {
    for (const key of ["/admin", "/admin/"] as const) {
      expect(seenAt(router({ [key as "/admin"]: shows }), path)).toEqual([at, rest, path, {}]);
    }
  });

  it("does not have what only begins like it", () => {
    expect(ask(router({ "/admin": shows }), "get", "/administrators")).toBeNull();
  });

  it("at the root has everything, as it is", () => {
    expect(seenAt(router({ "/": shows }), "/a/b")).toEqual(["", "/a/b", "/a/b", {}]);
  });

  it("may have parameters, which those inside add to", () => {
    const app = router({
      ...context("/users/:user", {
        "GET /": shows,
        ...context("/posts/:post", { "GET /:user": shows, "GET /edit/*how": shows }),
      }),
    });
    expect(seenAt(app, "/users/ann")).toEqual(["/users/ann", "/", "/users/ann", { user: "ann" }]);
    expect(seenAt(app, "/users/ann/posts/1/edit/a/b")).toEqual([
      "/users/ann/posts/1",
      "/edit/a/b",
      "/users/ann/posts/1/edit/a/b",
      { user: "ann", post: "1", how: ["a", "b"] },
    ]);
    expect(seenAt(app, "/users/ann/posts/1/bob")).toMatchObject({ 3: { user: "bob", post: "1" } });
    expect(seenAt(app, "/users/ann/else")).toBeUndefined();
  });

  it("adds to the mount that the router is under", () => {
    const app = router({ "/b": shows });
    const asked = { ...request("get", "/a/b/c"), context: "/a", pathInfo: "/b/c" };
    expect(JSON.parse((app(asked) as { body: string }).body)).toEqual(["/a/b", "/c", "/a/b/c", {}]);
  });

  it("that answers null leaves the request to those after it", () => {
    const app = router({ "/api": router({ "GET /a": says("a") }), "ANY /*all": says("all") });
    expect([bodyOf(app, "get", "/api/a"), bodyOf(app, "get", "/api/b")]).toEqual(["a", "all"]);
  });
});

describe("a path of a megabyte", () => {
  const app = router({
    "GET /:a-:b-:c": says("1"),
    "GET /*a/x/*b/y/*c": says("2"),
    "GET /*a.:b": says("3"),
    "GET /:a{/:b}{/:c}/end": says("4"),
    "GET /*all/end": says("5"),
  });
  it.each([
    ["of one part", `/${"a".repeat(2 ** 20)}`],
    ["of hyphens", `/${"-".repeat(2 ** 20)}`],
    ["of slashes", "/".repeat(2 ** 20)],
    ["of parts", "/a".repeat(2 ** 19)],
    ["of near misses", "/x/y".repeat(2 ** 18)],
    ["of dots", "/a.".repeat(2 ** 18)],
    ["of capitals", "/A".repeat(2 ** 19)],
    ["of percent signs", `/a/end/${"%".repeat(2 ** 20)}`],
  ])("%s is looked up in linear time", (_what, path) => {
    const before = process.cpuUsage();
    try {
      ask(app, "get", path);
    } catch (error) {
      expect(error).toMatchObject({ status: 400 });
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});

/** The model: one route after the other, each with path-to-regexp itself. */
function firstMatch(
  routes: readonly [method: string, pattern: string][],
  method: string,
  path: string,
  { caseSensitive, strict }: { caseSensitive: boolean; strict: boolean },
): unknown {
  for (const [i, [wanted, pattern]] of routes.entries()) {
    if (wanted !== "any" && wanted !== method && !(wanted === "get" && method === "head")) continue;
    const loose = strict || pattern === "/" ? pattern : pattern.replace(/\/+$/, "");
    const found = match(loose, { sensitive: caseSensitive, trailing: !strict })(path);
    if (found !== false) return { body: `${i}`, params: { ...found.params } };
  }
  return null;
}

describe("router, whatever the table", () => {
  const part = fc.constantFrom("a", "b", "A", "a.b", ":x", ":y-a", ":x.:y", "*r", "b*r", "*r.a", "{b}c", "{:x}", "");
  const pattern = fc
    .array(fc.tuple(part, fc.boolean()), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.map(([text, optional]) => (optional ? `{/${text}}` : `/${text}`)).join(""))
    .filter((text) => {
      try {
        match(text);
        return true;
      } catch {
        return false;
      }
    });
  const method = fc.constantFrom("get", "post", "head", "any");
  const path = fc
    .array(fc.constantFrom("a", "b", "A", "a.b", "c", "x-a", "bc", "", "ſ", "%41"), { maxLength: 5 })
    .map((parts) => `/${parts.join("/")}`);

  it("finds what a look at one route after the other finds", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(method, pattern), { maxLength: 12 }),
        fc.array(fc.tuple(fc.constantFrom("get", "post", "head", "put"), path), { minLength: 1, maxLength: 20 }),
        fc.record({ caseSensitive: fc.boolean(), strict: fc.boolean() }),
        (listed, asked, options) => {
          const routes = listed.filter(([m, p], i) => listed.findIndex(([m2, p2]) => m === m2 && p === p2) === i) as [
            string,
            string,
          ][];
          const table: Record<string, Handler> = {};
          for (const [i, [m, p]] of routes.entries()) {
            table[`${m.toUpperCase()} ${p}`] = ({ routeParams }) => ({
              status: 200,
              body: { body: `${i}`, params: { ...routeParams } } as never,
            });
          }
          const app = router(table as { "GET /": Handler }, options);
          for (const [m, p] of asked) {
            expect(bodyOf(app, m, p) ?? null).toEqual(firstMatch(routes, m, p, options));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
