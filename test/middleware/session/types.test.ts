/** What the types of sessions promise; the `types` check compiles this file, and a line under `@ts-expect-error` must not compile. */
import { describe, expect, it } from "@jest/globals";
import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import expressSession, { MemoryStore } from "express-session";
import {
  cookieStore,
  type ExpressSessionStore,
  type Flash,
  memoryStore,
  type Params,
  recreate,
  type Session,
  type SessionData,
  type SessionStore,
  wrapAbsoluteSessionTimeout,
  wrapFlash,
  wrapIdleSessionTimeout,
  wrapParams,
  wrapSession,
} from "../../../middleware/index.js";
import { pipe } from "../../../src/ring/pipe.js";
import type { Handler, RingRequest, RingResponse } from "../../../src/ring/types.js";
import { expectType } from "../../types.js";
import { request } from "../helpers.js";

interface Shop {
  readonly user: string;
  readonly cart: readonly string[];
}

const served = (handler: Handler): Handler => handler;
const late = { timeout: 1, timeoutResponse: { status: 401 } };

const needsSession = ({ session }: RingRequest & Session): RingResponse => ({ body: JSON.stringify(session) });
const needsFlash = ({ flash }: RingRequest & Flash): RingResponse => ({ body: JSON.stringify(flash ?? null) });
const needsAll = ({ session, flash, params }: RingRequest & Session<Shop> & Flash<string> & Params): RingResponse => ({
  body: `${session.user?.toUpperCase()} ${flash?.length} ${Object.keys(params).join()}`,
});

describe("sessions in a stack", () => {
  it("give a handler what it reads, with the application's own types, in any order that works", () => {
    expect(served(wrapSession(needsSession))(request())).toEqual({ body: "{}" });
    expect(served(pipe(needsFlash, wrapFlash, wrapSession))(request())).toEqual({ body: "null" });
    const body = "undefined undefined ";
    expect(served(pipe(needsAll, wrapFlash, wrapSession, wrapParams))(request())).toEqual({ body });
    expect(served(pipe(needsAll, wrapParams, wrapFlash, wrapSession))(request())).toEqual({ body });
    expect(
      served(
        pipe(
          needsAll,
          wrapFlash,
          (inner) => wrapIdleSessionTimeout(inner, late),
          (inner) => wrapAbsoluteSessionTimeout(inner, late),
          (inner) => wrapSession(inner, { cookieName: "s" }),
          wrapParams,
        ),
      )(request()),
    ).toMatchObject({ body });
  });

  it("have the type that is given, of which each key may be missing", () => {
    wrapSession<Shop>((request) => {
      expectType<string | undefined>()(request.session.user);
      expectType<readonly string[] | undefined>()(request.session.cart);
      expectType<string | undefined>()(request.sessionKey);
      // @ts-expect-error -- no key of a Shop
      void request.session.cat;
      return { session: recreate({ ...request.session, user: "ada" }) };
    });
    wrapSession((request) => {
      expectType<unknown>()(request.session["anything"]);
      return null;
    });
    const shop: Shop = { user: "ada", cart: [] };
    expect(served(wrapSession(() => ({ session: shop })))(request())).toHaveProperty("headers");
  });

  it("do not compile without what the handler reads", () => {
    // @ts-expect-error -- a request has no session of its own
    served((request) => ({ body: request.session }));
    // @ts-expect-error -- nor a message
    served((request) => ({ body: request.flash }));
    // @ts-expect-error -- nothing adds a session
    served(needsSession);
    // @ts-expect-error -- nothing adds a message
    served(wrapSession(needsFlash));
    // @ts-expect-error -- wrapFlash needs a session outside of it
    served(wrapFlash(needsFlash));
    // @ts-expect-error -- so it does here: the session must be outside
    served(pipe(needsFlash, wrapSession, wrapFlash));
    // @ts-expect-error -- so do the timeouts
    served(wrapIdleSessionTimeout(() => null, late));
    // @ts-expect-error -- so do the timeouts
    served(wrapAbsoluteSessionTimeout(() => null, late));
    // @ts-expect-error -- there is no default for it
    expect(() => wrapAbsoluteSessionTimeout(() => null, { timeoutResponse: {} })).toThrow("timeout");
    // @ts-expect-error -- an option that does not exist
    wrapSession(needsSession, { secret: "s" });
    // @ts-expect-error -- a session is a map
    wrapSession(() => ({ session: "text" }));
    expect(served(wrapSession(needsSession))).toBeInstanceOf(Function);
  });
});

describe("stores", () => {
  it("of express-session are taken as they are typed", () => {
    const PgStore = connectPgSimple(expressSession);
    const stores: ExpressSessionStore[] = [
      new MemoryStore(),
      new RedisStore({ client: {} }),
      new PgStore({ pool: {} as never, pruneSessionInterval: false }),
    ];
    expect(stores).toHaveLength(3);
  });

  it("can be a user's own, synchronous or not", () => {
    const stores: SessionStore[] = [
      memoryStore(),
      cookieStore(),
      { readSession: () => null, writeSession: () => "key", deleteSession: () => {} },
      {
        readSession: async (key): Promise<SessionData | undefined> => (key === undefined ? undefined : {}),
        writeSession: async (key, data) => key ?? Object.keys(data).join(),
        deleteSession: async () => {},
      },
    ];
    expect(stores).toHaveLength(4);
  });

  it("can have a hook that only logs", () => {
    const log: string[] = [];
    const onStoreError = (error: { code: string }): undefined => void log.push(error.code);
    expect(wrapSession(() => null, { onStoreError })).toBeInstanceOf(Function);
    expect(
      wrapSession(() => null, {
        onStoreError: (error) => {
          log.push(error.operation);
          return undefined;
        },
      }),
    ).toBeInstanceOf(Function);
  });
});
