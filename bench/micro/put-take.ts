import { PassThrough } from "node:stream";
import { ReadableStream, type ReadableStreamDefaultController } from "node:stream/web";
import { Repeater } from "@repeaterjs/repeater";
import { onRealized } from "express-ring/deferred";
import { put, stream, take } from "express-ring/stream";
import { pushable } from "it-pushable";
import { Subject } from "rxjs";

export const operations = 1000;

const fail = (error: unknown): never => {
  throw error;
};

export function unbuffered(): number {
  return putAndTake(0);
}

export function buffered(): number {
  return putAndTake(16);
}

function putAndTake(capacity: number): number {
  const messages = stream<number>(capacity);
  let sum = 0;
  const add = (n: number | undefined): void => {
    sum += n ?? Number.NaN;
  };
  for (let message = 0; message < operations; message++) {
    put(messages, message);
    onRealized(take(messages), add, fail);
  }
  return sum;
}

/** The kit as its users await it. */
export async function awaited(): Promise<number> {
  const messages = stream<number>(16);
  let sum = 0;
  for (let message = 0; message < operations; message++) {
    put(messages, message);
    sum += (await take(messages)) ?? Number.NaN;
  }
  return sum;
}

export function passThrough(): number {
  const messages = new PassThrough({ objectMode: true });
  let sum = 0;
  for (let message = 0; message < operations; message++) {
    messages.write(message);
    sum += messages.read() as number;
  }
  return sum;
}

export async function webStream(): Promise<number> {
  let controller: ReadableStreamDefaultController<number> | undefined;
  const reader = new ReadableStream<number>({
    start(started) {
      controller = started;
    },
  }).getReader();
  let sum = 0;
  for (let message = 0; message < operations; message++) {
    controller?.enqueue(message);
    sum += (await reader.read()).value ?? Number.NaN;
  }
  return sum;
}

/** No queue at all: a subject calls its subscriber. */
export function subject(): number {
  const messages = new Subject<number>();
  let sum = 0;
  messages.subscribe((n) => {
    sum += n;
  });
  for (let message = 0; message < operations; message++) messages.next(message);
  return sum;
}

export async function repeater(): Promise<number> {
  let sum = 0;
  let message = 0;
  const messages = new Repeater<number>(async (push, stop) => {
    for (; message < operations; message++) await push(message);
    stop();
  });
  for (let taken = 0; taken < operations; taken++) sum += (await messages.next()).value as number;
  return sum;
}

export async function itPushable(): Promise<number> {
  const messages = pushable<number>({ objectMode: true });
  let sum = 0;
  for (let message = 0; message < operations; message++) {
    messages.push(message);
    sum += (await messages.next()).value as number;
  }
  return sum;
}
