/** The client against httpbin, which says what it was asked: what one party wrote, another has to understand. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { toByteArray, toLineSeq } from "../../../src/byte-streams/index.js";
import * as http from "../../../src/http/index.js";
import { seq } from "../../../src/index.js";
import { describeWith, pythonWith } from "../../needs.js";
import { afterThisTest, pool, textOf } from "../servers.js";
import { type Started, startHttpbin } from "./servers.js";

describeWith("httpbin and gunicorn", pythonWith("httpbin", "gunicorn"), "httpbin", (python) => {
  let server: Started;
  beforeAll(async () => {
    server = await startHttpbin(python);
  });
  afterAll(() => server.stop());

  /** The body as JSON of a request for this path. */
  async function asked(path: string, options: http.RequestOptions = {}): Promise<unknown> {
    const method = options.method ?? "get";
    return (await http.request({ pool: pool(), ...options, method, url: server.url + path, as: "json" })).body;
  }

  /** What a request for this path fails with. */
  async function failure(path: string, options: http.RequestOptions = {}): Promise<unknown> {
    const response = http.request({ pool: pool(), method: "get", ...options, url: server.url + path });
    return Promise.resolve(response).then(
      () => "nothing",
      (error: unknown) => error,
    );
  }

  describe("methods, parameters and bodies", () => {
    it.each(["get", "post", "put", "patch", "delete", "trace"])("of %s arrive", async (method) => {
      const body = await asked("/anything/a%20b?c=d", { method, queryParams: { e: ["f", "g"] } });
      expect(body).toMatchObject({ method: method.toUpperCase(), args: { c: "d", e: ["f", "g"] } });
      expect((body as { readonly url: string }).url).toBe(`${server.url}/anything/a%20b?c=d&e=f&e=g`);
    });

    it.each(["post", "put", "patch", "delete"])("of a form arrive by %s", async (method) => {
      const formParams = { name: "Grüße & more", list: ["1", "2"], nested: { a: "b" } };
      expect(await asked(`/${method}`, { method, formParams })).toMatchObject({
        form: { name: "Grüße & more", list: ["1", "2"], "nested[a]": "b" },
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      });
    });

    it.each(["post", "put", "patch", "delete"])("of JSON arrive by %s", async (method) => {
      const formParams = { name: "Grüße", nested: { list: [1, null, true] } };
      expect(await asked(`/${method}`, { method, formParams, contentType: "json" })).toMatchObject({
        json: formParams,
        headers: { "Content-Type": "application/json" },
      });
    });

    it("of a multipart form arrive, files as files", async () => {
      const multipart = [
        { partName: "field", content: "Grüße" },
        { partName: "again", content: "1" },
        { partName: "again", content: "2" },
        { partName: "file", content: Buffer.from("in memory"), fileName: "ü.txt", mimeType: "text/plain" },
        { partName: "streamed", content: seqOfChunks("a", 3), fileName: "s.txt", length: 3 },
      ] as const;
      expect(await asked("/post", { method: "post", multipart: multipart as never })).toMatchObject({
        form: { field: "Grüße", again: ["1", "2"] },
        files: { file: "in memory", streamed: "aaa" },
      });
    });

    it("arrive in chunks, if their length is not known", async () => {
      expect(await asked("/post", { method: "post", body: seq(["grü", Buffer.from("ße")]) })).toMatchObject({
        data: "grüße",
        headers: { "Transfer-Encoding": "chunked" },
      });
    });

    it("arrive as the bytes that they are", async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      const data = `data:application/octet-stream;base64,${bytes.toString("base64")}`;
      expect(await asked("/put", { method: "put", body: bytes })).toMatchObject({ data });
    });
  });

  describe("headers", () => {
    it("are sent by any name and as lists", async () => {
      const { headers } = (await asked("/headers", { headers: { "X-One": "1", "x-two": ["2", "3"] } })) as {
        readonly headers: Readonly<Record<string, string>>;
      };
      expect(headers).toMatchObject({ "X-One": "1", "X-Two": "2,3", Host: `127.0.0.1:${server.port}` });
      // Nothing that nobody asked for.
      expect(Object.keys(headers).sort()).toEqual(["Accept-Encoding", "Connection", "Host", "X-One", "X-Two"]);
    });

    it("come back joined, and one by one", async () => {
      const response = await http.get(`${server.url}/response-headers?x-a=1&x-a=2`, { pool: pool(), as: "json" });
      expect(response.headers["x-a"]).toBe("1,2");
      expect(http.getAll(response, "X-A")).toEqual(["1", "2"]);
    });
  });

  describe("authentication", () => {
    // Test idea 89.
    it.each(["/basic-auth", "/hidden-basic-auth"])("%s takes user and password", async (path) => {
      expect(await asked(`${path}/user/p:w`, { basicAuth: "user:p:w" })).toEqual({ authenticated: true, user: "user" });
      expect(await asked(`${path}/us%20er/pw`, { basicAuth: ["us er", "pw"] })).toMatchObject({ user: "us er" });
      const status = path === "/basic-auth" ? 401 : 404;
      expect(await failure(`${path}/user/pw`, { basicAuth: "user:wrong" })).toMatchObject({ status });
      expect(await failure(`${path}/user/pw`)).toMatchObject({ status });
    });

    it("takes them from the url", async () => {
      const url = `http://user:p%40w@127.0.0.1:${server.port}/basic-auth/user/p%40w`;
      expect((await http.get(url, { pool: pool(), as: "json" })).body).toMatchObject({ authenticated: true });
    });

    it("/bearer takes a token", async () => {
      expect(await asked("/bearer", { oauthToken: "t0ken" })).toEqual({ authenticated: true, token: "t0ken" });
      expect(await failure("/bearer")).toMatchObject({ status: 401 });
    });

    const digestAuth = ["user", "secret"] as const;

    it.each([
      ["auth", "MD5"],
      ["auth", "SHA-256"],
      ["auth", "SHA-512"],
      ["auth-int", "MD5"],
      ["auth-int", "SHA-256"],
      ["auth-int", "SHA-512"],
      ["either", "MD5"],
    ])("/digest-auth takes the answer to a challenge of %s, %s", async (qop, algorithm) => {
      const path = `/digest-auth/${qop}/user/secret/${algorithm}`;
      expect(await asked(path, { digestAuth })).toEqual({ authenticated: true, user: "user" });
      expect(await failure(path, { digestAuth: ["user", "wrong"] })).toMatchObject({ status: 401 });
      expect(await failure(path)).toMatchObject({ status: 401 });
    });

    it("/digest-auth takes it along with its cookies, and over one connection", async () => {
      const cookieStore = http.inMemoryCookieStore();
      const one = pool({ connectionsPerHost: 1 });
      const path = "/digest-auth/auth/user/secret/MD5/never";
      expect(await asked(path, { pool: one, digestAuth, cookieStore })).toMatchObject({ authenticated: true });
      expect(cookieStore.getCookies().map(({ name }) => name)).toEqual(expect.arrayContaining(["stale_after", "fake"]));
      expect(one.inUse[server.url]).toEqual({ connections: 1, waiting: 0 });
    });
  });

  describe("redirects", () => {
    // Test idea 92, 95.
    it.each(["redirect", "relative-redirect", "absolute-redirect"])("of /%s are followed", async (path) => {
      const response = await http.get(`${server.url}/${path}/6`, { pool: pool(), as: "json" });
      expect(response.body).toMatchObject({ url: `${server.url}/get` });
      expect(response.traceRedirects).toHaveLength(6);
      expect(response.traceRedirects?.at(-1)).toBe(`${server.url}/get`);
    });

    // One hop more than the limit says, as Aleph counts.
    it("end with the last one of too many", async () => {
      const response = await http.get(`${server.url}/redirect/9`, { pool: pool(), maxRedirects: 3 });
      expect(response).toMatchObject({ status: 302, headers: { location: "/relative-redirect/4" } });
      response.close();
    });

    const to = (status: number) => `/redirect-to?status_code=${status}&url=${encodeURIComponent("/anything")}`;

    // Test idea 93.
    it.each([
      [301, "get", false, "GET"],
      [302, "get", false, "GET"],
      [303, "get", false, "GET"],
      [307, "get", false, "GET"],
      [308, "get", false, "GET"],
      [303, "post", false, "GET"],
      [303, "delete", false, "GET"],
      [301, "post", true, "GET"],
      [302, "put", true, "GET"],
      [307, "post", true, "POST"],
      [308, "patch", true, "PATCH"],
    ])("with status %i of %s (forced: %s) become %s", async (status, method, forceRedirects, becomes) => {
      const form = { a: "1" };
      const body = await asked(to(status), { method, forceRedirects, formParams: form });
      expect(body).toMatchObject({ method: becomes, form: becomes === "GET" ? {} : form });
    });

    it.each([
      [300, "get"],
      [304, "get"],
      [305, "get"],
      [301, "post"],
      [302, "delete"],
      [307, "put"],
      [308, "post"],
    ])("with status %i of %s are not followed", async (status, method) => {
      const response = await http.request({
        url: server.url + to(status),
        method,
        pool: pool(),
        throwExceptions: false,
      });
      expect(response).toMatchObject({ status, headers: { location: "/anything" } });
      expect(response.traceRedirects).toBeUndefined();
    });

    it("lead to another origin without credentials", async () => {
      // Test idea 94.
      const other = await startHttpbin(python);
      afterThisTest(other.stop);
      const path = `/redirect-to?url=${encodeURIComponent(`${other.url}/headers`)}`;
      const options = { basicAuth: "user:secret", headers: { cookie: "a=1", "x-other": "kept" } };
      const { headers } = (await asked(path, options)) as { readonly headers: Readonly<Record<string, string>> };
      expect(headers).toMatchObject({ "X-Other": "kept", Host: new URL(other.url).host });
      expect(headers).not.toHaveProperty("Authorization");
      expect(headers).not.toHaveProperty("Cookie");
    });
  });

  describe("cookies", () => {
    // Test idea 98, 99.
    it("are set on the way of a redirect, sent, changed and deleted", async () => {
      const cookieStore = http.inMemoryCookieStore();
      const options = { cookieStore };
      expect(await asked("/cookies/set?a=1&b=two%20words", options)).toEqual({ cookies: { a: "1", b: "two words" } });
      expect(await asked("/cookies/set/a/3", options)).toMatchObject({ cookies: { a: "3" } });
      expect(await asked("/cookies", options)).toEqual({ cookies: { a: "3", b: "two words" } });
      expect(await asked("/cookies/delete?a", options)).toEqual({ cookies: { b: "two words" } });
      expect(await asked("/cookies")).toEqual({ cookies: {} });
    });

    it("are not kept without a store, and those given go out", async () => {
      expect(await asked("/cookies/set?a=1")).toEqual({ cookies: {} });
      expect(await asked("/cookies", { cookies: { c: "1", d: { value: "2" } } })).toEqual({
        cookies: { c: "1", d: "2" },
      });
    });
  });

  describe("encodings", () => {
    // Test idea 109.
    it.each([
      ["gzip", "gzip", "gzipped"],
      ["deflate", "deflate", "deflated"],
      ["brotli", "br", "brotli"],
    ])("of /%s are undone", async (path, encoding, key) => {
      const response = await http.get(`${server.url}/${path}`, { pool: pool(), as: "json" });
      expect(response.body).toMatchObject({ [key]: true, headers: { "Accept-Encoding": "gzip, deflate, br" } });
      expect(response.origContentEncoding).toBe(encoding);
      expect(response.headers).not.toHaveProperty("content-encoding");
      const raw = await http.get(`${server.url}/${path}`, { pool: pool(), decompressBody: false, as: "byteArray" });
      expect(raw.headers["content-encoding"]).toBe(encoding);
      expect(() => JSON.parse(Buffer.from(raw.body).toString())).toThrow(SyntaxError);
    });

    it("of text are those that the response names", async () => {
      const response = await http.get(`${server.url}/encoding/utf8`, { pool: pool(), as: "auto" });
      expect(response.headers["content-type"]).toBe("text/html; charset=utf-8");
      expect(typeof response.body).toBe("string");
      const path = `/anything?text=${encodeURIComponent("∮ E⋅da = Q, 한글, ὁ λόγος")}`;
      expect(await asked(path)).toMatchObject({ args: { text: "∮ E⋅da = Q, 한글, ὁ λόγος" } });
    });

    it("of other bodies are left alone", async () => {
      const png = await http.get(`${server.url}/image/png`, { pool: pool(), as: "byteArray" });
      expect(Buffer.from(png.body).subarray(0, 4).toString("latin1")).toBe("\x89PNG");
      expect(png.body).toHaveLength(Number(png.headers["content-length"]));
      const xml = await http.get(`${server.url}/xml`, { pool: pool(), as: "auto" });
      expect(xml.body).toMatch(/^<\?xml/);
    });
  });

  describe("bodies that come bit by bit", () => {
    it("/stream gives its lines", async () => {
      const { body } = await http.get(`${server.url}/stream/50`, { pool: pool() });
      const ids: number[] = [];
      for await (const line of toLineSeq(body)) ids.push((JSON.parse(line) as { readonly id: number }).id);
      expect(ids).toEqual(Array.from({ length: 50 }, (_, id) => id));
    });

    it.each([1, 7, 10_000])("/stream-bytes gives the same bytes in chunks of %i", async (size) => {
      const path = `/stream-bytes/20000?seed=5`;
      const whole = await http.get(`${server.url}/bytes/20000?seed=5`, { pool: pool(), as: "byteArray" });
      const { body } = await http.get(`${server.url}${path}&chunk_size=${size}`, { pool: pool(), rawStream: true });
      const hash = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
      expect(hash(await toByteArray(body))).toBe(hash(whole.body));
    });

    it("/drip is read as it drips", async () => {
      const url = `${server.url}/drip?numbytes=5&duration=0.5`;
      const seen: http.Progress[] = [];
      const { body } = await http.get(url, { pool: pool(), onProgress: (progress) => seen.push(progress) });
      const at: number[] = [];
      for await (const _ of body) at.push(performance.now());
      expect((at.at(-1) as number) - (at[0] as number)).toBeGreaterThan(200);
      // Two drops may come as one.
      expect(seen.length).toBeGreaterThan(1);
      expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
      expect(seen.at(-1)).toEqual({ direction: "download", bytes: 5, total: 5 });
    });

    it("/drip with an error status fails with the whole body", async () => {
      const error = (await failure("/drip?numbytes=5&duration=0.1&code=500")) as http.StatusError;
      expect(error).toMatchObject({ code: "RING_STATUS", status: 500 });
      expect(await textOf(error.body as never)).toBe("*****");
    });

    it.each([
      ["bytes=0-4", 206, "abcde"],
      ["bytes=20-", 206, "uvwxyz"],
      ["bytes=-3", 206, "xyz"],
      ["bytes=0-25", 200, "abcdefghijklmnopqrstuvwxyz"],
    ])("/range gives %s", async (range, status, body) => {
      const response = await http.get(`${server.url}/range/26`, { pool: pool(), headers: { range }, as: "string" });
      expect(response).toMatchObject({ status, body });
    });

    it("/range refuses what is not there", async () => {
      const error = await failure("/range/26", { headers: { range: "bytes=26-" } });
      expect(error).toMatchObject({ status: 416, headers: { "content-range": "bytes */26" } });
    });
  });

  describe("timeouts", () => {
    // Test idea 101.
    it("of the answer fire on /delay, and only where they are short", async () => {
      const one = pool({ connectionsPerHost: 1 });
      expect(await failure("/delay/3", { pool: one, requestTimeout: 100 })).toMatchObject({
        code: "RING_REQUEST_TIMEOUT",
      });
      expect(await asked("/delay/0.1", { pool: one, requestTimeout: 10_000 })).toMatchObject({ args: {} });
    });

    it("of the body fire on /drip, as an error of the body", async () => {
      const one = pool({ connectionsPerHost: 1 });
      const url = `${server.url}/drip?numbytes=10&duration=3`;
      const { body } = await http.get(url, { pool: one, readTimeout: 150 });
      await expect(textOf(body)).rejects.toMatchObject({ code: "RING_READ_TIMEOUT" });
      await expect(http.get(url, { pool: one, readTimeout: 150, as: "string" })).rejects.toMatchObject({
        code: "RING_READ_TIMEOUT",
      });
      expect(await asked("/get", { pool: one })).toMatchObject({ args: {} });
    });

    it("are no matter for a request that is cancelled", async () => {
      // Test idea 103.
      const response = http.get(`${server.url}/delay/3`, { pool: pool(), requestTimeout: 2000 });
      expect(http.cancelRequest(response)).toBe(true);
      await expect(response).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    });
  });

  describe("statuses", () => {
    // Test idea 96.
    it.each([200, 201, 202, 203, 204, 205, 206, 207, 300, 304])("%i is no error", async (status) => {
      const response = await http.get(`${server.url}/status/${status}`, { pool: pool(), as: "string" });
      expect(response).toMatchObject({ status, body: "" });
    });

    it.each([400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 418, 422, 429, 500, 502, 503, 504, 599])(
      "%i is an error, or what it is",
      async (status) => {
        expect(await failure(`/status/${status}`)).toMatchObject({ code: "RING_STATUS", status });
        const quiet = await http.get(`${server.url}/status/${status}`, { pool: pool(), throwExceptions: false });
        expect(quiet.status).toBe(status);
        quiet.close();
      },
    );

    it("of a teapot comes with its picture", async () => {
      expect(await failure("/status/418", { as: "string" } as never)).toMatchObject({
        status: 418,
        body: expect.stringContaining("teapot"),
      });
    });

    it("101, for which nobody asked, is malformed, and the pool goes on", async () => {
      const one = pool({ connectionsPerHost: 1 });
      expect(await failure("/status/101", { pool: one })).toMatchObject({ code: "RING_MALFORMED_RESPONSE" });
      expect(await asked("/get", { pool: one })).toMatchObject({ args: {} });
    });

    it("of conditional requests are as they should be", async () => {
      const of = async (headers: Readonly<Record<string, string>>) =>
        (await http.get(`${server.url}/etag/abc`, { pool: pool(), headers, throwExceptions: false, as: "string" }))
          .status;
      expect(await of({ "if-none-match": '"abc"' })).toBe(304);
      expect(await of({ "if-none-match": '"other"' })).toBe(200);
      expect(await of({ "if-match": '"other"' })).toBe(412);
      const first = await http.get(`${server.url}/cache`, { pool: pool(), as: "string" });
      const lastModified = first.headers["last-modified"] as string;
      const again = await http.get(`${server.url}/cache`, {
        pool: pool(),
        headers: { "if-modified-since": lastModified },
        as: "string",
      });
      expect(again).toMatchObject({ status: 304, body: "" });
    });
  });

  it("gives pages with links that lead on, all over one connection", async () => {
    const one = pool({ connectionsPerHost: 1 });
    const seen = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const { body } = await http.get(server.url + path, { pool: one, as: "string" });
      await Promise.all([...body.matchAll(/href='([^']+)'/g)].map(([, next]) => visit(next as string)));
    };
    await visit("/links/8/0");
    expect(seen.size).toBe(8);
    expect(one.inUse[server.url]).toEqual({ connections: 1, waiting: 0 });
  });

  it("answers many requests at a time", async () => {
    const eight = pool({ connectionsPerHost: 8 });
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    const bodies = await Promise.all(numbers.map((index) => asked(`/anything/${index}`, { pool: eight })));
    expect(bodies.map((body) => (body as { readonly url: string }).url)).toEqual(
      numbers.map((index) => `${server.url}/anything/${index}`),
    );
    expect(eight.inUse[server.url]?.connections).toBeLessThanOrEqual(8);
  });
});

function seqOfChunks(chunk: string, count: number): AsyncIterable<string> {
  return (async function* () {
    for (let index = 0; index < count; index++) yield chunk;
  })();
}
