import { chain, deferred, success, zip } from "express-ring/deferred";
import pDefer from "p-defer";

export const operations = 1000;

export function deferreds(): number {
  let sum = 0;
  const add = ([a, b, c]: readonly [number, number, number]): void => {
    sum += a + b + c;
  };
  for (let start = 0; start < operations; start++) {
    const a = deferred<number>();
    const b = deferred<number>();
    const c = deferred<number>();
    chain(zip(a, b, c), add);
    success(a, start);
    success(b, 1);
    success(c, 2);
  }
  return sum;
}

export async function promises(): Promise<number> {
  let sum = 0;
  const add = ([a, b, c]: readonly [number, number, number]): void => {
    sum += a + b + c;
  };
  let last: Promise<void> | undefined;
  for (let start = 0; start < operations; start++) {
    const a = pDefer<number>();
    const b = pDefer<number>();
    const c = pDefer<number>();
    last = Promise.all([a.promise, b.promise, c.promise]).then(add);
    a.resolve(start);
    b.resolve(1);
    c.resolve(2);
  }
  await last;
  return sum;
}
