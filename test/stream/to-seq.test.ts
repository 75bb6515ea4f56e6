import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { mockClock } from "../../src/clock/index.js";
import { deferred, error, success } from "../../src/deferred/index.js";
import {
  close,
  isClosed,
  isDrained,
  map,
  put,
  putAll,
  stream,
  streamToSeq,
  take,
  toSource,
} from "../../src/stream/index.js";

async function rest<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

describe("streamToSeq", () => {
  it("gives the messages that are there to a loop that cannot wait, and the later ones to the next loop", () => {
    const messages = stream<number>(10);
    const sequence = streamToSeq(messages);
    expect([...sequence]).toEqual([]);
    putAll(messages, [1, 2]);
    expect([...sequence]).toEqual([1, 2]);
    put(messages, 3);
    close(messages);
    expect([[...sequence], [...sequence], isDrained(messages)]).toEqual([[3], [], true]);
  });

  it("lets waiting puts in, one for each message", () => {
    const messages = stream<number>();
    const puts = [put(messages, 1), put(messages, 2)];
    expect([...streamToSeq(messages)]).toEqual([1, 2]);
    expect(puts.map((it) => it.isRealized)).toEqual([true, true]);
  });

  it("takes no more than is asked for, and leaves the source open when the loop is left", async () => {
    const messages = stream<number>(10);
    putAll(messages, [1, 2, 3]);
    for (const message of streamToSeq(messages)) {
      expect(message).toBe(1);
      break;
    }
    for await (const message of streamToSeq(messages)) {
      expect(message).toBe(2);
      break;
    }
    expect([isClosed(messages), await take(messages)]).toEqual([false, 3]);
  });

  it("waits for messages in `for await`, until the source is drained", async () => {
    const messages = stream<number>();
    const all = rest(streamToSeq(map((n: number) => n * 2, messages)));
    await put(messages, 1);
    await put(messages, 2);
    close(messages);
    expect(await all).toEqual([2, 4]);
  });

  it("ends after `timeout` milliseconds without a message, which lose none", async () => {
    const [messages, clock] = [stream<string>(), mockClock()];
    const sequence = streamToSeq(messages, { timeout: 100, clock });
    const iterator = sequence[Symbol.asyncIterator]();
    const first = iterator.next();
    clock.advance(99);
    put(messages, "in time");
    expect(await first).toEqual({ done: false, value: "in time" });
    const second = iterator.next();
    clock.advance(100);
    expect(await second).toEqual({ done: true, value: undefined });
    put(messages, "too late");
    expect(await take(messages)).toBe("too late");
  });

  it("ends with the messages of arrays, generators and deferreds", async () => {
    expect([...streamToSeq([1, undefined, false, 2])]).toEqual([1, undefined, false, 2]);
    expect(await rest(streamToSeq([1, 2], { timeout: 10 }))).toEqual([1, 2]);
    const later = deferred<string>();
    const sequence = streamToSeq(later);
    expect([...sequence]).toEqual([]);
    success(later, "here");
    expect(await rest(sequence)).toEqual(["here"]);
  });

  it("throws the error of a source that fails, in both ways", async () => {
    function* failing() {
      yield 1;
      throw new Error("broken");
    }
    const seen: number[] = [];
    expect(() => {
      for (const n of streamToSeq(failing())) seen.push(n);
    }).toThrow("broken");
    expect(seen).toEqual([1]);
    const later = deferred<string>();
    const all = rest(streamToSeq(toSource(later)));
    error(later, new Error("no answer"));
    await expect(all).rejects.toThrow("no answer");
  });

  it("gives every message once, however loops of both kinds take turns", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.array(fc.boolean()), async (numbers, turns) => {
        const sequence = streamToSeq(toSource(numbers));
        const seen: number[] = [];
        for (const waits of turns) {
          const iterator = waits ? sequence[Symbol.asyncIterator]() : sequence[Symbol.iterator]();
          const { done, value } = await iterator.next();
          if (!done) seen.push(value as number);
        }
        expect([...seen, ...sequence]).toEqual(numbers);
      }),
    );
  });
});
