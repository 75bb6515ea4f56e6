import { PassThrough, Transform } from "node:stream";
import { ReadableStream, TransformStream } from "node:stream/web";
import { Repeater } from "@repeaterjs/repeater";
import { close, consume, filter, map, put, stream } from "express-ring/stream";
import { pushable } from "it-pushable";
import { filter as rxFilter, map as rxMap, Subject } from "rxjs";

/** Messages through map, filter and map; half of them pass. */
export const operations = 10_000;

const increment = (n: number): number => n + 1;
const isEven = (n: number): boolean => n % 2 === 0;

export function streams(): number {
  const source = stream<number>();
  let sum = 0;
  consume(
    (n: number) => {
      sum += n;
    },
    map(increment, filter(isEven, map(increment, source))),
  );
  for (let message = 0; message < operations; message++) put(source, message);
  close(source);
  return sum;
}

export function arrayLoop(): number {
  let sum = 0;
  for (let message = 0; message < operations; message++) {
    const first = increment(message);
    if (isEven(first)) sum += increment(first);
  }
  return sum;
}

export function subject(): number {
  const source = new Subject<number>();
  let sum = 0;
  source.pipe(rxMap(increment), rxFilter(isEven), rxMap(increment)).subscribe((n) => {
    sum += n;
  });
  for (let message = 0; message < operations; message++) source.next(message);
  return sum;
}

export async function webStreams(): Promise<number> {
  let message = 0;
  const source = new ReadableStream<number>({
    pull(controller) {
      if (message < operations) controller.enqueue(message++);
      else controller.close();
    },
  });
  const mapping = (): TransformStream<number, number> =>
    new TransformStream({ transform: (n, controller) => controller.enqueue(increment(n)) });
  const filtering = new TransformStream<number, number>({
    transform(n, controller) {
      if (isEven(n)) controller.enqueue(n);
    },
  });
  let sum = 0;
  for await (const n of source.pipeThrough(mapping()).pipeThrough(filtering).pipeThrough(mapping())) sum += n;
  return sum;
}

export async function nodeStreams(): Promise<number> {
  const mapping = (): Transform =>
    new Transform({ objectMode: true, transform: (n: number, _encoding, done) => done(null, increment(n)) });
  const filtering = new Transform({
    objectMode: true,
    transform(n: number, _encoding, done) {
      if (isEven(n)) this.push(n);
      done();
    },
  });
  const source = new PassThrough({ objectMode: true });
  const result = source.pipe(mapping()).pipe(filtering).pipe(mapping());
  let sum = 0;
  result.on("data", (n: number) => {
    sum += n;
  });
  const ended = new Promise((resolve) => result.on("end", resolve));
  for (let message = 0; message < operations; message++) {
    if (!source.write(message)) await new Promise((resolve) => source.once("drain", resolve));
  }
  source.end();
  await ended;
  return sum;
}

async function* mapped(f: (n: number) => number, source: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const n of source) yield f(n);
}

async function* filtered(passes: (n: number) => boolean, source: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const n of source) if (passes(n)) yield n;
}

async function total(source: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const n of mapped(increment, filtered(isEven, mapped(increment, source)))) sum += n;
  return sum;
}

export function repeater(): Promise<number> {
  return total(
    new Repeater<number>(async (push, stop) => {
      for (let message = 0; message < operations; message++) await push(message);
      stop();
    }),
  );
}

export function itPushable(): Promise<number> {
  const source = pushable<number>({ objectMode: true });
  for (let message = 0; message < operations; message++) source.push(message);
  source.end();
  return total(source);
}
