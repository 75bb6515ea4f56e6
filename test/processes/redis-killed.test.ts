/**
 * Redis is killed in the middle of broadcasts and appends of several processes, and comes back without what it had: every
 * process receives again, and each message was heard, or its loss was told to who sent it, or to who did not hear it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, jest } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { eventSource } from "../../src/sse/index.js";
import { consume } from "../../src/stream/index.js";
import { RedisServer } from "../bus/redis-server.js";
import { describeWith, redisServerPath } from "../needs.js";
import type { Account, Order, Report, Said } from "./herald.js";

// Each process compiles its sources as it starts, which takes seconds on a busy machine.
jest.setTimeout(120_000);

const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;
const NAMES = ["anna", "bert", "carl"];
const KILLS = 2;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Things of one kind that come, and who waits for so many of them. */
class Coming<T> {
  readonly all: T[] = [];
  #wake = (): void => {};

  add(one: T): void {
    this.all.push(one);
    this.#wake();
  }

  async until(isEnough: (all: readonly T[]) => boolean): Promise<readonly T[]> {
    while (!isEnough(this.all)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.all;
  }
}

/** What a client has heard of a herald: by websocket, and by event stream, where gaps are told in their places. */
interface Herald {
  readonly name: string;
  readonly tell: (order: Order) => void;
  readonly reports: Coming<Report>;
  readonly heard: Coming<string>;
  readonly read: Coming<string>;
}

async function start(name: string, redisPort: number): Promise<Herald> {
  const file = fileURLToPath(new URL("herald.ts", import.meta.url));
  const child: ChildProcess = fork(file, [name, redisPort, NAMES.length].map(String), {
    execArgv: ["--import", hooks, "--no-warnings"],
  });
  open.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  });
  const reports = new Coming<Report>();
  child.on("message", (report: Report) => reports.add(report));
  const [{ port }] = (await reports.until(({ length }) => length > 0)) as [{ port: number }];
  const [heard, read] = [new Coming<string>(), new Coming<string>()];
  const socket = await http.websocketClient(`ws://127.0.0.1:${port}/hall`);
  expect(await socket.take()).toBe("welcome");
  consume((text) => heard.add(String(text)), socket);
  const news = eventSource(`http://127.0.0.1:${port}/news`, { retryDelay: 20 });
  consume(({ event, data }) => (event === "gap" ? read.add("gap") : read.add(data)), news);
  open.push(
    () => socket.close(),
    () => news.close(),
  );
  // It has its place in the log.
  while (news.lastEventId === "") await sleep(5);
  return { name, tell: (order) => void child.send(order), reports, heard, read };
}

/** The numbers of one herald's messages. */
const numbersOf = (name: string, texts: readonly string[]): number[] =>
  texts
    .filter((text) => text.startsWith(`${name} `))
    .map((text) => (text.endsWith("last") ? Number.POSITIVE_INFINITY : Number(text.slice(name.length + 1))));

const textsOf = (said: readonly Said[]): string[] => said.map(({ text }) => text);

/** Was an append answered with the id of the event? */
const isId = (outcome: unknown): boolean => /^\d+-\d+$/.test(String(outcome));

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, place) => place === 0 || number > (numbers[place - 1] as number));
}

/** Of what was said and not heard, what nobody was told of. */
function untold(said: readonly Said[], heard: ReadonlySet<string>, gaps: Account["gaps"]): readonly Said[] {
  return said.filter(({ text, from, to, outcome }) => {
    if (heard.has(text) || outcome !== true) return false;
    return !gaps.some(({ since, until }) => since <= to && from <= until);
  });
}

/** The pieces of a stream between its gaps. */
function pieces(read: readonly string[]): string[][] {
  const found: string[][] = [[]];
  for (const data of read) {
    if (data === "gap") found.push([]);
    else found.at(-1)?.push(data);
  }
  return found;
}

describeWith("redis-server", redisServerPath(), "several processes whose Redis is killed while they speak", (path) => {
  it("hear each other again, and lose nothing without a word", async () => {
    const redis = await RedisServer.start(path);
    open.push(() => redis.kill());
    const heralds = await Promise.all(NAMES.map((name) => start(name, redis.port)));
    const all = async (isEnough: (herald: Herald) => Promise<unknown>) => {
      await Promise.all(heralds.map(isEnough));
    };
    const tell = (order: Order): void => {
      for (const herald of heralds) herald.tell(order);
    };
    tell("speak");
    await all(({ heard, read }) => Promise.all([heard, read].map((each) => each.until(({ length }) => length > 100))));
    for (let kill = 1; kill <= KILLS; kill++) {
      await redis.kill();
      await sleep(300);
      await redis.start();
      const isTold = (reports: readonly Report[]) => reports.filter((report) => report === "gap").length >= kill;
      await all(({ reports }) => reports.until(isTold));
      const [many, more] = [heralds.map(({ heard }) => heard.all.length), heralds.map(({ read }) => read.all.length)];
      await Promise.all(heralds.map(({ heard }, i) => heard.until(({ length }) => length > (many[i] ?? 0) + 100)));
      await Promise.all(heralds.map(({ read }, i) => read.until(({ length }) => length > (more[i] ?? 0) + 100)));
    }
    tell("last words");
    await all(({ reports }) => reports.until((found) => found.includes("done")));
    const last = NAMES.map((name) => `${name} last`);
    const hasAll = (texts: readonly string[]) => last.every((text) => texts.includes(text));
    await all(({ heard, read }) => Promise.all([heard.until(hasAll), read.until(hasAll)]));
    tell("account");
    await all(({ reports }) => reports.until((found) => typeof found.at(-1) === "object"));
    const accounts = heralds.map(({ reports }) => reports.all.at(-1) as Account);
    const said = accounts.flatMap((account) => account.said);
    const appended = accounts.flatMap((account) => account.appended);

    for (const [place, { heard, read }] of heralds.entries()) {
      const account = accounts[place] as Account;
      // What went over the bus: once, in order, and what was not heard is in a gap that its process tells of.
      const texts = new Set(heard.all);
      expect(texts.size).toBe(heard.all.length);
      for (const name of NAMES) expect(isAscending(numbersOf(name, heard.all))).toBe(true);
      expect(untold(said, texts, account.gaps)).toEqual([]);
      expect(account.gaps).toHaveLength(KILLS);
      expect(account.rooms).toMatchObject({ received: heard.all.length, sent: heard.all.length, dropped: 0 });
      // What went over the log: between two gaps nothing that was appended is missing.
      const own = new Set(read.all.filter((data) => data !== "gap"));
      expect(own.size).toBe(read.all.filter((data) => data !== "gap").length);
      const found = pieces(read.all);
      expect(found.length).toBeGreaterThan(1);
      for (const piece of found) {
        for (const [from, name] of NAMES.entries()) {
          const numbers = numbersOf(name, piece);
          expect(isAscending(numbers)).toBe(true);
          const acknowledged = (accounts[from] as Account).appended.filter(({ outcome }) => isId(outcome));
          const known = numbersOf(name, textsOf(acknowledged));
          const [first = 0, end = -1] = [numbers[0], numbers.at(-1)];
          expect(known.filter((number) => number > first && number < end && !numbers.includes(number))).toEqual([]);
        }
      }
      expect(account.log.gaps).toBeGreaterThanOrEqual(1);
    }
    // Of all that was begun each has one outcome, and what failed is counted.
    for (const account of accounts) {
      const codes = account.said.map(({ outcome }) => outcome).filter((outcome) => typeof outcome === "string");
      expect(new Set(codes)).toEqual(new Set(codes.length === 0 ? [] : ["RING_BUS_UNAVAILABLE"]));
      expect(account.failed).toBeGreaterThanOrEqual(codes.length);
      const failures = account.appended.filter(({ outcome }) => outcome === "RING_EVENT_LOG_UNAVAILABLE");
      expect(account.log.appendFailures).toBe(failures.length);
      expect(account.log.appended).toBe(account.appended.length - failures.length);
    }
    expect(appended.length).toBeGreaterThan(300);
  });
});
