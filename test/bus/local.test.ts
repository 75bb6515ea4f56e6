import { describe, expect, it } from "@jest/globals";
import { downstream, eventBus, isActive, publish, subscribe, topicToSubscribers } from "../../src/bus/index.js";
import { close, description, stream, take } from "../../src/stream/index.js";

describe("eventBus", () => {
  it("puts what is published into the stream of every subscriber, and waits for the slowest", async () => {
    const bus = eventBus<string, number>();
    const [first, second] = [subscribe(bus, "n"), subscribe(bus, "n")];
    const published = publish(bus, "n", 1);
    expect(await take(first)).toBe(1);
    expect(published.isRealized).toBe(false);
    expect(await take(second)).toBe(1);
    expect(await published).toBe(true);
  });

  it("answers false, at once, where nobody subscribes", () => {
    const bus = eventBus<string, number>();
    expect(publish(bus, "n", 1).isRealized).toBe(true);
    expect(isActive(bus, "n")).toBe(false);
  });

  it("makes the streams of subscribers as it is told", async () => {
    const bus = eventBus<string, number>(() => stream<number>(10));
    const source = subscribe(bus, "n");
    expect(publish(bus, "n", 1).isRealized).toBe(true);
    expect(description(source).bufferSize).toBe(1);
  });

  it("compares topics by what they hold", async () => {
    const bus = eventBus<unknown, number>();
    const source = subscribe(bus, { room: 1, kind: ["a"] });
    void publish(bus, { kind: ["a"], room: 1 }, 7);
    expect(await take(source)).toBe(7);
    expect([isActive(bus, { room: 1 }), isActive(bus, { room: "1", kind: ["a"] }), isActive(bus, 1)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("tells of its subscribers for as long as they are there", () => {
    const bus = eventBus<string, number>();
    const source = subscribe(bus, "n");
    expect(downstream(bus, "n")).toHaveLength(1);
    expect([...topicToSubscribers(bus).keys()]).toEqual(["n"]);
    close(source);
    expect([isActive(bus, "n"), downstream(bus, "n"), topicToSubscribers(bus).size]).toEqual([false, [], 0]);
  });
});
