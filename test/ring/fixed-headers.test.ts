import { describe, expect, it } from "@jest/globals";
import { withHeaders, wrapFixedHeader } from "../../src/ring/fixed-headers.js";
import { tagOf } from "../../src/ring/tag.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { request } from "../middleware/helpers.js";

const asked = request();
const answered: Handler = () => ({ status: 200, headers: { "X-A": "0", "X-B": "0" } });

describe("wrapFixedHeader", () => {
  it("puts its header on, around others of its kind, too, and the outermost wins", () => {
    const a = wrapFixedHeader("a", answered, "X-A", "1");
    const b = wrapFixedHeader("b", a, "X-C", "2");
    const c = wrapFixedHeader("c", b, "X-A", "3");
    expect(a(asked)).toMatchObject({ headers: { "X-A": "1", "X-B": "0" } });
    expect(b(asked)).toMatchObject({ headers: { "X-A": "1", "X-B": "0", "X-C": "2" } });
    expect(c(asked)).toEqual({ status: 200, headers: { "X-A": "3", "X-B": "0", "X-C": "2" } });
    expect([c, b, a].map((handler) => tagOf(handler))).toEqual([
      { name: "c", inner: b },
      { name: "b", inner: a },
      { name: "a", inner: answered },
    ]);
  });

  it("asks the handler once, and leaves out nothing that stands in between", () => {
    const seen: RingRequest[] = [];
    const inner = wrapFixedHeader("a", (request) => (seen.push(request), answered(request)), "X-A", "1");
    const between: Handler = (request) => inner({ ...request, uri: "/between" });
    const app = wrapFixedHeader("b", wrapFixedHeader("c", between, "X-B", "2"), "X-C", "3");
    expect(app(asked)).toMatchObject({ headers: { "X-A": "1", "X-B": "2", "X-C": "3" } });
    expect(seen.map(({ uri }) => uri)).toEqual(["/between"]);
  });

  it("leaves no answer at all as it is", async () => {
    expect(wrapFixedHeader("a", () => null, "X-A", "1")(asked)).toBeNull();
    expect(await wrapFixedHeader("a", async () => undefined, "X-A", "1")(asked)).toBeUndefined();
  });
});

describe("withHeaders", () => {
  it("leaves the response it was given unchanged", () => {
    const response = Object.freeze({ status: 200, headers: Object.freeze({ "x-a": "0", "X-A": "0" }), body: "a" });
    expect(withHeaders(response, { "X-A": "1" })).toEqual({
      status: 200,
      headers: { "x-a": "0", "X-A": "1" },
      body: "a",
    });
    expect(withHeaders({ status: 200 }, { "X-A": "1" })).toEqual({ status: 200, headers: { "X-A": "1" } });
  });
});
