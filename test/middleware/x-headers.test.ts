import { describe, expect, it } from "@jest/globals";
import { wrapContentTypeOptions, wrapFrameOptions, wrapXssProtection } from "../../middleware/x-headers.js";
import { request } from "./helpers.js";

const invalid = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });

describe("wrapFrameOptions", () => {
  it("leaves the response it was given unchanged", () => {
    const response = Object.freeze({ status: 200, headers: Object.freeze({ "X-A": "1" }), body: "x" });
    expect(wrapFrameOptions(() => response, "sameorigin")(request())).toEqual({
      status: 200,
      headers: { "X-A": "1", "X-Frame-Options": "SAMEORIGIN" },
      body: "x",
    });
  });

  it.each([{ allowFrom: "http://a\r\nX-Injected: 1" }, { allowFrom: "a", other: 1 }, "allow", undefined, ["deny"]])(
    "refuses %j when it wraps",
    (options) => {
      expect(() => wrapFrameOptions(() => null, options as never)).toThrow(invalid);
    },
  );
});

describe("wrapContentTypeOptions", () => {
  it("refuses anything but nosniff when it wraps", () => {
    expect(() => wrapContentTypeOptions(() => null, "sniff" as never)).toThrow(invalid);
    expect(() => wrapContentTypeOptions(() => null, undefined as never)).toThrow(invalid);
  });
});

describe("wrapXssProtection", () => {
  it("takes only null and undefined for no options", () => {
    for (const nothing of [null, undefined]) {
      expect(wrapXssProtection(() => ({}), true, nothing)(request())).toEqual({ headers: { "X-XSS-Protection": "1" } });
    }
    expect(() => wrapXssProtection(() => null, true, {} as never)).toThrow(invalid);
    expect(() => wrapXssProtection(() => null, true, "block" as never)).toThrow(invalid);
  });
});
