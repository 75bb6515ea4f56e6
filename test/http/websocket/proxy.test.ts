import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { describe, expect, it } from "@jest/globals";
import { WebSocketServer } from "ws";
import * as http from "../../../src/http/index.js";
import { put, take } from "../../../src/stream/index.js";
import { describeWith, findProgram } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { type Started, startMicrosocks, startTinyproxy } from "../real/servers.js";
import { afterThisTest, listen, serveRaw } from "../servers.js";

async function echoServer(pair?: { readonly key: string; readonly cert: string }) {
  const server = pair === undefined ? createServer() : createTlsServer(pair);
  const wss = new WebSocketServer({ server });
  wss.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
  return pair === undefined ? listen(server, "ws") : listen(server, "wss", "secureConnection");
}

/** The port of a proxy, which ends with the test. */
async function running(started: Promise<Started>): Promise<number> {
  const { port, stop } = await started;
  afterThisTest(stop);
  return port;
}

/** What the server sends back. */
async function echoOf(message: string, url: string, options: http.WebsocketClientOptions): Promise<unknown> {
  const duplex = await http.websocketClient(url, options);
  await put(duplex, message);
  const answer = await take(duplex);
  duplex.close();
  await duplex.closed;
  return answer;
}

const message = "hello ".repeat(20_000);

describeWith("tinyproxy", findProgram("tinyproxy"), "a websocketClient behind an HTTP proxy", (program) => {
  it("goes through a tunnel, for ws and wss", async () => {
    const proxyOptions = { host: "127.0.0.1", port: await running(startTinyproxy(program)) };
    expect(await echoOf(message, (await echoServer()).url, { proxyOptions })).toBe(message);
    if (openssl === undefined) throw new Error("this test needs openssl too");
    const pair = certificate(openssl);
    expect(await echoOf(message, (await echoServer(pair)).url, { proxyOptions, sslContext: { ca: pair.cert } })).toBe(
      message,
    );
  });

  it("needs the right credentials", async () => {
    const { url } = await echoServer();
    const host = "127.0.0.1";
    const port = await running(startTinyproxy(program, "BasicAuth user secret"));
    expect(await echoOf(message, url, { proxyOptions: { host, port, user: "user", password: "secret" } })).toBe(
      message,
    );
    const refused = http.websocketClient(url, { proxyOptions: { host, port, user: "user", password: "wrong" } });
    await expect(refused).rejects.toMatchObject({ code: "RING_PROXY", proxyStatus: 401 });
  });

  it("goes past it to hosts that are to be ignored", async () => {
    const { url } = await echoServer();
    expect(
      await echoOf(message, url, { proxyOptions: { host: "127.0.0.1", port: 1, ignoreHosts: ["127.0.0.1"] } }),
    ).toBe(message);
  });
});

describeWith("microsocks", findProgram("microsocks"), "a websocketClient behind a SOCKS 5 proxy", (program) => {
  it("goes through, for ws and wss", async () => {
    const proxyOptions = {
      protocol: "socks5",
      host: "127.0.0.1",
      port: await running(startMicrosocks(program)),
    } as const;
    expect(await echoOf(message, (await echoServer()).url, { proxyOptions })).toBe(message);
    if (openssl === undefined) throw new Error("this test needs openssl too");
    const pair = certificate(openssl);
    expect(await echoOf(message, (await echoServer(pair)).url, { proxyOptions, sslContext: { ca: pair.cert } })).toBe(
      message,
    );
  });
});

describe("a websocketClient behind a proxy that misbehaves", () => {
  it.each(["http", "socks4", "socks5"] as const)("fails: it speaks %s and keeps silent", async (protocol) => {
    const { port, quiet } = await serveRaw(() => {});
    const proxyOptions = { protocol, host: "127.0.0.1", port, connectionTimeout: 30 };
    await expect(http.websocketClient("ws://127.0.0.1:1", { proxyOptions })).rejects.toMatchObject({
      code: "RING_PROXY_CONNECTION_TIMEOUT",
    });
    await quiet();
  });

  it("fails: it cannot be reached", async () => {
    const { port } = await serveRaw((socket) => socket.destroy());
    const attempt = http.websocketClient("wss://127.0.0.1:1", { proxyOptions: { host: "127.0.0.1", port } });
    await expect(attempt).rejects.toMatchObject({ code: "RING_PROXY" });
  });
});
