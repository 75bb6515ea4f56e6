import { chain, deferred, success } from "express-ring/deferred";
import pDefer from "p-defer";

export const operations = 1000;

const increment = (n: number): number => n + 1;

export function deferreds(): number {
  let sum = 0;
  const add = (n: number): void => {
    sum += n;
  };
  for (let start = 0; start < operations; start++) {
    const later = deferred<number>();
    chain(later, increment, increment, increment, increment, add);
    success(later, start);
  }
  return sum;
}

export async function promises(): Promise<number> {
  let sum = 0;
  const add = (n: number): void => {
    sum += n;
  };
  let last: Promise<void> | undefined;
  for (let start = 0; start < operations; start++) {
    const later = pDefer<number>();
    last = later.promise.then(increment).then(increment).then(increment).then(increment).then(add);
    later.resolve(start);
  }
  await last;
  return sum;
}
