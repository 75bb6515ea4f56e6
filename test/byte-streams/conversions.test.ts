import type { FileHandle } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  conversionGraph,
  conversionPath,
  convert,
  seqOf,
  streamOf,
  type Type,
  typeDescriptor,
  types,
  vectorOf,
} from "../../src/byte-streams/index.js";
import { readable, sampleOf, sources } from "./samples.js";

const text = "naïve 日本 😀 text, a little longer than a chunk";
const bytes = Uint8Array.from({ length: 256 }, (_none, byte) => byte);

/** Bytes are not read as text on the way there. */
const keepsBytes = (from: Type, to: Type): boolean =>
  from.element !== types.string &&
  to.element !== types.string &&
  from !== types.string &&
  to !== types.string &&
  !(conversionPath(from, to) ?? []).flat().some((type) => type === types.string || type.element === types.string);

// Test idea 118.
const pairs = sources.flatMap((from) => readable.map((to) => [from, to] as const));

describe("the graph", () => {
  it("is tested with every type that bytes can be read from", () => {
    const tested = new Set([...sources, types.unknown].map(({ name }) => name));
    const all = conversionGraph().types.filter((name) => !/sink|writable/i.test(name));
    expect(all.filter((name) => !tested.has(name.replace(/Of\(unknown\)$/, "Of(bytes)")))).toEqual([]);
  });

  it.each(pairs.map(([from, to]) => ({ from, to, name: `${from.name} to ${to.name}` })))(
    "keeps a text from $name and back",
    async ({ from, to }) => {
      const made = await sampleOf(from, text);
      const there = await convert(made, to, { sourceType: from });
      expect(await convert(there, types.string, { sourceType: to })).toBe(text);
    },
  );

  it.each(
    pairs.filter((pair) => keepsBytes(...pair)).map(([from, to]) => ({ from, to, name: `${from.name} to ${to.name}` })),
  )("keeps every byte from $name and back", async ({ from, to }) => {
    const made = await sampleOf(from, bytes);
    const there = await convert(made, to, { sourceType: from });
    const back = await convert(there, types.bytes, { sourceType: to });
    expect(Buffer.from(back)).toEqual(Buffer.from(bytes));
  });

  it.each(sources.map((type) => ({ type, name: type.name })))("takes empty $name for no bytes", async ({ type }) => {
    expect(await convert(await sampleOf(type, ""), types.string, { sourceType: type })).toBe("");
  });

  it.each(sources.map((type) => ({ type, name: type.name })))("finds out what $name is", async ({ type }) => {
    const sample = await sampleOf(type, text);
    const found = typeDescriptor(sample);
    if (type === types.fileHandle) await (sample as FileHandle).close();
    const seen = { seq: seqOf(types.unknown), stream: streamOf(types.unknown) };
    const isSeen = type.kind === "seq" || type.kind === "stream";
    // A Buffer is bytes, and so are views of it; Node has no other arrays of bytes.
    const expected = isSeen ? [seen[type.kind as "seq"], vectorOf(types.buffer), vectorOf(types.string)] : [type];
    if (type === types.bytes || type === types.view) expected.push(types.buffer);
    if (type.kind === "vector") expected.push(vectorOf(types.buffer));
    expect(expected.map(({ name }) => name)).toContain(found?.name);
  });

  it("keeps any text and any bytes over any way, whatever the chunks", async () => {
    const way = (types: readonly Type[]) => fc.array(fc.constantFrom(...types), { minLength: 2, maxLength: 6 });
    const chunkSize = fc.integer({ min: 1, max: 9 });
    const over = async (content: string | Uint8Array, along: readonly Type[], size: number): Promise<unknown> => {
      let [from, ...rest] = along as [Type, ...Type[]];
      let made = await sampleOf(from, content);
      for (const to of rest) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        made = await convert(made, to, { sourceType: from, chunkSize: size });
        from = to;
      }
      const last = typeof content === "string" ? types.string : types.bytes;
      return convert(made, last as Type, { sourceType: from });
    };
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), way(readable), chunkSize, async (content, along, size) => {
        const wellFormed = Buffer.from(content).toString();
        expect(await over(wellFormed, along, size)).toBe(wellFormed);
      }),
      { numRuns: 300 },
    );
    const withoutText = readable.filter((type) => type !== types.string && type.element !== types.string);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), way(withoutText), chunkSize, async (content, along, size) => {
        expect(Buffer.from((await over(content, along, size)) as Uint8Array)).toEqual(Buffer.from(content));
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
