import { createServer as createHttpsServer } from "node:https";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { describeWith } from "../needs.js";
import { certificate, openssl } from "./certificate.js";
import { listen, pool, serve, serveRaw } from "./servers.js";

const through = (proxyOptions: http.ProxyOptions, rest: http.ConnectionOptions = {}) =>
  pool({ connectionOptions: { ...rest, proxyOptions } });

// Test idea 108.
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
});

describeWith("openssl", openssl, "a proxy that speaks https", (program) => {
  it("is reached over TLS, for plain requests too", async () => {
    const pair = certificate(program);
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
