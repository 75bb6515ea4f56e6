import { describe, expect, it } from "@jest/globals";
import {
  charset,
  contentType,
  header,
  redirect,
  response,
  setCookie,
  status,
  updateHeader,
} from "../../src/ring/response.js";

describe("the helpers over responses", () => {
  const given = Object.freeze({ status: 200, headers: Object.freeze({ "content-type": "text/html" }), custom: 1 });

  it("change a copy and keep keys of one's own", () => {
    expect(header(given, "X-A", 1)).toEqual({ ...given, headers: { "content-type": "text/html", "X-A": "1" } });
    expect(charset(given, "utf-8").headers).toEqual({ "content-type": "text/html; charset=utf-8" });
    expect(status(given, 404)).toEqual({ ...given, status: 404 });
    expect(contentType(given, "a/b").custom).toBe(1);
    expect(updateHeader(given, "Content-Type", (old, more: string) => `${String(old)}${more}`, "!").headers).toEqual({
      "content-type": "text/html!",
    });
  });

  it("keep a list of header values a list", () => {
    expect(header(response(""), "Set-Cookie", ["a=1", "b=2"]).headers).toEqual({ "Set-Cookie": ["a=1", "b=2"] });
  });

  it("take __proto__ for a cookie's name", () => {
    const { cookies } = setCookie(response(""), "__proto__", "x");
    expect(Object.entries(cookies)).toEqual([["__proto__", { value: "x" }]]);
  });

  it("know the names of redirects", () => {
    expect(redirect("/a", "permanent-redirect")).toEqual({ status: 308, headers: { Location: "/a" }, body: "" });
  });
});
