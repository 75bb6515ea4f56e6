import { describe, expect, it } from "@jest/globals";
import {
  type AbsoluteRedirectsOptions,
  absoluteRedirectsResponse,
  wrapAbsoluteRedirects,
} from "../../middleware/absolute-redirects.js";
import { wrapSslRedirect } from "../../middleware/ssl.js";
import { ring } from "../../src/index.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { versions, withApp } from "../express/hosts.js";
import { exchangeRaw } from "../raw-client.js";
import { request } from "./helpers.js";

const asked = (more: Partial<RingRequest> = {}): RingRequest =>
  request({ uri: "/a/b", headers: { host: "example.com" }, ...more });
const to = (Location: string): RingResponse => ({ status: 302, headers: { Location }, body: "" });
const located = (location: string, options?: AbsoluteRedirectsOptions, more?: Partial<RingRequest>): unknown =>
  absoluteRedirectsResponse(to(location), asked(more), options).headers?.["Location"];

describe("absoluteRedirectsResponse", () => {
  it("returns what it has nothing to do with as it is", () => {
    for (const response of [{ status: 200 }, { status: 308, headers: { Location: "x" } }, to("http://a/"), {}, null]) {
      expect(absoluteRedirectsResponse(response, asked())).toBe(response);
    }
    const list = { status: 302, headers: { Location: ["/a"] } };
    expect(absoluteRedirectsResponse(list, asked())).toBe(list);
  });

  it("leaves the response it was given unchanged", () => {
    const response = Object.freeze({ status: 302, headers: Object.freeze({ location: "c", "X-A": "1" }) });
    expect(absoluteRedirectsResponse(response, asked())).toEqual({
      status: 302,
      headers: { location: "http://example.com/a/c", "X-A": "1" },
    });
  });

  it("goes by the host that is given, not by the header", () => {
    expect(located("/c", { host: "shop.example:8443" }, { scheme: "https", headers: { host: "evil.com" } })).toBe(
      "https://shop.example:8443/c",
    );
  });

  it("leaves native applications' schemes alone where they are named, and only there", () => {
    expect(located("MyApp://done", { schemes: ["myapp"] })).toBe("MyApp://done");
    expect(() => located("myapp://done")).toThrow(expect.objectContaining({ code: "RING_INVALID_REDIRECT" }));
  });

  it("takes a target that is no path for the root", () => {
    expect(located("x", {}, { uri: "*" })).toBe("http://example.com/x");
  });

  it("keeps to a fragment in the path", () => {
    expect(located("", {}, { uri: "/a#b" })).toBe("http://example.com/a#b");
    expect(located("c", {}, { uri: "/a#b/d" })).toBe("http://example.com/c");
  });
});

describe("absoluteRedirectsResponse under attack", () => {
  const invalid = expect.objectContaining({ code: "RING_INVALID_REDIRECT" });

  it.each(["/c\r\nSet-Cookie: a=b", "http://example.com/\n", "c\0d", "/\x7f"])(
    "refuses header injection by %j",
    (location) => {
      expect(() => located(location)).toThrow(invalid);
    },
  );

  it.each(["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "url:http://a"])(
    "refuses the scheme of %j",
    (location) => {
      expect(() => located(location)).toThrow(invalid);
    },
  );

  it.each(["http://h:x/", "//h:x", "https://u@h:-1/"])("refuses the port of %j", (location) => {
    expect(() => located(location)).toThrow(invalid);
  });

  it.each([
    "///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "/\t/evil.com",
    "\\/evil.com",
    "..//evil.com",
    "./\\evil.com",
  ])("keeps an open redirect by %j, which browsers would follow elsewhere, with the request's host", (location) => {
    expect(new URL(String(located(location))).host).toBe("example.com");
  });

  it.each([
    "//evil.com",
    "http://evil.com/",
    "https:evil.com",
    "https:/evil.com",
    "http:///evil.com",
    "http:\\\\evil.com",
    " //evil.com",
    "http://example.com@evil.com",
    "http://example.com.evil.com",
    "http://notexample.org",
    "http://example.com:81",
    "mailto:a@example.com",
    "file:///etc/passwd",
    "http://[",
  ])("refuses an open redirect to %j where targets are named", (location) => {
    expect(() => located(location, { allowedTargets: [".example.org"] })).toThrow(invalid);
  });

  it.each([
    ["/c", "http://example.com/c"],
    ["http://EXAMPLE.com/", "http://EXAMPLE.com/"],
    ["https://example.com/", "https://example.com/"],
    ["https://shop.example.org:8/", "https://shop.example.org:8/"],
    ["//example.org", "http://example.org"],
    ["http:d", "http:d"],
  ])("lets %j pass where targets are named", (location, expected) => {
    expect(located(location, { allowedTargets: [".example.org"] })).toBe(expected);
  });

  it.each([301, 302, 303, 307, 308, 201])("refuses an open redirect by status %d where targets are named", (status) => {
    const leaving = { status, headers: { location: "/\\evil.com" } };
    const bare = { ...asked(), headers: {} };
    expect(() => absoluteRedirectsResponse(leaving, bare, { allowedTargets: [] })).toThrow(invalid);
    const staying = { status, headers: { Location: "/c" } };
    expect(absoluteRedirectsResponse(staying, bare, { allowedTargets: [] })).toBe(staying);
  });

  it("refuses an open redirect by a parameter that came twice, and so is an array", () => {
    const response = { status: 302, headers: { Location: ["//evil.com", "//evil.com"] } };
    expect(() => absoluteRedirectsResponse(response, asked(), { allowedTargets: [] })).toThrow(invalid);
    expect(absoluteRedirectsResponse(response, asked())).toBe(response);
  });

  it("looks at no Location that browsers do not follow, and needs none", () => {
    const created = { status: 202, headers: { Location: "http://jobs.example/1" } };
    expect(absoluteRedirectsResponse(created, asked(), { allowedTargets: [] })).toBe(created);
    const bare = { status: 308, headers: {} };
    expect(absoluteRedirectsResponse(bare, asked(), { allowedTargets: [] })).toBe(bare);
  });

  it("keeps redirects without a Host header relative, and within reach of no other host", () => {
    expect(located("/c", { allowedTargets: [] }, { headers: {} })).toBe("/c");
    expect(() => located("/\\evil.com", { allowedTargets: [] }, { headers: {} })).toThrow(invalid);
  });
});

describe("wrapAbsoluteRedirects", () => {
  it("refuses options that are none, when it wraps", () => {
    for (const options of [{ host: "a b" }, { allowedHosts: ["http://a"] }, { allowedTargets: ["a/b"] }]) {
      expect(() => wrapAbsoluteRedirects(() => null, options)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    }
  });

  it("reads its options when it wraps", () => {
    const options = { host: "a.example" };
    const app = wrapAbsoluteRedirects(() => to("/x"), options);
    options.host = "b.example";
    expect(app(asked())).toMatchObject({ headers: { Location: "http://a.example/x" } });
  });
});

describe.each(versions)("a redirect on %s", (_name, express) => {
  const ask = async (handler: Handler, ...lines: string[]): Promise<string> => {
    let answer = "";
    await withApp(express().use(ring(handler)), async ({ port }) => {
      answer = await exchangeRaw(port, `${["GET /a/b HTTP/1.1", ...lines, "Connection: close"].join("\r\n")}\r\n\r\n`);
    });
    return answer;
  };
  const redirects = [
    ["absolute", wrapAbsoluteRedirects(() => to("c"))],
    ["to https", wrapSslRedirect(() => null)],
  ] as const;

  it.each(redirects)("%s goes to the host that was asked", async (_what, handler) => {
    expect(await ask(handler, "Host: example.com")).toMatch(/^Location: https?:\/\/example\.com\/a\/[bc]\r$/m);
  });

  it.each(redirects)("%s withstands host header poisoning", async (_what, handler) => {
    for (const host of ["evil.com/", "u@evil.com", "evil.com\\", "a b", "evil.com:x", "[evil.com]"]) {
      const answer = await ask(handler, `Host: ${host}`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).not.toContain("Location");
    }
  });
});
