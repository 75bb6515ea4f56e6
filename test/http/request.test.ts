import { get as plainGet } from "node:http";
import { createServer as createH2Server } from "node:http2";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { seq, setLogger } from "../../src/index.js";
import { stream } from "../../src/stream/index.js";
import { listen, pool, serve, textOf } from "./servers.js";

/** A server that answers with what it was asked, as JSON. */
function mirror() {
  return serve(async (req, res) => {
    const body = await textOf(req);
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
  });
}

interface Mirrored {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function sent(options: http.RequestOptions): Promise<Mirrored> {
  const { url } = await mirror();
  const target = options.url === undefined ? url : url + String(options.url);
  const response = await http.request({ pool: pool(), method: "get", ...options, url: target, as: "json" });
  return response.body as Mirrored;
}

describe("get", () => {
  it("answers with a map whose body streams", async () => {
    const { url } = await serve((_req, res) =>
      res.writeHead(200, { "x-a": ["1", "2"], "set-cookie": ["a=1", "b=2"] }).end("hello"),
    );
    const response = await http.get(url, { pool: pool() });
    expect(response).toMatchObject({
      status: 200,
      reasonPhrase: "OK",
      keepAlive: true,
      protocolVersion: "HTTP/1.1",
      headers: { "x-a": "1,2", "set-cookie": ["a=1", "b=2"] },
    });
    expect(response.requestTime).toBeGreaterThan(0);
    expect(response.connectionTime).toBeGreaterThan(0);
    expect(await textOf(response.body)).toBe("hello");
    expect(http.getAll(response, "X-A")).toEqual(["1", "2"]);
  });
});

describe("request", () => {
  // Test idea 85.
  it("takes an address in pieces", async () => {
    const { port } = await mirror();
    const { body } = await http.request({
      scheme: "http",
      serverName: "127.0.0.1",
      serverPort: port,
      requestMethod: "GET",
      uri: "/a",
      queryString: "b=c",
      as: "json",
      pool: pool(),
    });
    expect(body).toMatchObject({ method: "GET", url: "/a?b=c" });
  });

  // Test idea 86.
  it.each([
    ["/?param=illegal character", "/?param=illegal%20character"],
    ["/a%20b/{c}?d=%E4", "/a%20b/%7Bc%7D?d=%E4"],
    ['/ü?ü="', "/%C3%BC?%C3%BC=%22"],
    ["", "/"],
    ["/path#fragment", "/path"],
  ])("sends %j as %j", async (url, expected) => {
    expect((await sent({ url })).url).toBe(expected);
  });

  it("takes international names however often it has seen them", async () => {
    const client = http.wrapUrl((request) => Promise.resolve({ status: 200, body: request.host } as never));
    for (let count = 0; count < 20_000; count++) void client({ url: "http://bücher.example/" });
    expect(await client({ url: "http://bücher.example/" })).toMatchObject({ body: "xn--bcher-kva.example" });
  });

  it("writes international host names in ASCII", async () => {
    let host: string | undefined;
    const client = http.wrapUrl((request) => {
      host = request.host;
      throw new Error("enough");
    });
    expect(() => client({ url: "http://bücher.example/" })).toThrow("enough");
    expect(host).toBe("xn--bcher-kva.example");
    expect(() => client({ serverName: "bücher.рф" })).toThrow("enough");
    expect(host).toBe("xn--bcher-kva.xn--p1ai");
  });

  // Test idea 90.
  it.each([
    ["a method", { url: "http://localhost/" }, /method/],
    ["a host", { method: "get" }, /host/],
    ["an absolute url", { method: "get", url: "/path" }, /absolute/],
    ["a scheme of HTTP", { method: "get", url: "ftp://localhost/" }, /ftp:/],
  ])("wants %s", async (_what, options, message) => {
    await expect(http.request({ ...options, pool: pool() })).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });

  it("refuses to let a header carry another one (header injection)", async () => {
    const { url } = await mirror();
    const injected = http.get(url, { pool: pool(), headers: { a: "b\r\nc: d" } });
    await expect(injected).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it.each([
    ["a string", () => "grüße", "grüße"],
    ["bytes", () => new TextEncoder().encode("bytes"), "bytes"],
    ["an ArrayBuffer", () => new TextEncoder().encode("buffer").buffer as ArrayBuffer, "buffer"],
    ["a blob", () => new Blob(["blob"]), "blob"],
    ["a file", () => http.file("package.json", 0, 3), "{\n "],
    ["a stream of the kit", () => filled("a", "b"), "ab"],
    ["a sequence", () => seq(["a", new Uint8Array([98])]), "ab"],
    ["a generator", () => ["x", "y"].values(), "xy"],
    ["a web stream", () => new Blob(["web"]).stream() as never, "web"],
  ])("sends %s", async (_kind, body, expected) => {
    expect((await sent({ method: "post", body: body() as http.ClientBody })).body).toBe(expected);
  });

  it("sends a length where it is known, chunks where not", async () => {
    expect((await sent({ method: "post", body: "abc" })).headers["content-length"]).toBe("3");
    expect((await sent({ method: "post" })).headers["content-length"]).toBe("0");
    expect((await sent({ method: "get" })).headers["content-length"]).toBeUndefined();
    expect((await sent({ method: "post", body: filled("a") })).headers["transfer-encoding"]).toBe("chunked");
    expect((await sent({ method: "post", body: filled("ab"), length: 2 })).headers["content-length"]).toBe("2");
  });

  it.each([-1, 1.5, "5", null])("refuses %p as the length of a body", async (length) => {
    const response = http.post("http://127.0.0.1:1/", { pool: pool(), body: filled("a"), length: length as never });
    await expect(response).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringContaining("length"),
    });
  });

  it.each([
    ["a number", 5],
    ["an array", ["a"]],
    ["an object", { a: 1 }],
  ])("refuses %s as body", async (_kind, body) => {
    const { url } = await mirror();
    const response = http.post(url, { pool: pool(), body: body as never });
    await expect(response).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });

  it("refuses an element of a stream that is no bytes", async () => {
    const { url } = await mirror();
    const body = seq(["a", 5 as never]);
    await expect(http.post(url, { pool: pool(), body })).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
  });

  it.each([
    ["HTTP/1", {}, {}],
    ["HTTP/1, with its progress told", {}, { onProgress: () => {} }],
    ["HTTP/2", { httpVersions: ["http2"], forceH2c: true }, {}],
  ] as const)(
    "fails if its body is destroyed before its end, or with its error: %s",
    async (_how, connection, options) => {
      const isH2 = "forceH2c" in connection;
      const { url } = isH2
        ? await listen(createH2Server((req) => void req.on("error", () => {}).resume()) as never)
        : await serve((req) => void req.resume());
      const one = pool({ connectionOptions: connection as http.ConnectionOptions });
      for (const [error, expected] of [
        [undefined, { code: "RING_BODY_ABORTED" }],
        [new Error("mine"), { message: "mine" }],
      ] as const) {
        const body = new PassThrough();
        body.write("abc", () => setImmediate(() => body.destroy(error)));
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await expect(http.post(url, { pool: one, body, ...options })).rejects.toMatchObject(expected);
      }
      one.destroy();
    },
  );

  // Test idea 111.
  it("sends no body with TRACE", async () => {
    const logged: unknown[] = [];
    setLogger((level, _error, message) => void logged.push([level, message]));
    try {
      expect(await sent({ method: "trace", body: "secret" })).toMatchObject({ method: "TRACE", body: "" });
    } finally {
      setLogger(null);
    }
    expect(logged).toEqual([["warn", expect.stringMatching(/^a TRACE request has no body/)]]);
  });

  it("tells how a transfer comes along", async () => {
    const { url } = await serve(async (req, res) => {
      await textOf(req);
      res.setHeader("content-length", 5).end("hello");
    });
    const seen: http.Progress[] = [];
    const body = seq(["abc", "def"]);
    await http.post(url, {
      pool: pool(),
      body,
      length: 6,
      as: "string",
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen).toEqual([
      { direction: "upload", bytes: 3, total: 6 },
      { direction: "upload", bytes: 6, total: 6 },
      { direction: "download", bytes: 5, total: 5 },
    ]);
  });

  // Test idea 110.
  it("shows what was sent, if asked to", async () => {
    const { url } = await mirror();
    const response = await http.post(`${url}/?a=1`, {
      pool: pool(),
      body: "b",
      saveRequest: true,
      debugBody: true,
      as: "json",
    });
    expect(response).toMatchObject({
      request: { queryString: "a=1" },
      wireRequest: { method: "POST", path: "/?a=1" },
      requestBody: "b",
    });
    const without = await http.post(url, { pool: pool(), body: "b", as: "json" });
    expect(without).not.toHaveProperty("request");
    expect(without).not.toHaveProperty("requestBody");
  });

  // Test idea 91.
  it("lets middleware rewrite the url, outside of everything", async () => {
    const { url } = await mirror();
    const middleware: http.ClientMiddleware = (client) => (request) => client({ ...request, url: `${url}/other` });
    const { body } = await http.get("http://127.0.0.1:1/", { pool: pool(), middleware, as: "json" });
    expect(body).toMatchObject({ url: "/other" });
  });

  it("lets a pool's middleware stand in place of the chain", async () => {
    const { port } = await mirror();
    const bare = pool({ middleware: (client) => client });
    const address = { requestMethod: "get", host: "127.0.0.1", port, scheme: "http" } as const;
    const response = await http.request({ ...address, pool: bare, basicAuth: "a:b", as: "string" });
    expect(JSON.parse(await textOf(response.body as never))).not.toHaveProperty("headers.authorization");
  });

  it("calls interceptors for every exchange", async () => {
    const { url } = await serve((req, res) =>
      req.url === "/" ? res.writeHead(302, { location: "/end" }).end() : res.end("end"),
    );
    const paths: (string | undefined)[] = [];
    const statuses: number[] = [];
    await http.get(url, {
      pool: pool(),
      requestInterceptor: (request) => (paths.push(request.uri), request),
      responseInterceptor: (response) => (statuses.push(response.status), response),
    });
    expect(paths).toEqual(["/", "/end"]);
    expect(statuses).toEqual([302, 200]);
  });

  it("is a step of a plain client that stays in one tick where nothing is awaited", () => {
    const answer = http.wrapRequest(() => ({ status: 200, headers: {}, body: null, close: () => {} }) as never);
    expect(answer({ url: "http://localhost/", method: "get" })).toMatchObject({ status: 200 });
  });
});

describe("the parameters", () => {
  // Test idea 87.
  it.each([
    [{ queryParams: { a: "1 2", b: ["x", "y"] } }, "/?a=1+2&b=x&b=y"],
    [{ queryParams: { b: ["x", "y"] }, multiParamStyle: "array" }, "/?b[]=x&b[]=y"],
    [{ queryParams: { b: ["x", "y"] }, multiParamStyle: "indexed" }, "/?b[0]=x&b[1]=y"],
    [{ queryParams: { b: ["x", "y"] }, multiParamStyle: "commaSeparated" }, "/?b=x,y"],
    [{ queryParams: { a: { b: { c: 1 } } } }, "/?a%5Bb%5D%5Bc%5D=1"],
    [{ queryParams: { a: { b: 1 } }, ignoreNestedQueryString: true }, "/?a=b=1"],
    [{ queryParams: { a: { b: 1 } }, flattenNestedKeys: [] }, "/?a=b=1"],
    [{ url: "/?q=0", queryParams: { a: 1 } }, "/?q=0&a=1"],
    [{ queryParams: {} }, "/"],
    [{ queryParams: { a: "ä" }, contentType: "text/plain; charset=iso-8859-1" }, "/?a=%E4"],
  ] as [http.RequestOptions, string][])("of a query: %j", async (options, expected) => {
    expect((await sent(options)).url).toBe(expected);
  });

  // Test idea 88.
  it.each([
    [{}, "a=1&b=x&b=y&c%5Bd%5D=2", "application/x-www-form-urlencoded"],
    [{ contentType: "json" }, '{"a":1,"b":["x","y"],"c":{"d":2}}', "application/json"],
    [{ contentType: "json", flattenNestedFormParams: true }, '{"a":1,"b":["x","y"],"c[d]":2}', "application/json"],
    [{ flattenNestedKeys: [] }, "a=1&b=x&b=y&c=d=2", "application/x-www-form-urlencoded"],
    [
      { formParamEncoding: "iso-8859-1" },
      "a=1&b=x&b=y&c%5Bd%5D=2",
      "application/x-www-form-urlencoded; charset=iso-8859-1",
    ],
  ] as [http.RequestOptions, string, string][])("of a form: %j", async (options, body, contentType) => {
    const formParams = { a: 1, b: ["x", "y"], c: { d: 2 } };
    const form = await sent({ method: "post", formParams, ...options });
    expect(form.body).toBe(body);
    expect(form.headers["content-type"]).toBe(contentType);
  });

  it("of a form are no body of a GET", async () => {
    expect((await sent({ formParams: { a: 1 } })).body).toBe("");
  });

  it("may not be flattened by list and by flag", async () => {
    const both = { queryParams: { a: 1 }, flattenNestedKeys: ["queryParams"], ignoreNestedQueryString: true } as const;
    await expect(sent(both)).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it("become headers: accept, acceptEncoding, contentType", async () => {
    const options = {
      accept: "json",
      acceptEncoding: ["gzip", "zstd"],
      contentType: "json",
      characterEncoding: "utf-8",
    };
    expect((await sent({ method: "post", ...options, body: "{}" })).headers).toMatchObject({
      accept: "application/json",
      "accept-encoding": "gzip, zstd, deflate, br",
      "content-type": "application/json; charset=utf-8",
    });
  });
});

describe("the authorization", () => {
  // Test idea 89.
  it.each([
    [{ basicAuth: "user:pass" }, "Basic dXNlcjpwYXNz"],
    [{ basicAuth: ["user", "pässwörd"] }, "Basic dXNlcjpww6Rzc3fDtnJk"],
    [{ basicAuth: null }, "Basic Og=="],
    [{ basicAuth: [] }, "Basic Og=="],
    [{ basicAuth: "" }, "Basic "],
    [{ basicAuth: ["user"] }, "Basic dXNlcjo="],
    [{ basicAuth: "user" }, "Basic dXNlcg=="],
    [{ oauthToken: "t" }, "Bearer t"],
    [{ oauthToken: "t", basicAuth: "a:b" }, "Bearer t"],
  ] as [http.RequestOptions, string][])("of %j is %j", async (options, expected) => {
    expect((await sent(options)).headers["authorization"]).toBe(expected.trim());
  });

  it("comes from the user info of the url, with every colon of the password", async () => {
    const { port } = await mirror();
    const url = `http://user:a:b%40c@127.0.0.1:${port}/`;
    const { body } = await http.get(url, { pool: pool(), basicAuth: "other:one", as: "json" });
    const token = Buffer.from("user:a:b@c").toString("base64");
    expect(body).toMatchObject({ headers: { authorization: `Basic ${token}` } });
  });
});

function filled(...messages: string[]) {
  const made = stream<string>(messages.length);
  for (const message of messages) void made.put(message);
  made.close();
  return made;
}

describe("the mirror", () => {
  it("is what the tests think it is", async () => {
    const { url } = await mirror();
    const text = await new Promise<string>((resolve) => plainGet(url, (res) => void textOf(res).then(resolve)));
    expect(JSON.parse(text)).toMatchObject({ method: "GET", url: "/" });
  });
});
