/**
 * One application in several processes: by `node:cluster`, and as separate processes behind nginx, with the configuration that
 * docs/realtime.md shows. All that they share is Redis.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { eventSource, type ReceivedEvent } from "../../src/sse/index.js";
import { consume } from "../../src/stream/index.js";
import { RedisServer } from "../bus/redis-server.js";
import { describeWith, nginxPath, redisServerPath } from "../needs.js";
import { readProjectFile } from "../sources.js";
import { type Fleet, startBehindNginx, startCluster } from "./fleet.js";

// Each process compiles its sources as it starts, which takes seconds on a busy machine.
jest.setTimeout(120_000);

const rest = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const patience = performance.now() + 30_000;
  // oxlint-disable-next-line no-await-in-loop -- until it is so
  while (!(await isSo())) {
    if (performance.now() > patience) throw new Error(`in vain: ${String(isSo)}`);
    // oxlint-disable-next-line no-await-in-loop -- until it is so
    await rest(10);
  }
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;

/** The configuration of the guide, with other ports. */
function configuration(port: number, [first, second]: readonly number[]): string {
  const [, config = ""] = /```nginx\n([^]*?)```/.exec(readProjectFile("docs/realtime.md")) ?? [];
  const [outside, ...inside] = [":8080", ":3001", ":3002"].map((each) => config.split(each).length - 1);
  expect([outside, ...inside]).toEqual([1, 1, 1]);
  return config.replace(":8080", `:${port}`).replace(":3001", `:${first}`).replace(":3002", `:${second}`);
}

describeWith("redis-server", redisServerPath(), "processes that share Redis", (redisPath) => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start(redisPath);
  });
  afterAll(() => redis.kill());

  describe("by node:cluster, on Express", () => {
    behaveAsOne(() => startCluster("express", redis.port));
  });

  describe("by node:cluster, on startServer", () => {
    behaveAsOne(() => startCluster("startServer", redis.port));
  });

  describeWith("nginx", nginxPath(), "behind nginx, one on Express and one on startServer", (nginx) => {
    behaveAsOne(() => startBehindNginx(nginx, configuration, ["express", "startServer"], redis.port));
  });
});

/**
 * Milliseconds after which a client asks again. The parent of a cluster may have handed a connection to a process in the moment
 * that was killed: nobody answers there, and nobody closes it, so every client has to have a limit.
 */
const ANSWER_TIMEOUT = 2000;

/** A client that keeps one connection. */
function visitor(connectionOptions: http.ConnectionOptions = {}) {
  const pool = http.connectionPool({ connectionsPerHost: 1, connectionOptions });
  const ask = (method: "get" | "put", url: string, more: http.RequestOptions = {}) =>
    http.request({ method, as: "string", throwExceptions: false, requestTimeout: ANSWER_TIMEOUT, ...more, url, pool });
  return { ask, leave: () => pool.close() };
}

function behaveAsOne(start: () => Promise<Fleet>): void {
  let fleet: Fleet;
  let url = "";
  beforeAll(async () => {
    fleet = await start();
    url = `http://${fleet.address}`;
  });
  afterAll(() => (fleet as Fleet | undefined)?.stop());

  /** Opens something again and again until there is one in each of two processes. */
  async function inBoth<T>(open: () => Promise<{ readonly process: string; readonly found: T }>): Promise<T[]> {
    const found = new Map<string, T>();
    while (found.size < 2) {
      // oxlint-disable-next-line no-await-in-loop -- until both were met
      const opened = await open();
      found.set(opened.process, opened.found);
    }
    return [...found.values()];
  }

  const open: { close: () => void }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });

  async function listener(path: string, lastEventId = "") {
    let opened = (_process: string): void => {};
    const process = new Promise<string>((resolve) => {
      opened = resolve;
    });
    const source = eventSource(`${url}${path}`, {
      lastEventId,
      retryDelay: 50,
      maxRetryDelay: 200,
      idleTimeout: ANSWER_TIMEOUT,
      retryStatuses: [502, 503, 504],
      onOpen: ({ headers }) => opened(String(headers["x-process"])),
    });
    open.push(source);
    return { process: await process, found: source };
  }

  async function member(hall: string) {
    const socket = await http.websocketClient(`ws://${fleet.address}/halls/${hall}`);
    open.push(socket);
    return { process: String(await socket.take()), found: socket };
  }

  it("keep a session, whichever process a request comes to", async () => {
    const client = visitor({ keepAlive: false });
    const seen = new Set<unknown>();
    let cookie = "";
    for (let visits = 1; visits <= 3 || seen.size < 2; visits++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { body, headers } = await client.ask("get", `${url}/visits`, { headers: { cookie } });
      if (visits === 1) cookie = String(headers["set-cookie"]).replace(/;[^]*/, "");
      expect(body).toBe(String(visits));
      seen.add(headers["x-process"]);
    }
    await client.leave();
  });

  it("bring what is published in one to those who listen in each", async () => {
    const listeners = await inBoth(() => listener("/words"));
    const heard = listeners.map((each) => each.take());
    const { body } = await http.put(`${url}/words`, { body: "hello", as: "string" });
    expect(body).toBe("true");
    for (const event of await Promise.all(heard)) expect((event as ReceivedEvent).data).toContain("hello");
  });

  it("replay what was missed to who comes back to another one", async () => {
    const first = await listener("/news");
    const heard = first.found.take();
    await until(() => first.found.lastEventId !== "");
    await http.put(`${url}/news`, { body: "1" });
    const { data, id } = (await heard) as ReceivedEvent;
    expect(data).toBe("1");
    first.found.close();
    for (const body of ["2", "3"]) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      await http.put(`${url}/news`, { body });
    }
    for (const again of await inBoth(() => listener("/news", id))) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect([await again.take(), await again.take()]).toMatchObject([{ data: "2" }, { data: "3" }]);
    }
  });

  it("have their rooms in common, and count who is in them", async () => {
    const [a, b] = await inBoth(() => member("tea"));
    if (a === undefined || b === undefined) throw new Error("there are two");
    const said = [a.take(), b.take()];
    await a.put("sugar?");
    expect(await Promise.all(said)).toEqual(["sugar?", "sugar?"]);
    const members = open.length;
    await until(async () => (await counted("tea")) === String(members));
    expect(members).toBeGreaterThanOrEqual(2);
  });

  /** How many a process says that are in a hall; undefined if it says nothing. */
  async function counted(hall: string): Promise<unknown> {
    const client = visitor({ keepAlive: false });
    try {
      return (await client.ask("get", `${url}/halls/${hall}/count`)).body;
    } catch {
      return undefined;
    } finally {
      await client.leave();
    }
  }

  const VISITORS = 8;
  const MEMBERS = 20;

  /** Loads the processes while something happens to them, and tells what clients saw of it. */
  async function underLoad(happen: () => Promise<void>) {
    const over = new AbortController();
    const answers = new Map<unknown, number>();
    const processes = new Set<unknown>();
    /** @returns was it answered with 200? */
    const request = async (client: ReturnType<typeof visitor>, ...what: Parameters<typeof client.ask>) => {
      const { answer, by } = await Promise.resolve(client.ask(...what)).then(
        ({ status, headers }) => ({ answer: status as unknown, by: headers["x-process"] }),
        (error: http.StatusError) => ({ answer: error.code, by: undefined }),
      );
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (by !== undefined) processes.add(by);
      return answer === 200;
    };
    const hammer = async (): Promise<void> => {
      const client = visitor();
      while (!over.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await request(client, "get", `${url}/work`);
        // Else the load would leave nothing of the machine to those who start.
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await rest(5);
      }
      await client.leave();
    };

    const appended: string[] = [];
    const write = async (): Promise<void> => {
      const client = visitor();
      for (let number = 0; !over.signal.aborted; number++) {
        const body = String(number);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        if (await request(client, "put", `${url}/news`, { body })) appended.push(body);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await rest(5);
      }
      await client.leave();
    };
    const { found: news } = await listener("/news");
    const read: string[] = [];
    consume(({ data }) => void read.push(data), news);
    await until(() => news.lastEventId !== "");

    const codes: number[] = [];
    const absences: number[] = [];
    const members = Array.from({ length: MEMBERS }, () => {
      let left = 0;
      const socket = http.reconnectingWebsocketClient(`ws://${fleet.address}/halls/load`, {
        backoff: { initial: 100, max: 300 },
        handshakeTimeout: ANSWER_TIMEOUT,
        onConnect: () => {
          if (left > 0) absences.push(performance.now() - left);
          left = 0;
        },
        onDisconnect: ({ code }) => {
          codes.push(code);
          left = performance.now();
        },
      });
      open.push(socket);
      const welcomes: string[] = [];
      const said = new Set<string>();
      consume((message) => {
        const text = String(message);
        if (text.startsWith("welcome")) welcomes.push(text);
        else said.add(text);
      }, socket);
      return { socket, welcomes, said };
    });
    await until(() => members.every(({ welcomes }) => welcomes.length > 0));

    const load = [...Array.from({ length: VISITORS }, hammer), write()];
    await until(() => processes.size >= 2);
    await happen();
    over.abort();
    await Promise.all(load);
    await until(() => members.every(({ socket }) => socket.state === "open"));
    await until(() => read.at(-1) === appended.at(-1));
    const everybody = members.map(({ said }, place) => ({ said, text: `from ${place}` }));
    await until(() => codes.length === absences.length);
    for (const [place, { socket }] of members.entries()) void socket.put(`from ${place}`);
    await until(() => everybody.every(({ said }) => everybody.every(({ text }) => said.has(text))));
    return { answers, processes, appended, read, codes, absences };
  }

  it("can be restarted one after the other under load, and nobody notices but websockets, which come back", async () => {
    const { answers, processes, appended, read, codes, absences } = await underLoad(() => fleet.restart());
    expect([...answers.keys()]).toEqual([200]);
    // The two of before, and at least one of those that came.
    expect(processes.size).toBeGreaterThanOrEqual(3);
    expect(read).toEqual(appended);
    expect(codes.length).toBeGreaterThanOrEqual(MEMBERS);
    expect(new Set(codes)).toEqual(new Set([1012]));
    expect(median(absences)).toBeLessThan(1000);
    // Also where the machine has better things to do.
    expect(Math.max(...absences)).toBeLessThan(5000);
  });

  it("go on when one of them is killed, and its websockets come back", async () => {
    const { answers, appended, read, codes, absences } = await underLoad(() => fleet.kill());
    const failed = [...answers].filter(([answer]) => answer !== 200);
    // Of requests that the process had, and may not be asked again.
    expect(failed.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(VISITORS + 1);
    expect(read).toEqual(expect.arrayContaining(appended));
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.length).toBeLessThanOrEqual(MEMBERS);
    expect(new Set(codes)).toEqual(new Set([1006]));
    expect(median(absences)).toBeLessThan(1000);
    // The dead one's members are forgotten, and nobody is counted twice.
    await until(async () => (await counted("load")) === String(MEMBERS));
  });
}
