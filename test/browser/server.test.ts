import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { type Server, startServer } from "../../src/http/index.js";
import { certificate, openssl } from "../http/certificate.js";
import { everything } from "../http/server/peer-programs.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

describeWith("chromium", chromiumPath(), "startServer, in Chromium over HTTP/2", (path) => {
  describeWith("openssl", openssl, "with a certificate", (program) => {
    let server: Server;
    beforeAll(async () => {
      server = await startServer(everything, {
        port: 0,
        httpVersions: ["http2", "http1"],
        sslContext: certificate(program),
      });
    });
    afterAll(async () => await server.close());

    it("answers, takes uploads, streams, and opens a websocket beside it", async () => {
      const browser = await launchChromium(path);
      try {
        const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
        await page.goto(`https://localhost:${server.port}/hello`);
        expect(await page.textContent("body")).toBe("hello HTTP/2.0");
        const seen = await page.evaluate(async () => {
          const lines = await Promise.all(
            Array.from(
              { length: 100 },
              async (_, i) => (await (await fetch(`/chunks/${i}`)).text()).split("\n").length - 1,
            ),
          );
          const sent = new Uint8Array(1_000_000).fill(7);
          const answer = await fetch("/echo", { method: "POST", body: sent });
          const echoed = new Uint8Array(await answer.arrayBuffer());
          const reader = ((await fetch("/ticks")).body as ReadableStream<Uint8Array>).getReader();
          const first = new TextDecoder().decode((await reader.read()).value);
          await reader.cancel();
          const socket = new WebSocket(`wss://${location.host}/socket`);
          const said = await new Promise((resolve, reject) => {
            socket.addEventListener("open", () => socket.send("hello"));
            socket.addEventListener("message", ({ data }) => resolve(data));
            socket.addEventListener("error", () => reject(new Error("no websocket")));
          });
          socket.close();
          const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
          return {
            lines,
            echoed: echoed.length === sent.length && echoed.every((byte) => byte === 7),
            first,
            said,
            protocols: [...new Set(entries.map((entry) => entry.nextHopProtocol))],
          };
        });
        expect(seen).toEqual({
          lines: Array.from({ length: 100 }, (_, i) => i),
          echoed: true,
          first: "tick\n",
          said: "hello",
          protocols: ["h2"],
        });
      } finally {
        await browser.close();
      }
    });
  });
});
