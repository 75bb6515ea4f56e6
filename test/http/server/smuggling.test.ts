/** Requests that two readers may take for different ones: a server behind a proxy must refuse what is not clear. */

import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { mountInFront } from "../../../src/http/index.js";
import { type Handler, ring } from "../../../src/index.js";
import { withLog } from "../../contract/host.js";
import { listen } from "../../express/hosts.js";
import { rawClient } from "../../raw-client.js";
import { startHost } from "./hosts.js";

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (...lines: string[]): string => ["POST / HTTP/1.1", "Host: a", ...lines].join("\r\n");
const chunked = (body: string): string => `${post("Transfer-Encoding: chunked")}\r\n\r\n${body}`;
const whole = "3\r\nabc\r\n0\r\n\r\n";

/** What a server does with bytes: the requests that its handler saw, the statuses of its answers, and whether it hung up. */
async function outcome(bytes: string): Promise<{ seen: string[]; statuses: string[]; isClosed: boolean }> {
  const seen: string[] = [];
  const handler: Handler = async ({ requestMethod, uri, body }) => {
    // Only what came whole counts.
    const read = body === undefined ? "" : ` ${(await buffer(body as Readable)).toString()}`;
    seen.push(`${requestMethod} ${uri}${read}`);
    return { status: 200, body: "x" };
  };
  const running = await startHost(handler);
  const client = await rawClient(running.port);
  client.send(bytes);
  // A request that is clear, after which the connection closes in any case.
  client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const text = await client.ended();
  await running.close();
  expect(running.errors).toEqual([]);
  const statuses = [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status as string);
  return { seen, statuses, isClosed: !seen.includes("get /last") };
}

/** What llhttp 8 (Node 20.19.0) reads otherwise than 9 does, before anybody else sees it: an advisory of Node's. */
const SINCE_LLHTTP_9 = new Set([
  "a head that ends in LF",
  "a blank in a name",
  "no name",
  "a last chunk that ends in LF",
  "a length among the trailers",
  "extensions of chunks",
]);

const isStrict = Number.parseInt(process.versions["llhttp"] as string, 10) >= 9;

function readHere<Row extends readonly [string, ...unknown[]]>(rows: readonly Row[]): readonly Row[] {
  return rows.filter(([what]) => isStrict || !SINCE_LLHTTP_9.has(what));
}

describe("request smuggling", () => {
  it.each(
    readHere<[string, string]>([
      [
        "a length and chunks",
        `${post(`Content-Length: ${5 + smuggled.length}`, "Transfer-Encoding: chunked")}\r\n\r\n0\r\n\r\n${smuggled}`,
      ],
      [
        "chunks and a length",
        `${post("Transfer-Encoding: chunked", "Content-Length: 4")}\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      ],
      ["two lengths", `${post("Content-Length: 0", `Content-Length: ${smuggled.length}`)}\r\n\r\n${smuggled}`],
      ["one length twice", `${post("Content-Length: 3", "Content-Length: 3")}\r\n\r\nabc`],
      ...["3, 3", "+3", "-3", "0x3", "", "1 3", "3;", "3.0", "99999999999999999999"].map((length): [string, string] => [
        `a length of ${JSON.stringify(length)}`,
        `${post(`Content-Length: ${length}`)}\r\n\r\nabc`,
      ]),
      ...[
        "xchunked",
        "identity",
        "chunked, identity",
        "chunked, chunked",
        '"chunked"',
        "\x0bchunked",
        "chunked\x0c",
        "cow",
      ].map((coding): [string, string] => [
        `a coding of ${JSON.stringify(coding)}`,
        `${post(`Transfer-Encoding: ${coding}`)}\r\n\r\n0\r\n\r\n${smuggled}`,
      ]),
      [
        "two codings",
        `${post("Transfer-Encoding: chunked", "Transfer-Encoding: identity")}\r\n\r\n0\r\n\r\n${smuggled}`,
      ],
      ["a blank before the colon", `${post("Transfer-Encoding : chunked")}\r\n\r\n0\r\n\r\n${smuggled}`],
      ["a tab before the colon", `${post("Content-Length\t: 0")}\r\n\r\n${smuggled}`],
      ["a coding on a folded line", `${post("Transfer-Encoding:", " chunked")}\r\n\r\n0\r\n\r\n${smuggled}`],
      ["a folded line", `${post("X-A: 1", " Content-Length: 5", "Content-Length: 0")}\r\n\r\n${smuggled}`],
      ["a folded line at the beginning", "POST / HTTP/1.1\r\n Host: a\r\n\r\n"],
      ["lines that end in LF alone", "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n"],
      ["one line that ends in LF alone", `${post("X-A: 1\nTransfer-Encoding: chunked")}\r\n\r\n0\r\n\r\n`],
      ["one line that ends in CR alone", `${post("X-A: 1\rTransfer-Encoding: chunked")}\r\n\r\n0\r\n\r\n`],
      ["a head that ends in LF", `${post("Content-Length: 0")}\r\n\n${smuggled}`],
      ["NUL in a value", `${post("X-A: 1\0")}\r\n\r\n`],
      ["NUL in a name", `${post("X\0A: 1")}\r\n\r\n`],
      ["a blank in a name", `${post("X A: 1")}\r\n\r\n`],
      ["no name", `${post(": 1")}\r\n\r\n`],
      ["no colon", `${post("Content-Length 0")}\r\n\r\n`],
      [
        "chunks of a coding that HTTP/1.0 does not have",
        `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`,
      ],
      ["two hosts", `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`],
      ["one host twice", `GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n${smuggled}`],
      ...["a b", "a/b", "a,b", "user@a", "a?b", "a#b", "a\\b"].map((host): [string, string] => [
        `the host ${host}`,
        `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n${smuggled}`,
      ]),
      ["no host", "GET / HTTP/1.1\r\n\r\n"],
      ["a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"],
      ["a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
      ["a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n"],
      ["a method that there is not", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n"],
      ["a blank before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
      ["version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"],
      ["version 3", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"],
      ["HTTP/2's first words", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`],
      ["TLS's first words", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
      ["nothing known", "\x00\xff".repeat(100)],
    ]),
  )("(%s) is refused with 400, and the connection closed", async (_what, bytes) => {
    expect(await outcome(bytes)).toEqual({ seen: [], statuses: ["400"], isClosed: true });
  });

  it.each(
    readHere<[string, string]>([
      ["a size with 0x", `0x${whole}`],
      ["a size below zero", `-${whole}`],
      ["a blank before a size", ` ${whole}`],
      ["a blank after a size", "3 \r\nabc\r\n0\r\n\r\n"],
      ["no size", `\r\n${whole}`],
      ["a size beyond 64 bits", `fffffffffffffffff\r\nabc\r\n${whole}`],
      ["a size that ends in LF", "3\nabc\r\n0\r\n\r\n"],
      ["an extension that ends in LF", "3;a\nabc\r\n0\r\n\r\n"],
      ["an extension with CR in it", "3;a\rabc\r\n0\r\n\r\n"],
      ["a chunk that is longer than its size", "3\r\nabcd\r\n0\r\n\r\n"],
      ["a chunk that ends in LF", "3\r\nabc\n0\r\n\r\n"],
      ["a last chunk that ends in LF", "3\r\nabc\r\n0\r\n\n"],
      ["a length among the trailers", `3\r\nabc\r\n0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
      ["a coding among the trailers", `3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
      ["16 KiB of extensions", `3;${"a".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`],
    ]),
  )("in chunks (%s) breaks the body off, and closes the connection", (_what, body) =>
    withLog(async (log) => {
      const { seen, statuses, isClosed } = await outcome(chunked(body));
      expect([seen, isClosed]).toEqual([[], true]);
      expect(["400", "413"]).toContain(statuses[0]);
      expect(statuses).toHaveLength(1);
      expect(log).toEqual([]);
    }),
  );

  it.each(
    readHere<[string, string, string[]]>([
      ["a length with zeros before it", `${post("Content-Length: 003")}\r\n\r\nabc`, ["post / abc"]],
      ["extensions of chunks", chunked('3;a=b;c="d"\r\nabc\r\n0\r\n\r\n'), ["post / abc"]],
      ["trailers", chunked("3\r\nabc\r\n0\r\nX-A: 1\r\n\r\n"), ["post / abc"]],
      [
        "sizes in capitals, and with zeros",
        chunked(`00A\r\n${"a".repeat(10)}\r\n0\r\n\r\n`),
        [`post / ${"a".repeat(10)}`],
      ],
      [
        "a GET with a body",
        `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
        [`get / ${smuggled}`],
      ],
      ["empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", ["get /"]],
      [
        "a host with a port, or none",
        "GET / HTTP/1.1\r\nHost: a:80\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n",
        ["get /", "get /"],
      ],
      ["another host in the target", "GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n", ["get /c"]],
    ]),
  )("is none where the request is clear: %s", async (_what, bytes, expected) => {
    const { seen, statuses } = await outcome(bytes);
    expect(seen.sort()).toEqual([...expected, "get /last"].sort());
    expect(new Set(statuses)).toEqual(new Set(["200"]));
  });
});

describe("a request that says to be of another version", () => {
  it.each([
    ["2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
    ["2.0, with a body", `POST / HTTP/2.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`],
    [
      "2.0, and wants to be told to go on",
      `POST / HTTP/2.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    ],
    ["0.9", "GET /\r\n\r\n"],
  ])("(%s) is refused, and nothing else happens", async (_version, bytes) => {
    const { seen, statuses, isClosed } = await outcome(bytes);
    expect([seen, statuses.at(-1), isClosed]).toEqual([[], "505", true]);
  });

  it("is what it is in front of an Express app, and inside of it", async () => {
    const running = await listen(express().use(ring(({ uri }) => ({ status: 200, body: uri }))));
    const client = await rawClient(running.port);
    client.send("POST /a HTTP/2.0\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    expect(await client.ended()).toMatch(/^HTTP\/1.1 200 [^]*\/a$/);
    expect(running.errors).toEqual([]);
    await running.close();
  });

  it("does not end a server with something in front", async () => {
    const { createServer } = await import("node:http");
    const server = createServer((_req, res) => void res.end("behind"));
    mountInFront(server, ({ uri }) => (uri === "/a" ? { status: 200, body: "in front" } : null));
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as { port: number };
    for (const [path, expected] of [
      ["/a", /in front$/],
      ["/b", /behind$/],
    ] as const) {
      const client = await rawClient(port);
      client.send(`GET ${path} HTTP/2.0\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(await client.ended()).toMatch(expected);
    }
    await new Promise((resolve) => server.close(resolve));
  });
});
