import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool, serve, textOf } from "./servers.js";

/** `/n` leads to `/n-1`, `/0` ends. */
function chain() {
  return serve((req, res) => {
    const left = Number(req.url?.slice(1));
    if (left === 0) res.end("end");
    else res.writeHead(302, { location: `/${left - 1}` }).end("on");
  });
}

describe("redirects", () => {
  // Test idea 92, 95.
  it("are followed, and traced", async () => {
    const { url } = await chain();
    const response = await http.request({ url: `${url}/10`, requestMethod: "get", pool: pool(), as: "string" });
    expect(response).toMatchObject({ status: 200, body: "end" });
    expect(response.traceRedirects).toEqual(Array.from({ length: 10 }, (_, index) => `${url}/${9 - index}`));
  });

  it("end with the last one of too many", async () => {
    const { url } = await chain();
    const response = await http.get(`${url}/25`, { pool: pool() });
    expect(response.status).toBe(302);
    expect(response.traceRedirects).toHaveLength(21);
  });

  it("are as many as maxRedirects allows", async () => {
    const { url } = await chain();
    expect((await http.get(`${url}/25`, { pool: pool(), maxRedirects: 30 })).status).toBe(200);
    const tooMany = http.get(`${url}/5`, { pool: pool(), maxRedirects: 2, throwExceptions: true });
    await expect(tooMany).rejects.toMatchObject({ code: "RING_REDIRECT" });
  });

  it("are not followed where nobody wants it, or nothing says where to", async () => {
    const { url } = await chain();
    expect((await http.get(`${url}/1`, { pool: pool(), followRedirects: false })).status).toBe(302);
    const nowhere = await serve((_req, res) => res.writeHead(302).end());
    expect((await http.get(nowhere.url, { pool: pool() })).status).toBe(302);
  });

  // Test idea 93.
  it.each([
    [301, "get", false, "GET"],
    [302, "head", false, "HEAD"],
    [301, "post", false, undefined],
    [302, "post", true, "GET"],
    [303, "post", false, "GET"],
    [303, "put", false, "GET"],
    [307, "get", false, "GET"],
    [307, "post", false, undefined],
    [307, "post", true, "POST body"],
    [308, "put", true, "PUT body"],
    [300, "get", false, undefined],
    [305, "get", true, undefined],
  ])("%i of %s, forced: %s", async (status, method, forceRedirects, expected) => {
    const { url } = await serve(async (req, res) => {
      if (req.url === "/") {
        res.writeHead(status, { location: "/next" }).end();
        return;
      }
      const body = await textOf(req);
      res
        .writeHead(200, { "x-seen": `${req.method} ${body}`.trim(), "x-type": req.headers["content-type"] ?? "none" })
        .end();
    });
    const body = method === "post" || method === "put" ? "body" : undefined;
    const options = { url, method, body, contentType: body && "text/plain", forceRedirects, throwExceptions: false };
    const response = await http.request({ ...options, pool: pool() });
    expect(response.headers["x-seen"]).toBe(expected);
    if (expected === undefined) expect(response.status).toBe(status);
    if (expected === "GET" && body) expect(response.headers["x-type"]).toBe("none");
  });

  it("resolve relative locations, and drop the query parameters", async () => {
    const { url } = await serve((req, res) => {
      if (req.url?.startsWith("/a/b") === true) res.writeHead(302, { location: "c?d=1" }).end();
      else res.end(req.url);
    });
    const { body } = await http.get(`${url}/a/b`, { pool: pool(), queryParams: { q: 1 }, as: "string" });
    expect(body).toBe("/a/c?d=1");
  });

  // Test idea 94.
  describe("with credentials", () => {
    const credentials = { headers: { Authorization: "secret", Cookie: "a=1", "x-other": "kept" } };

    async function landing(options: http.RequestOptions, sameOrigin = false) {
      const end = await serve((req, res) => res.end(JSON.stringify(req.headers)));
      const start = await serve((req, res) => {
        if (req.url === "/end") res.end(JSON.stringify(req.headers));
        else res.writeHead(302, { location: sameOrigin ? "/end" : end.url }).end();
      });
      const { body } = await http.get(start.url, { pool: pool(), ...options, as: "json" });
      return body as Record<string, string>;
    }

    it("do not take them to another origin (credential leak)", async () => {
      const headers = await landing(credentials);
      expect(headers).not.toHaveProperty("authorization");
      expect(headers).not.toHaveProperty("cookie");
      expect(headers["x-other"]).toBe("kept");
    });

    it.each([[{ basicAuth: "a:b" }], [{ oauthToken: "t" }], [{ cookies: { a: "1" } }]])(
      "do not take %j to another origin",
      async (options) => {
        const headers = await landing(options);
        expect(headers["authorization"] ?? headers["cookie"]).toBeUndefined();
      },
    );

    it("keep them on the same origin, or where it is allowed", async () => {
      expect(await landing(credentials, true)).toMatchObject({ authorization: "secret", cookie: "a=1" });
      expect(await landing({ ...credentials, keepCredentials: true })).toMatchObject({ authorization: "secret" });
    });
  });

  it.each(["ftp://example.com/", "http://[", "javascript:alert(1)"])("do not lead to %s", async (location) => {
    const { url } = await serve((_req, res) => res.writeHead(302, { location }).end());
    await expect(http.get(url, { pool: pool() })).rejects.toMatchObject({ code: "RING_REDIRECT" });
  });

  it("refuse to send a stream twice", async () => {
    const { url } = await serve(async (req, res) => {
      await textOf(req);
      res.writeHead(307, { location: "/" }).end();
    });
    const body = new Blob(["a"]).stream() as never;
    const response = http.post(url, { pool: pool(), body, forceRedirects: true });
    await expect(response).rejects.toMatchObject({ code: "RING_BODY_NOT_REPLAYABLE" });
  });
});

describe("redirectStrategy", () => {
  const server = (status: number) =>
    serve(async (req, res) => {
      if (req.url === "/") res.writeHead(status, { location: "/next" }).end();
      else res.end(`${req.method} ${await textOf(req)}`.trim());
    });

  it.each<[http.RequestOptions["redirectStrategy"], string, number, string | number]>([
    ["none", "get", 302, 302],
    ["default", "get", 302, "GET"],
    ["default", "post", 303, 303],
    ["graceful", "head", 301, "HEAD"],
    ["graceful", "post", 302, 302],
    ["lax", "get", 301, "GET"],
    ["lax", "post", 302, "GET"],
    ["lax", "post", 307, "POST body"],
    ["lax", "put", 302, 302],
    [{ isRedirected: ({ requestMethod }) => requestMethod === "put" }, "put", 302, "GET"],
    [{ isRedirected: () => true }, "put", 308, "PUT body"],
    [{ isRedirected: () => false }, "get", 302, 302],
    [
      { isRedirected: ({ uri, url }) => String(uri ?? url).endsWith("/"), getRedirect: () => "/other" },
      "get",
      302,
      "GET",
    ],
    [
      {
        isRedirected: (_request, { status }) => status === 302,
        getRedirect: () => ({ method: "patch", body: "another" }),
      },
      "post",
      302,
      "PATCH another",
    ],
  ])("%j, %s, %i: %s", async (redirectStrategy, method, status, expected) => {
    const { url } = await server(status);
    const body = method === "post" || method === "put" ? "body" : undefined;
    const options = { url: `${url}/`, method, body, redirectStrategy, as: "string", pool: pool() } as const;
    const response = await http.request({ ...options, throwExceptions: false });
    if (typeof expected === "number") expect(response.status).toBe(expected);
    else expect(response).toMatchObject({ status: 200, body: method === "head" ? "" : expected });
  });

  it("says whether too many are an error", async () => {
    const { url } = await chain();
    const get = (redirectStrategy: "default" | "lax" | "graceful") =>
      http.get(`${url}/9`, { pool: pool(), maxRedirects: 2, redirectStrategy });
    await expect(get("default")).rejects.toMatchObject({ code: "RING_REDIRECT" });
    await expect(get("lax")).rejects.toMatchObject({ code: "RING_REDIRECT" });
    expect((await get("graceful")).status).toBe(302);
  });

  it("keeps credentials at home, but for those it gives itself (credential leak)", async () => {
    const other = await serve((req, res) => res.end(req.headers.authorization ?? "nothing"));
    const { url } = await serve((_req, res) => res.writeHead(302, { location: "/" }).end());
    const get = (getRedirect: () => http.RequestOptions) =>
      http.get(url, {
        pool: pool(),
        oauthToken: "secret",
        as: "string",
        redirectStrategy: { isRedirected: (_request, { status }) => status === 302, getRedirect },
      });
    expect((await get(() => ({ url: other.url }))).body).toBe("nothing");
    expect((await get(() => ({ url: other.url, oauthToken: "given" }))).body).toBe("Bearer given");
  });

  it("refuses one that nobody knows", async () => {
    const { url } = await chain();
    const response = http.get(`${url}/1`, { pool: pool(), redirectStrategy: "strict" as never });
    await expect(response).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });
});

describe("redirects that are not allowed", () => {
  it("lead back", async () => {
    const { url } = await serve((req, res) => res.writeHead(302, { location: req.url === "/a" ? "/b" : "/a" }).end());
    const options = { pool: pool(), maxRedirects: 5 };
    expect((await http.get(`${url}/a`, options)).traceRedirects).toHaveLength(6);
    await expect(http.get(`${url}/a`, { ...options, allowCircularRedirects: false })).rejects.toMatchObject({
      code: "RING_REDIRECT",
      message: expect.stringContaining("allowCircularRedirects"),
    });
  });

  it("are relative", async () => {
    const { url } = await chain();
    await expect(http.get(`${url}/1`, { pool: pool(), allowRelativeRedirects: false })).rejects.toMatchObject({
      code: "RING_REDIRECT",
      message: expect.stringContaining("allowRelativeRedirects"),
    });
  });
});

// Test idea 96.
describe("an error status", () => {
  const tooMany = () => serve((_req, res) => res.writeHead(429, { "retry-after": "1" }).end("slow down"));

  it("rejects with the whole response, its body readable", async () => {
    const { url } = await tooMany();
    const error = await http.get(url, { pool: pool() }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "RING_STATUS", status: 429, headers: { "retry-after": "1" } });
    expect(await textOf((error as http.StatusError).body as never)).toBe("slow down");
  });

  it("rejects with the body as it was to be read", async () => {
    const { url } = await tooMany();
    const response = http.get(url, { pool: pool(), as: "string", throwExceptions: true });
    await expect(response).rejects.toMatchObject({ status: 429, body: "slow down" });
  });

  it("is a response, if nobody wants it to throw", async () => {
    const { url } = await tooMany();
    expect((await http.get(url, { pool: pool(), throwExceptions: false })).status).toBe(429);
    expect((await http.get(url, { pool: pool(), unexceptionalStatus: (status) => status === 429 })).status).toBe(429);
  });

  it("rejects at the end of a chain of redirects", async () => {
    const { url } = await serve((req, res) =>
      req.url === "/" ? res.writeHead(302, { location: "/end" }).end() : res.writeHead(401).end(),
    );
    await expect(http.get(url, { pool: pool(), throwExceptions: true })).rejects.toMatchObject({ status: 401 });
  });

  // Test idea 97.
  it("with a body of a megabyte does not block its connection", async () => {
    const big = "x".repeat(1_048_576);
    const { url } = await serve((req, res) => (req.url === "/" ? res.writeHead(500).end(big) : res.end("fine")));
    const one = pool({ connectionsPerHost: 1 });
    const error = (await http.get(url, { pool: one }).catch((caught: unknown) => caught)) as http.StatusError;
    expect(await http.get(`${url}/next`, { pool: one, as: "string" })).toMatchObject({ body: "fine" });
    expect(await textOf(error.body as never)).toBe(big);
  });
});
