import { describe, expect, it } from "@jest/globals";
import { forwardedRemoteAddrRequest, wrapForwardedRemoteAddr } from "../../middleware/proxy-headers.js";
import { request } from "./helpers.js";

describe("forwardedRemoteAddrRequest", () => {
  it("believes nobody but the last proxy", () => {
    const given = request({ headers: { "x-forwarded-for": "127.0.0.1, 10.0.0.1 ,\t1.2.3.4 " } });
    expect(forwardedRemoteAddrRequest(given).remoteAddr).toBe("1.2.3.4");
    expect(given.remoteAddr).toBe("127.0.0.1");
  });

  it("returns a request that it does not change as it is", () => {
    for (const headers of [{}, { "x-forwarded-for": "127.0.0.1" }]) {
      const given = request({ headers });
      expect(forwardedRemoteAddrRequest(given)).toBe(given);
    }
  });
});

describe("wrapForwardedRemoteAddr", () => {
  it("hands the handler the address", () => {
    const app = wrapForwardedRemoteAddr(({ remoteAddr }) => ({ body: remoteAddr }));
    expect(app(request({ headers: { "x-forwarded-for": "::1" } }))).toEqual({ body: "::1" });
  });
});
