import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { RedisServer } from "./bus/redis-server.js";
import { Checkout } from "./checkout.js";
import type { Talk } from "./examples/clients.js";
import { httpTalks, talkNews } from "./examples/http-talks.js";
import { socketTalks, tlsTalks } from "./examples/socket-talks.js";
import { talkChat, websocketTalks } from "./examples/websocket-talks.js";
import { describeWith, findProgram, npmRegistry, redisServerPath } from "./needs.js";
import { readProjectFile, root } from "./sources.js";

jest.setTimeout(60_000);

const checkout = new Checkout();
beforeAll(() => checkout.run("npm", "run", "build"));
afterAll(() => checkout.remove());

const talks = { ...httpTalks, ...websocketTalks, ...socketTalks };
/** Programs that come to an end, and what they print. */
const ends = {
  "timer-wheel.ts": [
    "100000 timeouts of 200 ms on one timer",
    "all of them were late after no less than that",
    "before: false",
    "after: an hour is over and [ 'one line' ]",
  ],
};
const programOf = (name: string): string => `dist/examples/${name.replace(/\.ts$/, ".js")}`;

async function listen(name: string, talk: Talk): Promise<void> {
  const program = checkout.start("node", programOf(name));
  await talk(await program.url(), program);
  // One that has ended well by itself does not hear of it.
  expect([
    { code: null, signal: "SIGTERM" },
    { code: 0, signal: null },
  ]).toContainEqual(await program.terminate());
}

const files = readdirSync(`${root}examples`).filter((name) => name.endsWith(".ts"));

describe("the examples", () => {
  it("are all listed for readers, and all run here", () => {
    const listed = [...readProjectFile("examples/README.md").matchAll(/^\| \[(.*?)\]\((.*?)\)/gm)];
    expect(new Set(listed.map(([, name]) => name))).toEqual(new Set(["demo", "starter", ...files]));
    for (const [, name, target] of listed) expect(target).toBe(name);
    expect(new Set(Object.keys({ ...talks, ...tlsTalks, ...ends }))).toEqual(new Set(files));
  });

  it.each(Object.entries(talks))("say what they say: %s", listen);

  it.each(Object.entries(ends))("come to an end where there is one: %s", async (name, lines) => {
    const program = checkout.start("node", programOf(name));
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect((await program.prints(/[^]*/)).trim().split("\n")).toEqual(lines);
  });
});

describeWith("openssl", findProgram("openssl"), "the examples over TLS", () => {
  it.each(Object.entries(tlsTalks))("say what they say: %s", listen);
});

describe("npm run example", () => {
  it("builds and runs the one that is named", async () => {
    const program = checkout.start("npm", "run", "example", "hello");
    expect(await (await fetch(await program.url())).text()).toContain("Hello, Ada!");
    await program.terminate();
  });

  it("lists them, and knows no other", async () => {
    const list = checkout.start("npm", "run", "example");
    expect(await list.ended).toEqual({ code: 0, signal: null });
    const printed = await list.prints(/[^]*/);
    for (const file of files) expect(printed).toContain(`\n  ${file.slice(0, -".ts".length)}\n`);
    const wrong = checkout.start("npm", "run", "example", "../scripts/build");
    expect((await wrong.ended).code).toBe(1);
  });
});

describeWith(
  "npm's registry",
  npmRegistry(),
  "the starter",
  () => {
    it("passes its own tests where it is copied to, with the package as it is published", async () => {
      const check = checkout.start("node", "scripts/check-starter.js");
      if ((await check.ended).code !== 0) throw check.failure();
      expect(await check.prints(/pass \d+\n[^]*the starter works/)).toMatch(/^pass [1-9]/);
    }, 180_000);
  },
  "it does not answer",
);

describeWith("redis-server", redisServerPath(), "the examples over Redis", (path) => {
  it.each([
    ["sse.ts", talkNews],
    ["chat.ts", talkChat],
  ])("say in two processes what they say in one: %s", async (name, talk) => {
    const redis = await RedisServer.start(path);
    try {
      const environment = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
      const programs = [1, 2].map(() => checkout.startIn(environment, "node", programOf(name)));
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
