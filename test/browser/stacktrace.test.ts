import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import express from "express";
import type { Browser } from "playwright-core";
import { wrapStacktraceWeb } from "../../middleware/stacktrace.js";
import { ring } from "../../src/express/index.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

describeWith("chromium", chromiumPath(), "the page of an error", (executablePath) => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    const failing = wrapStacktraceWeb(() => {
      throw new Error('<img src="x" onerror="alert(1)">', { cause: new Error("the cause") });
    });
    server = express().use(ring(failing)).listen(0);
    [browser] = await Promise.all([launchChromium(executablePath), once(server, "listening")]);
  });

  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it.each([
    ["light, on a wide screen", { colorScheme: "light", viewport: { width: 1280, height: 800 } }],
    ["dark, on a narrow one", { colorScheme: "dark", viewport: { width: 375, height: 700 } }],
  ] as const)("is shown whole, %s, with the line that failed, and runs nothing", async (_how, options) => {
    const page = await (await browser.newContext(options)).newPage();
    const alarms: string[] = [];
    page.on("dialog", (dialog) => {
      alarms.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("request", (asked) => {
      if (!asked.isNavigationRequest()) alarms.push(asked.url());
    });
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/users?token=abc`);
    expect(await page.locator("h1").textContent()).toBe('Error <img src="x" onerror="alert(1)">');
    expect(await page.locator(".here").first().textContent()).toContain("throw new Error");
    expect(await page.locator("h2").allTextContents()).toEqual(["Stack", "Caused by Error the cause", "Request"]);
    const folded = page.locator(".folded").first();
    expect(await folded.locator(".frame").first().isVisible()).toBe(false);
    await folded.locator("summary").click();
    expect(await folded.locator(".frame").first().isVisible()).toBe(true);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    expect(alarms.filter((alarm) => !alarm.endsWith("/favicon.ico"))).toEqual([]);
  });
});
