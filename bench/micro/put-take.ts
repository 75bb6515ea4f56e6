import { PassThrough } from "node:stream";
import { chain } from "express-ring/deferred";
import { put, stream, take } from "express-ring/stream";

export const operations = 1000;

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
    chain(take(messages), add);
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
