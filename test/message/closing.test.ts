/** What is told of a server that begins to close: under Express by Node's own `close`, on `startServer` by its own. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as ask, createServer, type IncomingMessage, type Server as NodeServer } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { deferred, success } from "../../src/deferred/index.js";
import { ring } from "../../src/express/index.js";
import { startServer } from "../../src/http/index.js";
import { closingSignal } from "../../src/message/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { stream } from "../../src/stream/index.js";
import { afterThisTest, gate } from "../http/servers.js";
import { rawClient } from "../raw-client.js";
import { request as mock } from "../sse/kit.js";

const pem = (what: "key" | "cert"): string => {
  const file = what === "key" ? "server-key" : "server";
  return readFileSync(new URL(`certificates/${file}.pem`, import.meta.url), "utf8");
};

interface Started {
  readonly port: number;
  readonly close: () => PromiseLike<unknown>;
}

async function onExpress(handler: Handler): Promise<Started> {
  const server: NodeServer = createServer(express().use(ring(handler))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => new Promise((resolve) => server.close(resolve));
  afterThisTest(() => server.closeAllConnections());
  return { port: (server.address() as AddressInfo).port, close };
}

async function onStartServer(handler: Handler, options = {}): Promise<Started> {
  const server = await startServer(handler, { port: 0, shutdownTimeout: 10, ...options });
  return { port: server.port, close: () => server.close() };
}

/** A client that keeps its connection. */
async function get(port: number, path = "/"): Promise<IncomingMessage> {
  const sent = ask({ port, host: "127.0.0.1", path, agent: false, headers: { connection: "keep-alive" } }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

/** A body without an end, until the server begins to close. */
function endless(request: RingRequest): { readonly status: number; readonly body: ReturnType<typeof stream<string>> } {
  const body = stream<string>(10);
  body.put("begun");
  closingSignal(request).addEventListener("abort", () => {
    body.put(", ended");
    body.close();
  });
  return { status: 200, body };
}

describe("closingSignal", () => {
  it.each([
    ["on Express", onExpress],
    ["on startServer", onStartServer],
  ])("fires when the server begins to close, which then waits for nobody: %s", async (_name, start) => {
    const { port, close } = await start(endless);
    const responses = [await get(port), await get(port)];
    const bodies = responses.map(async (response) => (await buffer(response)).toString());
    for (const { headers } of responses) expect(headers["connection"]).toBe("keep-alive");
    // The connections close behind the answers, or else they would be waited for.
    await close();
    expect(await Promise.all(bodies)).toEqual(["begun, ended", "begun, ended"]);
  });

  it.each([
    ["in plain", "http", { httpVersions: ["http2"], useH2c: true }],
    ["in plain, beside HTTP/1", "http", { httpVersions: ["http2", "http1"], useH2c: true }],
    ["over TLS", "https", { httpVersions: ["http2", "http1"], sslContext: { key: pem("key"), cert: pem("cert") } }],
  ])("fires over HTTP/2 %s", async (_name, scheme, options) => {
    const { port, close } = await onStartServer(endless, options);
    const session = connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const body = session.request({ ":path": "/" });
    await once(body, "response");
    const read = text(body);
    await close();
    expect(await read).toBe("begun, ended");
  });

  it("is one for a request, made when it is asked for, and does not fire before", async () => {
    let signals: AbortSignal[] = [];
    const { port, close } = await onStartServer((request) => {
      signals = [closingSignal(request), closingSignal({ ...request })];
      return { status: 200, body: "" };
    });
    await text(await get(port));
    const [first, second] = signals;
    expect(first).toBe(second);
    expect(first?.aborted).toBe(false);
    await close();
  });

  it("does not fire once the answer is complete", async () => {
    const signals: AbortSignal[] = [];
    const { port, close } = await onExpress((request) => {
      signals.push(closingSignal(request));
      return { status: 200, body: "" };
    });
    await text(await get(port));
    await close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("has fired for a request that comes while the server closes, whose connection closes behind the answer", async () => {
    const [asked, free] = [gate(), gate()];
    const { port, close } = await onExpress(async (request) => {
      if (request.uri === "/hold") {
        asked.open();
        await free.opened;
      }
      return { status: 200, body: String(closingSignal(request).aborted) };
    });
    const held = get(port, "/hold");
    await asked.opened;
    const closed = close();
    free.open();
    const response = await held;
    expect([await text(response), response.headers["connection"]]).toEqual(["true", "close"]);
    await closed;
  });

  it("knows a server that was closed before anybody asked, and one that listens again", async () => {
    const asked = deferred<true>();
    const isClosed = deferred<true>();
    const answer: Handler = async (request) => {
      success(asked, true);
      await isClosed;
      return { status: 200, body: String(closingSignal(request).aborted) };
    };
    const server = createServer(express().use(ring(answer)));
    afterThisTest(() => server.closeAllConnections());
    const listen = async (): Promise<number> => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    };
    const client = await rawClient(await listen());
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await asked;
    const closed = new Promise((resolve) => server.close(resolve));
    success(isClosed, true);
    expect(await client.ended()).toMatch(/true\r\n0\r\n\r\n$|true$/);
    await closed;
    expect(await text(await get(await listen()))).toBe("false");
    server.close();
  });

  it("never fires on a mock request", () => {
    expect(closingSignal(mock).aborted).toBe(false);
  });
});
