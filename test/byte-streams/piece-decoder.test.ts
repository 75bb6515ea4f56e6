import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { charset } from "../../src/byte-streams/core.js";
import type { OnEncodingError } from "../../src/byte-streams/index.js";

/** Own ones, and those of iconv-lite: of one byte, of two, of up to four, and with shifts. */
const charsets =
  "utf-8 iso-8859-1 us-ascii utf-16 utf-16be utf-16le utf-32 windows-1252 shift_jis euc-jp gbk gb18030 big5 euc-kr koi8-r".split(
    " ",
  );

function inPieces(name: string, pieces: readonly Uint8Array[], onFault?: OnEncodingError): string {
  const decoder = charset(name).decoder(onFault);
  return pieces.map((piece) => decoder.write(piece)).join("") + decoder.end();
}

/** Cuts bytes at some places. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const anyText = fc.string({ unit: "binary" });
const mixedText = fc
  .array(fc.constantFrom("a", "é", "日本", "語", "😀", "\ufffd", "я", "\n", "한"))
  .map((parts) => parts.join(""));
const places = fc.array(fc.nat(200), { maxLength: 12 });

describe("a decoder of pieces", () => {
  it.each(charsets)("decodes %s however the bytes are cut", (name) => {
    fc.assert(
      fc.property(fc.oneof(anyText, mixedText), places, (text, at) => {
        const bytes = charset(name).encode(text);
        expect(inPieces(name, cutAt(bytes, at))).toBe(charset(name).decode(bytes));
      }),
    );
  });

  it.each(charsets)("decodes bytes that are not %s as they are decoded whole", (name) => {
    // Lead and continuation bytes, surrogates, marks: what cuts could tear apart.
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xed, 0xa0, 0x80, 0xd8, 0xdc, 0xfe, 0xff, 0),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.array(byte, { maxLength: 24 }), places, (some, more, at) => {
        const bytes = Uint8Array.from([...some, ...more]);
        expect(inPieces(name, cutAt(bytes, at))).toBe(charset(name).decode(bytes));
      }),
    );
  });

  it.each(["utf-8", "utf-16", "utf-16be", "utf-16le", "utf-32"])("finds no fault in a text in %s", (name) => {
    fc.assert(
      fc.property(mixedText, places, (text, at) => {
        const pieces = cutAt(charset(name).encode(text), at);
        expect(inPieces(name, pieces, "report")).toBe(text);
        expect(inPieces(name, pieces, "ignore")).toBe(text);
      }),
    );
  });

  it.each([
    ["utf-8", "61c362efbfbd80", "ab\ufffd", "a\ufffdb\ufffd\ufffd"],
    ["utf-8", "61e282", "a", "a\ufffd"],
    ["utf-8", "eda08061", "a", "\ufffda"],
    ["us-ascii", "61e962", "ab", "a\ufffdb"],
    ["utf-16", "feff0061d8000062fffd00", "ab\ufffd", "a\ufffdb\ufffd\ufffd"],
    ["utf-16", "fffe6100fdff00d8", "a\ufffd", "a\ufffd\ufffd"],
    ["utf-16be", "0061dc00", "a", "a\ufffd"],
    ["utf-32", "0000006100110000", "a", "a\ufffd"],
    ["shift_jis", "61fc62", "ab", "a\ufffdb"],
  ])("reports, ignores or replaces what is no %s: %s", (name, hex, ignored, replaced) => {
    const pieces = Array.from(Buffer.from(hex, "hex"), (byte) => Uint8Array.of(byte));
    expect(() => inPieces(name, pieces, "report")).toThrow(
      expect.objectContaining({ code: "RING_MALFORMED_TEXT", message: expect.stringContaining("text in ") }),
    );
    expect(inPieces(name, pieces, "replace")).toBe(replaced);
    expect(inPieces(name, pieces, "ignore")).toBe(ignored);
  });

  it("decodes long pieces of UTF-8 as it decodes short ones, faults and all", () => {
    const part = fc.oneof(
      fc.constantFrom("a".repeat(300), "é".repeat(300), "日本😀", "\ufeff").map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom(Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xf0, 0x9f]), Buffer.from([0xff])),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(4000), { maxLength: 3 }), (parts, at) => {
        const bytes = Buffer.concat(parts);
        expect(inPieces("utf-8", cutAt(bytes, at))).toBe(charset("utf-8").decode(bytes));
      }),
      { numRuns: 1000, examples: [[[Buffer.from("é".repeat(300)), Buffer.from([0xc2, 0xc0])], []]] },
    );
  });

  it("keeps no view of the bytes that it was given", () => {
    const decoder = charset("utf-8").decoder();
    const reused = Buffer.from([0x61, 0xc3]);
    expect(decoder.write(reused)).toBe("a");
    reused.fill(0x62);
    expect(decoder.write(Buffer.from([0xa9])) + decoder.end()).toBe("é");
  });
});
