import { describe, expect, it } from "@jest/globals";
import { defaultCharsetResponse, wrapDefaultCharset } from "../../middleware/default-charset.js";
import { request } from "./helpers.js";

const typed = (type: string) => ({ status: 200, headers: { "content-type": type } });

describe("defaultCharsetResponse", () => {
  it("returns what needs none as it is", () => {
    for (const response of [typed("image/png"), typed("text/html;  charset=x"), { status: 204 }, null, undefined]) {
      expect(defaultCharsetResponse(response, "utf-8")).toBe(response);
    }
  });

  it("leaves the response it was given unchanged", () => {
    const response = Object.freeze({ headers: Object.freeze({ "content-type": "text/css", "X-A": "1" }) });
    expect(defaultCharsetResponse(response, "utf-8")).toEqual({
      headers: { "content-type": "text/css; charset=utf-8", "X-A": "1" },
    });
  });

  it("takes a megabyte of semicolons and blanks in linear time", () => {
    const started = performance.now();
    for (const piece of [";", "; ", " "]) defaultCharsetResponse(typed(`text/${piece.repeat(1_048_576)}`), "utf-8");
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("wrapDefaultCharset", () => {
  it("refuses a charset that would begin something else, when it wraps", () => {
    for (const charset of ["utf-8\r\nX-Injected: 1", "utf-8; a=b", "a,b", undefined as never]) {
      expect(() => wrapDefaultCharset(() => null, charset)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    }
  });

  it("serves several types, again and again", () => {
    const app = wrapDefaultCharset(({ uri }) => typed(uri), "utf-8");
    const types = ["text/html", "image/png", "text/html", "text/css", "text/html"];
    expect(types.map((uri) => app(request({ uri })))).toEqual(
      types.map((type) => typed(type.startsWith("text/") ? `${type}; charset=utf-8` : type)),
    );
  });
});
