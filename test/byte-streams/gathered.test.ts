import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Gathered } from "../../src/byte-streams/core.js";

/** Pieces of all sizes that are treated differently. */
const pieces = fc.array(
  fc
    .tuple(fc.constantFrom(0, 1, 5, 1023, 1024, 16_383, 16_384, 20_000), fc.integer({ min: 0, max: 255 }))
    .map(([size, byte]) => Buffer.alloc(size, byte)),
  { maxLength: 40 },
);

function filled(added: readonly Buffer[]): Gathered {
  const gathered = new Gathered();
  for (const piece of added) gathered.add(piece);
  return gathered;
}

describe("Gathered", () => {
  it("keeps all bytes in their order, whether they are taken as a whole or bit by bit", () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.boolean()), (added, turns) => {
        const all = Buffer.concat(added);
        const gathered = filled(added);
        expect(gathered.length).toBe(all.length);
        expect(gathered.whole().equals(all)).toBe(true);
        expect(gathered.copy().equals(all)).toBe(true);

        const queue = new Gathered();
        const taken: Buffer[] = [];
        for (const [index, piece] of added.entries()) {
          queue.add(piece);
          // Taken while others come: the block is written on after a part of it was handed out.
          if (turns[index]) taken.push(queue.shift() ?? Buffer.alloc(0));
        }
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) taken.push(next);
        expect(queue.length).toBe(0);
        expect(Buffer.concat(taken).equals(all)).toBe(true);
      }),
    );
  });

  it("does not copy what came as one piece, unless it is told to", () => {
    const piece = Buffer.from("piece");
    expect(filled([piece]).whole()).toBe(piece);
    expect(filled([piece]).copy()).not.toBe(piece);
    expect(filled([piece]).shift()).toBe(piece);
    expect(filled([]).whole()).toHaveLength(0);
  });

  it("makes few pieces of many small ones", () => {
    const queue = filled(Array.from({ length: 100_000 }, () => Buffer.from("a")));
    let count = 0;
    while (queue.shift() !== undefined) count++;
    expect(count).toBeLessThan(10);
  });

  it("does not take a block for each small piece between large ones", () => {
    const before = process.memoryUsage().arrayBuffers;
    const large = Buffer.alloc(1024);
    const small = Buffer.from("a");
    const gathered = filled(Array.from({ length: 2000 }, (_, index) => (index % 2 === 0 ? large : small)));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(gathered.length).toBe(1_025_000);
  });
});
