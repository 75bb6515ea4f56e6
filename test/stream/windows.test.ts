import { describe, expect, it } from "@jest/globals";
import { mockClock } from "../../src/clock/index.js";
import {
  batch,
  buffer,
  bufferedStream,
  close,
  consume,
  description,
  droppingStream,
  isClosed,
  periodically,
  put,
  putAll,
  slidingStream,
  stream,
  take,
  throttle,
} from "../../src/stream/index.js";
import { valueOf } from "../helpers.js";

describe("bufferedStream", () => {
  it("takes every message, and answers when there is room by measure", () => {
    const subject = bufferedStream((text: string) => text.length, 10);
    const answers = ["123456789", "12", "123456789012", "1"].map((text) => put(subject, text));
    expect(answers.map((answer) => answer.isRealized)).toEqual([true, false, false, false]);
    take(subject);
    take(subject);
    expect(answers.map((answer) => answer.isRealized)).toEqual([true, false, false, false]);
    expect(description(subject)).toMatchObject({ bufferSize: 13, bufferCapacity: 10 });
    take(subject);
    expect(answers.map(valueOf)).toEqual([true, true, true, true]);
  });
});

describe("buffer", () => {
  it("reads ahead up to its limit, and one more", () => {
    const source = stream<number>();
    buffer(2, source);
    const answers = [1, 2, 3, 4].map((n) => put(source, n));
    expect(answers.map((answer) => answer.isRealized)).toEqual([true, true, true, false]);
  });
});

describe("batch", () => {
  it("gathers by number, and by time since the first message", () => {
    const clock = mockClock();
    const source = stream<number>();
    const seen: number[][] = [];
    consume((numbers: number[]) => seen.push(numbers), batch(3, 10, source, { clock }));
    putAll(source, [1, 2, 3, 4]);
    expect(seen).toEqual([[1, 2, 3]]);
    clock.advance(9);
    put(source, 5);
    expect(seen).toHaveLength(1);
    clock.advance(1);
    expect(seen).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    put(source, 6);
    close(source);
    expect(seen.at(-1)).toEqual([6]);
  });

  it("lets an oversized message stand alone", () => {
    const source = stream<string>();
    const seen: string[][] = [];
    consume(
      (texts: string[]) => seen.push(texts),
      batch((text: string) => text.length, 3, null, source),
    );
    putAll(source, ["a", "b", "12345", "c", "d", "e"]);
    expect(seen).toEqual([["a", "b"], ["12345"], ["c", "d", "e"]]);
  });

  it("refuses a size that holds nothing", () => {
    expect(() => batch(0, stream())).toThrow("maxSize must be above 0");
  });
});

describe("throttle", () => {
  it("lets saved-up time pass as a burst, then one message a period", () => {
    const clock = mockClock();
    const source = stream<number>(20);
    const seen: number[] = [];
    consume((n: number) => seen.push(n), throttle(4, 4, source, { clock }));
    clock.advance(1000);
    putAll(
      source,
      Array.from({ length: 8 }, (_, n) => n),
    );
    expect(seen).toEqual([0, 1, 2]);
    clock.advance(250);
    expect(seen).toEqual([0, 1, 2, 3]);
  });
});

describe("droppingStream and slidingStream", () => {
  it("keep the first, and the last, of what finds no room", () => {
    const first = droppingStream<number>(2);
    const last = slidingStream<number>(2);
    for (const n of [1, 2, 3]) {
      expect(valueOf(put(first, n))).toBe(true);
      expect(valueOf(put(last, n))).toBe(true);
    }
    expect([take(first), take(first)].map(valueOf)).toEqual([1, 2]);
    expect([take(last), take(last)].map(valueOf)).toEqual([2, 3]);
  });
});

describe("periodically", () => {
  it("stands still while nobody takes, and goes on at the next multiple of the period", () => {
    const clock = mockClock();
    let calls = 0;
    const ticks = periodically(10, 0, () => ++calls, { clock });
    clock.advance(100);
    expect(calls).toBe(2);
    expect(valueOf(take(ticks))).toBe(1);
    clock.advance(9);
    expect(calls).toBe(2);
    clock.advance(1);
    expect(calls).toBe(3);
  });

  it("ends when it is closed", () => {
    const clock = mockClock();
    let calls = 0;
    const ticks = periodically(10, () => ++calls, { clock });
    close(ticks);
    clock.advance(100);
    expect(calls).toBe(0);
  });

  it("refuses a period of nothing", () => {
    expect(() => periodically(0, () => 1)).toThrow("period must be above 0");
  });
});

describe("isClosed", () => {
  it("follows a window back to its source at the next message", () => {
    const source = stream<number>();
    const window = slidingStream(2, source);
    close(window);
    put(source, 1);
    expect(isClosed(source)).toBe(true);
  });
});
