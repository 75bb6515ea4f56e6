import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Queue } from "../../src/stream/queue.js";

describe("Queue", () => {
  it("behaves as an array does", () => {
    const acts = fc.array(fc.constantFrom("push", "push", "shift", "pop", "retain"), { maxLength: 80 });
    fc.assert(
      fc.property(acts, (script) => {
        const queue = new Queue<number>();
        let array: number[] = [];
        let next = 0;
        for (const act of script) {
          if (act === "push") {
            queue.push(next);
            array.push(next++);
          } else if (act === "shift") expect(queue.shift()).toBe(array.shift());
          else if (act === "pop") expect(queue.pop()).toBe(array.pop());
          else {
            queue.retain((n) => n % 3 !== 0);
            array = array.filter((n) => n % 3 !== 0);
          }
          expect([...queue]).toEqual(array);
          expect([queue.length, queue.oldest(), queue.newest()]).toEqual([array.length, array[0], array.at(-1)]);
        }
      }),
    );
  });
});
