import { describe, expect, it, jest } from "@jest/globals";
import {
  memoryStore,
  recreate,
  type SessionData,
  type SessionOptions,
  type SessionStore,
  type SessionStoreError,
  sessionRequest,
  sessionResponse,
  wrapSession,
} from "../../middleware/index.js";
import { mockClock, withClock } from "../../src/clock/index.js";
import { deferred } from "../../src/deferred/index.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";
import { logged } from "../stream/kit.js";
import { request } from "./helpers.js";

const down = new Error("ECONNREFUSED 10.0.0.1 key=secret");
const fail = (): never => {
  throw down;
};
const asking = (key: string): RingRequest => request({ headers: { cookie: `ring-session=${key}` } });

/** A store with one session, some of whose methods are others. */
function storeWith(methods: Partial<SessionStore> = {}): SessionStore {
  return { ...memoryStore({ key: { user: "ada" } }), ...methods };
}

/** How a store can fail. */
const failures: readonly (readonly [string, () => never])[] = [
  ["throws", fail],
  ["rejects", () => Promise.reject(down) as never],
  [
    "fails a deferred",
    () => {
      const answer = deferred();
      answer.error(down);
      return answer as never;
    },
  ],
];

describe("sessionRequest", () => {
  it("adds the session, its key and the cookies, and leaves the request it was given unchanged", () => {
    const given = Object.freeze(asking("key"));
    expect(sessionRequest(given, { store: storeWith() })).toEqual({
      ...given,
      cookies: { "ring-session": { value: "key" } },
      session: { user: "ada" },
      sessionKey: "key",
    });
    expect(given).not.toHaveProperty("session");
  });

  it("replaces what is there under its keys", () => {
    const given = { ...asking("key"), session: { user: "eve" }, sessionKey: "made up", cookies: null as never };
    const opened = sessionRequest(given, { store: storeWith() });
    expect(opened).toMatchObject({ session: { user: "ada" }, sessionKey: "key", uri: "/" });
  });

  it("awaits a store", async () => {
    const store = storeWith({ readSession: async () => ({ user: "bob" }) });
    await expect(sessionRequest(asking("key"), { store })).resolves.toMatchObject({ session: { user: "bob" } });
  });
});

describe("sessionResponse", () => {
  const opened = { session: { user: "ada" }, sessionKey: "key" };

  it("returns a response that says nothing about the session as it is", () => {
    const response = { status: 200, session: undefined };
    expect(sessionResponse(response, opened, { store: storeWith() })).toBe(response);
    expect(sessionResponse(null, opened, { store: storeWith() })).toBeNull();
  });

  it("stores without the mark of recreate, which survives a spread", () => {
    const writeSession = jest.fn<SessionStore["writeSession"]>(() => "new");
    const session = { ...recreate({ user: "ada" }), _flash: "hello" };
    expect(sessionResponse({ session }, opened, { store: storeWith({ writeSession }) })).toEqual({
      headers: { "Set-Cookie": ["ring-session=new; Path=/; HttpOnly"] },
    });
    const [[key, data] = []] = writeSession.mock.calls;
    expect([key, Reflect.ownKeys(data ?? {})]).toEqual([undefined, ["user", "_flash"]]);
  });

  it("writes only after the old session is deleted", async () => {
    const calls: string[] = [];
    const store = storeWith({
      deleteSession: async (key) => {
        await Promise.resolve();
        calls.push(`deleted ${key}`);
      },
      writeSession: async (key) => {
        calls.push(`written ${key}`);
        return "new";
      },
    });
    await sessionResponse({ session: recreate({}) }, opened, { store });
    expect(calls).toEqual(["deleted key", "written undefined"]);
  });
});

describe("recreate", () => {
  it("leaves the session it was given unchanged, and shows in nothing that is stored or printed", () => {
    const session = Object.freeze({ user: "ada" });
    const marked = recreate(session);
    expect([Object.keys(marked), JSON.stringify(marked)]).toEqual([["user"], '{"user":"ada"}']);
  });
});

describe("wrapSession", () => {
  const wrap = (answer: RingResponse | null, options: SessionOptions = {}) => wrapSession(() => answer, options);

  it("has a memory store of its own by default", () => {
    const first = wrap({ session: { user: "ada" } })(request()) as RingResponse;
    const [line = ""] = (first.headers?.["Set-Cookie"] ?? []) as string[];
    const other = wrapSession(({ session }) => ({ body: JSON.stringify(session) }));
    expect(line).toMatch(/^ring-session=[0-9a-f-]{36}; Path=\/; HttpOnly$/);
    expect(other(request({ headers: { cookie: line.split(";")[0] ?? "" } }))).toEqual({ body: "{}" });
  });

  it("touches a session that was read and not changed, and no other", () => {
    const touchSession = jest.fn<(key: string, data: SessionData) => void>();
    const store = storeWith({ touchSession });
    wrap({})(request());
    wrap({ session: { user: "eve" } }, { store })(asking("key"));
    wrap({}, { store })(asking("unknown"));
    wrap(null, { store })(asking("key"));
    expect(touchSession).not.toHaveBeenCalled();
    expect(wrap({ status: 204 }, { store })(asking("key"))).toEqual({ status: 204 });
    expect(touchSession.mock.calls).toEqual([["key", { user: "eve" }]]);
    wrap({ session: null }, { store })(asking("key"));
    expect(touchSession).toHaveBeenCalledTimes(1);
  });

  it.each(failures)("answers although a touch %s, and reports that", async (_how, touchSession) => {
    const app = wrap({ status: 204 }, { store: storeWith({ touchSession }) });
    const said = await logged(async () => {
      expect(await app(asking("key"))).toEqual({ status: 204 });
    });
    expect(said).toEqual([down]);
  });

  it("waits for a touch before it answers", async () => {
    const touched = deferred();
    const answer = wrap({ status: 204 }, { store: storeWith({ touchSession: () => touched }) })(asking("key"));
    expect(answer).toHaveProperty("isRealized", false);
    touched.success(null);
    expect(await answer).toEqual({ status: 204 });
  });

  it.each([{ storeTimeout: 0 }, { storeTimeout: Number.NaN }, { maxCookieBytes: 0 }, { maxCookieBytes: Number.NaN }])(
    "refuses %j",
    (options) => {
      expect(() => wrap({}, options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    },
  );

  it("refuses a cookie beyond maxCookieBytes, whatever the store", () => {
    const writeSession = (): string => "x".repeat(500);
    const store = storeWith({ writeSession });
    expect(wrap({ session: {} }, { store, maxCookieBytes: 513 })(request())).toHaveProperty("headers");
    expect(() => wrap({ session: {} }, { store, maxCookieBytes: 512 })(request())).toThrow(
      expect.objectContaining({
        code: "RING_SESSION_COOKIE_TOO_LARGE",
        message: expect.stringMatching(/513 bytes.*maxCookieBytes is 512/),
      }),
    );
  });
});

describe("a cookie that browsers would refuse", () => {
  it.each<[string, SessionOptions]>([
    ["__Host-id, not secure", { cookieName: "__Host-id" }],
    ["__host-id, not secure", { cookieName: "__host-id" }],
    ["__Host-id, of a domain", { cookieName: "__Host-id", cookieAttrs: { secure: true, domain: "example.com" } }],
    ["__Host-id, of a path", { cookieName: "__Host-id", cookieAttrs: { secure: true }, root: "/app" }],
    ["__Secure-id, not secure", { cookieName: "__Secure-id" }],
  ])("is refused when it wraps: %s", (_what, options) => {
    expect(() => wrapSession(() => null, options)).toThrow(
      expect.objectContaining({
        code: "RING_INVALID_ARGUMENT",
        message: expect.stringMatching(/wrapSession: browsers refuse .* give it another name/),
      }),
    );
  });

  it.each(["__Host-id", "__Secure-id"])("is not %s with what that asks for", (cookieName) => {
    const app = wrapSession(() => ({ session: { a: 1 } }), { cookieName, cookieAttrs: { secure: true } });
    const { headers } = app(request()) as RingResponse;
    expect(String(headers?.["Set-Cookie"])).toMatch(new RegExp(`^${cookieName}=[\\w-]{36}; Path=/; HttpOnly; Secure$`));
  });
});

describe("header injection through cookie attributes", () => {
  it.each<[string, SessionOptions, RingResponse]>([
    ["cookieAttrs.path", { cookieAttrs: { path: "/\r\nSet-Cookie: admin=1" } }, {}],
    ["cookieAttrs.domain", { cookieAttrs: { domain: "a\nb" } }, {}],
    ["root", { root: "/; Domain=evil.example" }, {}],
    ["sessionCookieAttrs", {}, { sessionCookieAttrs: { path: "/\r\n\r\n<script>" } }],
    ["an attribute that does not exist", {}, { sessionCookieAttrs: { "x\r\ny": "z" } as never }],
  ])("is refused: by %s", (_where, options, response) => {
    const app = wrapSession(() => ({ ...response, session: {} }), options);
    expect(() => app(request())).toThrow(expect.objectContaining({ code: "RING_INVALID_COOKIE" }));
  });

  it("is harmless by a key of the store and by the cookie's name", () => {
    const store = storeWith({ writeSession: () => "a\r\nb; c" });
    const app = wrapSession(() => ({ session: {} }), { store, cookieName: "s\r\n;" });
    expect(app(request())).toEqual({
      headers: { "Set-Cookie": ["s%0D%0A%3B=a%0D%0Ab%3B+c; Path=/; HttpOnly"] },
    });
  });

  it("does not let an attribute take the place of the key", () => {
    const app = wrapSession(() => ({ session: {}, sessionCookieAttrs: { value: "mine" } as never }), {
      store: storeWith({ writeSession: () => "new" }),
    });
    expect(app(request())).toEqual({ headers: { "Set-Cookie": ["ring-session=new; Path=/; HttpOnly"] } });
  });
});

describe.each(failures)("a store that %s", (_how, broken) => {
  const answered = async (app: (request: RingRequest) => unknown, given = asking("key")): Promise<unknown> =>
    app(given);

  it.each<[string, Partial<SessionStore>, RingResponse]>([
    ["read", { readSession: broken }, {}],
    ["write", { writeSession: broken }, { session: {} }],
    ["delete", { deleteSession: broken }, { session: null }],
    ["delete", { deleteSession: broken }, { session: recreate({}) }],
    ["write", { writeSession: broken }, { session: recreate({}) }],
  ])("fails the request by default (%s)", async (operation, methods, response) => {
    const app = wrapSession(() => response, { store: storeWith(methods) });
    const expected = { code: "RING_SESSION_STORE", status: 503, operation, cause: down };
    await expect(answered(app)).rejects.toMatchObject(expected);
    await expect(answered(app)).rejects.toMatchObject({ message: expect.not.stringMatching(/secret|key\b/) });
  });

  it("never calls the handler when the read has failed", async () => {
    const handler = jest.fn(() => null);
    await expect(answered(wrapSession(handler, { store: storeWith({ readSession: broken }) }))).rejects.toMatchObject({
      code: "RING_SESSION_STORE",
    });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each<[string, () => RingResponse | Promise<RingResponse>]>([
    ["a value", () => ({ status: 500, body: "sorry", cookies: { a: "1" }, session: { not: "stored" } })],
    ["a promise", async () => ({ status: 500, body: "sorry", cookies: { a: "1" }, session: { not: "stored" } })],
  ])("is answered by onStoreError, with %s", async (_kind, onStoreError) => {
    const hook = jest.fn<NonNullable<SessionOptions["onStoreError"]>>(onStoreError);
    for (const methods of [{ readSession: broken }, { writeSession: broken }]) {
      const app = wrapSession(() => ({ session: { a: 1 } }), { store: storeWith(methods), onStoreError: hook });
      expect(await answered(app)).toEqual({ status: 500, body: "sorry", headers: { "Set-Cookie": ["a=1"] } });
    }
    expect(hook.mock.calls.map(([{ operation }, { uri }]) => [operation, uri])).toEqual([
      ["read", "/"],
      ["write", "/"],
    ]);
  });

  it("fails the request if onStoreError decides nothing, so that one that only logs hides no failure", async () => {
    const log: unknown[] = [];
    const onStoreError = (error: SessionStoreError): undefined => {
      log.push(error.operation);
    };
    for (const methods of [{ readSession: broken }, { writeSession: broken }]) {
      const app = wrapSession(() => ({ session: {} }), { store: storeWith(methods), onStoreError });
      await expect(answered(app)).rejects.toMatchObject({ code: "RING_SESSION_STORE" });
    }
    expect(log).toEqual(["read", "write"]);
  });

  it("goes on with an empty session after a failed read, where onStoreError says so", async () => {
    const store = storeWith({ readSession: broken });
    const app = wrapSession(({ session, sessionKey }) => ({ body: JSON.stringify([session, sessionKey]) }), {
      store,
      onStoreError: () => "continue",
    });
    expect(await answered(app)).toEqual({ body: "[{},null]" });
  });

  it("does not write a session that it could not read, but asks about that again", async () => {
    const writeSession = jest.fn<SessionStore["writeSession"]>();
    const deleteSession = jest.fn<SessionStore["deleteSession"]>();
    const asked: string[] = [];
    const app = (session: RingResponse["session"]) =>
      wrapSession(() => ({ status: 201, session, sessionCookieAttrs: { maxAge: 1 } }), {
        store: storeWith({ readSession: broken, writeSession, deleteSession }),
        onStoreError: ({ operation, cause }) => {
          asked.push(operation);
          expect(cause).toBe(down);
          return "continue";
        },
      });
    for (const session of [{ a: 1 }, recreate({ a: 1 }), null]) {
      expect(await answered(app(session))).toEqual({ status: 201 });
    }
    expect(asked).toEqual(["read", "write", "read", "write", "read", "delete"]);
    expect([writeSession.mock.calls, deleteSession.mock.calls]).toEqual([[], []]);
  });

  it("sends the response as if it had not changed the session after a failed write, where onStoreError says so", async () => {
    const app = wrapSession(() => ({ status: 201, session: { a: 1 }, cookies: { b: "2" } }), {
      store: storeWith({ writeSession: broken }),
      onStoreError: () => "continue",
    });
    expect(await answered(app)).toEqual({ status: 201, headers: { "Set-Cookie": ["b=2"] } });
  });

  it("is not confused with a handler that fails in the same way", async () => {
    const onStoreError = jest.fn<NonNullable<SessionOptions["onStoreError"]>>(() => "continue");
    const app = wrapSession(broken as never, { store: storeWith(), onStoreError });
    await expect(answered(app)).rejects.toBe(down);
    expect(onStoreError).not.toHaveBeenCalled();
  });

  it("is the inner one's affair where two stand in a stack", async () => {
    const outer = jest.fn<NonNullable<SessionOptions["onStoreError"]>>(() => "continue");
    const inner = wrapSession(() => ({}), { store: storeWith({ readSession: broken }), cookieName: "inner" });
    await expect(answered(wrapSession(inner, { onStoreError: outer }))).rejects.toMatchObject({
      code: "RING_SESSION_STORE",
    });
    expect(outer).not.toHaveBeenCalled();
  });
});

describe("onStoreError", () => {
  it("changes nothing while the store works, asynchronous or not", async () => {
    const onStoreError = jest.fn<NonNullable<SessionOptions["onStoreError"]>>();
    const late = storeWith({ readSession: async () => ({ n: 1 }), writeSession: async () => "new" });
    for (const store of [storeWith({ writeSession: () => "new", readSession: () => ({ n: 1 }) }), late]) {
      const app = wrapSession(({ session }) => ({ session, body: JSON.stringify(session) }), { store, onStoreError });
      expect(await app(asking("key"))).toEqual({
        body: '{"n":1}',
        headers: { "Set-Cookie": ["ring-session=new; Path=/; HttpOnly"] },
      });
    }
    expect(onStoreError).not.toHaveBeenCalled();
  });

  it("is not asked about a session that cannot be kept, which is no failure of the store", () => {
    const onStoreError = jest.fn<NonNullable<SessionOptions["onStoreError"]>>(() => "continue");
    const app = wrapSession(() => ({ session: {} }), {
      store: storeWith({ writeSession: () => "x".repeat(5000) }),
      onStoreError,
    });
    expect(() => app(request())).toThrow(expect.objectContaining({ code: "RING_SESSION_COOKIE_TOO_LARGE" }));
    expect(onStoreError).not.toHaveBeenCalled();
  });
});

describe("a store that never answers", () => {
  it("fails the request after storeTimeout, by default ten seconds, and leaves the store's own deferred alone", async () => {
    const clock = mockClock();
    const never = deferred<undefined>();
    const answer = withClock(clock, () =>
      wrapSession(() => null, { store: storeWith({ readSession: () => never }) })(asking("key")),
    );
    clock.advance(9999);
    expect(answer).toHaveProperty("isRealized", false);
    clock.advance(1);
    await expect(answer).rejects.toMatchObject({
      code: "RING_SESSION_STORE",
      cause: expect.objectContaining({ code: "RING_TIMEOUT" }),
    });
    expect(never.isRealized).toBe(false);
  });

  it("is waited for without end with null", () => {
    const clock = mockClock();
    const answer = withClock(clock, () =>
      wrapSession(() => null, { store: storeWith({ readSession: () => deferred() }), storeTimeout: null })(
        asking("key"),
      ),
    );
    clock.advance(1e9);
    expect(answer).toHaveProperty("isRealized", false);
  });
});
