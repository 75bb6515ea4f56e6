import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { type Authorization, authorizationRequest, wrapAuthorization } from "../../middleware/authorization.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { request } from "./helpers.js";

const parsed = (authorization: string) => authorizationRequest(request({ headers: { authorization } })).authorization;

describe("authorizationRequest", () => {
  it("returns a request without the header, or with the key, as it is", () => {
    const without = request();
    expect(authorizationRequest(without)).toBe(without);
    const given = { ...request({ headers: { authorization: "Basic x" } }), authorization: { scheme: "mine" } };
    expect(authorizationRequest(given)).toBe(given);
  });

  it.each([
    ["Digest  a=b", {}],
    ["Digest a=b ", {}],
    ["Digest a=b ,\t c = d", { a: "b", c: "d" }],
    ['Digest a=b, A=c, a = "d e"', { a: "d e" }],
    ['Digest a=b c, d==, =e, f g=h, i="j"k', {}],
  ])("reads the parameters of %j", (header, params) => {
    expect(parsed(header)).toEqual({ scheme: "digest", params });
  });

  it("makes maps without prototype, whose names are the client's alone", () => {
    const { params } = parsed("Digest __proto__=1, constructor=2, toString=3") ?? {};
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect(Object.entries(params ?? {})).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["tostring", "3"],
    ]);
  });

  it("reads back every token and every set of parameters", () => {
    const token = fc.stringMatching(/^[\w.~+/-]+=*$/);
    const name = fc.stringMatching(/^[a-z][a-z\d-]*$/);
    const text = fc.stringMatching(/^[\w !#;=.-]*$/);
    fc.assert(
      fc.property(token, (token) => {
        expect(parsed(`Bearer ${token}`)).toEqual({ scheme: "bearer", token });
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(name, text, { minKeys: 1 }), (params) => {
        const header = Object.entries(params).map(([name, value]) => `${name}="${value}"`);
        expect(Object.entries(parsed(`Digest ${header.join(", ")}`)?.params ?? {})).toEqual(Object.entries(params));
      }),
    );
  });

  it("never fails, whatever the header holds", () => {
    fc.assert(fc.property(fc.string(), (header) => expect(parsed(header)?.scheme).toBeDefined()));
  });

  it.each([" ", "=", ",", "a=,", '"', '\\"', "a", 'a="'])(
    "takes a quarter of a megabyte of %j in linear time",
    (piece) => {
      const started = performance.now();
      parsed(`Digest a=${piece.repeat(262_144 / piece.length)}!`);
      parsed(`Digest ${piece.repeat(262_144 / piece.length)}!`);
      expect(performance.now() - started).toBeLessThan(3000);
    },
  );
});

describe("wrapAuthorization", () => {
  it("hands the handler what the header says", () => {
    const app = wrapAuthorization(({ authorization }) => ({ body: authorization?.token }));
    expect(app(request({ headers: { authorization: "Bearer abc" } }))).toEqual({ body: "abc" });
    expect(app(request())).toEqual({ body: undefined });
  });

  it("says in its types what it adds", () => {
    const served = (handler: Handler): Handler => handler;
    const handler = (request: RingRequest & Authorization): RingResponse => ({ body: request.authorization?.scheme });
    expect(served(wrapAuthorization(handler))(request({ headers: { authorization: "Basic" } }))).toEqual({
      body: "basic",
    });
    // @ts-expect-error -- it may be absent
    wrapAuthorization((request) => ({ body: request.authorization.scheme }));
    // @ts-expect-error -- nothing adds it
    served((request) => ({ body: request.authorization?.scheme }));
  });
});
