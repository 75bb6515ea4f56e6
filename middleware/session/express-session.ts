/** Every store written for express-session, as a store of sessions here. */

import { randomUUID } from "node:crypto";
import { type ClockOptions, currentClock } from "../../src/clock/index.js";
import {
  type Awaitable,
  addListener,
  andThen,
  type Deferred,
  deferred,
  isDeferrable,
  listener,
  toDeferred,
} from "../../src/deferred/index.js";
import { InvalidArgumentError, NotConvertibleError } from "../../src/errors/index.js";
import { type SessionData, SessionDataError, type SessionStore } from "./store.js";

type Callback = (error?: unknown, found?: unknown) => void;

/** What is called of a store of express-session; its methods may answer by the callback, by a promise, or by both. */
export interface ExpressSessionStore {
  get(key: string, callback: (error?: unknown, found?: unknown) => void): unknown;
  set(key: string, session: never, callback: (error?: unknown) => void): unknown;
  destroy(key: string, callback: (error?: unknown) => void): unknown;
  touch?(key: string, session: never, callback: (error?: unknown) => void): unknown;
}

export interface ExpressSessionStoreOptions extends ClockOptions {
  /**
   * Seconds a session lives after it was last used; told to the store as the expiry of the session's cookie.
   * @default what the store does itself; connect-redis and connect-pg-simple: one day
   */
  readonly timeToLive?: number | undefined;
}

/** The part of a session that stores of express-session look into. */
interface StoredCookie {
  readonly originalMaxAge: number | null;
  readonly maxAge: number | null;
  readonly expires: Date | null;
}

/**
 * The form of keys made here and by express-session. Other keys, which clients make up, stay away from the store: it may take
 * them for a path or a pattern, or fail.
 */
const KEY = /^[\w-]{20,128}$/;

/**
 * Calls a method that answers by a callback, a promise or both; the first word counts, as some stores call back twice. An
 * answer that is there at once is returned as it is.
 */
function ask(method: (callback: Callback) => unknown, takesCallback: boolean): Awaitable<unknown> {
  const answer: Deferred<unknown> = deferred();
  const returned = method((error, found) => void (error ? answer.error(error) : answer.success(found)));
  if (isDeferrable(returned)) listenTo(toDeferred(returned), answer, takesCallback);
  return answer;
}

/**
 * A rejection is an error, and a value is what was asked for. A promise of nothing is no answer where the method takes a
 * callback: some keep their errors for that. Where it takes none, it is the answer, but for callbacks that are on their way.
 */
function listenTo(returned: Deferred<unknown>, answer: Deferred<unknown>, takesCallback: boolean): void {
  const onSuccess = (value: unknown): void => {
    if (value !== undefined) answer.success(value);
    else if (!takesCallback) setImmediate(() => answer.success(undefined));
  };
  addListener(
    returned,
    listener(onSuccess, (error) => void answer.error(error)),
  );
}

function readFound(found: unknown): SessionData | undefined {
  if (!found) return undefined;
  if (typeof found !== "object" || Array.isArray(found)) throw new NotConvertibleError(found, "a session");
  const { cookie: _, ...data } = found as SessionData;
  return data;
}

/**
 * Sessions in a store written for express-session: Redis, PostgreSQL, MongoDB, files and so on, without express-session.
 *
 * The store's methods may return promises, or take callbacks, which they must then call. What is kept looks as
 * express-session keeps it, under the same key, so both can share a store; `cookie` in it holds the expiry. Keys that look
 * like none (20 to 128 letters, digits, "_" and "-") are not looked up. A session that is read and not changed is touched, if
 * the store can do that. The store decides when a session has expired, and what can be kept: most of them write JSON, so that
 * a Date comes back as text.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for what is no store and for a `timeToLive` that is
 *   none; {@link SessionDataError} code `RING_SESSION_DATA`, for a session that is no map or has a key `cookie`.
 * @example
 * const client = createClient({ disableOfflineQueue: true });
 * // Without a listener a lost connection ends the process.
 * client.on("error", (error) => console.error(error));
 * await client.connect();
 * const store = expressSessionStore(new RedisStore({ client }), { timeToLive: 3600 });
 * const app = wrapSession(handler, { store });
 */
export function expressSessionStore(
  store: ExpressSessionStore,
  options: ExpressSessionStoreOptions = {},
): SessionStore {
  for (const name of ["get", "set", "destroy"] as const) {
    if (typeof (store as Partial<ExpressSessionStore> | undefined)?.[name] === "function") continue;
    throw new InvalidArgumentError(
      `expressSessionStore: the store has no method ${name}; give it a store of express-session`,
    );
  }
  const { timeToLive } = options;
  if (timeToLive !== undefined && !(timeToLive >= 1 && timeToLive < 2 ** 32)) {
    throw new InvalidArgumentError(
      `expressSessionStore: timeToLive must be a number of seconds, 1 or more, and not ${timeToLive}`,
    );
  }

  const cookie = (): StoredCookie => {
    if (timeToLive === undefined) return { originalMaxAge: null, maxAge: null, expires: null };
    const maxAge = timeToLive * 1000;
    return { originalMaxAge: maxAge, maxAge, expires: new Date(currentClock(options).now() + maxAge) };
  };
  const toStored = (data: SessionData): never => {
    if (typeof data !== "object" || Array.isArray(data)) {
      throw new SessionDataError("expressSessionStore: the session is no map, and stores of express-session keep maps");
    }
    if (data["cookie"] !== undefined) {
      throw new SessionDataError("expressSessionStore: session.cookie is where the expiry is kept; use another key");
    }
    return { ...data, cookie: cookie() } as never;
  };

  return {
    readSession: (key) =>
      key === undefined || key === null || !KEY.test(key)
        ? undefined
        : andThen(
            ask((callback) => store.get(key, callback), store.get.length > 1),
            readFound,
          ),
    writeSession: (key = randomUUID(), data) => {
      const stored = toStored(data);
      return andThen(
        ask((callback) => store.set(key, stored, callback), store.set.length > 2),
        () => key,
      );
    },
    deleteSession: (key) =>
      key === undefined || key === null
        ? undefined
        : andThen(
            ask((callback) => store.destroy(key, callback), store.destroy.length > 1),
            () => undefined,
          ),
    ...(typeof store.touch === "function" && {
      touchSession: (key: string, data: SessionData) => {
        const stored = toStored(data);
        return ask((callback) => store.touch?.(key, stored, callback), Number(store.touch?.length) > 2);
      },
    }),
  };
}
