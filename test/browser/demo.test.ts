import { afterAll, afterEach, beforeAll, expect, it, jest } from "@jest/globals";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { type Demo, start } from "../../examples/demo/start.js";
import { chromiumPath, describeWith } from "../needs.js";
import { launchChromium } from "./chromium.js";

jest.setTimeout(60_000);

const cards = ["visits", "hello", "dashboard", "words", "clock", "profile", "echo", "chat"];

describeWith("chromium", chromiumPath(), "the page of the demo", (executablePath) => {
  let demo: Demo;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  /** What a browser complained about: errors on the console, uncaught ones, breaches of the security policy. */
  const complaints: string[] = [];

  beforeAll(async () => {
    [demo, browser] = await Promise.all([start(0), launchChromium(executablePath)]);
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    const [complaint] = complaints.splice(0);
    if (complaint !== undefined) throw new Error(`the browser complained: ${complaint}`);
  });

  afterAll(async () => {
    await browser.close();
    await demo.stop();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(demo.url);
    return page;
  }

  const okay = (page: Page, card: string) => page.locator(`#${card}[data-status="ok"]`).waitFor();
  const textOf = async (locator: Locator) => (await locator.textContent())?.trim();

  it("sees each of its cards work", async () => {
    const page = await open();
    expect(await page.locator(".card").evaluateAll((found) => found.map(({ id }) => id))).toEqual(cards);
    await page.locator("#profile button").click();
    for (const card of cards) await okay(page, card);
    expect(await textOf(page.locator("#summary"))).toBe("8 of 8 seen working");
  });

  it("counts visits by the session of Express", async () => {
    const page = await open();
    await okay(page, "visits");
    expect(await textOf(page.locator("#visits output"))).toBe("1");
    await page.reload();
    await page.locator("#visits output", { hasText: "2" }).waitFor();
    await page.locator("#visits button").click();
    await page.locator("#visits output", { hasText: "3" }).waitFor();
  });

  it("greets whom it is told to, and shows the map that came in", async () => {
    const page = await open();
    await page.locator("#hello input").fill("Zoë & co.");
    await page.locator("#hello button").click();
    await page.locator("#hello output", { hasText: "Hello, Zoë & co.!" }).waitFor();
    expect(await textOf(page.locator("#hello .map"))).toContain('uri: "/hello/Zo%C3%AB%20%26%20co."');
  });

  it("shows that three sources take as long as the slowest", async () => {
    const page = await open();
    await okay(page, "dashboard");
    const times = await page.locator("#dashboard .time").allTextContents();
    const [weather = 0, trains = 0, news = 0, together = 0, inTurn = 0] = times.map((time) =>
      Number.parseInt(time, 10),
    );
    expect(Math.min(weather, trains, news)).toBeGreaterThanOrEqual(295);
    expect(inTurn).toBe(weather + trains + news);
    expect(together).toBeGreaterThanOrEqual(trains);
    expect(together - trains).toBeLessThan(inTurn - together);
    const widths = await page.locator("#dashboard .bar").evaluateAll((bars) => bars.map((bar) => bar.clientWidth));
    expect(widths.toSorted((a, b) => a - b).at(0)).toBeGreaterThan(0);
  });

  it("shows the chunks of a stream one after the other", async () => {
    const page = await open();
    const chunks = page.locator("#words .chunks li");
    await okay(page, "words");
    const words = await chunks.evaluateAll((items) => items.map((item) => item.firstChild?.textContent).join(""));
    expect(words).toBe("Every word is sent when it is its turn, and none before the reader has room for it.");
    const arrivals = (await chunks.locator("small").allTextContents()).map(Number);
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
    expect((arrivals.at(-1) ?? 0) - (arrivals.at(0) ?? 0)).toBeGreaterThan(1000);
  });

  it("shows a clock that goes", async () => {
    const page = await open();
    await okay(page, "clock");
    const before = await textOf(page.locator("#clock output"));
    expect(before).toMatch(/^\d\d:\d\d:\d\d$/);
    await page.locator("#clock output", { hasNotText: before ?? "" }).waitFor();
  });

  it("remembers by cookies what a form has posted", async () => {
    const page = await open();
    await page.locator("#profile output", { hasText: "We have not met." }).waitFor();
    expect(await textOf(page.locator("#profile .badge"))).toBe("waiting for you");
    await page.locator("#profile input").fill("Ngũgĩ + Ж; =");
    await page.locator("#profile select").selectOption({ index: 3 });
    await page.locator("#profile button").click();
    const welcome = page.locator("#profile output", {
      hasText: "Welcome, Ngũgĩ + Ж; =. Your Oolong, 凍頂烏龍茶 is ready.",
    });
    await welcome.waitFor();
    await page.reload();
    await welcome.waitFor();
    await okay(page, "profile");
  });

  it("echoes text and bytes", async () => {
    const page = await open();
    await okay(page, "echo");
    await page.locator("#echo input").fill("Ünïcödé 🙂");
    await page.locator("#echo button").click();
    const echoes = page.locator("#echo .log li");
    await echoes.nth(2).waitFor();
    expect(await echoes.evaluateAll((items) => items.map((item) => item.firstChild?.textContent))).toEqual([
      "Hello, socket",
      "3 bytes: 0 127 255",
      "Ünïcödé 🙂",
    ]);
  });

  it("lets members of a chat hear each other, in one window and in another", async () => {
    const [here, there] = [await open(), await open()];
    await okay(there, "chat");
    const name = await textOf(here.locator(".member h3").first());
    await here.locator(".member input").first().fill("Can you hear me? <b>loud</b>");
    await here.locator(".member button").first().click();
    for (const page of [here, there]) {
      for (const member of [0, 1]) {
        const message = page.locator(".member").nth(member).locator("li", { hasText: "<b>loud</b>" });
        await message.waitFor();
        expect(await textOf(message)).toBe(`${name}Can you hear me? <b>loud</b>`);
      }
    }
    await here.close();
    await there
      .locator(".member li", { hasText: `${name}left` })
      .first()
      .waitFor();
  });

  it.each<[string, BrowserContextOptions]>([
    ["a telephone", { viewport: { width: 360, height: 740 } }],
    ["a tablet, in the dark", { viewport: { width: 820, height: 1180 }, colorScheme: "dark" }],
    ["a desk", { viewport: { width: 1440, height: 900 } }],
  ])("fits on %s", async (_what, options) => {
    const page = await open(options);
    for (const summary of await page.locator("summary").all()) await summary.click();
    const [scrollWidth, width] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    expect(scrollWidth).toBe(width);
  });

  it("runs nothing that its security policy does not allow", async () => {
    const page = await open();
    const blocked = page.waitForEvent("console", (message) => /Content Security Policy/.test(message.text()));
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'changed'";
      document.body.append(script);
    });
    await blocked;
    expect(await page.title()).toBe("express-ring: a demo");
    expect(complaints.splice(0)).toEqual([expect.stringContaining("Content Security Policy")]);
  });
});
