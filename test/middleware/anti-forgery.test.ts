import { describe, expect, it, jest } from "@jest/globals";
import { sessionStrategy } from "../../middleware/anti-forgery/session.js";
import type { AntiForgeryStrategy } from "../../middleware/anti-forgery/strategy.js";
import { type AntiForgery, antiForgeryField, wrapAntiForgery } from "../../middleware/anti-forgery.js";
import { wrapJsonBody } from "../../middleware/json.js";
import { wrapParams } from "../../middleware/params.js";
import { deferred } from "../../src/deferred/index.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { form, request } from "./helpers.js";

const KEY = "ring.middleware.anti-forgery/anti-forgery-token";
const FIELD = "__anti-forgery-token";
const token = "t".repeat(80);
const session = { [KEY]: token };

type Page = RingRequest & AntiForgery;
type Extra = Readonly<Record<string, unknown>>;

/** Answers with the token that the handler got. */
const page = ({ antiForgeryToken }: Page): RingResponse => ({ status: 200, headers: {}, body: antiForgeryToken });
const ask = (app: unknown, more: Partial<RingRequest> & Extra): unknown =>
  (app as (request: unknown) => unknown)({ ...request({ requestMethod: "post" }), session, ...more });

const refused = { status: 403, headers: { "Content-Type": "text/html" }, body: "<h1>Invalid anti-forgery token</h1>" };

describe("wrapAntiForgery", () => {
  const app = wrapAntiForgery(page);

  it("gives a session one token, and puts it there", () => {
    const first = ask(app, { requestMethod: "get", session: { user: "ann" } }) as RingResponse;
    expect(first.body).toMatch(/^[A-Za-z0-9+/]{80}$/);
    expect(first.session).toEqual({ user: "ann", [KEY]: first.body });
    const second = ask(app, { requestMethod: "get", session: first.session });
    expect(second).toEqual({ status: 200, headers: {}, body: first.body });
  });

  it("gives every session another", () => {
    const tokens = Array.from(
      { length: 1000 },
      () => (ask(app, { requestMethod: "get", session: {} }) as RingResponse).body,
    );
    expect(new Set(tokens).size).toBe(1000);
  });

  it("keeps the mark of a session that is to be made anew", () => {
    const mark = Symbol("recreate");
    const marked = wrapAntiForgery(() => ({ session: { [mark]: true, user: "ann" } as Extra }));
    const response = ask(marked, { requestMethod: "get", session: {} }) as { session: object };
    expect(Object.getOwnPropertySymbols(response.session)).toEqual([mark]);
  });

  it("answers at once under a handler that does, and fails as it does", async () => {
    const given = { headers: { "x-csrf-token": token } };
    expect(ask(app, given)).toMatchObject({ status: 200 });
    expect(
      await ask(
        wrapAntiForgery(async (request) => page(request)),
        given,
      ),
    ).toMatchObject({ status: 200 });
    const later = deferred<RingResponse>();
    const waiting = ask(
      wrapAntiForgery(() => later),
      { requestMethod: "get", session: {} },
    );
    later.success({ status: 200 });
    expect(await waiting).toMatchObject({ status: 200, session: { [KEY]: expect.any(String) } });
    const boom = (): never => {
      throw new Error("boom");
    };
    expect(() => ask(wrapAntiForgery(boom), given)).toThrow("boom");
    await expect(
      ask(
        wrapAntiForgery(async () => boom()),
        given,
      ),
    ).rejects.toThrow("boom");
    expect(
      ask(
        wrapAntiForgery(() => null),
        given,
      ),
    ).toBeNull();
  });

  it("awaits a strategy that takes its time", async () => {
    const strategy: AntiForgeryStrategy = {
      validToken: async (_request, given) => given === "good",
      getToken: async () => "good",
      writeToken: async (_request, response) => ({ ...response, headers: { written: "yes" } }),
    };
    const slow = wrapAntiForgery(page, { strategy });
    expect(await ask(slow, { headers: { "x-csrf-token": "good" } })).toEqual({
      status: 200,
      headers: { written: "yes" },
      body: "good",
    });
    expect(await ask(slow, { headers: { "x-csrf-token": "bad" } })).toEqual(refused);
  });

  it("refuses both kinds of answers to errors at once, when it wraps", () => {
    const both = { errorResponse: { status: 400 }, errorHandler: () => null };
    expect(() => wrapAntiForgery(page, both)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it.each([
    [{ errorResponse: { status: 400 } }, { status: 400 }],
    [{ errorResponse: null }, null],
    [{ errorHandler: ({ uri }: RingRequest) => ({ status: 418, body: uri }) }, { status: 418, body: "/" }],
    [{ errorHandler: null, errorResponse: undefined }, refused],
  ])("answers what it refuses as told by %j", (options, response) => {
    expect(ask(wrapAntiForgery(page, options), {})).toEqual(response);
  });
});

describe("cross-site request forgery", () => {
  const handler = jest.fn(page);
  const app = wrapParams(wrapAntiForgery(handler) as unknown as Handler) as Handler;
  /** What becomes of a request; a refusal is the whole answer, without a look of the handler's. */
  const outcome = async (more: Partial<RingRequest> & Extra): Promise<unknown> => {
    handler.mockClear();
    const response = await ask(app, more);
    if (handler.mock.calls.length === 1 && (response as RingResponse).status === 200) return "passed";
    expect(response).toEqual(refused);
    expect(handler).not.toHaveBeenCalled();
    return "refused";
  };
  const multipart = { "content-type": "multipart/form-data; boundary=x" };

  it.each<[string, Record<string, string>, string]>([
    ["an urlencoded form", form, "amount=1"],
    ["a multipart form", multipart, `--x\r\nContent-Disposition: form-data; name="amount"\r\n\r\n1\r\n--x--`],
    ["plain text, which forms can send", { "content-type": "text/plain" }, `${FIELD}=${token}`],
    ["plain text that reads as JSON", { "content-type": "text/plain" }, `{"${FIELD}":"${token}"}`],
    ["JSON", { "content-type": "application/json" }, `{"${FIELD}":"${token}"}`],
    ["no type at all", {}, `${FIELD}=${token}`],
    ["a type in capitals", { "content-type": "TEXT/PLAIN" }, `${FIELD}=${token}`],
  ])("is refused as %s without a token where it counts, and passes with a header", async (_what, headers, body) => {
    expect(await outcome({ headers, body })).toBe("refused");
    expect(await outcome({ headers: { ...headers, "x-csrf-token": token }, body })).toBe("passed");
    expect(await outcome({ headers: { ...headers, "x-xsrf-token": token }, body })).toBe("passed");
  });

  it("passes with the field of a form", async () => {
    expect(await outcome({ headers: form, body: `${FIELD}=${token}` })).toBe("passed");
    expect(await outcome({ headers: multipart, multipartParams: { [FIELD]: token } })).toBe("passed");
  });

  it("does not take a token from the query, from parameters, from JSON or from cookies", async () => {
    expect(await outcome({ queryString: `${FIELD}=${token}` })).toBe("refused");
    expect(
      await outcome({
        params: { [FIELD]: token },
        cookies: { [FIELD]: { value: token } },
        jsonParams: { [FIELD]: token },
      }),
    ).toBe("refused");
    const json = wrapJsonBody(wrapAntiForgery(page) as never);
    const headers = { "content-type": "application/json" };
    expect(ask(json, { headers, body: `{"${FIELD}":"${token}"}` })).toEqual(refused);
  });

  it.each(["post", "put", "patch", "delete", "trace", "connect", "propfind", "GET", "Get", "HEAD", "get ", ""])(
    "is refused by the method %j",
    async (requestMethod) => {
      expect(await outcome({ requestMethod })).toBe("refused");
      expect(await outcome({ requestMethod, headers: { "x-csrf-token": token } })).toBe("passed");
    },
  );

  it("is not helped by headers and fields that mean to override the method", async () => {
    expect(
      await outcome({
        headers: { ...form, "x-http-method-override": "GET", "x-method-override": "get" },
        body: "_method=get",
      }),
    ).toBe("refused");
  });

  it.each<[string, unknown]>([
    ["of another session", "u".repeat(80)],
    ["that is cut off", token.slice(1)],
    ["that goes on", `${token}t`],
    ["in other letters", token.toUpperCase()],
    ["that is empty", ""],
    ["that is a blank", " "],
    ["in an array", [token]],
    ["twice", [token, token]],
    ["in a map", { value: token, toString: () => token }],
    ["that is an upload", { filename: "f", contentType: "text/plain", bytes: Buffer.from(token) }],
    ["that is true", true],
    ["that is a number", 0],
  ])("is refused with a token %s", async (_what, given) => {
    expect(await outcome({ formParams: { [FIELD]: given } })).toBe("refused");
    expect(await outcome({ multipartParams: { [FIELD]: given } })).toBe("refused");
  });

  it.each<[string, unknown]>([
    ["there is no session", undefined],
    ["the session is null", null],
    ["the session has no token", {}],
    ["the session's token is no text", { [KEY]: [token] }],
    ["the session's token is null", { [KEY]: null }],
  ])("is refused whatever the token if %s", async (_what, emptySession) => {
    for (const given of [token, "", "undefined", "null", [token]]) {
      // oxlint-disable-next-line no-await-in-loop -- one mock for all
      expect(await outcome({ session: emptySession, formParams: { [FIELD]: given } })).toBe("refused");
    }
  });

  it("is not helped by a good token behind a bad one: the first one present counts", async () => {
    expect(await outcome({ headers: { "x-csrf-token": token }, formParams: { [FIELD]: "bad" } })).toBe("refused");
    expect(await outcome({ headers: { "x-csrf-token": "", "x-xsrf-token": token } })).toBe("refused");
  });

  it("is refused with a token by inheritance", async () => {
    expect(await outcome({ formParams: Object.create({ [FIELD]: token }) as object })).toBe("refused");
  });

  it("passes with the safe header, if there is something in it and it was asked for", () => {
    const safe = wrapAntiForgery(page, { safeHeader: "X-Requested-With" });
    expect(ask(safe, { headers: { "x-requested-with": "fetch" } })).toMatchObject({ status: 200 });
    for (const headers of [{}, { "x-requested-with": " \t" }, { "x-other": "1" }]) {
      expect(ask(safe, { headers })).toEqual(refused);
    }
    expect(ask(wrapAntiForgery(page), { headers: { "x-requested-with": "fetch" } })).toEqual(refused);
  });

  it("finds the token where readToken says", () => {
    const own = wrapAntiForgery(page, { readToken: ({ headers }) => headers["x-mine"] });
    expect(ask(own, { headers: { "x-mine": token } })).toMatchObject({ status: 200 });
    expect(ask(own, { headers: { "x-csrf-token": token } })).toEqual(refused);
  });
});

describe("sessionStrategy", () => {
  const strategy = sessionStrategy();

  it("leaves a deleted session deleted, and adds the token to a new one", () => {
    const given = { session: {} };
    expect(strategy.writeToken(given, { session: null }, "new")).toEqual({ session: null });
    expect(strategy.writeToken(given, { session: { a: 1 } }, "new")).toEqual({ session: { a: 1, [KEY]: "new" } });
    expect(strategy.writeToken({ session: { b: 1 } }, { session: undefined }, "new")).toEqual({
      session: { b: 1, [KEY]: "new" },
    });
    const response = { status: 200 };
    expect(strategy.writeToken({ session }, response, token)).toBe(response);
  });
});

describe("antiForgeryField", () => {
  it("cannot be left by what is in the token", () => {
    expect(antiForgeryField('"><script>&')).toBe(
      '<input id="__anti-forgery-token" name="__anti-forgery-token" type="hidden" value="&quot;>&lt;script>&amp;" />',
    );
  });
});
