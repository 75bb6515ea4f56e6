import { once } from "node:events";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { eventSource, type ReceivedEvent } from "../src/sse/index.js";
import { RedisServer } from "./bus/redis-server.js";
import { Checkout, type Program } from "./checkout.js";
import { describeWith, redisServerPath } from "./needs.js";
import { readProjectFile, root } from "./sources.js";

jest.setTimeout(60_000);

const checkout = new Checkout();
beforeAll(() => checkout.run("npm", "run", "build"));
afterAll(() => checkout.remove());

/** Reads the text of a response chunk by chunk. */
const chunksOf = (response: Response) =>
  (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();

async function echo(url: string, messages: readonly (string | Buffer)[]): Promise<unknown[]> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const received: unknown[] = [];
  for (const message of messages) {
    socket.send(message);
    const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
    received.push(isBinary ? data : data.toString());
  }
  socket.close();
  await once(socket, "close");
  return received;
}

/** A browser: it keeps cookies, and sends the token of the last page with each form. */
class Visitor {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  #token = "";

  constructor(url: string) {
    this.#url = url;
  }

  async page(): Promise<string> {
    const text = await (await this.#fetch("/", {})).text();
    this.#token = /name="__anti-forgery-token" type="hidden" value="([^"]+)"/.exec(text)?.[1] ?? "";
    return text;
  }

  post(path: string, body: URLSearchParams | FormData): Promise<Response> {
    body.set("__anti-forgery-token", this.#token);
    return this.#fetch(path, { method: "POST", body });
  }

  /** What a form of another site makes it send: the cookies, but no token. */
  forge(path: string): Promise<Response> {
    return this.#fetch(path, { method: "POST" });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(path, this.#url), { ...init, headers: { cookie }, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return response;
  }
}

const NEWS = "It rains.\nCats and dogs.";

/** Listens at one address, posts at the other, and comes back. */
async function talkNews(here: string, there: string): Promise<void> {
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

/** Two in a room, each at an address of its own. */
async function talkChat(here: string, there: string): Promise<void> {
  const [ada, bob] = [here, there.replace("Ada", "Bob")].map((url) => new WebSocket(url)) as [WebSocket, WebSocket];
  const heard: Record<string, unknown>[] = [];
  const hears = async (says: string) => {
    for (;;) {
      const found = heard.find((saying) => saying["says"] === says);
      if (found !== undefined) return found;
      await once(ada, "message");
    }
  };
  ada.on("message", (data) => heard.push(JSON.parse(String(data as Buffer)) as Record<string, unknown>));
  expect(await hears("hello")).toEqual({ who: "Ada", says: "hello", present: 1 });
  if (bob.readyState !== WebSocket.OPEN) await once(bob, "open");
  // Processes tell each other of their members a moment later.
  for (let n = 1; heard.at(-1)?.["present"] !== 2; n++) {
    bob.send(`hi ${n}`);
    expect(await hears(`hi ${n}`)).toMatchObject({ who: "Bob" });
  }
  bob.close();
  expect(await hears("goodbye")).toMatchObject({ who: "Bob" });
  ada.close();
  await once(ada, "close");
}

/** Talks to each example as its first lines say. */
const talks: Readonly<Record<string, (url: string, program: Program) => Promise<void>>> = {
  "hello.ts": async (url) => {
    expect(await (await fetch(`${url}?tea`)).text()).toBe("Hello, Ada! You asked for tea.\n");
    expect(await (await fetch(new URL("/ring", url))).text()).toBe("answered by Ring\n");
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

  "chat.ts": async (url) => {
    await talkChat(url, url);
  },

  "websocket-echo.ts": async (url) => {
    const messages = ["hello", Buffer.of(0, 1, 255)];
    expect(await echo(url, messages)).toEqual(messages);
    await expect(echo(url.replace("open", "wrong"), messages)).rejects.toThrow("401");
  },

  "express-ws-echo.ts": async (url) => {
    const messages = ["hello", Buffer.of(0, 1, 255)];
    expect(await echo(url, messages)).toEqual(messages);
  },
};

const files = readdirSync(`${root}examples`).filter((name) => name.endsWith(".ts"));

describe("the examples", () => {
  it("are all listed for readers, and all run here", () => {
    const listed = [...readProjectFile("examples/README.md").matchAll(/^\| \[(.*?)\]\((.*?)\)/gm)];
    expect(new Set(listed.map(([, name]) => name))).toEqual(new Set(["demo", ...files]));
    for (const [, name, target] of listed) expect(target).toBe(name);
    expect(new Set(Object.keys(talks))).toEqual(new Set(files));
  });

  it.each(Object.entries(talks))("say what they say: %s", async (name, talk) => {
    const program = checkout.start("node", `dist/examples/${name.replace(/\.ts$/, ".js")}`);
    await talk(await program.url(), program);
    expect(await program.terminate()).toEqual({ code: null, signal: "SIGTERM" });
  });
});

describeWith("redis-server", redisServerPath(), "the examples over Redis", (path) => {
  it.each([
    ["sse.ts", talkNews],
    ["chat.ts", talkChat],
  ])("say in two processes what they say in one: %s", async (name, talk) => {
    const redis = await RedisServer.start(path);
    try {
      const environment = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
      const file = `dist/examples/${name.replace(/\.ts$/, ".js")}`;
      const programs = [1, 2].map(() => checkout.startIn(environment, "node", file));
      const [here = "", there = ""] = await Promise.all(programs.map((program) => program.url()));
      await talk(here, there);
      const ends = await Promise.all(programs.map((program) => program.terminate()));
      expect(ends.map(({ signal }) => signal)).toEqual(["SIGTERM", "SIGTERM"]);
    } finally {
      await redis.kill();
    }
  });
});

describe("npm start", () => {
  it("builds and serves the demo, and a second one too", async () => {
    for (const round of [1, 2]) {
      const program = checkout.start("npm", "start");
      const response = await fetch(await program.url());
      expect([round, response.status]).toEqual([round, 200]);
      expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
      expect(await response.text()).toContain("<title>express-ring: a demo</title>");
      await program.terminate();
    }
  });
});

describe("the demo", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "ends well at %s, and cuts a clock that somebody listens to",
    async (signal) => {
      const program = checkout.start("node", "dist/examples/demo/server.js");
      const clock = await fetch(new URL("clock", await program.url()));
      program.signal(signal);
      await expect(clock.text()).rejects.toThrow("terminated");
      expect(await program.ended).toEqual({ code: 0, signal: null });
    },
  );
});
