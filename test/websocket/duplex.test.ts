import { randomBytes } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import type { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { mockClock } from "../../src/clock/index.js";
import { connect, put, type Source, take } from "../../src/stream/index.js";
import { websocketClose, websocketPing } from "../../src/websocket/control.js";
import { toFrame } from "../../src/websocket/duplex.js";
import { connectionUnder, type RawWebSocket } from "../../src/websocket/raw-socket.js";
import { withLog } from "../contract/host.js";
import { valueOf } from "../helpers.js";
import { deflate, encode, TEXT } from "./frames.js";
import { sendFragments, servers, turn, until, withPair } from "./peers.js";

async function takeAll<T>(source: Source<T>, count: number): Promise<(T | undefined)[]> {
  const taken: (T | undefined)[] = [];
  while (taken.length < count) taken.push(await take(source));
  return taken;
}

describe.each(servers)("a duplex over %s", (_name, Server) => {
  describe("receiving", () => {
    // 63
    it("gives text as strings and binary as bytes, empty ones too", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.send("grüße");
        client.ws.send("");
        client.ws.send(Buffer.from([1, 2, 255]));
        client.ws.send(Buffer.alloc(0));
        expect(await takeAll(duplex, 4)).toEqual(["grüße", "", Buffer.from([1, 2, 255]), Buffer.alloc(0)]);
      }));

    it("joins fragments", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        sendFragments(client.ws, ["one ", "two ", "three"]);
        expect(await take(duplex)).toBe("one two three");
      }));

    // 70
    it("gives bytes only with rawStream", () =>
      withPair(Server, { rawStream: true }, async ({ duplex, client }) => {
        client.ws.send("text");
        client.ws.send(Buffer.from("binary"));
        expect(await takeAll(duplex, 2)).toEqual([Buffer.from("text"), Buffer.from("binary")]);
      }));

    it("gives a message to the take that waits", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const waiting = take(duplex);
        client.ws.send("late");
        expect(await waiting).toBe("late");
      }));

    // 79
    it("keeps 16 messages, then stops the sender, and loses nothing", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const body = "x".repeat(5000);
        for (let i = 0; i < 3000; i++) client.ws.send(`${i} ${body}`);
        await until(() => duplex.isHeldBack);
        await turn(50);
        const { source } = duplex.description() as unknown as { source: { bufferSize: number; pendingPuts: number } };
        expect(source.bufferSize).toBe(16);
        // What the chunk held that was under way: 64 KiB at most.
        expect(source.pendingPuts).toBeLessThan(20);
        expect(client.ws.bufferedAmount).toBeGreaterThan(1_000_000);
        const taken = await takeAll(duplex, 3000);
        expect(taken.map((message) => Number.parseInt(message as string, 10))).toEqual([...taken.keys()]);
      }));

    it("stops the sender of compressed messages too", () =>
      withPair(
        Server,
        {},
        async ({ duplex, client }) => {
          // Random, so that they stay as long as they are.
          const messages = Array.from({ length: 1000 }, () => randomBytes(5000));
          for (const message of messages) client.ws.send(message);
          await until(() => duplex.isHeldBack);
          // Time enough to inflate many more.
          await setTimeout(200);
          expect((duplex.description() as { source?: { pendingPuts?: number } }).source?.pendingPuts).toBeLessThan(30);
          for (const message of messages) expect(message.equals((await take(duplex)) as Buffer)).toBe(true);
        },
        { perMessageDeflate: true },
      ));

    it("does not inflate a compression bomb before its messages are taken, and serves others meanwhile", () =>
      withPair(
        Server,
        {},
        ({ duplex, client }) =>
          withPair(
            Server,
            {},
            async (other) => {
              let inflated = 0;
              duplex.raw.on("message", () => inflated++);
              // About 1 kB each on the wire: they come in one chunk, and would be 64 MB.
              const bomb = "x".repeat(1_000_000);
              for (let i = 0; i < 64; i++) client.ws.send(bomb);
              await until(() => duplex.isHeldBack && client.ws.bufferedAmount === 0);
              for (let i = 0; i < 64; i++) other.client.ws.send(bomb);
              for (let i = 0; i < 64; i++) expect(await take(other.duplex)).toHaveLength(1_000_000);
              expect(inflated).toBeLessThanOrEqual(3);
              expect(duplex.description()).toMatchObject({ source: { pendingPuts: 0 } });
              for (let i = 0; i < 64; i++) expect(await take(duplex)).toHaveLength(1_000_000);
            },
            { perMessageDeflate: true },
          ),
        { perMessageDeflate: true },
      ));

    it("tells the end of a client that is held back by compressed messages, which can still be taken", () =>
      withPair(
        Server,
        {},
        async ({ duplex, client }) => {
          const bomb = "x".repeat(1_000_000);
          // In one chunk, so that all of it is here.
          const frame = encode({ opcode: TEXT, payload: deflate(bomb), reserved: 4 });
          connectionUnder(client.ws as unknown as RawWebSocket).write(Buffer.concat(Array<Buffer>(10).fill(frame)));
          await until(() => duplex.isHeldBack);
          duplex.cut();
          expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
          expect(await put(duplex, "late")).toBe(false);
          expect(duplex.isDrained()).toBe(false);
          expect(await takeAll(duplex, 11)).toEqual([...Array<string>(10).fill(bomb), undefined]);
          await until(() => duplex.isDrained());
        },
        { perMessageDeflate: true },
      ));

    it("stops after 1 MiB of few large messages", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const large = "x".repeat(700_000);
        for (let i = 0; i < 10; i++) client.ws.send(large);
        await until(() => duplex.isHeldBack);
        await turn(50);
        expect(duplex.description()).toMatchObject({ source: { bufferSize: 2, pendingPuts: 0 } });
        expect(await takeAll(duplex, 10)).toEqual(Array<string>(10).fill(large));
        expect(duplex.isHeldBack).toBe(false);
      }));

    it("loses none of the many small messages of one chunk", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        for (let i = 0; i < 40_000; i++) client.ws.send("");
        client.ws.send("last");
        await until(() => duplex.isHeldBack);
        const taken = await takeAll(duplex, 40_001);
        expect(taken.at(-1)).toBe("last");
        expect(taken.slice(0, -1).every((message) => message === "")).toBe(true);
      }));

    it("stays still while nobody takes, and goes on when somebody does", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        for (let i = 0; i < 17; i++) client.ws.send(`${i}`);
        await until(() => duplex.isHeldBack);
        client.ws.send("later");
        await turn(20);
        expect((duplex.description() as { source?: object }).source).toMatchObject({ bufferSize: 16, pendingPuts: 1 });
        expect(await takeAll(duplex, 18)).toEqual([...Array.from({ length: 17 }, (_, i) => `${i}`), "later"]);
      }));
  });

  describe("sending", () => {
    it("sends strings as text and bytes as binary", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const bytes = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
        const messages = ["text", "", bytes, bytes.slice().buffer, new DataView(bytes.buffer, 1, 3)];
        for (const message of messages) expect(await put(duplex, message as string)).toBe(true);
        expect([await client.next(), await client.next()]).toEqual(["text", ""]);
        for (let i = 0; i < 3; i++) expect(await client.next()).toEqual(Buffer.from([1, 2, 3]));
      }));

    it.each([1, null, undefined, {}, ["a"], new Map()])("refuses %p, and stays open", (message) =>
      withPair(Server, {}, async ({ duplex, client }) => {
        await expect(put(duplex, message as never)).rejects.toMatchObject({ code: "RING_NOT_CONVERTIBLE" });
        expect(await put(duplex, "still here")).toBe(true);
        expect(await client.next()).toBe("still here");
      }),
    );

    it("makes puts wait for a client that does not read, and goes on when it does", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.pause();
        const megabyte = "x".repeat(1_000_000);
        let sent = 0;
        let last = put(duplex, megabyte);
        for (; last.isRealized; sent++) last = put(duplex, megabyte);
        await turn(20);
        expect(last.isRealized).toBe(false);
        expect(sent).toBeLessThan(50);
        client.ws.resume();
        expect(await last).toBe(true);
        for (let i = 0; i <= sent; i++) expect(await client.next()).toHaveLength(1_000_000);
      }));

    it("yields false for the puts that wait when the connection breaks", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.pause();
        // More than the operating systems of both ends keep.
        const large = put(duplex, "x".repeat(50_000_000));
        const another = put(duplex, "y");
        expect(large.isRealized).toBe(false);
        client.ws.terminate();
        expect(await large).toBe(false);
        expect(await another).toBe(false);
        expect(await put(duplex, "z")).toBe(false);
      }));

    it("gives up waiting with tryPut, though the message is on its way", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.pause();
        while (put(duplex, "x".repeat(1_000_000)).isRealized);
        const clock = mockClock();
        const given = duplex.tryPut("late", 10, "given up", { clock });
        expect(given.isRealized).toBe(false);
        clock.advance(10);
        expect(await given).toBe("given up");
        expect(await duplex.tryPut("later", 0)).toBe(false);
        client.ws.resume();
        let message = await client.next();
        while (message !== "late") message = await client.next();
        expect(await client.next()).toBe("later");
      }));

    it("cuts a connection on which more than 16384 puts wait, and says so", () =>
      withLog(async (log) =>
        withPair(Server, {}, async ({ duplex, client }) => {
          client.ws.pause();
          while (put(duplex, "x".repeat(1_000_000)).isRealized);
          let answer = put(duplex, "y");
          for (let i = 0; !answer.isRealized && i < 20_000; i++) answer = put(duplex, "y");
          expect(valueOf(answer)).toBe(false);
          expect(await duplex.closed).toMatchObject({ code: 1006 });
          expect(log).toMatchObject([{ level: "error", message: expect.stringContaining("16384 puts") as unknown }]);
        }),
      ));

    it("sends the first message of a turn at once, and the others together", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const connection = connectionUnder(duplex.raw) as Duplex & { _writev(...write: unknown[]): void };
        const write = connection._writev.bind(connection);
        let writes = 0;
        connection._writev = (...frames) => {
          writes++;
          write(...frames);
        };
        put(duplex, "first");
        expect(writes).toBe(1);
        for (let i = 0; i < 10; i++) expect(valueOf(put(duplex, `${i}`))).toBe(true);
        expect(writes).toBe(1);
        await turn();
        expect(writes).toBe(2);
        expect(await client.next()).toBe("first");
        for (let i = 0; i < 10; i++) expect(await client.next()).toBe(`${i}`);
        put(duplex, "next");
        expect(writes).toBe(3);
      }));

    it("keeps the order of many messages of all sizes", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const sizes = Array.from({ length: 300 }, (_, i) => (i * 7919) % 40_000);
        for (const size of sizes) put(duplex, "x".repeat(size));
        const received: number[] = [];
        while (received.length < sizes.length) received.push((await client.next()).length);
        expect(received).toEqual(sizes);
      }));
  });

  it("echoes when it is connected to itself", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      connect(duplex, duplex);
      for (let i = 0; i < 100; i++) client.ws.send(`${i}`);
      for (let i = 0; i < 100; i++) expect(await client.next()).toBe(`${i}`);
    }));

  describe("closing it", () => {
    it("tells the client without a code, and keeps what was received before", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.send("a");
        client.ws.send("b");
        await until(() => (duplex.description() as { source?: { bufferSize?: number } }).source?.bufferSize === 2);
        duplex.close();
        expect(duplex.isClosed()).toBe(true);
        expect(await put(duplex, "c")).toBe(false);
        expect(await client.closed).toEqual({ code: 1005, reason: "" });
        expect(duplex.isDrained()).toBe(false);
        expect(await takeAll(duplex, 3)).toEqual(["a", "b", undefined]);
        expect(duplex.isDrained()).toBe(true);
        expect(await websocketClose(duplex)).toBe(false);
      }));

    it("sends what was put before", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        put(duplex, "x".repeat(3_000_000));
        put(duplex, "goodbye");
        duplex.close();
        expect(await client.next()).toHaveLength(3_000_000);
        expect(await client.next()).toBe("goodbye");
        expect(await client.closed).toEqual({ code: 1005, reason: "" });
      }));

    it("answers the takes that wait, and drops what comes later", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const waiting = take(duplex, "the end");
        client.ws.send("too late");
        duplex.close();
        expect(await waiting).toBe("the end");
        await client.closed;
        expect(await take(duplex, "the end")).toBe("the end");
      }));

    it("does not wait for the takes of a full buffer", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        for (let i = 0; i < 20_000; i++) client.ws.send(`${i} ${"x".repeat(100)}`);
        await until(() => duplex.isHeldBack);
        const { source } = duplex.description() as unknown as { source: { bufferSize: number; pendingPuts: number } };
        duplex.close();
        expect(await duplex.closed).toEqual({ code: 1005, reason: "", wasClean: true });
        const kept: string[] = [];
        for await (const message of duplex) kept.push(message as string);
        expect(kept.length).toBeGreaterThan(17);
        expect(kept).toHaveLength(source.bufferSize + source.pendingPuts);
        expect(kept.map((message) => Number.parseInt(message, 10))).toEqual([...kept.keys()]);
      }));

    it("cuts off a client that does not answer in time", () => {
      const clock = mockClock();
      return withPair(Server, { clock }, async ({ duplex, client }) => {
        client.ws.pause();
        duplex.close();
        clock.advance(9999);
        await turn(20);
        expect(duplex.closed.isRealized).toBe(false);
        clock.advance(1);
        expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
      });
    });
  });

  describe("a client that", () => {
    it("closes tells code and reason", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const events: string[] = [];
        duplex.onClosed(() => events.push("closed"));
        duplex.onDrained(() => events.push("drained"));
        client.ws.send("last words");
        client.ws.close(4009, "enough");
        expect(await duplex.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
        expect(events).toEqual(["closed"]);
        expect(await take(duplex)).toBe("last words");
        expect(events).toEqual(["closed", "drained"]);
        expect(duplex.description()).toMatchObject({
          sink: { isClosed: true, websocketCloseCode: 4009, websocketCloseMsg: "enough" },
          source: { isClosed: true, isDrained: true },
        });
      }));

    it("closes tells those who ask only afterwards, too", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.close(4009, "enough");
        expect(await take(duplex)).toBeUndefined();
        const events: string[] = [];
        duplex.onClosed(() => events.push("closed"));
        expect(events).toEqual(["closed"]);
        expect(await duplex.closed).toEqual({ code: 4009, reason: "enough", wasClean: true });
        expect(duplex.closed).toBe(duplex.closed);
      }));

    // 80
    it("is cut off leaves what it sent", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        client.ws.send("a");
        client.ws.send("b");
        await until(() => (duplex.description() as { source?: { bufferSize?: number } }).source?.bufferSize === 2);
        client.ws.terminate();
        expect(await duplex.closed).toEqual({ code: 1006, reason: "", wasClean: false });
        expect(duplex.isClosed()).toBe(true);
        expect(await takeAll(duplex, 3)).toEqual(["a", "b", undefined]);
      }));

    it("breaks the rules is told which, and nothing else happens", () =>
      withPair(Server, {}, async ({ duplex, client }) => {
        // A text frame that is no UTF-8: FIN and text, masked with zeros, one byte.
        const { _socket: socket } = client.ws as unknown as { _socket: { write(bytes: Buffer): void } };
        socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
        expect(await client.closed).toMatchObject({ code: 1007 });
        await duplex.closed;
        expect(await take(duplex, "the end")).toBe("the end");
      }));
  });

  it("tells onPing and onPong, whatever these do, and answers pings all the same", () =>
    withLog(async (log) => {
      const heard: string[] = [];
      const hear = (what: string) => (payload: Uint8Array) => {
        heard.push(`${what} ${String(payload)}`);
        throw new Error("boom");
      };
      await withPair(Server, { onPing: hear("ping"), onPong: hear("pong") }, async ({ duplex, client }) => {
        client.ws.ping("a");
        const [answer] = (await once(client.ws, "pong")) as [Buffer];
        expect(answer.toString()).toBe("a");
        expect(await websocketPing(duplex, undefined, "b")).toBe(true);
        client.ws.pong("c");
        await until(() => heard.length === 3);
        expect(heard).toEqual(["ping a", "pong b", "pong c"]);
        expect(duplex.isClosed()).toBe(false);
      });
      expect(log).toHaveLength(3);
    }));

  it("goes on telling of its end when a callback throws", () =>
    withLog(async (log) =>
      withPair(Server, {}, async ({ duplex, client }) => {
        const events: string[] = [];
        duplex.onClosed(() => {
          throw new Error("boom");
        });
        duplex.onClosed(() => events.push("closed"));
        duplex.onDrained(() => events.push("drained"));
        client.ws.close();
        await duplex.closed;
        expect(events).toEqual(["drained", "closed"]);
        expect(log).toMatchObject([{ error: { message: "boom" } }]);
        duplex.onClosed(() => events.push("at once"));
        expect(events.at(-1)).toBe("at once");
      }),
    ));

  // 71
  it("listens with the same functions as any other, and for pongs only once it has pinged", () =>
    withPair(Server, {}, ({ duplex }) =>
      withPair(Server, {}, async ({ duplex: other }) => {
        const [listeners, others] = [duplex.raw, other.raw].map((raw) => raw as unknown as EventEmitter);
        for (const name of ["message", "error"]) {
          expect(listeners?.rawListeners(name)).toHaveLength(1);
          expect(listeners?.rawListeners(name)).toEqual(others?.rawListeners(name));
        }
        expect(listeners?.listenerCount("pong")).toBe(0);
        expect(await websocketPing(duplex)).toBe(true);
        expect(await websocketPing(duplex)).toBe(true);
        expect(listeners?.listenerCount("pong")).toBe(1);
      }),
    ));

  it("describes itself", () =>
    withPair(Server, {}, async ({ duplex }) => {
      const connection = {
        localAddress: expect.any(String),
        remoteAddress: expect.any(String),
        isReadable: true,
        isWritable: true,
        isClosed: false,
      };
      const description = duplex.description();
      expect(description).toMatchObject({
        sink: { isSink: true, isClosed: false, connection: { ...connection, direction: "outbound" } },
        source: {
          isSource: true,
          isClosed: false,
          isDrained: false,
          isPermanent: false,
          pendingPuts: 0,
          pendingTakes: 0,
          bufferSize: 0,
          bufferCapacity: 16,
          connection: { ...connection, direction: "inbound" },
        },
      });
      expect(description.sink).toHaveProperty("websocketSelectedSubprotocol");
      expect(description.sink).not.toHaveProperty("websocketCloseCode");
    }));
});

describe("toFrame", () => {
  it("sees bytes in all that is made of bytes", () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    expect(toFrame(new Uint16Array(bytes.buffer, 2, 1))).toEqual(new Uint8Array([3, 4]));
    expect(toFrame(bytes.buffer)).toEqual(bytes);
    expect(toFrame(bytes)).toBe(bytes);
  });
});
