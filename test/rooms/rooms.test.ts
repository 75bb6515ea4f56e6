import { PassThrough } from "node:stream";
import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { type Bus, eventBus } from "../../src/bus/index.js";
import { mockClock } from "../../src/clock/index.js";
import { successDeferred } from "../../src/deferred/index.js";
import { type RoomMessage, type Rooms, type RoomsOptions, roomCodec, rooms } from "../../src/rooms/index.js";
import { bufferedStream, stream } from "../../src/stream/index.js";
import { logged, rest } from "../stream/kit.js";

type TextBus = Bus<string, RoomMessage<string>>;

const textBus = (): TextBus => eventBus<string, RoomMessage<string>>();

function make(options: RoomsOptions<string> = {}, bus = textBus()): Rooms<string> {
  return rooms(bus, { clock: mockClock(), ...options });
}

/** What is in a stream at the moment. */
async function contents<T>(messages: ReturnType<typeof stream<T>>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const message = await messages.tryTake<undefined, undefined>(undefined, 0, undefined);
    if (message === undefined) return found;
    found.push(message);
  }
}

describe("broadcast", () => {
  it("reaches all in the room, in order, and nobody else", async () => {
    const chat = make();
    const [a, b, c] = [stream<string>(10), stream<string>(10), stream<string>(10)];
    chat.join("x", a);
    chat.join("x", b);
    chat.join("y", c);
    expect(await chat.broadcast("x", "1")).toBe(true);
    expect(await chat.broadcast("x", "2")).toBe(true);
    expect(await chat.broadcast("nobody", "3")).toBe(false);
    expect([await contents(a), await contents(b), await contents(c)]).toEqual([["1", "2"], ["1", "2"], []]);
    expect(chat.stats()).toMatchObject({ rooms: 2, members: 3, received: 2, sent: 4, dropped: 0 });
  });

  it("leaves out one member, by its membership or its sink", async () => {
    const chat = make();
    const [a, b] = [stream<string>(10), stream<string>(10)];
    const membership = chat.join("x", a);
    chat.join("x", b);
    await chat.broadcast("x", "1", { except: a });
    await chat.broadcast("x", "2", { except: membership });
    await chat.broadcast("x", "3", { except: stream() });
    expect([await contents(a), await contents(b)]).toEqual([["3"], ["1", "2", "3"]]);
  });

  it("encodes a message once for all", async () => {
    const encode = jest.fn((message: { readonly n: number }) => JSON.stringify(message));
    const bus = eventBus<string, RoomMessage<{ n: number }>>();
    const chat = rooms(bus, { encode });
    const members = Array.from({ length: 5 }, () => stream<string>(10));
    for (const member of members) chat.join("x", member);
    await chat.broadcast("x", { n: 1 });
    for (const member of members) expect(await contents(member)).toEqual(['{"n":1}']);
    expect(encode).toHaveBeenCalledTimes(1);
    chat.close();
  });

  it("leaves out what cannot be encoded, which is logged and counted", async () => {
    const encode = (message: string) => {
      if (message === "bad") throw new Error("in encode");
      return message;
    };
    const chat = make({ encode });
    const a = stream<string>(10);
    chat.join("x", a);
    const entries = await logged(async () => {
      await chat.broadcast("x", "bad");
      await chat.broadcast("x", "good");
    });
    expect(entries).toMatchObject([{ message: "in encode" }]);
    expect(await contents(a)).toEqual(["good"]);
    expect(chat.stats().malformed).toBe(1);
  });

  it("takes any sink: Node's streams too", async () => {
    const chat = make();
    const node = new PassThrough();
    chat.join("x", node);
    await chat.broadcast("x", "hello");
    expect(String(node.read())).toBe("hello");
    node.end();
    node.resume();
    while (chat.size("x") > 0) await rest();
    expect(chat.names()).toEqual([]);
  });

  it("is not disturbed by a member that leaves, or whose sink throws, while it is spread", async () => {
    const chat = make();
    const [a, b] = [stream<string>(10), stream<string>(10)];
    const broken = Object.assign(stream<string>(), {
      put: () => {
        throw new Error("in put");
      },
    });
    const leaveFirst = () => {
      first.leave();
      return successDeferred(true);
    };
    const first = chat.join("x", Object.assign(stream<string>(), { put: leaveFirst }));
    chat.join("x", broken);
    chat.join("x", a);
    chat.join("x", b);
    const entries = await logged(() => chat.broadcast("x", "1"));
    expect(entries.length).toBeGreaterThan(0);
    expect([await contents(a), await contents(b)]).toEqual([["1"], ["1"]]);
    expect(chat.stats().dropped).toBeGreaterThan(0);
  });
});

describe("a member that is slow", () => {
  /** A member that takes nothing, and one that takes all. */
  async function pair(options: Parameters<Rooms<string>["join"]>[2]) {
    const chat = make();
    const [slow, fast] = [stream<string>(), bufferedStream<string>(1000)];
    const membership = chat.join("x", slow, { bound: 3, ...options });
    chat.join("x", fast);
    return { chat, slow, fast, membership };
  }

  it("misses the oldest that wait, by default, and holds nobody up", async () => {
    const { chat, slow, fast, membership } = await pair({});
    for (let n = 1; n <= 10; n++) expect(await chat.broadcast("x", `${n}`)).toBe(true);
    expect(membership).toMatchObject({ waiting: 3, dropped: 6, isMember: true });
    expect(await contents(fast)).toHaveLength(10);
    expect(await contents(slow)).toEqual(["1", "8", "9", "10"]);
    expect(chat.stats()).toMatchObject({ dropped: 6, sent: 14 });
  });

  it("misses the newest with dropNewest", async () => {
    const { chat, slow, membership } = await pair({ overflow: "dropNewest" });
    for (let n = 1; n <= 10; n++) await chat.broadcast("x", `${n}`);
    expect(membership.dropped).toBe(6);
    expect(await contents(slow)).toEqual(["1", "2", "3", "4"]);
  });

  it("is sent away with disconnect, once", async () => {
    const disconnect = jest.fn();
    const { chat, slow, fast, membership } = await pair({ overflow: "disconnect", disconnect });
    for (let n = 1; n <= 10; n++) await chat.broadcast("x", `${n}`);
    expect(disconnect).toHaveBeenCalledTimes(1);
    expect(membership).toMatchObject({ isMember: false, waiting: 0, dropped: 4 });
    expect(slow.isClosed()).toBe(false);
    expect(chat.stats()).toMatchObject({ disconnected: 1, members: 1, dropped: 4 });
    expect(await contents(fast)).toHaveLength(10);
  });

  it("is closed with disconnect, if nothing else is said", async () => {
    const { chat, slow } = await pair({ overflow: "disconnect" });
    for (let n = 1; n <= 5; n++) await chat.broadcast("x", `${n}`);
    expect(slow.isClosed()).toBe(true);
    expect(chat.size("x")).toBe(1);
  });

  it("lets broadcasts wait with block, and nothing is lost", async () => {
    const { chat, slow, fast, membership } = await pair({ overflow: "block" });
    const broadcasts = Array.from({ length: 10 }, (_, i) => chat.broadcast("x", `${i + 1}`));
    expect(broadcasts.map(({ isRealized }) => isRealized).indexOf(false)).toBe(5);
    expect(membership).toMatchObject({ waiting: 4, dropped: 0 });
    const seen: unknown[] = [];
    while (seen.length < 10) seen.push(await slow.take());
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 1}`));
    expect(await Promise.all(broadcasts)).toEqual(broadcasts.map(() => true));
    expect(await contents(fast)).toHaveLength(10);
  });

  it("holds nobody up with block any more when it has left", async () => {
    const { chat, membership, fast } = await pair({ overflow: "block" });
    const broadcasts = Array.from({ length: 10 }, (_, i) => chat.broadcast("x", `${i + 1}`));
    membership.leave();
    expect(await Promise.all(broadcasts)).toEqual(broadcasts.map(() => true));
    expect(await contents(fast)).toHaveLength(10);
    expect(membership.dropped).toBe(4);
  });

  it("gets, with what it missed, all that there was, whatever the policy and its pace", async () => {
    const action = fc.oneof(fc.constant("broadcast" as const), fc.constant("take" as const));
    const policy = fc.constantFrom("dropOldest" as const, "dropNewest" as const);
    await fc.assert(
      fc.asyncProperty(fc.array(action), policy, fc.integer({ min: 1, max: 4 }), async (actions, overflow, bound) => {
        const chat = make();
        const sink = stream<string>();
        const membership = chat.join("x", sink, { overflow, bound });
        const seen: number[] = [];
        let said = 0;
        for (const each of actions) {
          if (each === "broadcast") await chat.broadcast("x", `${++said}`);
          else
            seen.push(
              ...(await sink.tryTake<string, string>("", 0, "").then((text) => (text === "" ? [] : [Number(text)]))),
            );
        }
        seen.push(...(await contents(sink)).map(Number));
        expect(seen).toEqual(seen.toSorted((a, b) => a - b));
        expect(new Set(seen).size + membership.dropped).toBe(said);
      }),
    );
  });
});

describe("join", () => {
  it("keeps a sink that is in the room already, once", async () => {
    const chat = make();
    const a = stream<string>(10);
    expect(chat.join("x", a)).toBe(chat.join("x", a));
    await chat.broadcast("x", "1");
    expect(await contents(a)).toEqual(["1"]);
    expect([chat.size("x"), chat.stats().members]).toEqual([1, 1]);
  });

  it("ends when the sink is closed, or by leave; the last one ends the subscription", async () => {
    const bus = textBus();
    const chat = make({}, bus);
    const [a, b] = [stream<string>(10), stream<string>(10)];
    const memberships = [chat.join("x", a), chat.join("x", b)];
    expect(await memberships[0]?.joined).toBe(true);
    expect(bus.downstream("room:x")).toHaveLength(1);
    a.close();
    expect(memberships.map(({ isMember }) => isMember)).toEqual([false, true]);
    memberships[1]?.leave();
    expect(b.isClosed()).toBe(false);
    expect([bus.isActive("room:x"), chat.size("x"), chat.names()]).toEqual([false, 0, []]);
    expect(chat.join("x", b).isMember).toBe(true);
  });

  it("closes the members of a room whose subscription ends, so that they come again", async () => {
    const bus = textBus();
    const chat = make({}, bus);
    const a = stream<string>(10);
    chat.join("x", a);
    const entries = await logged(() => bus.downstream("room:x")[0]?.close());
    expect(entries).toEqual([expect.stringContaining("1 members are closed")]);
    expect([a.isClosed(), chat.size("x"), chat.stats().interrupted]).toEqual([true, 0, 1]);
  });

  it.each([
    ["a bound of 0", { bound: 0 }],
    ["an unknown policy", { overflow: "wait" }],
    ["an unknown option", { except: 1 }],
  ])("refuses %s", (_what, options) => {
    const chat = make();
    expect(() => chat.join("x", stream(), options as never)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
    expect(chat.size("x")).toBe(0);
  });
});

describe("count", () => {
  /** Three processes on one bus. */
  function processes() {
    const bus = textBus();
    const clock = mockClock();
    const all = [1, 2, 3].map(() => rooms(bus, { clock }));
    return { bus, clock, all, counts: () => all.map((each) => each.count("x")) };
  }

  it("tells the members of all processes", async () => {
    const { clock, all, counts } = processes();
    const members = all.map((each) => each.join("x", stream<string>()));
    all[0]?.join("x", stream<string>());
    clock.advance(20);
    expect(counts()).toEqual([4, 4, 4]);
    members[1]?.leave();
    clock.advance(20);
    expect(counts()).toEqual([3, 3, 3]);
    expect(all.map((each) => each.size("x"))).toEqual([2, 0, 1]);
    expect(all.map((each) => each.stats().peers)).toEqual([2, 2, 2]);
  });

  it("is told to a process that comes later", () => {
    const { bus, clock, all } = processes();
    for (const each of all) each.join("x", stream<string>());
    clock.advance(20);
    expect(rooms(bus, { clock }).count("x")).toBe(3);
  });

  it("forgets a process that ends at once, and one that dies after a while", () => {
    const { bus, clock, all, counts } = processes();
    for (const each of all) each.join("x", stream<string>());
    clock.advance(20);
    all[0]?.close();
    expect(counts()).toEqual([0, 2, 2]);
    // A dead process says nothing more.
    const dead = mockClock();
    const dying = rooms(bus, { clock: dead });
    dying.join("x", stream<string>());
    dead.advance(20);
    expect(counts()).toEqual([0, 3, 3]);
    clock.advance(14_000);
    expect(counts()).toEqual([0, 3, 3]);
    clock.advance(10_000);
    expect(counts()).toEqual([0, 2, 2]);
    dead.advance(5000);
    expect(counts()).toEqual([0, 3, 3]);
  });

  it("is right again after messages were lost", () => {
    const clock = mockClock();
    const real = textBus();
    let isCut = false;
    // A bus that loses what is published while it is cut.
    const bus: TextBus = {
      publish: (topic, message) => real.publish(isCut ? "lost" : topic, message),
      subscribe: (topic) => real.subscribe(topic),
      isActive: (topic) => real.isActive(topic),
      downstream: (topic) => real.downstream(topic),
      topicToSubscribers: () => real.topicToSubscribers(),
    };
    const [here, there] = [rooms(bus, { clock }), rooms(real, { clock })];
    here.join("x", stream<string>());
    clock.advance(20);
    expect(there.count("x")).toBe(1);
    isCut = true;
    here.join("x", stream<string>());
    here.join("y", stream<string>());
    clock.advance(20);
    expect([there.count("x"), there.count("y")]).toEqual([1, 0]);
    isCut = false;
    clock.advance(5000);
    expect([there.count("x"), there.count("y")]).toEqual([2, 1]);
  });

  it("is told to onPresence whenever it changes", async () => {
    const bus = textBus();
    const clock = mockClock();
    const told: unknown[] = [];
    const here = rooms(bus, { clock, onPresence: (room, count) => told.push([room, count]) });
    const there = rooms(bus, { clock });
    const a = stream<string>();
    here.join("x", a);
    there.join("x", stream<string>());
    clock.advance(20);
    a.close();
    there.close();
    expect(told).toEqual([
      ["x", 1],
      ["x", 2],
      ["x", 1],
      ["x", 0],
    ]);
  });

  it("logs what onPresence throws", async () => {
    const chat = make({
      onPresence: () => {
        throw new Error("in onPresence");
      },
    });
    const entries = await logged(() => chat.join("x", stream<string>()));
    expect(entries).toMatchObject([{ message: "in onPresence" }]);
    expect(chat.size("x")).toBe(1);
  });
});

describe("rooms", () => {
  it("let all members go when they are closed, and leave sinks and bus open", async () => {
    const bus = textBus();
    const chat = make({}, bus);
    const a = stream<string>(10);
    const membership = chat.join("x", a);
    chat.close();
    chat.close();
    expect([membership.isMember, a.isClosed(), bus.topicToSubscribers().size]).toEqual([false, false, 0]);
    expect(() => chat.join("x", a)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    await expect(chat.broadcast("x", "1")).rejects.toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it.each([
    [{ bound: 0 }],
    [{ overflow: "fail" }],
    [{ presenceInterval: 0 }],
    [{ presenceInterval: 10, presenceTimeout: 10 }],
    [{ prefix: "x" }],
  ])("refuse %j", (options) => {
    expect(() => make(options as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("roomCodec", () => {
  it("keeps text, bytes, absences and reports as they are", () => {
    const presence = { process: "p", sequence: 1, kind: "change" as const, counts: [["x", 2] as const] };
    for (const message of [
      { message: "é" },
      { message: "", except: "a" },
      { message: Uint8Array.of(0, 123, 255), except: undefined },
      { message: new Uint8Array(0), except: "p/17" },
      { presence },
    ]) {
      expect(roomCodec.decode(Buffer.from(roomCodec.encode(message)))).toEqual(message);
    }
    expect(() => roomCodec.encode({ message: 1 as never })).toThrow(
      expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }),
    );
  });
});
