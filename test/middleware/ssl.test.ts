import { describe, expect, it, jest } from "@jest/globals";
import {
  forwardedSchemeRequest,
  hstsResponse,
  sslRedirectResponse,
  wrapForwardedScheme,
  wrapHsts,
  wrapSslRedirect,
} from "../../middleware/ssl.js";
import type { RingRequest } from "../../src/ring/types.js";
import { request } from "./helpers.js";

const invalid = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });
const asked = request({ uri: "/a", headers: { host: "example.com:8080" } });

describe("forwardedSchemeRequest", () => {
  it("returns a request whose scheme is right already as it is", () => {
    const given = request({ scheme: "https", headers: { "x-forwarded-proto": "https" } });
    expect(forwardedSchemeRequest(given)).toBe(given);
    const other = request({ headers: { "x-forwarded-proto": "wss" } });
    expect(forwardedSchemeRequest(other)).toBe(other);
  });

  it("finds the header by its name in any case", () => {
    expect(forwardedSchemeRequest(request({ headers: { "x-scheme": "HTTPS" } }), "X-Scheme").scheme).toBe("https");
  });
});

describe("wrapForwardedScheme", () => {
  it("takes null for its own header, as Ring's presets do", () => {
    const app = wrapForwardedScheme(({ scheme }) => ({ body: scheme }), null);
    expect(app(request({ headers: { "x-forwarded-proto": "https" } }))).toEqual({ body: "https" });
  });
});

describe("sslRedirectResponse", () => {
  it("keeps the query, drops the port and the fragment", () => {
    const { headers } = sslRedirectResponse({ ...asked, queryString: "b=c#d" });
    expect(headers).toEqual({ Location: "https://example.com/a?b=c" });
  });

  it("keeps the brackets of an address", () => {
    expect(sslRedirectResponse({ ...asked, headers: { host: "[::1]:80" } }, { sslPort: 8443 }).headers).toEqual({
      Location: "https://[::1]:8443/a",
    });
  });

  it("takes a target that is no path for the root", () => {
    expect(sslRedirectResponse({ ...asked, uri: "*" }).headers).toEqual({ Location: "https://example.com/" });
  });

  it("refuses a request without a host, and one from a host that is not allowed, with a status for the client", () => {
    const refused = expect.objectContaining({ code: "RING_INVALID_HOST", status: 400 });
    expect(() => sslRedirectResponse({ ...asked, headers: {} })).toThrow(refused);
    expect(() => sslRedirectResponse(asked, { allowedHosts: ["example.org"] })).toThrow(refused);
  });

  it("refuses schemes without a counterpart", () => {
    expect(() => sslRedirectResponse({ ...asked, scheme: "ws" })).toThrow(invalid);
  });
});

describe("wrapSslRedirect", () => {
  it("answers without the handler, to the host that is given", () => {
    const handler = jest.fn(() => null);
    expect(wrapSslRedirect(handler, { host: "example.org:80" })({ ...asked, requestMethod: "put" })).toEqual({
      status: 307,
      headers: { Location: "https://example.org/a" },
      body: "",
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it("hands a secure request on as it is, whatever host it names", () => {
    const handler = jest.fn((_request: RingRequest) => null);
    const secure = { ...asked, scheme: "https" as const, headers: { host: "evil.com/" } };
    wrapSslRedirect(handler, { allowedHosts: [] })(secure);
    expect(handler).toHaveBeenCalledWith(secure);
  });

  it.each([0, 65_536, 1.5, "443" as never, Number.NaN])("refuses the port %p when it wraps", (sslPort) => {
    expect(() => wrapSslRedirect(() => null, { sslPort })).toThrow(invalid);
  });
});

describe("hstsResponse and wrapHsts", () => {
  it("leave the response they were given unchanged", () => {
    const response = Object.freeze({ status: 200, headers: Object.freeze({ "X-A": "1" }) });
    const headers = { "X-A": "1", "Strict-Transport-Security": "max-age=31536000; includeSubDomains" };
    expect(hstsResponse(response)).toEqual({ status: 200, headers });
    expect(wrapHsts(() => response)(asked)).toEqual({ status: 200, headers });
  });

  it.each([-1, 1.5, Number.NaN, Infinity, "1\r\nX: y" as never])("refuse the age %p", (maxAge) => {
    expect(() => wrapHsts(() => null, { maxAge })).toThrow(invalid);
    expect(() => hstsResponse({}, { maxAge })).toThrow(invalid);
  });
});
