import { describe, expect, it } from "@jest/globals";
import { EXCHANGE } from "../../src/ring/exchange-symbol.js";
import { findHeaderName, getAll } from "../../src/ring/headers.js";

describe("findHeaderName", () => {
  it("finds a header in any spelling, and nothing in no headers", () => {
    expect(findHeaderName({ "X-A": "1", "x-a": "2" }, "x-A")).toBe("X-A");
    expect(findHeaderName({ "X-A": "1" }, "x-b")).toBeUndefined();
    expect(findHeaderName(undefined, "x")).toBeUndefined();
    expect(findHeaderName(null, "x")).toBeUndefined();
  });
});

describe("getAll", () => {
  const rawHeaders = ["Accept", "a, b", "X-Forwarded-For", "1", "cookie", "c=1", "accept", "c", "Cookie", "d=2"];
  const headers = { accept: "a, b,c", "x-forwarded-for": "1", cookie: "c=1;d=2" };

  it("gives the lines of a response's header, in every spelling", () => {
    const response = { headers: { "Set-Cookie": ["a=1", "b=2"], "set-cookie": "c=3", Age: 5, Empty: null } };
    expect(getAll(response, "SET-COOKIE")).toEqual(["a=1", "b=2", "c=3"]);
    expect(getAll(response, "age")).toEqual(["5"]);
    expect(getAll(response, "empty")).toEqual([]);
    expect(getAll(response, "other")).toEqual([]);
    expect(getAll(null, "other")).toEqual([]);
    expect(getAll({}, "other")).toEqual([]);
  });

  it("gives the lines of a request as they were sent", () => {
    const request = { headers, [EXCHANGE]: { rawHeaders } };
    expect(getAll(request, "Accept")).toEqual(["a, b", "c"]);
    expect(getAll(request, "cookie")).toEqual(["c=1", "d=2"]);
    expect(getAll({ ...request }, "x-forwarded-for")).toEqual(["1"]);
  });

  it("understands Node's way of joining, too", () => {
    const request = { headers: { accept: "a, b, c", cookie: "c=1; d=2" }, [EXCHANGE]: { rawHeaders } };
    expect(getAll(request, "accept")).toEqual(["a, b", "c"]);
    expect(getAll(request, "cookie")).toEqual(["c=1", "d=2"]);
  });

  it("believes the map where middleware has changed it", () => {
    const request = { headers: { accept: "z" }, [EXCHANGE]: { rawHeaders } };
    expect(getAll(request, "accept")).toEqual(["z"]);
    expect(getAll(request, "cookie")).toEqual([]);
  });

  it("gives one value for a request that never was on the wire", () => {
    expect(getAll({ headers }, "accept")).toEqual(["a, b,c"]);
  });
});
