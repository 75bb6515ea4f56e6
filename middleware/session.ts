/** Sessions: data that the server keeps for one client between its requests. Source: `ring.middleware.session`. */

import {
  type Awaitable,
  andThen,
  catchError,
  connect,
  deferred,
  isDeferrable,
  timeout,
} from "../src/deferred/index.js";
import { InvalidArgumentError, logError, RingError } from "../src/errors/index.js";
import { formEncode } from "../src/ring/codec.js";
import { checkPrefix } from "../src/ring/cookie-prefix.js";
import { tagged } from "../src/ring/tag.js";
import type { CookieAttributes, Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { isTruthy } from "../src/transducers/transducer.js";
import { type Cookies, cookiesRequest, cookiesResponse } from "./cookies.js";
import { memoryStore } from "./session/memory.js";
import { type SessionData, SessionDataError, type SessionStore } from "./session/store.js";

/** What `wrapSession` adds to a request; `S` is the type of the application's own sessions. */
export interface Session<S extends object = SessionData> {
  /** What is stored; of a new session nothing yet, so that each key may be missing. */
  readonly session: Readonly<Partial<S>>;
  /** The key that the session is stored under; undefined for a new one, and for a key the store does not know. */
  readonly sessionKey: string | undefined;
}

/** What was asked of a store that failed. */
export type SessionOperation = "read" | "write" | "delete";

/** The store of sessions failed, or did not answer in time. Code `RING_SESSION_STORE`, status 503; `cause` says why. */
export class SessionStoreError extends RingError {
  /** What was asked of the store. */
  readonly operation: SessionOperation;

  constructor(operation: SessionOperation, cause: unknown) {
    const message = `the session store failed to ${operation} a session; see cause, and decide in onStoreError what clients get`;
    super("RING_SESSION_STORE", message, { status: 503, cause });
    this.operation = operation;
  }
}

/** The cookie of a session is longer than browsers keep. Code `RING_SESSION_COOKIE_TOO_LARGE`. */
export class SessionCookieTooLargeError extends RingError {
  constructor(bytes: number, maxCookieBytes: number) {
    super(
      "RING_SESSION_COOKIE_TOO_LARGE",
      `the session cookie is ${bytes} bytes long, and maxCookieBytes is ${maxCookieBytes}: browsers drop longer ones without ` +
        "a word; keep less in the session, or keep it on the server (memoryStore, expressSessionStore)",
    );
  }
}

/** Where sessions are kept, and the cookie that they go by. */
export interface SessionOptions {
  /** Where sessions are kept. @default a `memoryStore` of this middleware's own */
  readonly store?: SessionStore | undefined;
  /**
   * Name of the cookie that carries the session's key. One that begins with `__Host-` nobody else can plant, not even a
   * host below the same domain; it has to be `secure`. @default "ring-session"
   */
  readonly cookieName?: string | undefined;
  /** Attributes of that cookie, over `{ path: "/", httpOnly: true }`. In production add `secure: true`. */
  readonly cookieAttrs?: CookieAttributes | undefined;
  /** The cookie's path, over that of `cookieAttrs`. */
  readonly root?: string | null | undefined;
  /** Writes the response's `cookies` into its headers; false leaves that to a `wrapCookies` outside. @default true */
  readonly setCookies?: boolean | undefined;
  /** Milliseconds to wait for an answer of the store; null waits for ever. @default 10_000 */
  readonly storeTimeout?: number | null | undefined;
  /** Longest cookie, in bytes of name and value as they are sent. @default 4096, what browsers keep */
  readonly maxCookieBytes?: number | undefined;
  /**
   * Decides what happens when the store fails; `error.operation` says at what. A response is the answer. "continue" goes on
   * without the store: after a failed read with an empty session, of which nothing is stored (a response that changes it
   * is asked about again, as a failed write), after a failed write or deletion with the response as if it had not
   * changed the session. Anything else leaves it at the error.
   * @default the request fails with the error, status 503
   */
  readonly onStoreError?:
    | ((error: SessionStoreError, request: RingRequest) => Awaitable<RingResponse | "continue" | null | undefined>)
    | undefined;
}

interface Resolved {
  readonly store: SessionStore;
  readonly cookieName: string;
  readonly cookieAttrs: CookieAttributes;
  readonly setCookies: boolean;
  readonly storeTimeout: number | null;
  readonly maxCookieBytes: number;
}

type Answer = RingResponse | null | undefined;

const RECREATE: unique symbol = Symbol.for("express-ring.session-recreate");

interface Marked {
  readonly [RECREATE]?: boolean;
}

/**
 * Marks the session of a response, so that it is stored under a new key and what was under the old one is deleted: to be
 * done wherever a client's rights change, at the log-in above all, so that nobody who knew the old key gains them.
 *
 * @example
 * const logIn = wrapSession(({ session }) => ({
 *   ...redirect("/", "see-other"),
 *   session: recreate({ ...session, user: "ada" }),
 * }));
 * @see Source: `ring.middleware.session`, the meta data `:recreate`.
 */
export function recreate<S extends object>(session: S): S {
  return { ...session, [RECREATE]: true };
}

function resolve(options: SessionOptions): Resolved {
  const { root, storeTimeout = 10_000, maxCookieBytes = 4096 } = options;
  if (storeTimeout !== null && !(storeTimeout > 0)) {
    throw new InvalidArgumentError(
      `wrapSession: storeTimeout must be a number of milliseconds above 0, or null, and not ${storeTimeout}`,
    );
  }
  if (!(maxCookieBytes > 0)) {
    throw new InvalidArgumentError(
      `wrapSession: maxCookieBytes must be a number of bytes above 0, and not ${maxCookieBytes}`,
    );
  }
  const { cookieName = "ring-session" } = options;
  const cookieAttrs = { path: "/", httpOnly: true, ...options.cookieAttrs, ...(isTruthy(root) && { path: root }) };
  checkPrefix("wrapSession", cookieName, cookieAttrs);
  return {
    store: options.store ?? memoryStore(),
    cookieName,
    cookieAttrs,
    setCookies: options.setCookies ?? true,
    storeTimeout,
    maxCookieBytes,
  };
}

function call(store: SessionStore, operation: SessionOperation, key: string | undefined, data: SessionData): unknown {
  if (operation === "read") return store.readSession(key);
  return operation === "write" ? store.writeSession(key, data) : store.deleteSession(key);
}

/** A session that cannot be kept is the application's fault, everything else is the store's. */
function failure(operation: SessionOperation, error: unknown): unknown {
  return error instanceof SessionDataError ? error : new SessionStoreError(operation, error);
}

const NO_DATA: SessionData = Object.freeze({});

function askStore(
  { store, storeTimeout }: Resolved,
  operation: SessionOperation,
  key: string | undefined,
  data: SessionData = NO_DATA,
): Awaitable<unknown> {
  let answer: unknown;
  try {
    answer = call(store, operation, key, data);
  } catch (error) {
    throw failure(operation, error);
  }
  if (!isDeferrable(answer)) return answer;
  return catchError(inTime(answer, storeTimeout), (error) => {
    throw failure(operation, error);
  });
}

/** A deferred of its own: it may fail before the answer does, which is not ours to realize. */
function inTime(answer: unknown, milliseconds: number | null): Awaitable<unknown> {
  const waiting = deferred();
  connect(answer, waiting);
  return timeout(waiting, milliseconds);
}

type Asking = Partial<RingRequest> & Partial<Cookies>;
type Opened = Asking & Cookies & Session;

/** A copy of the request with these three. V8 is slow to add keys to a copy, and fast to copy to where they are. */
function added(request: Asking, { cookies }: Cookies, { session, sessionKey }: Session): Opened {
  return "session" in request || "sessionKey" in request || "cookies" in request
    ? { ...request, cookies, session, sessionKey }
    : { cookies, session, sessionKey, ...request };
}

const withCookies = (request: Asking): Cookies =>
  isTruthy(request.cookies) ? (request as Cookies) : cookiesRequest({ headers: request.headers ?? {} });

function open(request: Asking, resolved: Resolved): Awaitable<Opened> {
  const cookies = withCookies(request);
  const key = cookies.cookies[resolved.cookieName]?.value;
  return andThen(askStore(resolved, "read", key), (found) =>
    // A key that the store does not know is never used: it may be one that an attacker has chosen.
    added(
      request,
      cookies,
      isTruthy(found) ? { session: found as SessionData, sessionKey: key } : { session: {}, sessionKey: undefined },
    ),
  );
}

/** Tells the store what the response says about the session; yields the key that the client must know, if it is another. */
function store(session: unknown, sessionKey: string | undefined, resolved: Resolved): Awaitable<unknown> {
  if (session === undefined) return undefined;
  if (!isTruthy(session)) return sessionKey === undefined ? undefined : askStore(resolved, "delete", sessionKey);
  if ((session as Marked)[RECREATE] !== true) return askStore(resolved, "write", sessionKey, session as SessionData);
  const { [RECREATE]: _, ...data } = session as Marked;
  return andThen(askStore(resolved, "delete", sessionKey), () => askStore(resolved, "write", undefined, data));
}

/** Tells a store in which sessions expire that this one is in use. Nothing that the client said is lost if that fails. */
function touch({ session, sessionKey }: Session, { store, storeTimeout }: Resolved): Awaitable<unknown> {
  if (sessionKey === undefined || store.touchSession === undefined) return undefined;
  const ignore = (error: unknown): void =>
    logError(error, "a session could not be touched; it may expire early", "warn");
  try {
    const touched = store.touchSession(sessionKey, session);
    return isDeferrable(touched) ? catchError(inTime(touched, storeTimeout), ignore) : undefined;
  } catch (error) {
    ignore(error);
    return undefined;
  }
}

function checkSize(name: string, value: string, maxCookieBytes: number): void {
  // A character takes up to nine bytes in a form: short cookies need no counting.
  if ((name.length + value.length) * 9 < maxCookieBytes) return;
  const bytes = formEncode({ [name]: value }).length;
  if (bytes > maxCookieBytes) throw new SessionCookieTooLargeError(bytes, maxCookieBytes);
}

function written(
  response: RingResponse,
  newKey: unknown,
  sessionKey: string | undefined,
  resolved: Resolved,
): RingResponse {
  const { session: _, sessionCookieAttrs, ...rest } = response;
  const isNew = isTruthy(newKey) && newKey !== sessionKey;
  const value = isTruthy(newKey) ? (newKey as string) : sessionKey;
  if (value === undefined || !(isNew || isTruthy(sessionCookieAttrs))) return finished(rest, resolved);
  const { cookieName, cookieAttrs, maxCookieBytes } = resolved;
  checkSize(cookieName, value, maxCookieBytes);
  const cookie = { ...cookieAttrs, ...sessionCookieAttrs, value };
  return finished({ ...rest, cookies: { ...rest.cookies, [cookieName]: cookie } }, resolved);
}

const finished = (response: RingResponse, { setCookies }: Resolved): RingResponse =>
  setCookies ? cookiesResponse(response) : response;

function close(response: Answer, opened: Session, resolved: Resolved): Awaitable<Answer> {
  if (response === null || response === undefined) return response;
  const { session, sessionCookieAttrs } = response;
  const { sessionKey } = opened;
  if (session !== undefined) {
    return andThen(store(session, sessionKey, resolved), (newKey) => written(response, newKey, sessionKey, resolved));
  }
  return andThen(touch(opened, resolved), () =>
    sessionCookieAttrs === undefined
      ? finished(response, resolved)
      : written(response, undefined, sessionKey, resolved),
  );
}

/**
 * Adds `session` and `sessionKey` to a request, and `cookies` unless they are there: the session that the store has under
 * the key in the session's cookie, or an empty one.
 *
 * Answers at once if the store does.
 *
 * @throws {SessionStoreError} code `RING_SESSION_STORE`, status 503, if the store fails or does not answer in time.
 * @example
 * const store = memoryStore({ "a key": { user: "ada" } });
 * const opened = await sessionRequest({ headers: { cookie: "ring-session=a+key" } }, { store });
 * opened.session; // => { user: "ada" }
 * @see Source: `ring.middleware.session/session-request`.
 */
export function sessionRequest<R extends Partial<RingRequest> & Partial<Cookies>>(
  request: R,
  options: SessionOptions & { readonly store: SessionStore },
): Awaitable<Omit<R, keyof Cookies | keyof Session> & Cookies & Session> {
  return open(request, resolve(options)) as Awaitable<never>;
}

/**
 * Stores what a response says about the session, and sets the session's cookie if its key has changed.
 *
 * `session` absent changes nothing, a map is stored, null deletes the session. With `sessionCookieAttrs` the cookie is sent in
 * any case, with these attributes over the others.
 *
 * @param request What came out of {@link sessionRequest}.
 * @throws {SessionStoreError} code `RING_SESSION_STORE`, status 503, if the store fails or does not answer in time;
 *   {@link SessionCookieTooLargeError} code `RING_SESSION_COOKIE_TOO_LARGE`.
 * @example
 * const request = { session: {}, sessionKey: undefined };
 * const response = await sessionResponse({ session: { user: "ada" } }, request, { store: memoryStore() });
 * String(response?.headers?.["Set-Cookie"]).replace(/=[^;]+/, "=KEY"); // => "ring-session=KEY; Path=/; HttpOnly"
 * @see Source: `ring.middleware.session/session-response`.
 */
export function sessionResponse(
  response: RingResponse | null | undefined,
  request: Session,
  options: SessionOptions & { readonly store: SessionStore },
): Awaitable<RingResponse | null | undefined> {
  return close(response, request, resolve(options));
}

/** An error as a value, where the errors of the store must be told from those of the handler. */
class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

function attempt<T>(run: () => Awaitable<T>): Awaitable<T | Failure> {
  try {
    const outcome = run();
    return isDeferrable(outcome)
      ? (catchError(outcome as Awaitable<T>, (error) => new Failure(error)) as Awaitable<T | Failure>)
      : outcome;
  } catch (error) {
    return new Failure(error);
  }
}

/** Sessions, with somebody to ask when the store fails. */
function rescued(
  handler: Handler<Opened>,
  resolved: Resolved,
  onStoreError: NonNullable<SessionOptions["onStoreError"]>,
): (request: RingRequest) => Awaitable<Answer> {
  const unstored = (response: Answer): Answer =>
    response === null || response === undefined ? response : written(response, undefined, undefined, resolved);

  function rescue(error: unknown, request: RingRequest, goOn: () => Awaitable<Answer>): Awaitable<Answer> {
    if (!(error instanceof SessionStoreError)) throw error;
    return andThen(onStoreError(error, request), (decision) => {
      if (decision === "continue") return goOn();
      if (decision === null || decision === undefined) throw error;
      return unstored(decision);
    });
  }

  function serveWithoutStore(request: RingRequest, { cause }: SessionStoreError): Awaitable<Answer> {
    const opened = added(request, withCookies(request), { session: {}, sessionKey: undefined });
    return andThen(handler(opened), (response) => {
      const session = response?.session;
      if (session === undefined) return unstored(response);
      // Stored under a new key, it would take the place of the session that is still in the store.
      const error = new SessionStoreError(isTruthy(session) ? "write" : "delete", cause);
      return rescue(error, request, () => unstored(response));
    });
  }

  return (request) =>
    andThen(
      attempt(() => open(request, resolved)),
      (opened) => {
        if (opened instanceof Failure) {
          return rescue(opened.error, request, () => serveWithoutStore(request, opened.error as SessionStoreError));
        }
        return andThen(handler(opened), (response) =>
          andThen(
            attempt(() => close(response, opened, resolved)),
            (closed) => (closed instanceof Failure ? rescue(closed.error, request, () => unstored(response)) : closed),
          ),
        );
      },
    );
}

/**
 * Middleware: hands the handler a request that went through {@link sessionRequest}, and its response through
 * {@link sessionResponse}.
 *
 * The handler answers with the whole new session as `session` (`{ ...request.session, user }`), with null to delete it, or
 * without the key to leave it as it is. Of two requests at the same time the session of the one that ends later stays, also
 * if the other has deleted it. With a store that answers at once (memory, cookie) a synchronous handler is answered in the
 * same call.
 *
 * Where the store fails the request fails, after the handler has run if it was a write, and nothing is said to be stored that
 * is not; `onStoreError` can decide otherwise.
 *
 * @throws {SessionStoreError} code `RING_SESSION_STORE`, status 503; {@link SessionCookieTooLargeError} code
 *   `RING_SESSION_COOKIE_TOO_LARGE`; {@link SessionDataError} code `RING_SESSION_DATA`, if the store cannot keep the data as it
 *   is; {@link InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a limit that is none, and for
 *   a cookie that browsers would refuse.
 * @example
 * interface Visits {
 *   readonly visits: number;
 * }
 * const app = wrapSession<Visits>((request) => {
 *   const visits = (request.session.visits ?? 0) + 1;
 *   return { status: 200, body: `visit ${visits}`, session: { visits } };
 * });
 * @see Source: `ring.middleware.session/wrap-session`. Differs: stores may answer later, and fail; cookies that browsers would
 *   drop are refused.
 */
export function wrapSession<S extends object = SessionData, R extends RingRequest = RingRequest>(
  handler: Handler<R & Cookies & Session<S>>,
  options: SessionOptions = {},
): Handler<Omit<R, keyof Cookies | keyof Session>> {
  const resolved = resolve(options);
  const { onStoreError } = options;
  const inner = handler as unknown as Handler<Opened>;
  const serve =
    onStoreError === undefined
      ? (request: RingRequest) =>
          andThen(open(request, resolved), (opened) =>
            andThen(inner(opened), (response) => close(response, opened, resolved)),
          )
      : rescued(inner, resolved, onStoreError);
  return tagged("wrapSession", handler, serve as unknown as Handler<Omit<R, keyof Cookies | keyof Session>>);
}
