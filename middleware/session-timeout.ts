/** Sessions that end: a time after their last use, or after their begin. Source: `ring.middleware.session-timeout`. */

import { type Clock, type ClockOptions, currentClock } from "../src/clock/index.js";
import { andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

interface TimeoutAnswer<R> extends ClockOptions {
  /** The answer when the session has ended; this or `timeoutHandler`. */
  readonly timeoutResponse?: RingResponse | null | undefined;
  /** Makes the answer when the session has ended. */
  readonly timeoutHandler?: Handler<R> | null | undefined;
}

/** How long a session may be idle, and what is answered after that. */
export interface IdleSessionTimeoutOptions<R = RingRequest> extends TimeoutAnswer<R> {
  /** Seconds without a request after which the session ends, a whole number. @default 600 */
  readonly timeout?: number | undefined;
}

/** How long a session may last, and what is answered after that. */
export interface AbsoluteSessionTimeoutOptions<R = RingRequest> extends TimeoutAnswer<R> {
  /** Seconds after its begin at which the session ends, a whole number. */
  readonly timeout: number;
}

/** What the timeouts need: they must sit inside `wrapSession`. */
interface WithSession {
  readonly session: unknown;
}

type SessionMap = Readonly<Record<string, unknown>>;

const IDLE = "ring.middleware.session-timeout/idle-timeout";
const ABSOLUTE = "ring.middleware.session-timeout/absolute-timeout";

function check(wrap: string, { timeout, timeoutResponse, timeoutHandler }: AbsoluteSessionTimeoutOptions<never>): void {
  if (!Number.isSafeInteger(timeout)) {
    throw new InvalidArgumentError(`${wrap}: timeout must be a whole number of seconds, and not ${String(timeout)}`);
  }
  const hasResponse = timeoutResponse !== null && timeoutResponse !== undefined;
  const hasHandler = timeoutHandler !== null && timeoutHandler !== undefined;
  if (hasResponse === hasHandler || (hasHandler && typeof timeoutHandler !== "function")) {
    throw new InvalidArgumentError(`${wrap}: give it either a timeoutResponse, a map, or a timeoutHandler, a function`);
  }
}

const seconds = (clock: Clock): number => Math.floor(clock.now() / 1000);

function endOf(session: SessionMap | null | undefined, key: string): number | undefined {
  const end = session?.[key];
  return typeof end === "number" ? end : undefined;
}

/** The session as it will be: the response's, else the request's, which for a new client is empty. */
function sessionAfter(response: RingResponse, before: SessionMap | null | undefined): SessionMap | null {
  const session = response.session === undefined ? before : response.session;
  return session === undefined ? {} : ((session || null) as SessionMap | null);
}

/** Middleware that ends a session at the second it holds under `key`; `renew` puts it into the session of a response. */
function timeoutWrap<R>(
  name: string,
  key: string,
  handler: Handler<R>,
  options: AbsoluteSessionTimeoutOptions<R>,
  renew: (response: RingResponse, before: SessionMap | null | undefined, end: () => number) => RingResponse,
): Handler<R> {
  check(name, options as AbsoluteSessionTimeoutOptions<never>);
  const { timeout, timeoutResponse, timeoutHandler } = options;
  return tagged(name, handler, (request: R) => {
    // Asked for once: what `withClock` sets ends before a promise does.
    const clock = currentClock(options);
    const before = (request as { readonly session?: SessionMap | null }).session;
    const end = endOf(before, key);
    if (end !== undefined && end < seconds(clock)) {
      return andThen(timeoutHandler ? timeoutHandler(request) : timeoutResponse, (late) => ({
        ...late,
        session: null,
      }));
    }
    return andThen(handler(request), (response) =>
      response === null || response === undefined ? response : renew(response, before, () => seconds(clock) + timeout),
    );
  });
}

/**
 * Middleware: ends a session that was not used for `timeout` seconds: the handler is not called, the answer is the one of the
 * options, and the session is deleted. Every response writes the session back with a new end. Sits inside `wrapSession`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, unless the timeout is a whole number and there is exactly
 *   one of `timeoutResponse` and `timeoutHandler`.
 * @example
 * const app = pipe(
 *   handler,
 *   (inner) => wrapIdleSessionTimeout(inner, { timeout: 900, timeoutResponse: redirect("/login", "see-other") }),
 *   wrapSession,
 * );
 * @see Source: `ring.middleware.session-timeout/wrap-idle-session-timeout`.
 */
export function wrapIdleSessionTimeout<R extends RingRequest>(
  handler: Handler<R>,
  options: IdleSessionTimeoutOptions<NoInfer<R>>,
): Handler<R & WithSession> {
  const resolved = { ...options, timeout: options.timeout ?? 600 };
  return timeoutWrap("wrapIdleSessionTimeout", IDLE, handler, resolved, (response, before, end) => {
    const session = sessionAfter(response, before);
    return session === null ? response : { ...response, session: { ...session, [IDLE]: end() } };
  });
}

/**
 * Middleware: ends a session `timeout` seconds after it has begun, however much it is used: the handler is not called, the
 * answer is the one of the options, and the session is deleted. A handler that answers with a session that was not made of
 * the request's begins a new one. Sits inside `wrapSession`.
 *
 * @throws as {@link wrapIdleSessionTimeout}.
 * @example
 * const options = { timeout: 8 * 3600, timeoutResponse: { status: 401, body: "please log in again" } };
 * const app = pipe(handler, (inner) => wrapAbsoluteSessionTimeout(inner, options), wrapSession);
 * @see Source: `ring.middleware.session-timeout/wrap-absolute-session-timeout`.
 */
export function wrapAbsoluteSessionTimeout<R extends RingRequest>(
  handler: Handler<R>,
  options: AbsoluteSessionTimeoutOptions<NoInfer<R>>,
): Handler<R & WithSession> {
  return timeoutWrap("wrapAbsoluteSessionTimeout", ABSOLUTE, handler, options, (response, before, end) => {
    if (response.session === undefined && endOf(before, ABSOLUTE) !== undefined) return response;
    const session = sessionAfter(response, before);
    if (session === null || endOf(session, ABSOLUTE) !== undefined) return response;
    return { ...response, session: { ...session, [ABSOLUTE]: end() } };
  });
}
