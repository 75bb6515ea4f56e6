/** `close()` in the middle of everything: what was begun comes to its end. */
import { request as ask } from "node:http";
import { connect } from "node:http2";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { type Server, type ServerOptions, startServer } from "../../../src/http/index.js";
import type { Handler } from "../../../src/ring/types.js";
import { withLog } from "../../contract/host.js";

const CLIENTS = 200;
const UPLOAD = 100_000;

interface Load {
  readonly handler: Handler;
  /** Requests that a handler was called for. */
  readonly begun: Set<string>;
}

/** A handler that takes its time, in three ways. */
function load(onBegun: (count: number) => void): Load {
  const begun = new Set<string>();
  async function* letters(): AsyncGenerator<string> {
    for (const letter of "abcdefgh") {
      await sleep(3);
      yield letter;
    }
  }
  const handler: Handler = async ({ uri, body }) => {
    begun.add(uri);
    onBegun(begun.size);
    if (uri.startsWith("/stream")) return { status: 200, body: letters() };
    if (uri.startsWith("/upload")) return { status: 200, body: `${(await buffer(body as Readable)).length}` };
    await sleep(Math.random() * 30);
    return { status: 200, body: uri };
  };
  return { handler, begun };
}

const kinds = ["slow", "stream", "upload"] as const;
const pathOf = (i: number): string => `/${kinds[i % kinds.length] as string}/${i}`;
const expectedFor = (path: string): string =>
  path.startsWith("/stream") ? "abcdefgh" : path.startsWith("/upload") ? `${UPLOAD}` : path;

/** Sends a body in parts, over some time. */
async function upload(to: { write(chunk: Buffer): unknown; end(): unknown }): Promise<void> {
  for (let sent = 0; sent < UPLOAD; sent += UPLOAD / 5) {
    to.write(Buffer.alloc(UPLOAD / 5));
    await sleep(5);
  }
  to.end();
}

/** Asks over HTTP/1, on a connection of its own. */
function overHttp1(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const isUpload = path.startsWith("/upload");
    const request = ask({
      port,
      host: "127.0.0.1",
      path,
      agent: false,
      method: isUpload ? "POST" : "GET",
      ...(isUpload && { headers: { "content-length": UPLOAD } }),
    });
    request.on("response", (response) => buffer(response).then((body) => resolve(body.toString()), reject));
    request.on("error", reject);
    if (isUpload) void upload(request);
    else request.end();
  });
}

/** One round: clients ask, the server closes when half of them have a handler; which of them got their answer? */
async function round(
  options: Partial<ServerOptions>,
  askAll: (server: Server) => readonly Promise<string>[],
): Promise<void> {
  let startClosing: () => void = () => {};
  const isHalf = new Promise<void>((resolve) => {
    startClosing = resolve;
  });
  const half = 1 + Math.floor(Math.random() * (CLIENTS - 1));
  const { handler, begun } = load((count) => count === half && startClosing());
  const server = await startServer(handler, { port: 0, shutdownTimeout: 10, ...options });
  const asked = askAll(server);
  const settled = Promise.allSettled(asked);
  await isHalf;
  const started = performance.now();
  const closed = server.close();
  const answers = await settled;
  await closed;
  expect(performance.now() - started).toBeLessThan(5_000);
  let complete = 0;
  for (const [i, answer] of answers.entries()) {
    const path = pathOf(i);
    // A connection that came too late may be refused, but then nobody has heard of its request.
    if (answer.status === "fulfilled") {
      expect(answer.value).toBe(expectedFor(path));
      complete++;
    } else expect([path, begun.has(path)]).toEqual([path, false]);
  }
  expect(complete).toBe(begun.size);
  expect(complete).toBeGreaterThanOrEqual(half);
}

describe("close, in the middle of 200 requests, streams and uploads", () => {
  it(
    "loses and cuts no answer, 50 times",
    () =>
      withLog(async (log) => {
        for (let i = 0; i < 50; i++) {
          await round({}, ({ port }) => Array.from({ length: CLIENTS }, (_, n) => overHttp1(port, pathOf(n))));
        }
        expect(log).toEqual([]);
      }),
    120_000,
  );

  it(
    "loses and cuts no answer over HTTP/2, 20 times",
    () =>
      withLog(async (log) => {
        for (let i = 0; i < 20; i++) {
          await round({ httpVersions: ["http2"], useH2c: true }, ({ port }) => {
            const sessions = Array.from({ length: 10 }, () =>
              connect(`http://127.0.0.1:${port}`).on("error", () => {}),
            );
            return Array.from({ length: CLIENTS }, async (_, n) => {
              const path = pathOf(n);
              const isUpload = path.startsWith("/upload");
              const session = sessions[n % sessions.length] as (typeof sessions)[0];
              const stream = session.request(
                { ":path": path, ":method": isUpload ? "POST" : "GET" },
                { endStream: !isUpload },
              );
              const answered = buffer(stream);
              if (isUpload) void upload(stream);
              const body = (await answered).toString();
              // A stream that the server has refused ends without a word.
              if (body === "") throw new Error("refused");
              return body;
            });
          });
        }
        expect(log).toEqual([]);
      }),
    120_000,
  );

  it(
    "tells clients that keep their connection to leave, and loses none of their requests",
    () =>
      withLog(async (log) => {
        for (let i = 0; i < 10; i++) {
          let begun = 0;
          const server = await startServer(
            async ({ uri }) => {
              begun++;
              await sleep(Math.random() * 5);
              return { status: 200, body: uri };
            },
            { port: 0, shutdownTimeout: 10 },
          );
          const { Agent } = await import("node:http");
          let complete = 0;
          const client = async (n: number): Promise<void> => {
            const agent = new Agent({ keepAlive: true, maxSockets: 1 });
            for (let turn = 0; ; turn++) {
              const path = `/${n}/${turn}`;
              const answer = await new Promise<{ body: string; isLast: boolean } | undefined>((resolve) => {
                ask({ port: server.port, host: "127.0.0.1", path, agent })
                  .on("response", (response) => {
                    const isLast = response.headers["connection"] === "close";
                    buffer(response).then(
                      (body) => resolve({ body: body.toString(), isLast }),
                      () => resolve(undefined),
                    );
                  })
                  .on("error", () => resolve(undefined))
                  .end();
              });
              if (answer === undefined) break;
              expect(answer.body).toBe(path);
              complete++;
              if (answer.isLast) break;
            }
            agent.destroy();
          };
          const clients = Array.from({ length: 50 }, (_, n) => client(n));
          await sleep(30);
          await server.close();
          await Promise.all(clients);
          expect([complete, log]).toEqual([begun, []]);
        }
      }),
    60_000,
  );
});
