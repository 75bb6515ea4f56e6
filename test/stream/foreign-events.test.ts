import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough, Stream } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "@jest/globals";
import { WebSocket, WebSocketServer } from "ws";
import {
  close,
  connect,
  description,
  fromEvents,
  isDrained,
  onDrained,
  stream,
  take,
  toSource,
  tryTake,
} from "../../src/stream/index.js";
import { collect, logged, rest } from "./kit.js";

/** How many listeners are left on an emitter. */
const listeners = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);

/** An emitter that can be paused, and sends numbers for as long as it is not. */
class Ticker extends EventEmitter {
  sent = 0;
  #paused = false;

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    return this;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Sends up to `count`. */
  tick(count: number): void {
    for (let i = 0; i < count && !this.#paused; i++) this.emit("data", this.sent++);
  }
}

describe("an event emitter as a source", () => {
  it("gives what it emits from now on, in order, and is drained after its end", async () => {
    const emitter = new EventEmitter();
    emitter.emit("data", "before");
    const source = toSource<string>(emitter);
    const first = take(source);
    for (const message of ["a", "b", "c"]) emitter.emit("data", message);
    emitter.emit("end");
    expect(await first).toBe("a");
    expect(isDrained(source)).toBe(false);
    expect(await collect(source)).toEqual(["b", "c"]);
    expect(isDrained(source)).toBe(true);
    expect(listeners(emitter)).toBe(0);
  });

  it("fails one take with its error, after what waits", async () => {
    const emitter = new EventEmitter();
    const source = toSource<string>(emitter);
    emitter.emit("data", "a");
    emitter.emit("error", new Error("boom"));
    expect(listeners(emitter)).toBe(0);
    expect(await take(source)).toBe("a");
    expect(isDrained(source)).toBe(false);
    await expect(take(source)).rejects.toThrow("boom");
    expect(await take(source, "the end")).toBe("the end");
    expect(isDrained(source)).toBe(true);
  });

  it("fails the oldest waiting take, and gives the others their fallbacks", async () => {
    const emitter = new EventEmitter();
    const source = toSource<string>(emitter);
    const taken = [take(source, "the end"), take(source, "the end")] as const;
    emitter.emit("error", "boom");
    await expect(taken[0]).rejects.toBe("boom");
    expect(await taken[1]).toBe("the end");
    expect(await take(source, "the end")).toBe("the end");
  });

  it("stops listening when it is closed: waiting takes get their fallbacks, what waits can be taken", async () => {
    const emitter = new EventEmitter();
    const source = toSource<string>(emitter);
    const told: string[] = [];
    onDrained(source, () => told.push("drained"));
    emitter.emit("data", "a");
    close(source);
    expect([listeners(emitter), told]).toEqual([0, []]);
    emitter.emit("data", "late");
    expect(await take(source)).toBe("a");
    expect(told).toEqual(["drained"]);
    expect(await take(source, "the end")).toBe("the end");
    const other = toSource<string>(emitter);
    const taken = take(other, "the end");
    close(other);
    expect(await taken).toBe("the end");
  });

  it("stops listening when a loop over it is left, or a sink that it is connected to is closed", () => {
    const emitter = new EventEmitter();
    const to = stream<number>();
    connect(fromEvents<number>(emitter), to);
    close(to);
    expect(listeners(emitter)).toBeGreaterThan(0);
    emitter.emit("data", 1);
    expect(listeners(emitter)).toBe(0);
  });

  it("listens anew after the former source was closed, and is shared until then", async () => {
    const emitter = new EventEmitter();
    const before = toSource<string>(emitter);
    expect(toSource(emitter)).toBe(before);
    close(before);
    const after = toSource<string>(emitter);
    emitter.emit("data", "a");
    expect(await take(after)).toBe("a");
    expect(await take(before, "the end")).toBe("the end");
  });

  it("is paused while a message waits, and goes on when it was taken", async () => {
    const ticker = new Ticker();
    const source = fromEvents<number>(ticker);
    ticker.tick(10);
    expect([ticker.sent, ticker.isPaused]).toEqual([1, true]);
    expect(await take(source)).toBe(0);
    expect(ticker.isPaused).toBe(false);
    const taken = take(source);
    ticker.tick(1);
    expect([await taken, ticker.isPaused]).toEqual([1, false]);
  });

  it("is not paused by a consumer that keeps up, and is slowed by one that does not", async () => {
    const ticker = new Ticker();
    const to = stream<number>(2);
    connect(fromEvents<number>(ticker), to);
    ticker.tick(100);
    // Two in the buffer, one in the connection, one that waits.
    expect(ticker.sent).toBe(4);
    expect(await take(to)).toBe(0);
    ticker.tick(100);
    expect(ticker.sent).toBe(5);
  });

  it("is not left paused when the source is closed", () => {
    const ticker = new Ticker();
    const source = fromEvents<number>(ticker);
    ticker.tick(1);
    expect(ticker.isPaused).toBe(true);
    close(source);
    expect([ticker.isPaused, listeners(ticker)]).toEqual([false, 0]);
  });

  it("ends with an error when more wait than may, of those that cannot be paused", async () => {
    const emitter = new EventEmitter();
    const source = fromEvents<number>(emitter, { bound: 2 });
    for (let i = 0; i < 5; i++) emitter.emit("data", i);
    expect(listeners(emitter)).toBe(0);
    expect([await take(source), await take(source)]).toEqual([0, 1]);
    await expect(take(source)).rejects.toMatchObject({
      code: "RING_OVERFLOW",
      message: expect.stringContaining("more than 2 messages"),
    });
  });

  it.each([
    ["dropOldest", [3, 4]],
    ["dropNewest", [0, 1]],
  ] as const)(
    "can keep going with %s instead; what is dropped is counted, and reported once",
    async (overflow, kept) => {
      const emitter = new EventEmitter();
      const source = fromEvents<number>(emitter, { bound: 2, overflow });
      const entries = await logged(() => {
        for (let i = 0; i < 5; i++) emitter.emit("data", i);
      });
      expect(entries).toEqual([expect.stringContaining("more than 2 messages")]);
      expect(description(source)).toMatchObject({ bufferSize: 2, bufferCapacity: 2, dropped: 3 });
      emitter.emit("end");
      expect(await collect(source)).toEqual(kept);
    },
  );

  it("keeps at most 1024 messages unless told otherwise", async () => {
    const emitter = new EventEmitter();
    const source = toSource<number>(emitter);
    for (let i = 0; i < 1024; i++) emitter.emit("data", i);
    expect(description(source)).toMatchObject({ bufferSize: 1024, isClosed: false });
    emitter.emit("data", 1024);
    expect(description(source)).toMatchObject({ bufferSize: 1024, isClosed: true });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses a bound of %d", (bound) => {
    expect(() => fromEvents(new EventEmitter(), { bound })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("refuses an unknown policy, and a target that is none", () => {
    expect(() => fromEvents(new EventEmitter(), { overflow: "block" as never })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
    expect(() => fromEvents({} as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("takes other events for its messages, its end and its error, and makes messages of several arguments", async () => {
    const emitter = new EventEmitter();
    const source = fromEvents(emitter, {
      data: "row",
      end: ["done", "abandoned"],
      error: "fault",
      message: (name: string, value: number) => ({ name, value }),
    });
    emitter.emit("data", "not this");
    emitter.emit("row", "a", 1);
    expect(await take(source)).toEqual({ name: "a", value: 1 });
    emitter.emit("end");
    expect(isDrained(source)).toBe(false);
    emitter.emit("abandoned");
    expect(isDrained(source)).toBe(true);
  });

  it("fails when a message cannot be made", async () => {
    const emitter = new EventEmitter();
    const source = fromEvents(emitter, {
      message: () => {
        throw new Error("no message");
      },
    });
    emitter.emit("data", 1);
    await expect(take(source)).rejects.toThrow("no message");
    expect(listeners(emitter)).toBe(0);
  });

  it("gives undefined as a message, as any other", async () => {
    const emitter = new EventEmitter();
    const source = fromEvents(emitter);
    emitter.emit("data", undefined);
    expect(await tryTake(source, "the end", 0, "nothing")).toBeUndefined();
    expect(await tryTake(source, "the end", 0, "nothing")).toBe("nothing");
  });

  it("is a source of lines", async () => {
    const input = new PassThrough();
    const lines = fromEvents<string>(createInterface({ input }), { data: "line" });
    input.end("a\nb\nc\n");
    expect(await collect(lines)).toEqual(["a", "b", "c"]);
  });

  it("is an old stream, without a method to read", async () => {
    const old = new Stream();
    const source = toSource<string>(old);
    old.emit("data", "a");
    old.emit("close");
    expect(await collect(source)).toEqual(["a"]);
  });

  it("is a websocket of ws", async () => {
    const server = new WebSocketServer({ port: 0 });
    server.on("connection", (socket) => {
      socket.send("a");
      socket.send("b");
      socket.close();
    });
    const socket = new WebSocket(`ws://localhost:${(server.address() as { port: number }).port}`);
    const source = fromEvents(socket, { data: "message", end: "close", message: (data: Buffer) => data.toString() });
    expect(await collect(source)).toEqual(["a", "b"]);
    server.close();
  });
});

describe("an event target as a source", () => {
  it("gives the data of message events, and the details of custom ones", async () => {
    const target = new EventTarget();
    const messages = toSource<string>(target);
    const orders = fromEvents<number>(target, { data: "order" });
    target.dispatchEvent(new MessageEvent("message", { data: "a" }));
    target.dispatchEvent(new CustomEvent("order", { detail: 7 }));
    expect(await take(messages)).toBe("a");
    expect(await take(orders)).toBe(7);
  });

  it("gives the event itself where it carries nothing, or what the option makes of it", async () => {
    const target = new EventTarget();
    const events = fromEvents<Event>(target, { data: "tick" });
    const types = fromEvents(target, { data: "tick", message: (event: Event) => event.type });
    const event = new Event("tick");
    target.dispatchEvent(event);
    expect(await take(events)).toBe(event);
    expect(await take(types)).toBe("tick");
  });

  it("is drained by its close event, and does not listen any more", async () => {
    const target = new EventTarget();
    const source = toSource<string>(target);
    target.dispatchEvent(new MessageEvent("message", { data: "a" }));
    target.dispatchEvent(new Event("close"));
    target.dispatchEvent(new MessageEvent("message", { data: "late" }));
    expect(await collect(source)).toEqual(["a"]);
  });

  it("fails with the error that its error event carries, or with one that holds the event", async () => {
    const [telling, silent] = [new EventTarget(), new EventTarget()];
    const taken = [take(toSource(telling)), take(toSource(silent))] as const;
    telling.dispatchEvent(Object.assign(new Event("error"), { error: new Error("boom") }));
    const event = Object.assign(new Event("error"), { message: "no connection" });
    silent.dispatchEvent(event);
    await expect(taken[0]).rejects.toThrow("boom");
    await expect(taken[1]).rejects.toMatchObject({
      code: "RING_SOURCE_FAILED",
      message: expect.stringContaining("no connection"),
      cause: event,
    });
  });

  it("stops listening when the source is closed", async () => {
    const target = new EventTarget();
    const source = toSource<string>(target);
    close(source);
    target.dispatchEvent(new MessageEvent("message", { data: "late" }));
    expect(await take(source, "the end")).toBe("the end");
  });

  it("is started if it has to be", () => {
    const started: string[] = [];
    fromEvents(Object.assign(new EventTarget(), { start: () => started.push("started") }));
    expect(started).toEqual(["started"]);
  });

  it("is a message port", async () => {
    const { port1, port2 } = new MessageChannel();
    const source = toSource<string>(port1);
    port2.postMessage("a");
    expect(await take(source)).toBe("a");
    const end = take(source, "the end");
    port2.close();
    expect(await end).toBe("the end");
    await rest();
  });
});
