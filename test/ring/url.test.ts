import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { formatUrl, isPort, portOf, resolveReference, schemeOf, trimUrl } from "../../src/ring/url.js";

const base = { scheme: "http", authority: "example.com", path: "/a/b", query: "q=1" };
const resolve = (reference: string, path = "/a/b"): string => formatUrl(resolveReference({ ...base, path }, reference));

const segment = fc.constantFrom("a", "b", "c.d", "~e");
const segments = (maxLength: number) => fc.array(segment, { maxLength });

/** Segments with dots among them, of which none leads above where they start. */
const inner = fc.array(fc.oneof(segment, fc.constantFrom(".", "..")), { maxLength: 8 }).map((all) => {
  let depth = 0;
  return all.filter((part) => {
    if (part === ".") return true;
    depth += part === ".." ? -1 : 1;
    if (depth >= 0) return true;
    depth = 0;
    return false;
  });
});

describe("resolveReference", () => {
  it.each([
    ["", "http://example.com/a/b?q=1"],
    ["#f", "http://example.com/a/b?q=1#f"],
    ["?x", "http://example.com/a/?x"],
    ["?x#f?", "http://example.com/a/?x#f?"],
    ["c#f?x", "http://example.com/a/c#f?x"],
    ["c?x/../y", "http://example.com/a/c?x/../y"],
    ["//other.com?x", "http://other.com?x"],
    ["//other.com/x/../y", "http://other.com/x/../y"],
    ["///x", "http://example.com///x"],
    ["////x", "http://example.com////x"],
    ["//", "http://example.com//"],
    [".", "http://example.com/a/"],
    ["..", "http://example.com/"],
    ["c/..", "http://example.com/a/"],
    ["../..", "http://example.com/.."],
    ["../../../c", "http://example.com/../../c"],
    ["../../../../c", "http://example.com/../c"],
    ["..c/..", "http://example.com/a/"],
    ["\\evil.com", "http://example.com/a/\\evil.com"],
    ["/\\evil.com", "http://example.com/\\evil.com"],
  ])("resolves %j as Java does", (reference, expected) => {
    expect(resolve(reference)).toBe(expected);
  });

  it("agrees with WHATWG's URL where no path is absolute and no dots lead above the root", () => {
    fc.assert(
      fc.property(segments(3), segment, inner, (folders, first, parts) => {
        const path = `/${folders.map((folder) => `${folder}/`).join("")}`;
        const reference = [first, ...parts].join("/");
        expect(resolve(reference, path)).toBe(new URL(reference, `http://example.com${path}`).href);
      }),
    );
  });

  it("keeps scheme and host, whatever follows a single slash or none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const reference = text.replace(/^\/\/+/, "/");
        expect(resolveReference(base, reference)).toMatchObject({ scheme: "http", authority: "example.com" });
        expect(resolve(reference)).toMatch(/^http:\/\/example\.com\//);
      }),
    );
  });

  it("takes an absolute path as it is, and its own answer's path again", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { path } = resolveReference(base, text.replace(/^\/\/+/, "/"));
        fc.pre(!path.startsWith("//"));
        expect(resolveReference(base, path).path).toBe(path);
      }),
    );
  });

  it.each(["../", "./", "a/../", "..a/", "/", "#", "?"])("takes a megabyte of %j in linear time", (piece) => {
    const started = performance.now();
    resolve(`x${piece.repeat(1_048_576 / piece.length)}..`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("schemeOf", () => {
  it.each([
    ["HTTP://x", "http"],
    ["a+b.c-1:x", "a+b.c-1"],
    ["1a:b", undefined],
    [":a", undefined],
    ["a/b:c", undefined],
    ["#a:b", undefined],
    ["?a:b", undefined],
  ])("of %j is %j", (reference, scheme) => {
    expect(schemeOf(reference)).toBe(scheme);
  });
});

describe("portOf", () => {
  it.each([
    ["http://h:80/x:1", "80"],
    ["//u:p@h:x", "x"],
    ["//[::1]:8/", "8"],
    ["//[::1]/", undefined],
    ["//h?:1", undefined],
    ["http:/h:1", undefined],
    ["x:1", undefined],
  ])("of %j is %j", (reference, port) => {
    expect(portOf(reference)).toBe(port);
  });

  it("is digits, or nothing", () => {
    expect(["", "80", "8a", "-1"].map(isPort)).toEqual([true, true, false, false]);
  });
});

describe("trimUrl", () => {
  it("takes off blanks and control characters at both ends", () => {
    expect(trimUrl(" \n\t/a b\0 ")).toBe("/a b");
    expect(trimUrl(" \r")).toBe("");
  });
});
