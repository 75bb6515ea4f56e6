/** What the examples over HTTP say. */
import { createHash } from "node:crypto";
import { expect } from "@jest/globals";
import { eventSource, type ReceivedEvent } from "../../src/sse/index.js";
import { readProjectFile } from "../sources.js";
import { chunksOf, type Talk, Visitor } from "./clients.js";

const NEWS = "It rains.\nCats and dogs.";

/** Listens at one address, posts at the other, and comes back. */
export async function talkNews(here: string, there: string): Promise<void> {
  const news = eventSource(here);
  const heard = news.take();
  // Whoever comes for the first time hears what is posted from then on.
  while (news.lastEventId === "") await new Promise((resolve) => setTimeout(resolve, 5));
  const post = { method: "POST", headers: { "content-type": "text/plain" }, body: NEWS };
  const posted = await fetch(there, post);
  const first = (await heard) as ReceivedEvent;
  expect([posted.status, (await posted.text()).trim()]).toEqual([202, first.id]);
  expect(first).toMatchObject({ event: "news", data: NEWS });
  news.close();
  await fetch(there, { ...post, body: "Still." });
  const again = eventSource(there, { lastEventId: first.id });
  expect(await again.take()).toMatchObject({ event: "news", data: "Still." });
  again.close();
}

export const httpTalks: Readonly<Record<string, Talk>> = {
  "hello.ts": async (url) => {
    expect(await (await fetch(`${url}?tea`)).text()).toBe("Hello, Ada! You asked for tea.\n");
    expect(await (await fetch(new URL("/ring", url))).text()).toBe("answered by Ring\n");
    expect((await fetch(new URL("/nobody", url))).status).toBe(404);
  },

  "server.ts": async (url) => {
    const hot = await fetch(url);
    expect([hot.headers.get("x-powered-by"), await hot.json()]).toEqual([null, { count: 1 }]);
    const cold = await fetch(new URL("/", url));
    expect([cold.headers.get("x-powered-by"), await cold.text()]).toEqual([
      "Express",
      "The page of the Express app.\n",
    ]);
    expect((await fetch(new URL("/nobody", url))).status).toBe(404);
  },

  "let-flow.ts": async (url) => {
    expect(await (await fetch(url)).json()).toEqual({ user: { id: "7", name: "Ada" }, ads: [] });
    expect(await (await fetch(new URL("/graph", url))).json()).toEqual({
      user: { id: "7", name: "Ada" },
      ads: [],
      posts: ["Ada on engines", "Ada on numbers"],
    });
  },

  "streaming.ts": async (url, program) => {
    const ticks = chunksOf(await fetch(url));
    const [first, second] = [await ticks.read(), await ticks.read()].map(({ value = "" }) => Date.parse(value.trim()));
    expect(second).toBeGreaterThan(first ?? Number.NaN);
    await ticks.cancel();
    await program.prints(/ticks: the client has gone/);
    const numbers = chunksOf(await fetch(new URL("/numbers", url)));
    expect((await numbers.read()).value).toMatch(/^0\n1\n2\n/);
    await numbers.cancel();
    await program.prints(/numbers: the client has gone after about \d+/);
  },

  "sse.ts": async (url) => {
    await talkNews(url, url);
  },

  "edge.ts": async (url) => {
    expect(await (await fetch(url)).text()).toBe("Hello, Ada!\n");
    const numbers = chunksOf(await fetch(new URL("/count/2", url)));
    expect([await numbers.read(), await numbers.read()].map(({ value }) => value)).toEqual(["1\n", "2\n"]);
    expect((await numbers.read()).done).toBe(true);
    const size = await fetch(new URL("/size", url), { method: "POST", body: "x".repeat(100_000) });
    expect(await size.text()).toBe("100000 bytes\n");
    expect((await fetch(new URL("/nobody", url))).status).toBe(404);
  },

  "site.ts": async (url) => {
    const visitor = new Visitor(url);
    expect(await visitor.page()).toContain("Log in");
    const answer = await visitor.post("/login", new URLSearchParams({ user: "<Ada>" }));
    expect(answer.headers.get("x-frame-options")).toBe("SAMEORIGIN");
    const inside = await visitor.page();
    expect(inside).toMatch(/You are in[^]*Hello, &#60;Ada&#62;[^]*multipart/);
    expect(await visitor.page()).not.toContain("You are in");

    const photo = new FormData();
    photo.set("photo", new File(["0123456789"], "photo.jpg"));
    expect((await visitor.post("/upload", photo)).status).toBe(303);
    expect(await visitor.page()).toContain("photo.jpg has 10 bytes");

    const forged = await visitor.forge("/logout");
    expect([forged.status, await forged.text()]).toEqual([403, "<h1>Invalid anti-forgery token</h1>"]);
    expect(await visitor.page()).toContain("Hello");
    await visitor.post("/logout", new FormData());
    expect(await visitor.page()).toContain("Log in");

    const json = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };
    expect(await (await fetch(new URL("/api/echo", url), json)).json()).toEqual({ a: 1 });
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(new URL("/nobody", url))).status).toBe(404);
  },

  "file-server.ts": async (url) => {
    const file = new URL("/index.ts", url);
    const whole = await fetch(file, { headers: { "accept-encoding": "br" } });
    const [text, headers] = [await whole.text(), whole.headers];
    expect(text).toBe(readProjectFile("src/index.ts"));
    expect(headers.get("content-type")).toBe("text/typescript; charset=utf-8");
    expect([headers.get("content-encoding"), headers.get("vary")]).toEqual(["br", "Accept-Encoding"]);

    const part = await fetch(file, { headers: { range: "bytes=0-9" } });
    expect([part.status, await part.text()]).toEqual([206, text.slice(0, 10)]);
    expect(part.headers.get("content-range")).toBe(`bytes 0-9/${text.length}`);
    expect((await fetch(file, { headers: { range: `bytes=${text.length}-` } })).status).toBe(416);

    const condition = { "if-modified-since": headers.get("last-modified") ?? "" };
    expect((await fetch(file, { headers: condition })).status).toBe(304);
    expect((await fetch(new URL("/..%2fpackage.json", url))).status).toBe(404);
  },

  "http-client.ts": async (_url, program) => {
    await program.prints(/^JSON: \{ name: 'Ada', born: 1815 \} and again: CACHE_HIT$/m);
    await program.prints(/^download: half of 5242880 bytes\ndownload: all 5242880 bytes$/m);
    await program.prints(/^cookies: \{ user: 'ada' \} by way of \[ 'http:\/\/localhost:\d+\/me' \]$/m);
    await program.prints(/^upload: \[ 'title: The engine', 'engine.png: image\/png, 5242880 bytes' \]$/m);
    await program.prints(/^too slow: RING_REQUEST_TIMEOUT$/m);
  },

  "proxy.ts": async (url, program) => {
    const numbers = chunksOf(await fetch(url));
    expect((await numbers.read()).value).toMatch(/^0\n1\n2\n/);
    await numbers.cancel();
    await program.prints(/the other server: nobody listens any more/);
    const upload = await fetch(url, { method: "POST", body: Buffer.alloc(3_000_000) });
    expect([upload.status, await upload.text()]).toEqual([201, "3000000 bytes\n"]);
    expect(upload.headers.get("x-seen-from")).toMatch(/127\.0\.0\.1|::1/);
  },

  "http.ts": async (_url, program) => {
    const printed = await program.prints(/waited for[^]*\nand in Express:\n[^]*\nstatuses: .*\n/);
    const [alone, inExpress] = printed.trim().split("\nand in Express:\n");
    expect(alone?.split("\n")).toEqual([
      "waited for: hello world!",
      "chained: hello, at last! after 500 ms",
      "numbers: [ 0, 1, 2, 3, 4 ]",
      "numbers/generator: [ 0, 1, 2, 3, 4 ]",
      "numbers/readable: [ 0, 1, 2, 3, 4 ]",
      "raw: hello world!",
      "statuses: 500 404",
    ]);
    expect(inExpress).toBe(alone);
  },

  "drop-in.ts": async (url, program) => {
    const cart = await fetch(url, { headers: { "x-forwarded-for": "203.0.113.7" } });
    expect(await cart.json()).toEqual({ cart: [], client: "203.0.113.7" });
    expect(cart.headers.get("x-frame-options")).toBe("SAMEORIGIN");
    const headers = { "content-type": "application/json", cookie: cart.headers.getSetCookie().join() };
    const added = await fetch(url, { method: "POST", headers, body: '{"product":"tea"}' });
    expect([added.status, await added.json()]).toEqual([201, { cart: ["tea"] }]);
    const before = await fetch(new URL("/shop/cart", url), { headers });
    expect(await before.json()).toMatchObject({ cart: ["tea"] });
    expect((await fetch(url, { method: "POST", headers, body: "{}" })).status).toBe(400);
    const tea = await fetch(new URL("/ring/products/tea", url));
    expect(await tea.json()).toEqual({ product: "tea", stock: 3, price: 9 });
    const unicorn = await fetch(new URL("/ring/products/unicorn", url));
    expect([unicorn.status, await unicorn.json()]).toEqual([500, { error: "something went wrong" }]);
    await program.prints(/the app's error handler: the price service knows no unicorns/);
  },

  "dashboard.ts": async (url) => {
    expect(await (await fetch(url)).text()).toContain('new EventSource("metrics")');
    const metrics = eventSource(new URL("/metrics", url).href);
    const first = (await metrics.take()) as ReceivedEvent;
    expect(first.event).toBe("metrics");
    expect(JSON.parse(first.data)).toMatchObject({ viewers: 1, heapMegabytes: expect.any(Number) });
    metrics.close();
  },

  "upload.ts": async (url) => {
    expect(await (await fetch(url)).text()).toContain('type="file"');
    const progress = chunksOf(await fetch(new URL("/progress/mine", url)));
    const form = new FormData();
    form.set("small", new File(["tea"], "small.txt"));
    form.set("large", new File(["x".repeat(2_000_000)], "large.txt"));
    const answer = await fetch(new URL("/upload/mine", url), { method: "POST", body: form });
    expect(await answer.json()).toEqual([
      { filename: "small.txt", size: 3 },
      { filename: "large.txt", size: 2_000_000 },
    ]);
    let told = "";
    while (!told.includes('"percent":100')) told += (await progress.read()).value;
    const percents = [...told.matchAll(/"percent":(\d+)/g)].map(([, percent]) => Number(percent));
    expect(percents.length).toBeGreaterThan(5);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    await progress.cancel();

    const sums = await fetch(new URL("/checksums", url), { method: "POST", body: form });
    expect(await sums.json()).toEqual({
      small: `${createHash("sha256").update("tea").digest("hex")}, read from memory`,
      large: `${createHash("sha256").update("x".repeat(2_000_000)).digest("hex")}, read from a temporary file`,
    });
  },
};
