import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { describeWith, findProgram } from "../needs.js";
import { certificate, openssl } from "./certificate.js";
import { afterThisTest, listen, pool, serve, serveRaw } from "./servers.js";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves as soon as somebody listens there. */
async function ready(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is there
    const isThere = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      }).once("error", () => resolve(false));
    });
    if (isThere) return;
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}`);
  }
}

async function start(program: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(program, args, { stdio: "ignore" });
  afterThisTest(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  });
  await ready(port, child);
}

const target = () =>
  serve((req, res) => res.end(`target ${req.url} ${req.headers.via === undefined ? "direct" : "via"}`));
const through = (proxyOptions: http.ProxyOptions, rest: http.ConnectionOptions = {}) =>
  pool({ connectionOptions: { ...rest, proxyOptions } });

describeWith("tinyproxy", findProgram("tinyproxy"), "an HTTP proxy", (program) => {
  async function tinyproxy(extra = ""): Promise<number> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "express-ring-"));
    afterThisTest(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "tinyproxy.conf");
    writeFileSync(file, `Port ${port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\nAllow 127.0.0.1\n${extra}\n`);
    await start(program, ["-d", "-c", file], port);
    return port;
  }

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
  async function microsocks(...args: string[]): Promise<number> {
    const port = await freePort();
    await start(program, ["-i", "127.0.0.1", "-p", String(port), ...args], port);
    return port;
  }

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

describe("a proxy", () => {
  it.each(["http", "socks4", "socks5"] as const)(
    "that speaks %s is reached from the localAddress of the pool",
    async (protocol) => {
      const from: (string | undefined)[] = [];
      const { port } = await serveRaw((socket) => {
        from.push(socket.remoteAddress);
        socket.destroy();
      });
      for (const tunnel of protocol === "http" ? [true, undefined] : [undefined]) {
        const one = through({ host: "127.0.0.1", port, protocol, tunnel }, { localAddress: "127.0.0.2" });
        await expect(http.get("http://target.example/", { pool: one })).rejects.toMatchObject({
          code: /RING_/ as never,
        });
      }
      expect(new Set(from)).toEqual(new Set(["127.0.0.2"]));
    },
  );

  it("is looked up by the resolver of the pool", async () => {
    const { port } = await serve((req, res) => res.end(`forwarded ${req.url}`));
    const names: string[] = [];
    const one = pool({
      dnsResolver: (name) => (names.push(name), ["127.0.0.1"]),
      connectionOptions: { proxyOptions: { host: "proxy.example", port } },
    });
    expect((await http.get("http://target.example/a", { pool: one, as: "string" })).body).toBe(
      "forwarded http://target.example/a",
    );
    expect(names).toEqual(["proxy.example"]);
  });

  it("that speaks https is reached over TLS, for plain requests too", async () => {
    if (openssl === undefined) throw new Error("this test needs openssl");
    const pair = certificate(openssl);
    const { port } = await listen(
      createHttpsServer(pair, (req, res) => res.end(`forwarded ${req.url}`)),
      "https",
    );
    const proxyOptions = { host: "127.0.0.1", port, protocol: "https" } as const;
    const trusted = through({ ...proxyOptions, sslContext: { ca: pair.cert } });
    expect((await http.get("http://target.example/a", { pool: trusted, as: "string" })).body).toBe(
      "forwarded http://target.example/a",
    );
    await expect(http.get("http://target.example/a", { pool: through(proxyOptions) })).rejects.toMatchObject({
      code: "RING_PROXY",
    });
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
