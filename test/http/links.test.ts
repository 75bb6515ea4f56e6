import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { linksResponse } from "../../src/http/client/steps/links.js";
import * as http from "../../src/http/index.js";
import { pool, serve } from "./servers.js";

const linksOf = (link: string) => linksResponse({ headers: { link } } as never).links;

describe("links", () => {
  it("come from the link headers of a response", async () => {
    const { url } = await serve((_req, res) =>
      res.setHeader("link", ['</a?b=1,2;3>; rel="next"; Title="one, \\"two\\"; three"', "<b>;rel=prev"]).end(),
    );
    const { links } = await http.get(url, { pool: pool() });
    expect(links).toEqual({
      next: { href: "/a?b=1,2;3", title: 'one, "two"; three' },
      prev: { href: "b" },
    });
  });

  it("are absent without such a header", async () => {
    const { url } = await serve((_req, res) => res.end());
    expect(await http.get(url, { pool: pool() })).not.toHaveProperty("links");
  });

  it.each<[string, unknown]>([
    ["<a>; rel=next, <b>; rel=next", { next: { href: "b" } }],
    ['<a>; rel="first  Last"', { first: { href: "a" }, last: { href: "a" } }],
    ["<a>; rel=x; rel=y; flag", { x: { href: "a", flag: "" } }],
    ["<a>", {}],
    ["a; rel=next", {}],
    ['<a>; rel="next', { '"next': { href: "a" } }],
    ["<a>; rel=__proto__", Object.fromEntries([["__proto__", { href: "a" }]])],
    ['<a>; rel=next; href="evil"', { next: { href: "a" } }],
    ["", {}],
  ])("of %j are %j", (header, expected) => {
    expect({ ...linksOf(header) }).toEqual(expected);
  });

  it("are read from any text, in no long time", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("<", ">", ";", ",", '"', "\\", "=", "rel", " ", "a") }), (text) => {
        for (const { href } of Object.values(linksOf(text) ?? {})) expect(text).toContain(href);
      }),
    );
    expect(linksOf('<"\\;,'.repeat(100_000))).toEqual({});
  });
});
