import { describe, expect, it } from "@jest/globals";
import { flashRequest, flashResponse, recreate, wrapFlash } from "../../middleware/index.js";
import { request } from "./helpers.js";

describe("flashRequest", () => {
  it("leaves the request and the session it was given unchanged", () => {
    const session = Object.freeze({ _flash: "hello", user: "ada" });
    const given = Object.freeze({ ...request(), session, flash: "old" });
    expect(flashRequest(given)).toEqual({ ...given, session: { user: "ada" }, flash: "hello" });
  });

  it("passes on a session without a message as it is", () => {
    const session = { user: "ada" };
    expect(flashRequest({ session }).session).toBe(session);
    expect(flashRequest(null)).toBeNull();
  });
});

describe("flashResponse", () => {
  it("returns a response that has nothing to do with messages as it is", () => {
    const response = { status: 200, session: { user: "ada" } };
    expect(flashResponse(response, { session: {}, flash: "hello" })).toBe(response);
    expect(flashResponse({ status: 200 }, { session: {} })).toEqual({ status: 200 });
  });

  it("keeps the mark of recreate", () => {
    const marked = recreate({ user: "ada" });
    const response = flashResponse({ session: marked, flash: "hello" }, { session: {} });
    expect(response.session).toEqual({ ...marked, _flash: "hello" });
    expect(Object.getOwnPropertySymbols(response.session)).toHaveLength(1);
  });
});

describe("wrapFlash", () => {
  it("keeps the prototype of a session whatever its names are", () => {
    const session = JSON.parse('{"__proto__":{"admin":true},"_flash":"hello"}') as object;
    const app = wrapFlash(({ flash }) => ({ body: String(flash) }));
    const response = app({ ...request(), session }) as { body: string; session: Record<string, unknown> };
    expect([response.body, Object.keys(response.session), response.session["admin"]]).toEqual([
      "hello",
      ["__proto__"],
      undefined,
    ]);
  });
});
