import { describe, expect, it } from "@jest/globals";
import { chain } from "../../src/deferred/index.js";
import * as http from "../../src/http/index.js";
import { gate, pool, serve } from "./servers.js";

/** A server that says what it was asked. */
const mirror = () =>
  serve((req, res) => res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers })));

interface Mirrored {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const adding =
  (value: string): http.ClientMiddleware =>
  (client) =>
  (request) =>
    client({
      ...request,
      headers: { ...request.headers, "x-order": String(request.headers?.["x-order"] ?? "") + value },
    });

describe("client", () => {
  it("has options of its own, under those of its requests", async () => {
    const { url } = await mirror();
    const api = http.client({ pool: pool(), headers: { "X-A": "1", "x-b": "1" }, queryParams: { a: 1 } });
    const { body } = await api.get(url, { as: "json", headers: { "x-a": "2" }, queryParams: undefined });
    expect(body).toMatchObject({ url: "/?a=1", headers: { "x-a": "2", "x-b": "1" } });
    const other = await api.request({ url, method: "put", queryParams: { b: 2 }, as: "json" });
    expect(other.body).toMatchObject({ method: "PUT", url: "/?b=2" });
  });

  it.each(["get", "head", "post", "put", "patch", "delete", "options", "trace"] as const)("sends %s", async (verb) => {
    const { url } = await serve((req, res) => res.setHeader("x-method", req.method ?? "").end());
    const { headers } = await http.client({ pool: pool() })[verb](url, null);
    expect(headers["x-method"]).toBe(verb.toUpperCase());
  });

  it("is extended without a change to itself, and nests middleware", async () => {
    const { url } = await mirror();
    const api = http.client({ pool: pool(), middleware: adding("a") });
    const more = api.extend({ middleware: adding("b"), oauthToken: "t" });
    const seen = async (client: http.HttpClient, options: http.RequestOptions = {}) =>
      ((await client.get(url, { ...options, as: "json" })).body as Mirrored).headers;
    expect(await seen(more, { middleware: adding("c") })).toMatchObject({
      "x-order": "cba",
      authorization: "Bearer t",
    });
    const plain = await seen(api);
    expect([plain["x-order"], plain["authorization"]]).toEqual(["a", undefined]);
  });
});

describe("withAdditionalMiddleware", () => {
  it("comes around the chain of every request inside, and of none outside", async () => {
    const { url } = await mirror();
    const options = { pool: pool(), as: "json" } as const;
    const order = async () => ((await http.get(url, options)).body as Mirrored).headers["x-order"];
    const inside = http.withAdditionalMiddleware([adding("a"), adding("b")], async () => [
      await order(),
      await http.withAdditionalMiddleware([adding("c")], order),
      await order(),
    ]);
    const outside = order();
    expect([await inside, await outside]).toEqual([["ab", "cab", "ab"], undefined]);
  });

  it("holds in listeners of deferreds, whoever opened their connection", async () => {
    const { url, connections } = await mirror();
    const options = { pool: pool({ connectionsPerHost: 1 }), as: "json" } as const;
    const twice = () => chain(http.get(url, options), () => http.get(url, options));
    const [first, plain, second] = await Promise.all([
      http.withAdditionalMiddleware([adding("a")], twice),
      twice(),
      http.withAdditionalMiddleware([adding("b")], twice),
    ]);
    const orders = [first, plain, second].map(({ body }) => (body as Mirrored).headers["x-order"]);
    expect([orders, connections()]).toEqual([["a", undefined, "b"], 1]);
  });
});

describe("withMiddleware", () => {
  it("stands in place of the chain", async () => {
    const { url } = await mirror();
    const list = [http.wrapCoercion, http.wrapMethod, http.wrapUrl, adding("a")];
    const { body } = await http.withMiddleware(list, () =>
      http.get(url, { pool: pool({ middleware: adding("of the pool") }), as: "json", oauthToken: "left out" }),
    );
    const { headers } = body as Mirrored;
    expect([headers["x-order"], headers["authorization"]]).toEqual(["a", undefined]);
  });
});

describe("withConnectionPool", () => {
  it("is the pool of the requests inside, and is shut down behind them", async () => {
    const { url, connections, quiet } = await mirror();
    const seen = await http.withConnectionPool({ connectionsPerHost: 1 }, async () => {
      const both = await Promise.all([http.get(url, { as: "json" }), http.get(url, { as: "json" })]);
      return both.map(({ status }) => status);
    });
    expect([seen, connections()]).toEqual([[200, 200], 1]);
    await quiet();
  });

  it("is shut down too when the function fails, in place or later", async () => {
    const { url, quiet } = await mirror();
    const fail = async () => {
      await http.get(url, { as: "json" });
      throw new Error("later");
    };
    await expect(http.withConnectionPool({}, fail)).rejects.toThrow("later");
    await quiet();
    const inPlace = http.withConnectionPool({}, () => {
      throw new Error("in place");
    });
    await expect(inPlace).rejects.toThrow("in place");
  });

  it("leaves requests with a pool of their own alone", async () => {
    const { url } = await mirror();
    const own = pool();
    const opened = gate();
    const request = http.withConnectionPool({}, () => {
      const response = http.get(url, { pool: own });
      opened.open();
      return response;
    });
    await opened.opened;
    const { status, body } = await request;
    expect([status, Object.keys(own.inUse)]).toEqual([200, [url]]);
    for await (const chunk of body) expect(String(chunk)).toContain("GET");
  });
});

describe("copy and move", () => {
  it("are WebDAV's methods", async () => {
    const { url } = await serve((req, res) => res.end(`${req.method} ${String(req.headers["destination"])}`));
    const options = { pool: pool(), as: "string", headers: { destination: "/b" } } as const;
    expect([(await http.copy(url, options)).body, (await http.move(url, options)).body]).toEqual([
      "COPY /b",
      "MOVE /b",
    ]);
  });
});
