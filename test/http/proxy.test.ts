import { createServer as createHttpsServer } from "node:https";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { describeWith, findProgram } from "../needs.js";
import { certificate, openssl } from "./certificate.js";
import { startMicrosocks, startTinyproxy } from "./programs.js";
import { listen, pool, serve, serveRaw } from "./servers.js";

const target = () =>
  serve((req, res) => res.end(`target ${req.url} ${req.headers.via === undefined ? "direct" : "via"}`));
const through = (proxyOptions: http.ProxyOptions, rest: http.ConnectionOptions = {}) =>
  pool({ connectionOptions: { ...rest, proxyOptions } });

describeWith("tinyproxy", findProgram("tinyproxy"), "an HTTP proxy", (program) => {
  const tinyproxy = (extra?: string) => startTinyproxy(program, extra);

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
  const microsocks = (...args: string[]) => startMicrosocks(program, ...args);

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

describe("a proxy that misbehaves", () => {
  it.each(["http", "socks4", "socks5"] as const)("speaks %s and keeps silent", async (protocol) => {
    const { port, quiet } = await serveRaw(() => {});
    const silent = through({ protocol, host: "127.0.0.1", port, tunnel: true, connectionTimeout: 30 });
    await expect(http.get("http://127.0.0.1:1/", { pool: silent })).rejects.toMatchObject({
      code: "RING_PROXY_CONNECTION_TIMEOUT",
    });
    await quiet();
  });

  it.each(["http", "socks4", "socks5"] as const)("speaks %s and closes", async (protocol) => {
    const { port } = await serveRaw((socket) => void socket.once("data", () => socket.end()));
    const closing = through({ protocol, host: "127.0.0.1", port, tunnel: true });
    await expect(http.get("http://127.0.0.1:1/", { pool: closing })).rejects.toMatchObject({ code: "RING_PROXY" });
  });

  it("sends the two headers of CONNECT and no more", async () => {
    let head = "";
    const { port } = await serveRaw((socket) => {
      socket.on("data", (chunk: Buffer) => {
        head += chunk.toString();
        socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      });
    });
    const proxy = through({ host: "127.0.0.1", port });
    await expect(http.get("https://example.test:8443/", { pool: proxy })).rejects.toMatchObject({ proxyStatus: 502 });
    const [line, ...lines] = head.trim().split("\r\n");
    expect(line).toBe("CONNECT example.test:8443 HTTP/1.1");
    expect(lines.map((text) => text.toLowerCase())).toEqual(
      expect.arrayContaining(["host: example.test:8443", "proxy-connection: keep-alive"]),
    );
  });
});

describe("proxyFromEnvironment", () => {
  it.each([
    ["http", { http_proxy: "http://p:3128" }, { host: "p", port: 3128, protocol: "http" }],
    ["https", { HTTPS_PROXY: "http://u:p%40@p" }, { host: "p", port: 80, user: "u", password: "p@" }],
    ["https", { https_proxy: "socks5://p" }, { protocol: "socks5", port: 1080 }],
    ["http", { http_proxy: "http://p", NO_PROXY: "a.b, .c" }, { ignoreHosts: ["a.b", ".c"] }],
  ] as const)("of %s, %j", (scheme, variables, expected) => {
    expect(http.proxyFromEnvironment(scheme, variables)).toMatchObject(expected);
  });

  it("is nothing without the variable, and never the header of a CGI request (httpoxy)", () => {
    expect(http.proxyFromEnvironment("http", {})).toBeUndefined();
    const request = { HTTP_PROXY: "http://attacker", REQUEST_METHOD: "GET" };
    expect(http.proxyFromEnvironment("http", request)).toBeUndefined();
  });
});
