import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import express from "express";
import helmet from "helmet";
import type { Browser, Page } from "playwright-core";
import { wrapContentType } from "../../middleware/content-type.js";
import { inspected, wrapInspector } from "../../middleware/inspector.js";
import { websocketClient } from "../../src/http/index.js";
import { pipe, ring, websocketRoute, withWebsockets } from "../../src/index.js";
import { stopRecorder } from "../../src/inspector/recorder.js";
import { connect, map, put, type Stream, streamOf } from "../../src/stream/index.js";
import type { WebsocketDuplex } from "../../src/websocket/types.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

describeWith("chromium", chromiumPath(), "wrapInspector, in Chromium", (executablePath) => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let url: string;
  let numbers: Stream<number>;
  let socket: WebsocketDuplex;
  const errors: string[] = [];

  beforeAll(async () => {
    const app = withWebsockets(express());
    // Its own policy stands, whatever others say.
    app.use(helmet());
    app.use(ring(wrapInspector(() => null)));
    app.get("/hello/:name", ring(inspected(() => pipe(() => ({ status: 200, body: "hello" }), wrapContentType))));
    app.get(
      "/feed",
      websocketRoute((duplex) => connect(map(String, numbers), duplex)),
    );
    numbers = streamOf({ bufferSize: 4, description: (all) => ({ ...all, name: "<b>numbers</b>" }) });
    server = app.listen(0, "127.0.0.1");
    [browser] = await Promise.all([launchChromium(executablePath), once(server, "listening")]);
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    socket = await websocketClient(`${url.replace("http", "ws")}/feed`);
    page = await browser.newPage();
    page.on("console", (message) => errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${url}/__inspector`);
  });
  afterAll(async () => {
    stopRecorder();
    await browser.close();
    socket.close();
    server.close();
    server.closeAllConnections();
  });

  it("draws the streams, with what flows through them, and takes no name for markup", async () => {
    const box = page.locator("#graph g.node", { hasText: "<b>numbers</b>" });
    await box.waitFor();
    expect(await page.locator("#graph b").count()).toBe(0);
    await put(numbers, 1);
    expect(await socket.take()).toBe("1");
    await page.locator("#graph g.node.moving", { hasText: "<b>numbers</b>" }).waitFor();
    expect(await page.locator("#graph g.edge", { hasText: "map" }).count()).toBe(1);
    expect(await page.locator("#stream-rows tr", { hasText: "<b>numbers</b>" }).textContent()).toContain("map");
    expect(await page.locator("#websocket-rows").textContent()).toContain("/feed");
  });

  it("shows the layers of the app and the stack of each route", async () => {
    const layers = await page.locator("#layers > ol > li").allTextContents();
    expect(layers).toContain("GET /hello/:namewrapContentTypehandler");
    expect(layers.findIndex((layer) => layer.startsWith("helmet"))).toBeLessThan(
      layers.findIndex((layer) => layer.includes("wrapInspector")),
    );
  });

  it("shows a request, and on a key what each part of its stack took, which stays open", async () => {
    await fetch(`${url}/hello/%3Ci%3EAda?token=secret`);
    const row = page.locator("details.request", { hasText: "/hello/:name" });
    await row.waitFor();
    await row.locator("summary").focus();
    await page.keyboard.press("Enter");
    const parts = await row.locator("tbody tr td:first-child").allTextContents();
    expect(parts.slice(0, 2)).toEqual(["wrapContentType", "handler"]);
    await fetch(`${url}/nothing`);
    await page.locator("details.request", { hasText: "/nothing" }).waitFor();
    expect(await row.evaluate((element) => (element as HTMLDetailsElement).open)).toBe(true);
    expect(await row.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    expect(await page.textContent("body")).not.toContain("secret");
  });

  it("says when the server has gone, and stands still on request", async () => {
    await page.route("**/data", (route) => route.abort());
    await page.locator("#lost", { hasText: "does not answer" }).waitFor();
    await page.unroute("**/data");
    await page.locator("#lost", { hasText: /^$/ }).waitFor({ state: "hidden" });
    await page.click("#pause");
    expect(await page.textContent("#pause")).toBe("Go on");
    errors.splice(0, errors.length, ...errors.filter((text) => !text.includes("ERR_FAILED")));
  });

  it("breaks no policy and throws nothing", () => {
    expect(errors).toEqual([]);
  });
});
