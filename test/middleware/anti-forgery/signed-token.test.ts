import { describe, expect, it } from "@jest/globals";
import { type SignedTokenOptions, signedToken } from "../../../middleware/anti-forgery/signed-token.js";
import { type AntiForgery, antiForgeryField, wrapAntiForgery } from "../../../middleware/anti-forgery.js";
import { wrapCookies } from "../../../middleware/cookies.js";
import { wrapParams } from "../../../middleware/params.js";
import { mockClock, withClock } from "../../../src/clock/index.js";
import { pipe } from "../../../src/ring/pipe.js";
import type { Handler, RingRequest, RingResponse } from "../../../src/ring/types.js";
import { form, request } from "../helpers.js";

interface MayHaveUser {
  readonly user?: string | number | undefined;
}

const secret = "a secret of enough bytes";
const page = ({ antiForgeryToken }: RingRequest & AntiForgery): RingResponse => ({
  status: 200,
  headers: {},
  body: antiForgeryToken,
});
const getSubject = ({ user }: MayHaveUser): string | number | undefined => user;

const appOf = (options: SignedTokenOptions<MayHaveUser> = {}, secrets: string | string[] = secret): Handler =>
  pipe(
    page,
    (inner) => wrapAntiForgery(inner, { strategy: signedToken(secrets, { getSubject, ...options }) }),
    wrapParams,
    wrapCookies,
  ) as Handler;
const app = appOf();

interface Visit {
  readonly token: string;
  readonly cookie: string;
}

function visit(more: MayHaveUser & Partial<RingRequest> = {}, by: Handler = app): Visit {
  const { body, headers } = by({ ...request(), ...more } as RingRequest) as RingResponse;
  const [line = ""] = (headers?.["Set-Cookie"] ?? []) as readonly string[];
  return { token: body as string, cookie: line.split(";")[0] ?? "" };
}

const send = (token: string, cookie: string, more: MayHaveUser = {}, by: Handler = app): unknown => {
  const headers = { "x-csrf-token": token, ...(cookie !== "" && { cookie }) };
  return ((by({ ...request({ requestMethod: "post", headers }), ...more }) ?? {}) as RingResponse).status;
};

describe("signedToken", () => {
  it("sets its cookie once, for its own host, out of reach for scripts", () => {
    const first = app(request()) as RingResponse;
    expect(first.headers?.["Set-Cookie"]).toEqual([
      expect.stringMatching(/^__Host-anti-forgery=[\w-]{24}; Path=\/; Secure; HttpOnly; SameSite=Lax$/),
    ]);
    const { cookie } = visit();
    expect(app(request({ headers: { cookie } }))).toEqual({ status: 200, headers: {}, body: expect.any(String) });
  });

  it("lets a form through that brings back token and cookie", async () => {
    const { token, cookie } = visit();
    expect(send(token, cookie)).toBe(200);
    const body = `__anti-forgery-token=${encodeURIComponent(token)}`;
    expect(await app(request({ requestMethod: "post", headers: { ...form, cookie }, body }))).toMatchObject({
      status: 200,
    });
    expect(antiForgeryField(token)).toContain(`value="${token}"`);
  });

  it("goes by the subject if there is one, without a cookie", () => {
    const { token, cookie } = visit({ user: "ann" });
    expect(cookie).toBe("");
    expect(send(token, "", { user: "ann" })).toBe(200);
    expect(Buffer.from(token, "base64url").includes("ann")).toBe(false);
  });

  it.each<[string, MayHaveUser, MayHaveUser]>([
    ["another subject", { user: "ann" }, { user: "eve" }],
    ["a number that reads alike", { user: "7" }, { user: 7 }],
    ["nobody, made for somebody", { user: "ann" }, {}],
    ["somebody, made for nobody", {}, { user: "ann" }],
  ])("refuses a token for %s", (_what, maker, user) => {
    const { token, cookie } = visit(maker);
    expect(send(token, cookie, user)).toBe(403);
  });

  it("refuses a token without its cookie, with another's, and with none that it would make", () => {
    const { token, cookie } = visit();
    const other = visit();
    expect(send(token, "")).toBe(403);
    expect(send(token, other.cookie)).toBe(403);
    expect(send(other.token, cookie)).toBe(403);
    expect(send(token, "__Host-anti-forgery=")).toBe(403);
    const planted = "__Host-anti-forgery=short";
    expect(visit({ headers: { cookie: planted } }).cookie).not.toBe("");
    expect(send(visit({ headers: { cookie: planted } }).token, planted)).toBe(403);
  });

  it("does not take a cookie for a subject that reads alike", () => {
    const { token, cookie } = visit();
    expect(send(token, "", { user: cookie.split("=")[1] })).toBe(403);
  });

  it("expires to the second", () => {
    const clock = mockClock(1_000_000_000);
    withClock(clock, () => {
      const { token, cookie } = visit();
      clock.advance(7_199_999);
      expect(send(token, cookie)).toBe(200);
      clock.advance(1);
      expect(send(token, cookie)).toBe(403);
    });
  });

  it("refuses a token that was tampered with, whichever byte it was", () => {
    const { token, cookie } = visit();
    for (let at = 0; at < token.length; at++) {
      for (const character of ["0", "9", "A", "_", ".", "", "\u0000"]) {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        if (changed !== token && send(changed, cookie) !== 403) throw new Error(`${at}: ${changed}`);
      }
    }
    for (const changed of ["", "..", `${token}=`, `0${token}`, ` ${token}`]) expect(send(changed, cookie)).toBe(403);
  });

  it("takes tokens of earlier secrets, but makes them with the first", () => {
    const old = appOf({}, "an old secret, long enough");
    const both = appOf({}, [secret, "an old secret, long enough"]);
    const fromOld = visit({}, old);
    const fromBoth = visit({}, both);
    expect(send(fromOld.token, fromOld.cookie, {}, both)).toBe(200);
    expect(send(fromBoth.token, fromBoth.cookie)).toBe(200);
    expect(send(fromBoth.token, fromBoth.cookie, {}, old)).toBe(403);
  });

  it("keeps the cookies of the handler, and takes attributes for its own", () => {
    const strategy = signedToken(secret, { cookieName: "csrf", cookieAttrs: { secure: false, sameSite: "strict" } });
    const own = wrapCookies(wrapAntiForgery(() => ({ cookies: { a: "b" } }), { strategy }));
    expect((own(request()) as RingResponse).headers?.["Set-Cookie"]).toEqual([
      "a=b",
      expect.stringMatching(/^csrf=[\w-]{24}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
  });

  it.each<[string, () => unknown, string]>([
    ["a secret that is too short", () => signedToken("short"), "at least 16 bytes"],
    ["a period that is none", () => signedToken(secret, { expiryPeriod: -1 }), "seconds above 0"],
    [
      "a cookie that browsers would refuse",
      () => signedToken(secret, { cookieAttrs: { secure: false } }),
      "another name",
    ],
    ["a cookie of other hosts", () => signedToken(secret, { cookieAttrs: { domain: "a.b" } }), "no domain"],
  ])("refuses %s at the start, and says what to do", (_what, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });
});
