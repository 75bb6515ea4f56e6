import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { cookiesRequest, cookiesResponse, wrapCookies } from "../../middleware/cookies.js";
import type { ResponseCookie } from "../../src/ring/types.js";
import { request } from "./helpers.js";

const parse = (cookie: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(cookiesRequest({ headers: { cookie } }).cookies).map(([name, { value }]) => [name, value]),
  );
const write = (cookies: Record<string, ResponseCookie>): unknown =>
  cookiesResponse({ cookies }).headers?.["Set-Cookie"];

/** Ring's grammar as one regular expression. */
const COOKIE = /\s*([!#$%&'*\-+.0-9A-Z^_`a-z|~]+)=("[!#-+\--:<-[\]-~]*"|[!#-+\--:<-[\]-~]*)\s*[;,]?/g;

const text = fc.string({ unit: "binary" }).filter((it) => !/\p{Surrogate}/u.test(it));

describe("cookiesRequest", () => {
  it("finds what Ring's regular expression finds", () => {
    const piece = fc.constantFrom("a", "b=", "=", ";", ",", " ", '"', '="', "\\", "[", "é", "\t", "1");
    const identity = (value: string): string => value;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const cookie = pieces.join("");
        const expected = [...cookie.matchAll(COOKIE)].map(([, name, value]) => [name, value?.replace(/^"|"$/g, "")]);
        const { cookies } = cookiesRequest({ headers: { cookie } }, { decoder: identity });
        const found = Object.entries(cookies).map(([name, { value }]) => [name, value]);
        expect([cookie, Object.fromEntries(found)]).toEqual([cookie, Object.fromEntries(expected)]);
      }),
      { numRuns: 20_000 },
    );
  });

  it("makes a map without prototype, whose names are the client's alone", () => {
    const { cookies } = cookiesRequest({ headers: { cookie: "__proto__=1; constructor=2; a=3" } });
    expect(Object.getPrototypeOf(cookies)).toBeNull();
    expect(Object.keys(cookies)).toEqual(["__proto__", "constructor", "a"]);
    expect(Object.getPrototypeOf(cookiesRequest({ headers: {} }).cookies)).toBeNull();
  });

  it("parses where the key is there without a value", () => {
    expect(cookiesRequest({ headers: { cookie: "a=1" }, cookies: undefined } as never)).toMatchObject({
      cookies: { a: { value: "1" } },
    });
  });

  it("leaves the request it was given unchanged", () => {
    const given = Object.freeze(request({ headers: { cookie: "a=1" } }));
    expect(cookiesRequest(given)).toMatchObject({ uri: "/", cookies: { a: { value: "1" } } });
    expect(given).not.toHaveProperty("cookies");
  });

  it.each(["=", ";", "a", '"', 'a="', "a=b;", "a=%41;", '="x', " ", "a=%;", "=a"])(
    "reads a megabyte of %j in linear time",
    (piece) => {
      const cookie = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const start = performance.now();
      cookiesRequest({ headers: { cookie } });
      // Tens of milliseconds; a minute if the time grew with the square.
      expect(performance.now() - start).toBeLessThan(3000);
    },
  );
});

describe("cookie tossing by a host below the same domain", () => {
  const parts = ["a,", "a=b ", "a=b,", "(", '"', "=", "a=é", 'a="b" ', "a=b\n", "\u00a0", "a=b;c "];
  const names = ["__Host-id", "__Secure-id", "__host-id", "__SECURE-id"];

  it.each(names)("finds no %s inside of another cookie, where such a host can put it", (name) => {
    for (const part of parts) {
      expect([part, parse(`${part}${name}=evil`)]).not.toEqual([part, expect.objectContaining({ [name]: "evil" })]);
      expect([part, parse(`${name}=good; ${part}${name}=evil; c=d`)]).toEqual([
        part,
        expect.objectContaining({ [name]: "good", c: "d" }),
      ]);
    }
  });

  it.each(names)("finds %s where a cookie begins", (name) => {
    for (const before of ["", " ", "a=b; ", "a=b;", "a=b;\t", ";"]) expect(parse(`${before}${name}=x`)[name]).toBe("x");
  });

  it("does not take an encoded name for one with a prefix", () => {
    expect(parse("%5F_Host-id=evil; __%48ost-id=evil; __Host%2Did=evil")).not.toHaveProperty("__Host-id");
  });
});

describe("cookiesResponse", () => {
  it("writes values that cookiesRequest reads back", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9*._-]+$/);
    fc.assert(
      fc.property(fc.dictionary(name, text), (cookies) => {
        const lines = write(cookies) as string[];
        expect(parse(lines.join("; "))).toEqual({ ...cookies });
      }),
    );
  });

  it("lets no line break through, whatever the name, the value and the attributes", () => {
    const attributes = fc.record({ path: text, domain: text, expires: text }, { requiredKeys: [] });
    fc.assert(
      fc.property(text, text, attributes, (name, value, more) => {
        let outcome: unknown;
        try {
          outcome = (write({ [name]: { value, ...more } }) as string[])[0];
        } catch (error) {
          outcome = (error as { code: unknown }).code;
        }
        expect(outcome === "RING_INVALID_COOKIE" || !/[\r\n\0]/.test(String(outcome))).toBe(true);
      }),
    );
  });

  it.each([
    ["a line break in an attribute", { value: "1", path: "/\r\nSet-Cookie: x=y" }],
    ["NUL in an attribute", { value: "1", domain: "a\0" }],
    ["a semicolon in an attribute", { value: "1", path: "/;Secure" }],
    ["a fraction of a second", { value: "1", maxAge: 1.5 }],
    ["a maximal age that is no number", { value: "1", maxAge: Number.NaN }],
    ["an attribute nobody knows", { value: "1", constructor: "x" } as never],
    ["an inherited name as SameSite", { value: "1", sameSite: "constructor" as never }],
  ])("refuses %s", (_what, cookie) => {
    expect(() => write({ a: cookie })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_COOKIE", message: expect.stringContaining('cookie "a"') }),
    );
  });

  it("refuses a line break that an encoder lets through", () => {
    const encoder = (pair: Record<string, unknown>): string => `a=${String(pair["a"])}`;
    expect(() => cookiesResponse({ cookies: { a: "x\r\ny" } }, { encoder })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_COOKIE" }),
    );
  });

  it("never tells the value in an error", () => {
    expect(() => write({ a: { value: "secret", path: "/hidden;" } })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret|hidden/) }),
    );
  });

  it("skips attributes that are undefined", () => {
    expect(write({ a: { value: "1", path: undefined, maxAge: undefined, secure: true } })).toEqual(["a=1; Secure"]);
  });

  it("keeps a header that is a string as the first line", () => {
    const response = { headers: { "Set-Cookie": "x=y" }, cookies: { a: "b" } };
    expect(cookiesResponse(response)).toEqual({ headers: { "Set-Cookie": ["x=y", "a=b"] } });
  });

  it("returns a response without cookies as it is", () => {
    const response = { status: 200 };
    expect(cookiesResponse(response)).toBe(response);
  });
});

describe("wrapCookies", () => {
  it("reads and writes with the coders it is given", () => {
    const app = wrapCookies(({ cookies }) => ({ cookies: { b: cookies["a"]?.value ?? null } }), {
      decoder: (value) => value.toUpperCase(),
      encoder: (pair) => Object.entries(pair).join().replace(",", "="),
    });
    expect(app(request({ headers: { cookie: "a=x" } }))).toEqual({ headers: { "Set-Cookie": ["b=X"] } });
  });

  it("takes null for no coder, as for other options", () => {
    const app = wrapCookies(({ cookies }) => ({ cookies: { b: cookies["a"]?.value ?? null } }), {
      decoder: null as never,
      encoder: null as never,
    });
    expect(app(request({ headers: { cookie: "a=x+y" } }))).toEqual({ headers: { "Set-Cookie": ["b=x+y"] } });
  });
});
