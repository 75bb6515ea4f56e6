import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { charset, findCharset } from "../../src/byte-streams/core.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("charset", () => {
  it.each([
    ["utf-8", "é😀", "c3a9f09f9880"],
    ["UTF8", "é", "c3a9"],
    ["utf-8", "a\ud800b", "613f62"],
    ["ISO-8859-1", "é\x80€😀", "e9803f3f"],
    ["latin1", "é", "e9"],
    ["US-ASCII", "aé😀", "613f3f"],
    ["UTF-16", "aé", "feff006100e9"],
    ["UTF-16", "", ""],
    ["UTF-16", "\udc00", "fefffffd"],
    ["UTF-16BE", "a", "0061"],
    ["UTF-16LE", "a", "6100"],
    ["UTF-32", "a", "00000061"],
    ["windows-1252", "€", "80"],
    ["windows-1252", "😀", "3f"],
    ["Shift_JIS", "あ😀", "82a03f"],
    ["gb18030", "😀", "9439fc36"],
    ["x-Shift_JIS", "あ", "82a0"],
  ])("encodes in %s as Java does: %j", (name, text, bytes) => {
    expect(hex(charset(name).encode(text))).toBe(bytes);
  });

  it.each([
    ["utf-8", "efbbbf61", "\ufeffa"],
    ["utf-8", "eda080", "\ufffd"],
    ["utf-8", "61eda08062edbfbfc3a9", "a\ufffdb\ufffdé"],
    ["utf-8", "c0af", "\ufffd\ufffd"],
    ["ISO-8859-1", "80e9", "\x80é"],
    ["US-ASCII", "61e9", "a\ufffd"],
    ["UTF-16", "00e9", "é"],
    ["UTF-16", "feff00e9", "é"],
    ["UTF-16", "fffee900", "é"],
    ["UTF-16", "00", "\ufffd"],
    ["UTF-16BE", "feff0061", "\ufeffa"],
    ["UTF-16BE", "006100", "a\ufffd"],
    ["UTF-16LE", "d800", "Ø"],
    ["UTF-16LE", "00d8", "\ufffd"],
    ["UTF-32", "fffe000061000000", "a"],
    ["UTF-32", "0000feff00000061", "a"],
    ["windows-1252", "80", "€"],
  ])("decodes %s as Java does: %s", (name, bytes, text) => {
    expect(charset(name).decode(Buffer.from(bytes, "hex"))).toBe(text);
  });

  it.each(["bogus", "", "utf 8", "base64", "hex", "utf-7", "__proto__", "constructor", "'utf-8'"])(
    "refuses %j",
    (name) => {
      expect(findCharset(name)).toBeUndefined();
      expect(() => charset(name, 415)).toThrow(expect.objectContaining({ code: "RING_UNKNOWN_CHARSET", status: 415 }));
    },
  );

  it("reads bytes in the middle of another buffer", () => {
    expect(charset("utf-8").decode(new Uint8Array(Buffer.from("xaéx")).subarray(1, 4))).toBe("aé");
  });

  it.each(["utf-8", "utf-16", "utf-16le", "gb18030", "utf-32"])("reads back in %s whatever it wrote", (name) => {
    const named = charset(name);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => expect(named.decode(named.encode(text))).toBe(text)),
    );
  });

  it.each(["utf-8", "utf-16", "iso-8859-1", "shift_jis"])("writes pieces in %s as it writes the whole", (name) => {
    const text = fc.string({ unit: "binary", maxLength: 8 });
    fc.assert(
      fc.property(fc.array(text), fc.nat(), (texts, cut) => {
        const whole = texts.join("");
        const at = whole.length === 0 ? 0 : cut % whole.length;
        const encoder = charset(name).encoder();
        const parts = [
          encoder.write(whole.slice(0, at)),
          encoder.write(""),
          encoder.write(whole.slice(at)),
          encoder.end(),
        ];
        expect(hex(Buffer.concat(parts))).toBe(hex(charset(name).encode(whole)));
      }),
    );
  });

  it("gives up half a character only at the end", () => {
    const encoder = charset("utf-8").encoder();
    expect(hex(encoder.write("a\ud83d"))).toBe("61");
    expect(hex(encoder.end())).toBe("3f");
  });
});
