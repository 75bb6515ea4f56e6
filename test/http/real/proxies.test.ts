/** The client through proxies that others wrote: tinyproxy, which speaks HTTP, and microsocks, which speaks SOCKS 5. */
import type { RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { expect, it } from "@jest/globals";
import * as http from "../../../src/http/index.js";
import { describeWith, findProgram } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { afterThisTest, listen, pool, serve } from "../servers.js";
import { type Started, startMicrosocks, startTinyproxy } from "./servers.js";

// Test idea 108.
const target = () =>
  serve((req, res) => res.end(`target ${req.url} ${req.headers.via === undefined ? "direct" : "via"}`));
const through = (proxyOptions: http.ProxyOptions, rest: http.ConnectionOptions = {}, options: http.PoolOptions = {}) =>
  pool({ ...options, connectionOptions: { ...rest, proxyOptions } });

/** The port of a proxy, which ends with the test. */
function running({ port, stop }: Started): number {
  afterThisTest(stop);
  return port;
}

/** Sends ten megabytes through a pool, as bytes and in pieces, and gets them back. @returns how they compare */
async function echoed(one: http.ConnectionPool, scheme: "http" | "https" = "http"): Promise<readonly number[]> {
  // What came whole goes back: tinyproxy does not read an answer before it has sent the request, and knows no chunks.
  const echo: RequestListener = async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    res.end(Buffer.concat(chunks));
  };
  const pair = scheme === "https" && openssl !== undefined ? certificate(openssl) : undefined;
  const { url } = await (pair === undefined ? serve(echo) : listen(createHttpsServer(pair, echo), "https"));
  const sent = Buffer.alloc(10_000_000, "0123456789abcdef");
  const pieces = Array.from({ length: 100 }, (_, index) => sent.subarray(index * 100_000, (index + 1) * 100_000));
  const options = { pool: one, as: "byteArray" } as const;
  const whole = await http.post(url, { ...options, body: sent });
  const inPieces = await http.post(url, { ...options, body: pieces.values(), length: sent.length });
  return [whole, inPieces].map(({ body }) => Buffer.compare(body, sent));
}

describeWith("tinyproxy", findProgram("tinyproxy"), "an HTTP proxy", (program) => {
  const tinyproxy = async (extra?: string) => running(await startTinyproxy(program, extra));

  it("gets the absolute URL of a plain request", async () => {
    const { url } = await target();
    const { body } = await http.get(`${url}/a?b=c`, {
      pool: through({ host: "127.0.0.1", port: await tinyproxy() }),
      as: "string",
    });
    expect(body).toBe("target /a?b=c via");
  });

  it("is a tunnel for plain requests, if it is to be", async () => {
    const { url } = await target();
    const port = await tinyproxy();
    const { body } = await http.get(url, { pool: through({ host: "127.0.0.1", port, tunnel: true }), as: "string" });
    expect(body).toBe("target / direct");
  });

  it("is a tunnel for requests over TLS", async () => {
    if (openssl === undefined) throw new Error("this test needs openssl too");
    const pair = certificate(openssl);
    const { url } = await listen(
      createHttpsServer(pair, (_req, res) => res.end("inside")),
      "https",
    );
    const port = await tinyproxy();
    const tunnel = through({ host: "127.0.0.1", port }, { sslContext: { ca: pair.cert } });
    expect(await http.get(url, { pool: tunnel, as: "string" })).toMatchObject({ body: "inside" });
    expect(await http.get(url, { pool: tunnel, as: "string" })).toMatchObject({ body: "inside" });
  });

  it("wants the right credentials", async () => {
    const { url } = await target();
    const port = await tinyproxy("BasicAuth user secret");
    const allowed = through({ host: "127.0.0.1", port, user: "user", password: "secret" });
    expect(await http.get(url, { pool: allowed, as: "string" })).toMatchObject({ status: 200 });
    const refused = through({ host: "127.0.0.1", port, user: "user", password: "wrong" });
    await expect(http.get(url, { pool: refused })).rejects.toMatchObject({
      code: "RING_PROXY",
      proxyStatus: 401,
      message: expect.not.stringContaining("wrong"),
    });
  });

  it.each([
    // It closes each connection without a word.
    ["plain requests", "http", {}, { keepAlive: false }],
    ["a tunnel", "http", { tunnel: true }, {}],
    ["a tunnel with TLS", "https", {}, { insecure: true }],
  ] as const)("lets ten megabytes through, both ways, in %s", async (_kind, scheme, options, rest) => {
    const proxyOptions = { host: "127.0.0.1", port: await tinyproxy(), ...options };
    const one = through(proxyOptions, rest, { connectionsPerHost: 1 });
    expect(await echoed(one, scheme)).toEqual([0, 0]);
  });

  it("says that nobody is there", async () => {
    const { url, server } = await target();
    await new Promise((resolve) => server.close(resolve));
    const port = await tinyproxy();
    const plain = http.get(url, { pool: through({ host: "127.0.0.1", port }) });
    await expect(plain).rejects.toMatchObject({ code: "RING_STATUS", status: 500 });
    const tunnel = through({ host: "127.0.0.1", port, tunnel: true });
    await expect(http.get(url, { pool: tunnel })).rejects.toMatchObject({ code: "RING_PROXY", proxyStatus: 500 });
    expect(tunnel.inUse).toEqual({});
  });

  it("is passed by for hosts that are to be ignored, and may be that of one request", async () => {
    const { url } = await target();
    const port = await tinyproxy();
    const ignoring = through({ host: "127.0.0.1", port, ignoreHosts: ["127.0.0.1"] });
    expect(await http.get(url, { pool: ignoring, as: "string" })).toMatchObject({ body: "target / direct" });
    const proxyOptions = { host: "127.0.0.1", port };
    expect(await http.get(url, { pool: pool(), proxyOptions, as: "string" })).toMatchObject({ body: "target / via" });
    const proxied = through(proxyOptions);
    expect(await http.get(url, { pool: proxied, proxyOptions: null, as: "string" })).toMatchObject({
      body: "target / direct",
    });
  });
});

describeWith("microsocks", findProgram("microsocks"), "a SOCKS 5 proxy", (program) => {
  const microsocks = async (...args: string[]) => running(await startMicrosocks(program, ...args));

  it("lets through, by address and by name", async () => {
    const { url, port: targetPort } = await target();
    const proxy = through({ protocol: "socks5", host: "127.0.0.1", port: await microsocks() });
    expect(await http.get(url, { pool: proxy, as: "string" })).toMatchObject({ body: "target / direct" });
    const named = await http.get(`http://localhost:${targetPort}/b`, { pool: proxy, as: "string" });
    expect(named.body).toBe("target /b direct");
  });

  it("lets requests over TLS through", async () => {
    if (openssl === undefined) throw new Error("this test needs openssl too");
    const pair = certificate(openssl);
    const { url } = await listen(
      createHttpsServer(pair, (_req, res) => res.end("inside")),
      "https",
    );
    const proxy = { protocol: "socks5", host: "127.0.0.1", port: await microsocks() } as const;
    expect(
      await http.get(url, { pool: through(proxy, { sslContext: { ca: pair.cert } }), as: "string" }),
    ).toMatchObject({ body: "inside" });
  });

  it.each(["http", "https"] as const)("lets ten megabytes of %s through, both ways", async (scheme) => {
    const proxyOptions = { protocol: "socks5", host: "127.0.0.1", port: await microsocks() } as const;
    const one = through(proxyOptions, { insecure: true }, { connectionsPerHost: 1 });
    expect(await echoed(one, scheme)).toEqual([0, 0]);
  });

  it("says that nobody is there", async () => {
    const { url, server } = await target();
    await new Promise((resolve) => server.close(resolve));
    const proxy = through({ protocol: "socks5", host: "127.0.0.1", port: await microsocks() });
    await expect(http.get(url, { pool: proxy })).rejects.toMatchObject({
      code: "RING_PROXY",
      message: expect.stringContaining("refused by the host"),
    });
    expect(proxy.inUse).toEqual({});
  });

  it("wants the right credentials", async () => {
    const { url } = await target();
    const proxy = {
      protocol: "socks5",
      host: "127.0.0.1",
      port: await microsocks("-u", "user", "-P", "secret"),
    } as const;
    const allowed = through({ ...proxy, user: "user", password: "secret" });
    expect(await http.get(url, { pool: allowed, as: "string" })).toMatchObject({ status: 200 });
    const refused = through({ ...proxy, user: "user", password: "wrong" });
    await expect(http.get(url, { pool: refused })).rejects.toMatchObject({ code: "RING_PROXY" });
    await expect(http.get(url, { pool: through(proxy) })).rejects.toMatchObject({ code: "RING_PROXY" });
  });
});
