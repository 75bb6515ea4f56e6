/**
 * Clients that leave while middleware waits: for their body, for a store, for a disk, for them to read. Nothing of it may stay.
 * A rejection that nobody hears of fails the test by itself.
 */

import { randomBytes } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import express, { type ErrorRequestHandler } from "express";
import {
  byteArrayStore,
  memoryStore,
  type SessionStore,
  tempFileStore,
  wrapAntiForgery,
  wrapCompression,
  wrapFile,
  wrapJsonBody,
  wrapMultipartParams,
  wrapParams,
  wrapRanges,
  wrapSession,
} from "../../middleware/index.js";
import type { Awaitable } from "../../src/deferred/index.js";
import { ring } from "../../src/express/index.js";
import { pipe } from "../../src/ring/pipe.js";
import type { Handler, RingResponse } from "../../src/ring/types.js";
import { makeFolder } from "../folder.js";
import { rawClient } from "../raw-client.js";

const folder = makeFolder();
const files = folder.of("files");
// More than the buffers of two sockets hold, also when it is compressed.
folder.write("files/large.txt", randomBytes(15_000_000).toString("hex"));
folder.write("uploads/.keep", "");
afterAll(() => folder.remove());

const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/${process.pid}/fd/${name}`).startsWith(folder.path);
    } catch {
      return false;
    }
  });

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop, until something is so; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- it comes about by itself
  while (!holds()) await nextTurn();
}

/** What the stores below wait for. */
let gate: Promise<void>;
let openGate: () => void;
/** How often something has begun to wait. */
let waiting: number;

beforeEach(() => {
  waiting = 0;
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
});

/** A store that answers when the gate opens, well or not. */
function slowly(store: SessionStore, failure?: Error): SessionStore {
  const later = async <T>(answer: () => Awaitable<T>): Promise<T> => {
    waiting++;
    await gate;
    if (failure !== undefined) throw failure;
    return await answer();
  };
  return {
    readSession: (key) => later(() => store.readSession(key)),
    writeSession: (key, data) => later(() => store.writeSession(key, data)),
    deleteSession: (key) => later(() => store.deleteSession(key)),
  };
}

const ok: RingResponse = { status: 200, headers: {}, body: "ok" };
const answer = () => ok;
const uploads = tempFileStore({ directory: folder.of("uploads") });

let server: Server;
let sockets: Set<Socket>;
let responses: Set<ServerResponse>;
let errors: unknown[];

async function serve(handler: Handler): Promise<number> {
  sockets = new Set();
  responses = new Set();
  errors = [];
  const collect: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(error);
    res.status(500).end();
  };
  server = createServer(express().use(ring(handler)).use(collect));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (_req, res: ServerResponse) => responses.add(res));
  await new Promise<void>((resolve) => {
    server.listen(0, resolve);
  });
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  openGate();
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const post = (contentType: string, begun: string): string =>
  `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nContent-Length: 1000000\r\n\r\n${begun}`;
const form = "application/x-www-form-urlencoded";
const multipart = "multipart/form-data; boundary=b";
const part = (parameters: string): string => `--b\r\nContent-Disposition: form-data; ${parameters}\r\n\r\nbegun`;
const get = (path: string, ...lines: string[]): string =>
  `${[`GET ${path} HTTP/1.1`, "Host: localhost", ...lines].join("\r\n")}\r\n\r\n`;

const ways = ["leave", "reset"] as const;

describe.each(ways)("a client that goes away (%s) in the middle of its body", (way) => {
  it.each<[string, Handler, string]>([
    ["a form", wrapParams(answer), post(form, "a=b")],
    ["JSON", wrapJsonBody(answer), post("application/json", '{"a":')],
    ["a field", wrapMultipartParams(answer), post(multipart, part("name=a"))],
    [
      "an upload into a file",
      wrapMultipartParams(answer, { store: uploads }),
      post(multipart, part("name=a; filename=b")),
    ],
    [
      "an upload into memory",
      wrapMultipartParams(answer, { store: byteArrayStore() }),
      post(multipart, part("name=a; filename=b")),
    ],
    [
      "an upload through a stream",
      wrapMultipartParams(answer, { store: ({ stream }) => stream.resume() }),
      post(multipart, part("name=a; filename=b")),
    ],
    [
      "a form inside of a session and of anti-forgery",
      pipe(answer, wrapAntiForgery, wrapParams, wrapSession) as Handler,
      post(form, "__anti-forgery-token=a"),
    ],
  ])("leaves nothing of %s", async (_what, handler, request) => {
    const port = await serve(handler);
    for (let times = 0; times < 3; times++) {
      const client = await rawClient(port);
      client.send(request);
      await until(() => responses.size === times + 1);
      for (let turns = 0; turns < 5; turns++) await nextTurn();
      client[way]();
      await until(() => sockets.size === 0);
    }
    await until(() => openFiles().length === 0);
    await until(() => readdirSync(folder.of("uploads")).length === 1);
    for (const error of errors) expect(error).toMatchObject({ code: "RING_BODY_ABORTED", status: 400 });
  });
});

describe.each(ways)("a client that goes away (%s) while a store of sessions is waited for", (way) => {
  const key = { cookie: "ring-session=k" };
  const stored = () => memoryStore({ k: { user: "ada" } });
  const down = new Error("down");

  it.each<[string, () => Handler]>([
    ["a read", () => wrapSession(answer, { store: slowly(stored()) })],
    ["a read that fails", () => wrapSession(answer, { store: slowly(stored(), down) })],
    [
      "a write",
      () =>
        wrapSession(() => ({ ...ok, session: { a: 1 } }), { store: { ...slowly(stored()), readSession: () => ({}) } }),
    ],
    [
      "a write that fails, with somebody to ask",
      () =>
        wrapSession(() => ({ ...ok, session: { a: 1 } }), {
          store: { ...slowly(stored(), down), readSession: () => ({}) },
          onStoreError: () => "continue",
        }),
    ],
    ["an answer that comes too late", () => wrapSession(answer, { store: slowly(stored(), down), storeTimeout: 1 })],
  ])("by %s leaves nothing, and is answered to nobody", async (_what, handler) => {
    const port = await serve(handler());
    const client = await rawClient(port);
    client.send(get("/", `Cookie: ${key.cookie}`));
    await until(() => waiting === 1);
    client[way]();
    await until(() => sockets.size === 0);
    openGate();
    for (let turns = 0; turns < 5; turns++) await nextTurn();
    for (const error of errors) expect(error).toMatchObject({ code: "RING_SESSION_STORE" });
  });
});

describe.each(ways)("a client that goes away (%s) in the middle of the answer", (way) => {
  const stack = pipe(
    wrapFile(() => null, files),
    (inner: Handler) => wrapRanges(inner),
    (inner: Handler): Handler =>
      async (request) => {
        const response = await inner(request);
        return { ...response, headers: { ...response?.headers, "Content-Type": "text/plain" } };
      },
    wrapCompression,
  ) as Handler;

  it.each<[string, string[]]>([
    ["a file", []],
    ["a part of a file", ["Range: bytes=100-29000000"]],
    ["several parts of a file", ["Range: bytes=0-20000000,21000000-29000000"]],
    ["a file that is compressed", ["Accept-Encoding: gzip"]],
    ["a file that is compressed, by brotli", ["Accept-Encoding: br"]],
  ])("leaves no descriptor of %s", async (_what, lines) => {
    const port = await serve(stack);
    for (let times = 0; times < 3; times++) {
      const client = await rawClient(port);
      client.send(get("/large.txt", ...lines));
      await client.until(/\r\n\r\n/);
      client.pause();
      await until(() => openFiles().length === 1);
      for (let turns = 0; turns < 20; turns++) await nextTurn();
      expect(openFiles()).toHaveLength(1);
      client[way]();
      await until(() => sockets.size === 0);
    }
    await until(() => openFiles().length === 0);
    expect(errors).toEqual([]);
  });
});

describe("requests one after the other on a connection", () => {
  const listenersOf = (socket: Socket): number =>
    socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0);

  it("leave no listener on it", async () => {
    const stack = pipe(
      answer,
      wrapAntiForgery,
      wrapMultipartParams,
      wrapParams,
      wrapSession,
      (inner: Handler) => wrapFile(inner, files),
      wrapRanges,
    ) as Handler;
    const port = await serve(stack);
    const client = await rawClient(port);
    const counts: number[] = [];
    for (let times = 1; times <= 15; times++) {
      const before = client.received().length;
      client.send(get(times % 2 === 0 ? "/" : "/large.txt", "Range: bytes=0-10"));
      client.send(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${form}\r\nContent-Length: 3\r\n\r\na=b`);
      await until(() => client.received().slice(before).includes("Invalid anti-forgery token"));
      await until(() => [...responses].every((response) => response.writableFinished));
      counts.push(listenersOf([...sockets][0] as Socket));
    }
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});
