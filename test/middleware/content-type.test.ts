import { describe, expect, it } from "@jest/globals";
import { contentTypeResponse, wrapContentType } from "../../middleware/content-type.js";
import { request } from "./helpers.js";

describe("contentTypeResponse", () => {
  it("knows a file by its URL, too", () => {
    const response = contentTypeResponse({ headers: {}, body: new URL("file:///a/b.css?x.png") }, { uri: "/" });
    expect(response.headers).toEqual({ "Content-Type": "text/css" });
  });

  it("takes a type that is null or undefined for none", () => {
    for (const nothing of [null, undefined]) {
      const response = { headers: { "Content-Type": nothing as never } };
      expect(contentTypeResponse(response, { uri: "/a.png" }).headers).toEqual({ "Content-Type": "image/png" });
    }
  });

  it("returns a response that has a type as it is", () => {
    const response = { headers: { "cOnTeNt-TyPe": "a/b" } };
    expect(contentTypeResponse(response, { uri: "/a.png" })).toBe(response);
  });
});

describe("wrapContentType", () => {
  it("keeps the other headers and the response unchanged", () => {
    const response = Object.freeze({ status: 201, headers: Object.freeze({ "X-A": "1" }) });
    const app = wrapContentType(() => response, { mimeTypes: { md: "text/markdown" } });
    expect(app(request({ uri: "/a.md" }))).toEqual({
      status: 201,
      headers: { "X-A": "1", "Content-Type": "text/markdown" },
    });
  });
});
