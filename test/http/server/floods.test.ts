/** Clients that send too much, or too slowly: each is cut off, and nobody else notices. */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { type ServerOptions } from "../../../src/http/index.js";
import type { Handler, RingRequest } from "../../../src/ring/types.js";
import { type RunningHost, withLog } from "../../contract/host.js";
import { get, type RawClient, rawClient } from "../../raw-client.js";
import { startHost } from "./hosts.js";

const ok: Handler = () => ({ status: 200, body: "fine" });

async function attacked(
  options: Partial<ServerOptions>,
  attack: (running: RunningHost) => Promise<void>,
  handler: Handler = ok,
): Promise<void> {
  const running = await startHost(handler, options);
  try {
    await attack(running);
    expect(await (await fetch(`http://localhost:${running.port}/`)).text()).toBe("fine");
    expect(running.errors).toEqual([]);
  } finally {
    await running.close();
  }
}

/** Milliseconds of work that something takes. */
async function workOf(body: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe("a flood of header lines", () => {
  it("beyond maxHeaderSize is answered with 431, and its request not served", () =>
    attacked({}, async ({ port }) => {
      const client = await rawClient(port);
      client.send(get("/", ...Array.from({ length: 500 }, (_, i) => `X-Header-${i}: ${"x".repeat(20)}`)));
      expect(await client.ended()).toMatch(/^HTTP\/1.1 431 /);
    }));

  it("that never ends is cut off soon", () =>
    attacked({}, async ({ port }) => {
      const client = await rawClient(port);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n");
      let sent = 0;
      const flood = (): void => {
        for (let i = 0; i < 100; i++) client.send(`X-${sent++}: y\r\n`);
      };
      const timer = setInterval(flood, 1);
      // A client that goes on sending may lose the answer over it.
      expect(await client.ended()).toMatch(/^(HTTP\/1.1 431 |$)/);
      clearInterval(timer);
    }));

  it("in one endless line is cut off soon: 431 in a header, 414 in the target", () =>
    attacked({}, async ({ port }) => {
      for (const [start, status] of [
        ["GET / HTTP/1.1\r\nHost: a\r\nX-A: ", 431],
        ["GET / HTTP/1.1\r\nHost: a\r\nX-", 431],
        ["GET /", 414],
      ] as const) {
        const client = await rawClient(port);
        client.send(start + "x".repeat(1_000_000));
        expect(await client.ended()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      }
    }));

  it("with each name twice costs no more than a few milliseconds", async () => {
    // Two letters each; more than a thousand lines Node drops, or refuses.
    const names = Array.from({ length: 480 }, (_, i) => (370 + i).toString(36).padStart(2, "0"));
    const request = get("/", ...[...names, ...names].map((name) => `${name}:`), "Connection: close");
    const plain = createServer((_req, res) => void res.end("x"));
    await new Promise<void>((resolve) => plain.listen(0, resolve));
    const ask = (port: number) => async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const client = await rawClient(port);
        client.send(request);
        expect(await client.ended()).toMatch(/^HTTP\/1.1 200 /);
      }
    };
    const { port: plainPort } = plain.address() as { port: number };
    await ask(plainPort)();
    const least = await workOf(ask(plainPort));
    plain.close();
    await attacked({}, async ({ port }) => {
      await ask(port)();
      expect(await workOf(ask(port))).toBeLessThan(3 * least + 200);
    });
  });

  it("loses none of them, if they may be many", async () => {
    const seen: RingRequest[] = [];
    await attacked(
      { maxHeaderSize: 100_000 },
      async ({ port }) => {
        const client = await rawClient(port);
        client.send(
          get("/", ...Array.from({ length: 5_000 }, (_, i) => `a${i}:1`), "X-Last: yes", "Connection: close"),
        );
        expect(await client.ended()).toMatch(/^HTTP\/1.1 200 /);
        expect(Object.keys(seen[0]?.headers ?? {})).toHaveLength(5_003);
        expect(seen[0]?.headers["x-last"]).toBe("yes");
      },
      (request) => {
        seen.push(request);
        return { status: 200, body: "fine" };
      },
    );
  });
});

/** Sends one byte after the other until the server closes the connection. */
async function drip(client: RawClient, text: string): Promise<string> {
  let at = 0;
  const timer = setInterval(() => client.send(text[at++ % text.length] as string), 20);
  try {
    return await client.ended();
  } finally {
    clearInterval(timer);
  }
}

describe("clients that are slow on purpose", () => {
  it("with the head are answered with 408 after headersTimeout, many at a time, while others are served", () =>
    attacked({ headersTimeout: 200, requestTimeout: 10_000 }, async ({ port }) => {
      const started = performance.now();
      const clients = await Promise.all(Array.from({ length: 100 }, () => rawClient(port)));
      const slow = clients.map((client) => {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n");
        return drip(client, "X-A: 1\r\n");
      });
      const asked = performance.now();
      expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe("fine");
      expect(performance.now() - asked).toBeLessThan(1_000);
      for (const answer of await Promise.all(slow)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(performance.now() - started).toBeLessThan(5_000);
    }));

  it("with nothing at all are closed after headersTimeout", () =>
    attacked({ headersTimeout: 200 }, async ({ port }) => {
      const client = await rawClient(port);
      expect(await client.ended()).toMatch(/^(HTTP\/1.1 408 |$)/);
    }));

  it("with the body are cut off after requestTimeout, and the handler is told", () =>
    withLog(async (log) => {
      const failures: unknown[] = [];
      await attacked(
        { headersTimeout: 200, requestTimeout: 400 },
        async ({ port }) => {
          for (const framing of ["Content-Length: 1000000", "Transfer-Encoding: chunked"]) {
            const client = await rawClient(port);
            client.send(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
            expect(await drip(client, "1\r\nx\r\n")).toMatch(/^(HTTP\/1.1 408 |$)/);
          }
        },
        async ({ body }) => {
          try {
            for await (const _ of (body ?? []) as AsyncIterable<unknown>);
          } catch (error) {
            failures.push(error);
            throw error;
          }
          return { status: 200, body: "fine" };
        },
      );
      expect(failures).toHaveLength(2);
      expect(log).toEqual([]);
    }));

  it("with reading are cut off after idleTimeout, and the body closed", async () => {
    let closed: () => void = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    function* endless(): Generator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        closed();
      }
    }
    await attacked(
      { idleTimeout: 300 },
      async ({ port }) => {
        const client = await rawClient(port);
        client.pause();
        client.send(get("/endless"));
        const asked = performance.now();
        await closing;
        expect(performance.now() - asked).toBeGreaterThan(250);
        client.leave();
      },
      ({ uri }) => ({ status: 200, body: uri === "/endless" ? endless() : "fine" }),
    );
  });

  it("with large uploads fill no memory, as long as the handler does not read them", async () => {
    let go: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    await attacked(
      {},
      async ({ port }) => {
        const before = process.memoryUsage().rss;
        const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(port)));
        for (const client of clients) {
          client.send(`POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 30}\r\n\r\n`);
          for (let i = 0; i < 8; i++) client.send("x".repeat(131_072));
        }
        await sleep(300);
        // All of it is 20 MiB, which lies on the clients' side, in this process, too.
        expect(process.memoryUsage().rss - before).toBeLessThan(120 * 2 ** 20);
        for (const client of clients) client.reset();
        go();
      },
      async ({ uri }) => {
        if (uri === "/slow") await gone;
        return { status: 200, body: "fine" };
      },
    );
  });
});
