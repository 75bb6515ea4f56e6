import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { handleDump } from "../../middleware/dump.js";
import { request } from "./helpers.js";

describe("handleDump", () => {
  let printed: jest.Spied<typeof console.log>;
  beforeEach(() => {
    printed = jest.spyOn(console, "log").mockImplementation(() => {});
  });
  afterEach(() => printed.mockRestore());

  const rowsOf = (page: string): string[] =>
    Array.from(page.matchAll(/<th scope="row">([^<]*)</g), ([, key]) => String(key));

  it("lists the keys of the SPEC in Ring's order, absent ones too, then all others, sorted", () => {
    const { body } = handleDump(Object.assign(request({ headers: { host: "h" } }), { z: 1, a: 2 }));
    expect(rowsOf(body).join(" ")).toBe(
      "serverPort serverName remoteAddr uri queryString scheme requestMethod protocol " +
        "contentType contentLength characterEncoding sslClientCert headers host body a z",
    );
  });

  it("prints the request, with secrets masked in both", () => {
    const asked = Object.assign(request({ headers: { authorization: "hid-den" } }), { session: { a: "hid-den" } });
    const { body } = handleDump(asked);
    const text = String(printed.mock.calls[0]?.[0]);
    expect(text).toContain("uri: '/'");
    expect(text + body).not.toContain("hid-den");
  });

  it("escapes what the client sent", () => {
    expect(handleDump(request({ uri: "/<script>", headers: { "<b>": "<i>" } })).body).not.toMatch(/<(script|b|i)>/);
  });
});
