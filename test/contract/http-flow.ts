import { createReadStream } from "node:fs";
import { open, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { type Deferred, deferred, success } from "../../src/deferred/index.js";
import { abortSignal, file, seq } from "../../src/index.js";
import type { Body, Handler, RingRequest } from "../../src/ring/types.js";
import { close, put, stream, toSource } from "../../src/stream/index.js";
import { chunksOf, get, rawClient } from "../raw-client.js";
import { type Host, itUnless, type LogEntry, type RunningHost, serving, withLog } from "./host.js";

/** A body under the test's control. */
interface Produced {
  readonly body: Body;
  /** Realized when the body is closed by whoever sends it. */
  readonly closed: Deferred<true>;
}

const CHUNK = Buffer.alloc(65_536, "x");

/** What becomes of bodies when the other side is slow, leaves, or something breaks. */
export function flowContract(host: Host): void {
  /** For each kind, a body that never ends and counts what it makes. */
  const endless: [string, (count: () => void) => Produced][] = [
    [
      "a generator",
      (count) => {
        const closed = deferred<true>();
        function* body(): Generator<Buffer> {
          try {
            for (;;) {
              count();
              yield CHUNK;
            }
          } finally {
            success(closed, true);
          }
        }
        return { body: body(), closed };
      },
    ],
    [
      "seq",
      (count) => {
        const closed = deferred<true>();
        function* elements(): Generator<Buffer> {
          try {
            for (;;) {
              count();
              yield CHUNK;
            }
          } finally {
            success(closed, true);
          }
        }
        return { body: seq({ [Symbol.iterator]: elements }), closed };
      },
    ],
    [
      "an async generator",
      (count) => {
        const closed = deferred<true>();
        async function* body(): AsyncGenerator<Buffer> {
          try {
            for (;;) {
              count();
              yield CHUNK;
            }
          } finally {
            success(closed, true);
          }
        }
        return { body: body(), closed };
      },
    ],
    [
      "a Node stream",
      (count) => {
        const closed = deferred<true>();
        const body = new Readable({
          read() {
            count();
            this.push(CHUNK);
          },
          destroy(error, done) {
            success(closed, true);
            done(error);
          },
        });
        return { body, closed };
      },
    ],
    [
      "a web stream",
      (count) => {
        const closed = deferred<true>();
        const body = new ReadableStream({
          pull(controller) {
            count();
            controller.enqueue(CHUNK);
          },
          cancel: () => void success(closed, true),
        });
        return { body: body as never, closed };
      },
    ],
    [
      "a stream",
      (count) => {
        const closed = deferred<true>();
        const body = stream<Buffer>();
        const produce = async (): Promise<void> => {
          do count();
          while (await put(body, CHUNK));
          // The producer has been told.
          success(closed, true);
        };
        void produce();
        return { body, closed };
      },
    ],
  ];

  /** Waits until a number stands still for a while; a body that nothing stops never does. */
  async function standstill(read: () => number): Promise<number> {
    for (;;) {
      const before = read();
      await sleep(150);
      if (read() === before) return before;
      if (before > 4_000) throw new Error(`${before} chunks of 64 KiB were made for a client that does not read`);
    }
  }

  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(5);
  }

  describe(`${host.name}: a client that stops reading`, () => {
    it.each(endless)(
      "stops %s, which goes on when the client does",
      async (_kind, make) => {
        let made = 0;
        const produced = make(() => made++);
        await serving(
          host,
          () => ({ status: 200, headers: {}, body: produced.body }),
          async ({ port }) => {
            const client = await rawClient(port);
            client.pause();
            client.send(get("/"));
            const stalled = await standstill(() => made);
            expect(stalled).toBeGreaterThan(0);
            client.resume();
            await until(() => made >= stalled + 10);
            client.leave();
            expect(await produced.closed).toBe(true);
          },
        );
      },
      20_000,
    );

    it("stops the reading of a file, which is closed when the client leaves", async () => {
      const path = join(tmpdir(), `express-ring-large-${process.pid}-${host.name.replace(" ", "")}`);
      const large = await open(path, "w");
      await large.truncate(256 * 2 ** 20);
      await large.close();
      const isOpen = async (): Promise<boolean> => {
        const descriptors = await readdir("/proc/self/fd").catch(() => []);
        const paths = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
        return paths.includes(path);
      };
      try {
        await serving(
          host,
          () => ({ status: 200, headers: {}, body: file(path) }),
          async ({ port }) => {
            const before = process.memoryUsage().arrayBuffers;
            const client = await rawClient(port);
            client.send(get("/"));
            await client.until(/\r\n\r\n/);
            client.pause();
            await sleep(200);
            expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
            expect(await isOpen()).toBe(process.platform === "linux");
            client.leave();
            await until(async () => !(await isOpen()));
          },
        );
      } finally {
        await rm(path);
      }
    });
  });

  describe(`${host.name}: a client that leaves`, () => {
    /** For each kind, a body that says one thing and then nothing more. */
    const silent: [string, () => Produced][] = [
      [
        "an async iterator",
        () => {
          const closed = deferred<true>();
          let first = true;
          const iterator: AsyncIterableIterator<string> = {
            [Symbol.asyncIterator]: () => iterator,
            next: () => {
              if (!first) return new Promise(() => {});
              first = false;
              return Promise.resolve({ done: false, value: "first" });
            },
            return: async () => {
              success(closed, true);
              return { done: true, value: undefined };
            },
          };
          return { body: iterator, closed };
        },
      ],
      [
        "a Node stream",
        () => {
          const closed = deferred<true>();
          const body = new Readable({ read() {}, destroy: (error, done) => (success(closed, true), done(error)) });
          body.push("first");
          return { body, closed };
        },
      ],
      [
        "a web stream",
        () => {
          const closed = deferred<true>();
          const body = new ReadableStream({
            start: (controller) => controller.enqueue(Buffer.from("first")),
            cancel: () => void success(closed, true),
          });
          return { body: body as never, closed };
        },
      ],
      [
        "a stream without a waiting put",
        () => {
          const closed = deferred<true>();
          const body = stream<string>();
          void put(body, "first");
          body.onClosed(() => success(closed, true));
          return { body, closed };
        },
      ],
      [
        "a stream that is only the source of others",
        () => {
          const closed = deferred<true>();
          const origin = new Readable({ read() {}, destroy: (error, done) => (success(closed, true), done(error)) });
          origin.push("first");
          return { body: toSource<Buffer>(origin), closed };
        },
      ],
    ];

    it.each(silent)("closes %s within 100 ms", async (_kind, make) => {
      const produced = make();
      await serving(
        host,
        () => ({ status: 200, headers: {}, body: produced.body }),
        async ({ port, errors }) => {
          const client = await rawClient(port);
          client.send(get("/"));
          await client.until(/first/);
          const left = performance.now();
          client.leave();
          await produced.closed;
          expect(performance.now() - left).toBeLessThan(100);
          expect(errors).toEqual([]);
        },
      );
    });

    if (host.isHttp2 !== true) {
      itUnless(host, "turns")("closes the body of a response that waits for its turn behind another", async () => {
        const produced = (silent[3] as (typeof silent)[0])[1]();
        const first = stream<string>();
        void put(first, "[1]");
        await serving(
          host,
          ({ uri }) => ({ status: 200, headers: {}, body: uri === "/first" ? first : produced.body }),
          async ({ port }) => {
            const client = await rawClient(port);
            client.send(get("/first") + get("/second"));
            await client.until(/\[1\]/);
            client.leave();
            expect(await produced.closed).toBe(true);
          },
        );
      });
    }

    it("tells a producer whose put is waiting: it is accepted, the next one refused", async () => {
      const body = stream<Buffer>();
      const answers: boolean[] = [];
      await serving(
        host,
        () => ({ status: 200, headers: {}, body }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.pause();
          client.send(get("/"));
          let accepted = 0;
          let waiting: PromiseLike<boolean> | undefined;
          while (waiting === undefined) {
            const answer = put(body, CHUNK);
            await Promise.race([answer, sleep(100)]);
            if (answer.isRealized) accepted++;
            else waiting = answer;
          }
          expect(accepted).toBeGreaterThan(0);
          client.leave();
          answers.push(await waiting, await put(body, CHUNK));
          expect(answers).toEqual([true, false]);
        },
      );
    });

    it("fires abortSignal, which is one for all copies of the request", async () => {
      const seen = deferred<RingRequest>();
      await serving(
        host,
        (request) => {
          success(seen, request);
          return new Promise<never>(() => {});
        },
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/"));
          const request = await seen;
          const signal = abortSignal({ ...request });
          expect(signal.aborted).toBe(false);
          client.leave();
          if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
          expect(abortSignal(request)).toBe(signal);
        },
      );
    });

    it("has fired an abortSignal that is asked for afterwards", async () => {
      const seen = deferred<RingRequest>();
      await serving(
        host,
        (request) => {
          success(seen, request);
          return new Promise<never>(() => {});
        },
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/"));
          const request = await seen;
          const first = abortSignal(request);
          client.leave();
          if (!first.aborted) await new Promise((resolve) => first.addEventListener("abort", resolve));
          expect(abortSignal({ ...request }).aborted).toBe(true);
        },
      );
    });

    it("makes nobody hear of the handler that gives up on the signal", async () => {
      await withLog(async (log) => {
        const seen = deferred<AbortSignal>();
        await serving(
          host,
          (request) => {
            const signal = abortSignal(request);
            success(seen, signal);
            return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          },
          async ({ port, errors }) => {
            const client = await rawClient(port);
            client.send(get("/"));
            const signal = await seen;
            client.leave();
            if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
            await new Promise((resolve) => setImmediate(resolve));
            expect([errors, log]).toEqual([[], []]);
          },
        );
      });
    });

    it("does not fire abortSignal once it has its answer", async () => {
      const seen: AbortSignal[] = [];
      await serving(
        host,
        (request) => {
          seen.push(abortSignal(request));
          return { status: 200, headers: {}, body: "done" };
        },
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/1"));
          await client.until(/done/);
          client.send(get("/2"));
          await client.until(/done[^]*done/);
          client.leave();
          await sleep(20);
          expect(seen.map(({ aborted }) => aborted)).toEqual([false, false]);
        },
      );
    });
  });

  describe(`${host.name}: a body that fails`, () => {
    const boom = new Error("boom");
    type Failing = (fail: PromiseLike<unknown>) => Body;
    const failing: [string, Failing][] = [
      [
        "an async generator",
        async function* (fail) {
          yield "first";
          await fail;
          throw boom;
        },
      ],
      [
        "a Node stream",
        (fail) => {
          const body = new Readable({ read() {} });
          body.push("first");
          void fail.then(() => body.destroy(boom));
          return body;
        },
      ],
      [
        "a web stream",
        (fail) =>
          new ReadableStream({
            start(controller) {
              controller.enqueue(Buffer.from("first"));
              void fail.then(() => controller.error(boom));
            },
          }) as never,
      ],
      [
        "a stream with a message that is not bytes",
        (fail) => {
          const body = stream<unknown>();
          void put(body, "first");
          void fail.then(() => put(body, 7));
          return body;
        },
      ],
      [
        "a source whose origin fails",
        (fail) =>
          toSource(
            (async function* (): AsyncGenerator<string> {
              yield "first";
              await fail;
              throw boom;
            })(),
          ),
      ],
      [
        "a Node stream that is destroyed",
        (fail) => {
          const body = new Readable({ read() {} });
          body.push("first");
          void fail.then(() => body.destroy());
          return body;
        },
      ],
    ];

    /** Serves a handler, with the log, and expects one error in it and none at the error handler. */
    async function cutting(
      handler: Handler,
      body: (running: RunningHost, log: LogEntry[]) => Promise<void>,
    ): Promise<void> {
      await withLog(async (log) => {
        await serving(host, handler, async (running) => {
          await body(running, log);
          expect(log).toMatchObject([{ level: "error", message: expect.stringContaining("GET /cut") }]);
          expect(running.errors).toEqual([]);
        });
      });
    }

    it.each(failing)("in the middle (%s) cuts the connection, and is logged", async (_kind, make) => {
      const fail = deferred<true>();
      await cutting(
        () => ({ status: 200, headers: {}, body: make(fail) }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/cut"));
          await client.until(/first/);
          success(fail, true);
          const text = await client.ended();
          expect(text).not.toMatch(/0\r\n\r\n$/);
        },
      );
    });

    it("in the middle is an error to a client that reads it", async () => {
      await cutting(
        () => ({
          status: 200,
          headers: {},
          body: seq(
            (function* () {
              yield "first";
              throw boom;
            })(),
          ),
        }),
        async ({ port }) => {
          const response = await fetch(`http://localhost:${port}/cut`);
          expect(response.status).toBe(200);
          await expect(response.text()).rejects.toMatchObject({ message: "terminated" });
        },
      );
    });

    itUnless(host, "failed bodies")("in the middle lets what came before it through", async () => {
      const body = stream<unknown>(2);
      void put(body, "first");
      void put(body, { not: "bytes" });
      await cutting(
        () => ({ status: 200, headers: {}, body }),
        async ({ port }, log) => {
          const client = await rawClient(port);
          client.send(get("/cut"));
          expect(chunksOf(await client.ended())).toEqual(["first"]);
          expect(log).toMatchObject([{ error: { code: "RING_NOT_CONVERTIBLE" } }]);
          expect(body.isClosed()).toBe(true);
        },
      );
    });

    if (host.isHttp2 !== true) {
      itUnless(host, "HTTP/1.0")(
        "in the middle resets the connection of HTTP/1.0, where an end would look complete",
        async () => {
          const fail = deferred<true>();
          await cutting(
            () => ({ status: 200, headers: {}, body: (failing[0] as (typeof failing)[0])[1](fail) }),
            async ({ port }) => {
              const client = await rawClient(port);
              client.send("GET /cut HTTP/1.0\r\n\r\n");
              await client.until(/first/);
              success(fail, true);
              await client.ended();
              expect(client.wasReset()).toBe(true);
            },
          );
        },
      );
    }

    const early: [string, () => Body, object][] = [
      [
        "a generator",
        () =>
          (function* () {
            if (boom.message !== "") throw boom;
            yield "never";
          })(),
        boom,
      ],
      [
        "an async generator",
        () =>
          (async function* () {
            await sleep(1);
            if (boom.message !== "") throw boom;
            yield "never";
          })(),
        boom,
      ],
      ["a Node stream on a file that is not there", () => createReadStream("/nonexistent"), { code: "ENOENT" }],
      [
        "a web stream",
        () =>
          new ReadableStream({
            pull() {
              throw boom;
            },
          }) as never,
        boom,
      ],
      ["a file that is not there", () => file("/nonexistent"), { code: "ENOENT" }],
      ["a folder as file", () => file("/"), { code: "EISDIR" }],
      ["a region beyond the file", () => file(process.execPath, 0, 2 ** 50), { code: "RING_FILE_REGION" }],
      ["a stream whose first message is not bytes", () => toSource([{}]), { code: "RING_NOT_CONVERTIBLE" }],
    ];
    it.each(early)("before its first chunk (%s) is an error like any other", async (_kind, make, error) => {
      await withLog(async (log) => {
        await serving(
          host,
          () => ({ status: 200, headers: { "x-left": "1" }, body: make() }),
          async ({ port, errors }) => {
            const response = await fetch(`http://localhost:${port}/`);
            expect([response.status, response.headers.get("x-left")]).toEqual([500, null]);
            expect(errors).toMatchObject([error]);
            expect(log).toEqual([]);
          },
        );
      });
    });

    it("that was read already is an error like any other", async () => {
      const body = new Response("x").body as ReadableStream;
      body.getReader();
      await serving(
        host,
        () => ({ status: 200, headers: {}, body: body as never }),
        async ({ port, errors }) => {
          expect((await fetch(`http://localhost:${port}/`)).status).toBe(500);
          expect(errors).toHaveLength(1);
        },
      );
    });
  });

  describe(`${host.name}: the time at which bits arrive`, () => {
    it("is when they are put, one at a time, the headers first", async () => {
      const body = stream<string>();
      await serving(
        host,
        () => ({ status: 200, headers: { "x-first": "1" }, body }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/"));
          await client.until(/x-first: 1\r\n[^]*\r\n\r\n$/);
          for (const message of ["one", "two", "three"]) {
            expect(await put(body, message)).toBe(true);
            await client.until(new RegExp(`${message}\r\n$`));
          }
          close(body);
          await client.until(/0\r\n\r\n$/);
          expect(chunksOf(client.received())).toEqual(["one", "two", "three"]);
          client.leave();
        },
      );
    });

    it.each<[string, () => Body]>([
      ["an async iterator", () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) })],
      ["a Node stream", () => new Readable({ read() {} })],
      ["a web stream", () => new ReadableStream() as never],
    ])("of the headers is soon, even if nothing comes after them (%s)", async (_kind, make) => {
      await serving(
        host,
        () => ({ status: 200, headers: { "x-first": "1" }, body: make() }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/"));
          expect(await client.until(/\r\n\r\n/)).toMatch(/x-first: 1\r\n[^]*\r\n\r\n$/);
          client.leave();
        },
      );
    });

    it("is all at once for messages that are there already: no promise comes between them", async () => {
      const body = stream<string>(100);
      for (let i = 0; i < 100; i++) void put(body, `${i},`);
      close(body);
      let turns = 0;
      await serving(
        host,
        () => {
          const count = (): void => {
            turns++;
            if (!body.isDrained()) queueMicrotask(count);
          };
          queueMicrotask(count);
          return { status: 200, headers: {}, body };
        },
        async ({ port }) => {
          const text = await (await fetch(`http://localhost:${port}/`)).text();
          expect(text.split(",")).toHaveLength(101);
          expect(turns).toBe(1);
        },
      );
    });

    it("is no matter of the stack: a hundred thousand messages that are there already", async () => {
      await serving(
        host,
        () => ({ status: 200, headers: {}, body: toSource(Array.from({ length: 100_000 }, () => "x")) }),
        async ({ port }) => {
          expect((await (await fetch(`http://localhost:${port}/`)).text()).length).toBe(100_000);
        },
      );
    });
  });
}
