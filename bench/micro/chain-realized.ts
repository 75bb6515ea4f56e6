import { chain } from "express-ring/deferred";

/** What one call does; its result, the same for all, shows that it did. */
export const operations = 1000;

const increment = (n: number): number => n + 1;

export function deferreds(): number {
  let sum = 0;
  const add = (n: number): void => {
    sum += n;
  };
  for (let start = 0; start < operations; start++) chain(start, increment, increment, increment, increment, add);
  return sum;
}

export async function promises(): Promise<number> {
  let sum = 0;
  const add = (n: number): void => {
    sum += n;
  };
  let last: Promise<void> | undefined;
  for (let start = 0; start < operations; start++) {
    last = Promise.resolve(start).then(increment).then(increment).then(increment).then(increment).then(add);
  }
  await last;
  return sum;
}
