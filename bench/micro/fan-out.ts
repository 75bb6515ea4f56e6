import { ReadableStream } from "node:stream/web";
import { close, connect, consume, put, stream } from "express-ring/stream";
import { Subject } from "rxjs";

/** Messages, each to a hundred sinks. */
export const operations = 100;
const SINKS = 100;

export function streams(): number {
  const source = stream<number>();
  let sum = 0;
  for (let sink = 0; sink < SINKS; sink++) {
    const target = stream<number>();
    connect(source, target);
    consume((n: number) => {
      sum += n;
    }, target);
  }
  for (let message = 0; message < operations; message++) put(source, message);
  close(source);
  return sum;
}

/** A tee makes two of one, so a hundred take ninety-nine. */
export async function webTees(): Promise<number> {
  let message = 0;
  let rest = new ReadableStream<number>({
    pull(controller) {
      if (message < operations) controller.enqueue(message++);
      else controller.close();
    },
  });
  const branches: ReadableStream<number>[] = [];
  for (let sink = 1; sink < SINKS; sink++) {
    const [branch, other] = rest.tee();
    branches.push(branch);
    rest = other;
  }
  branches.push(rest);
  let sum = 0;
  await Promise.all(
    branches.map(async (branch) => {
      for await (const n of branch) sum += n;
    }),
  );
  return sum;
}

export function subject(): number {
  const source = new Subject<number>();
  let sum = 0;
  for (let sink = 0; sink < SINKS; sink++) {
    source.subscribe((n) => {
      sum += n;
    });
  }
  for (let message = 0; message < operations; message++) source.next(message);
  return sum;
}
