import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { describe, expect, it } from "@jest/globals";
import type { Deferred } from "../../src/deferred/index.js";
import type { Source, Stream } from "../../src/stream/index.js";
import * as s from "../../src/stream/index.js";
import * as xf from "../../src/transducers/index.js";
import { expectType } from "../types.js";

const numbers = (): Stream<number> => s.stream<number>(3);

describe("the types of streams", () => {
  it("follow put and take, with and without a fallback", () => {
    expectType<Deferred<boolean>>()(s.put(numbers(), 1));
    expectType<Deferred<number | undefined>>()(s.take(numbers()));
    expectType<Deferred<number | "end">>()(s.take(numbers(), "end" as const));
    expectType<Deferred<boolean | "late">>()(s.tryPut(numbers(), 1, 0, "late" as const));
    expectType<Deferred<number | "end" | "late">>()(s.tryTake(numbers(), "end" as const, 0, "late" as const));
    // @ts-expect-error a stream of numbers takes no text
    s.put(numbers(), "one");
    expect(s.isClosed(numbers())).toBe(false);
  });

  it("follow map and filter", () => {
    expectType<Source<string>>()(s.map((n: number) => `${n}`, numbers()));
    expectType<Source<string>>()(s.map((n) => `${n}`, [1, 2]));
    expectType<Source<boolean>>()(s.map((n: number, text: string) => text.length === n, numbers(), ["a"]));
    expectType<Source<number>>()(s.filter((n: number) => n > 1, numbers()));
    expectType<Source<string>>()(s.filter((x: unknown): x is string => typeof x === "string", s.stream<unknown>()));
    // @ts-expect-error the function gets numbers
    s.map((text: string) => text.length, numbers());
    expect(s.isSource(s.map((n: number) => n, numbers()))).toBe(true);
  });

  it("follow transform and a stream's own transducer", () => {
    const lengths = xf.compose(
      xf.filter((text: string) => text !== ""),
      xf.map((text: string) => text.length),
    );
    expectType<Source<number>>()(s.transform(lengths, s.stream<string>()));
    expectType<Stream<string, number>>()(s.stream(1, lengths));
    expectType<Source<number[]>>()(s.transform(xf.partitionAll<number>(2), numbers()));
    // @ts-expect-error the transducer takes text
    s.transform(lengths, numbers());
    expect(s.isStream(s.stream(1, lengths))).toBe(true);
  });

  it("follow zip, batch, reduce and consume", () => {
    expectType<Source<[number, string]>>()(s.zip(numbers(), ["a"]));
    expectType<Source<number[]>>()(s.batch(2, numbers()));
    expectType<Deferred<string>>()(s.reduce((text: string, n: number) => text + n, "", [1]));
    expectType<Deferred<boolean>>()(s.consume((n: number) => n, numbers()));
    expect(s.isSink(numbers())).toBe(true);
  });

  it("connect only what fits", () => {
    s.connect(numbers(), s.stream<number>());
    s.connect(numbers(), s.stream<number | string>());
    s.connect(Readable.from([1]), s.stream<unknown>());
    s.connect(ReadableStream.from([1]), s.stream<number>());
    s.connect(Promise.resolve(1), s.stream<number>());
    // @ts-expect-error numbers do not go into a stream of text
    s.connect(numbers(), s.stream<string>());
    expect(s.downstream(numbers())).toEqual([]);
  });

  it("are those of the messages in a loop", async () => {
    const source = numbers();
    s.put(source, 1);
    s.close(source);
    for await (const message of source) expect(expectType<number>()(message)).toBe(1);
  });
});
