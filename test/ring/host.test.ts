import { describe, expect, it } from "@jest/globals";
import { hostMatcher, hostName, hostReader } from "../../src/ring/host.js";

const read = hostReader("wrapX", {});
const of = (host: string) => ({ headers: { host } });

describe("hostReader", () => {
  it.each(["example.com", "EXAMPLE.com:8080", "a_b-c.d~e:", "127.0.0.1:65535", "[::1]", "[::ffff:1.2.3.4]:80"])(
    "takes %j as it is",
    (host) => {
      expect(read(of(host))).toBe(host);
    },
  );

  it.each([
    ["user info", "user:password@evil.com"],
    ["a path", "evil.com/x"],
    ["a backslash", "evil.com\\x"],
    ["a query", "evil.com?x"],
    ["a fragment", "evil.com#x"],
    ["a blank", "evil .com"],
    ["a line break", "evil.com\r\nX-Injected: 1"],
    ["a line break at its end", "evil.com\n"],
    ["a NUL", "evil.com\0"],
    ["two hosts", "example.com,evil.com"],
    ["an escape", "evil%2ecom"],
    ["a letter that is not ASCII", "evil.c\u00f6m"],
    ["a port that is no number", "evil.com:80a"],
    ["two ports", "evil.com:80:81"],
    ["a port that is too large", "evil.com:65536"],
    ["an address without its bracket", "::1"],
    ["a name in brackets", "[evil.com]"],
  ])("refuses a poisoned header with %s", (_what, host) => {
    expect(() => read(of(host))).toThrow(expect.objectContaining({ code: "RING_INVALID_HOST", status: 400 }));
  });

  it("never shows the header in its error", () => {
    expect(() => read(of("secret@evil.com"))).toThrow(/^[^@]*$/);
  });

  it("knows when there is none", () => {
    expect(read({})).toBeUndefined();
    expect(read({ headers: {} })).toBeUndefined();
    expect(read(of(""))).toBeUndefined();
  });

  it("does not look at the header where the host is given", () => {
    const fixed = hostReader("wrapX", { host: "example.com:8443", allowedHosts: ["other.com"] });
    expect([fixed({}), fixed(of("evil.com/x"))]).toEqual(["example.com:8443", "example.com:8443"]);
  });

  it("takes only hosts that are allowed", () => {
    const some = hostReader("wrapX", { allowedHosts: ["Example.com", "localhost:3000", ".example.org"] });
    const allowed = ["example.COM", "example.com:81", "localhost:3000", "example.org", "a.b.example.org:8"];
    const others = [
      "evil.com",
      "localhost",
      "localhost:3001",
      "a.example.com",
      "evilexample.org",
      "example.org.evil.com",
    ];
    for (const host of allowed) expect(some(of(host))).toBe(host);
    for (const host of others) expect(() => some(of(host))).toThrow("allowedHosts");
    expect(some({})).toBeUndefined();
    expect(() => hostReader("wrapX", { allowedHosts: [] })(of("a"))).toThrow("allowedHosts");
  });

  it.each([{ host: "https://example.com" }, { host: "" }, { allowedHosts: ["*"] }, { allowedHosts: [5 as never] }])(
    "refuses %j when it is made",
    (options) => {
      expect(() => hostReader("wrapX", options)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining("wrapX:") }),
      );
    },
  );
});

describe("hostMatcher", () => {
  it("knows addresses", () => {
    const isAllowed = hostMatcher("wrapX", ["[::1]", "127.0.0.1:80"]);
    expect(["[::1]", "[::1]:5", "127.0.0.1:80", "127.0.0.1", "[::2]"].map(isAllowed)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("hostName", () => {
  it("is the host without its port", () => {
    expect(["a:80", "a:", "a", "[::1]", "[::1]:80"].map(hostName)).toEqual(["a", "a", "a", "[::1]", "[::1]"]);
  });
});
