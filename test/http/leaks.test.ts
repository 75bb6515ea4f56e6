import { execFile } from "node:child_process";
import type { IncomingMessage, RequestListener } from "node:http";
import { createSecureServer } from "node:http2";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { describeWith } from "../needs.js";
import { certificate, openssl } from "./certificate.js";
import { listen, pool, serve } from "./servers.js";

describe("ten thousand requests, every fifth cancelled, every seventh not read", () => {
  it("leave no socket, timer, listener or waiting request behind", async () => {
    const open = new Set<IncomingMessage>();
    const { url, sockets, quiet } = await serve((req, res) => {
      open.add(req);
      res.on("close", () => open.delete(req));
      // Some are slow enough to be cancelled at work.
      if (Math.random() < 0.02) setTimeout(() => res.end("slow"), 1);
      else res.end("x".repeat(200));
    });
    const one = pool({ connectionsPerHost: 16 });
    const { signal } = new AbortController();
    const outcomes = { read: 0, unread: 0, cancelled: 0, other: 0 };
    const timersBefore = timers();
    const ask = async (index: number) => {
      const response = http.get(url, {
        pool: one,
        signal,
        poolTimeout: 60_000,
        requestTimeout: 60_000,
        readTimeout: 60_000,
      });
      if (index % 5 === 0) {
        if (index % 2 === 0) await Promise.resolve();
        http.cancelRequest(response);
      }
      try {
        const { body } = await response;
        if (index % 7 === 0) outcomes.unread++;
        else {
          for await (const _ of body);
          outcomes.read++;
        }
      } catch (error) {
        outcomes[(error as { code?: string }).code === "RING_REQUEST_CANCELLED" ? "cancelled" : "other"]++;
      }
    };
    for (let done = 0; done < 10_000; done += 100) {
      // oxlint-disable-next-line no-await-in-loop -- a hundred at a time
      await Promise.all(Array.from({ length: 100 }, (_, index) => ask(done + index)));
    }
    expect(outcomes).toEqual({ cancelled: 2000, unread: expect.any(Number), read: expect.any(Number), other: 0 });
    expect(outcomes.read + outcomes.unread).toBe(8000);
    expect(one.inUse[url]?.waiting ?? 0).toBe(0);
    expect(sockets.size).toBeLessThanOrEqual(16);
    await one.close();
    expect(one.inUse).toEqual({});
    await quiet();
    expect(open.size).toBe(0);
    expect(timers()).toBeLessThanOrEqual(timersBefore);
  }, 120_000);
});

/** Bytes of heap that eight thousand requests may leave: less than two hundred each, which is noise. */
const GROWTH = 1_500_000;

describeWith("openssl", openssl, "ten thousand requests in a process of their own", (program) => {
  const run = promisify(execFile);

  it.each(["http1", "http2"])(
    "over %s leave nothing, and a heap that does not grow",
    async (version) => {
      const answer: RequestListener = (_req, res) => {
        if (Math.random() < 0.02) setTimeout(() => res.end("slow"), 1);
        else res.end("x".repeat(200));
      };
      const secure = (): ReturnType<typeof serve> =>
        listen(createSecureServer(certificate(program), answer as never) as never, "https");
      const { url, quiet } = await (version === "http2" ? secure() : serve(answer));
      const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;
      const script = fileURLToPath(new URL("load.ts", import.meta.url));
      const args = ["--expose-gc", "--import", hooks, script, `${url}/`, version];
      // It ends by itself: nothing keeps it alive.
      const { stdout, stderr } = await run(process.execPath, args, { timeout: 110_000 });
      expect(stderr).toBe("");
      const { outcomes, grown, ...left } = JSON.parse(stdout) as {
        readonly outcomes: Readonly<Record<string, number>>;
        readonly grown: number;
      };
      expect(outcomes).toMatchObject({ cancelled: 2000, other: 0 });
      expect((outcomes["read"] ?? 0) + (outcomes["unread"] ?? 0)).toBe(8000);
      expect(left).toEqual({ waiting: 0, inUse: {}, left: [] });
      expect(grown).toBeLessThan(GROWTH);
      await quiet();
    },
    60_000,
  );
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}
