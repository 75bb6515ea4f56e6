import { describe, expect, it } from "@jest/globals";
import { hasHiddenName, hasParentName, isStrangeOn } from "../../src/ring/file-names.js";

describe("hasParentName", () => {
  it.each(["..", "../a", "a/..", "a/../b", "a\\..\\b", "..\\a"])("finds the way up in %s", (path) => {
    expect(hasParentName(path)).toBe(true);
  });

  it.each(["", "a", "...", "a..b", "..a/b..", "a/.../b", "."])("finds none in %j", (path) => {
    expect(hasParentName(path)).toBe(false);
  });
});

describe("hasHiddenName", () => {
  it.each([".env", "a/.git/config", "a\\.git", ".well-known-not", "..a"])("finds one in %s", (path) => {
    expect(hasHiddenName(path)).toBe(true);
  });

  it.each(["a", "a.b", ".well-known/acme", "./a", "../a", "a/."])("finds none in %s", (path) => {
    expect(hasHiddenName(path)).toBe(false);
  });
});

describe("isStrangeOn", () => {
  const strange = [
    ["a drive", "C:/windows/win.ini"],
    ["a drive without a slash", "C:secret.txt"],
    ["an alternate stream", "page.html::$DATA"],
    ["an alternate stream with a name", "page.html:hidden"],
    ["a server", "\\\\server\\share\\file"],
    ["a verbatim path", "\\\\?\\C:\\x"],
    ["the other separator", "sub\\page.html"],
    ["a device", "con"],
    ["a device in a folder", "sub/NUL"],
    ["a device with an extension", "aux.txt"],
    ["a device with two extensions", "prn.tar.gz"],
    ["a device with blanks before the dot", "com1 .txt"],
    ["a numbered device", "LPT9.html"],
    ["a device with a superscript digit", "com¹"],
    ["a console", "CONIN$"],
    ["a dot at the end", "page.html."],
    ["a blank at the end", "page.html "],
    ["three dots", "..."],
    ["a folder with a dot at the end", "private./page.html"],
    ["a short name", "GIT~1/config"],
    ["a wildcard", "*.html"],
    ["a control character", "a\u0001b"],
  ] as const;

  it.each(strange)("sees %s on Windows: %s", (_what, path) => {
    expect(isStrangeOn("win32", path)).toBe(true);
  });

  it.each(strange)("takes it as a name elsewhere: %s", (_what, path) => {
    expect(isStrangeOn("linux", path)).toBe(false);
  });

  it.each(["", "page.html", "sub/./page.html", "sub/../page.html", "console.html", "com10.txt", "nullable", "a b.txt"])(
    "takes %j as a name on Windows",
    (path) => {
      expect(isStrangeOn("win32", path)).toBe(false);
    },
  );
});
