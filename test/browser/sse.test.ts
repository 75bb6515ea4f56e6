import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import express from "express";
import type { Browser } from "playwright-core";
import { ring } from "../../src/express/index.js";
import { eventLog, sse } from "../../src/sse/index.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

describeWith("chromium", chromiumPath(), "Chromium's EventSource", (executablePath) => {
  const log = eventLog({ maxEvents: 10 });
  const sockets = new Set<Socket>();
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    const app = express();
    app.get("/", (_req, res) => void res.type("html").send("<!doctype html><title>news</title>"));
    app.get(
      "/events",
      ring((request) => sse(request, { feed: log, retry: 50 }).response),
    );
    server = createServer(app).listen(0, "127.0.0.1");
    server.on("connection", (socket) => sockets.add(socket));
    [browser] = await Promise.all([launchChromium(executablePath), once(server, "listening")]);
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  const append = async (...texts: readonly string[]) => {
    for (const data of texts) await log.append({ event: "n", data });
  };

  it("gets what it has missed, once and in order, from its first moment on, and is told of a gap", async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.evaluate(async () => {
      const heard: string[] = [];
      Object.assign(globalThis, { heard });
      const source = new EventSource("/events");
      for (const type of ["n", "gap"]) source.addEventListener(type, ({ data }) => heard.push(String(data)));
      await new Promise((resolve) => source.addEventListener("open", resolve));
    });
    const heard = async (count: number): Promise<readonly string[]> => {
      await page.waitForFunction(
        (wanted) => (globalThis as never as { heard: string[] }).heard.length >= wanted,
        count,
      );
      return page.evaluate(() => (globalThis as never as { heard: string[] }).heard);
    };
    /** Cuts the connection; what is done meanwhile is missed by the page. */
    const cut = async (meanwhile: () => Promise<void>) => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await meanwhile();
    };
    // It has a place, but no event yet.
    while (log.stats().readers !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await cut(() => append("1", "2"));
    expect(await heard(2)).toEqual(["1", "2"]);
    await append("3\nÄ日本");
    await cut(() => append("4", "5"));
    expect(await heard(5)).toEqual(["1", "2", "3\nÄ日本", "4", "5"]);
    await cut(() => append(...Array.from({ length: 15 }, (_, i) => String(6 + i))));
    const all = await heard(16);
    expect(JSON.parse(all[5] as string)).toEqual({ reason: "expired", missed: 5 });
    expect(all.slice(6)).toEqual(Array.from({ length: 10 }, (_, i) => String(11 + i)));
  });
});
