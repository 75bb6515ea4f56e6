import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { createClient } from "redis";
import { type RedisBus, type RedisBusOptions, redisEventBus } from "../../src/bus/index.js";
import { type RoomMessage, type Rooms, roomCodec, rooms } from "../../src/rooms/index.js";
import { stream } from "../../src/stream/index.js";
import { RedisServer } from "../bus/redis-server.js";
import { describeWith, redisServerPath } from "../needs.js";
import { logged, rest } from "../stream/kit.js";
import type { Order } from "./peer.js";

jest.setTimeout(30_000);

const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;

/** Waits for something that comes about by itself, and cannot be awaited: a count, say. */
async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await rest();
}

describeWith("redis-server", redisServerPath(), "rooms over Redis", (path) => {
  let server: RedisServer;
  const open: { close(): unknown }[] = [];

  beforeEach(async () => {
    server = await RedisServer.start(path);
    open.push({ close: () => server.kill() });
  });
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  type Message = string | Uint8Array;

  /** As a process has them; in pairs, for two processes. */
  async function make(options: RedisBusOptions<string, RoomMessage<Message>> = {}) {
    const client = createClient({ socket: { port: server.port, reconnectStrategy: 20 } });
    client.on("error", () => {});
    await client.connect();
    const bus: RedisBus<string, RoomMessage<Message>> = redisEventBus(client, options);
    const chat: Rooms<Message> = rooms(bus, { presenceInterval: 100, presenceTimeout: 1000 });
    open.push({ close: () => client.destroy() }, bus, chat);
    return { bus, chat };
  }

  /** A process of its own. */
  async function startPeer() {
    const child: ChildProcess = fork(fileURLToPath(new URL("peer.ts", import.meta.url)), [String(server.port)], {
      execArgv: ["--import", hooks],
    });
    const said: string[] = [];
    child.on("message", (text: string) => said.push(text));
    const says = async (text: string) => {
      while (!said.includes(text)) await once(child, "message");
    };
    const tell = (order: Order) => void child.send(order);
    const kill = async (signal: NodeJS.Signals) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    };
    open.push({ close: () => kill("SIGKILL") });
    await says("ready");
    return { said, says, tell, kill };
  }

  it("reach members in every process, but the one that is left out", async () => {
    const [here, there] = [await make({ codec: roomCodec }), await make({ codec: roomCodec })];
    const [a, b] = [stream<Message>(100), stream<Message>(100)];
    const memberships = [here.chat.join("x", a), there.chat.join("x", b)];
    for (const { joined } of memberships) expect(await joined).toBe(true);
    expect(await here.chat.broadcast("x", "1", { except: a })).toBe(true);
    await there.chat.broadcast("x", Uint8Array.of(0, 255), { except: b });
    await here.chat.broadcast("x", "all");
    expect([await a.take(), await a.take()]).toEqual([Uint8Array.of(0, 255), "all"]);
    expect([await b.take(), await b.take()]).toEqual(["1", "all"]);
  });

  it("hear another process, and forget its members when it is killed", async () => {
    const { chat } = await make();
    const member = stream<Message>(100);
    await chat.join("x", member).joined;
    const peer = await startPeer();
    peer.tell({ room: "x" });
    await peer.says("joined");
    await until(() => chat.count("x") === 2);
    peer.tell({ room: "x", say: "hello" });
    expect(await member.take()).toBe("hello");
    await chat.broadcast("x", "hello back");
    await peer.says("hello back");
    const killed = performance.now();
    await peer.kill("SIGKILL");
    await until(() => chat.count("x") === 1);
    // Not before its time, of which a busy machine may have taken a part.
    expect(performance.now() - killed).toBeGreaterThan(300);
    expect(chat.stats()).toMatchObject({ peers: 0, members: 1 });
  });

  it("go on when the server was killed: what is missed meanwhile is told by the bus, and members are counted again", async () => {
    const gaps: unknown[] = [];
    const [here, there] = [await make({ onGap: (gap) => gaps.push(gap) }), await make({ publishTimeout: 200 })];
    const [a, b] = [stream<Message>(100), stream<Message>(100)];
    const memberships = [here.chat.join("x", a), there.chat.join("x", b)];
    for (const { joined } of memberships) await joined;
    await until(() => here.chat.count("x") === 2 && there.chat.count("x") === 2);
    await logged(async () => {
      await server.kill();
      await expect(there.chat.broadcast("x", "lost")).rejects.toMatchObject({ code: "RING_BUS_UNAVAILABLE" });
      await until(() => here.chat.count("x") === 1);
      await server.start();
      await until(() => gaps.length === 1 && there.bus.stats().gaps === 1);
      await until(() => here.chat.count("x") === 2 && there.chat.count("x") === 2);
    });
    expect(gaps).toMatchObject([{ topics: expect.arrayContaining(["room:x", "presence"]) }]);
    await here.chat.broadcast("x", "again");
    // What was on its way when the server died may have been sent once more by the client, and is not lost then.
    for (const member of [a, b]) {
      const next = await member.take();
      expect(next === "lost" ? await member.take() : next).toBe("again");
    }
    expect(memberships.map(({ isMember }) => isMember)).toEqual([true, true]);
  });
});
