import { letFlow, zip } from "express-ring/deferred";

export const operations = 1000;

export function zipped(): number {
  let sum = 0;
  const add = ([a, b, c]: readonly [number, number, number]): void => {
    sum += a + b + c;
  };
  for (let start = 0; start < operations; start++) {
    zip(start, 1, 2).onRealized(add, fail);
  }
  return sum;
}

export function bound(): number {
  let sum = 0;
  for (let start = 0; start < operations; start++) {
    letFlow([start, 1, 2], (a, b, c) => {
      sum += a + b + c;
    });
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
    // oxlint-disable-next-line typescript/await-thenable -- plain values, as the contenders get
    last = Promise.all([start, 1, 2]).then(add);
  }
  await last;
  return sum;
}

function fail(error: unknown): never {
  throw error;
}
