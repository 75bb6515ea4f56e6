/** Messages for the next request of a session. Source: `ring.middleware.flash`. */

import { andThen } from "../src/deferred/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { isTruthy } from "../src/transducers/transducer.js";

/** What `wrapFlash` adds to a request; `F` is the type of the application's own messages. */
export interface Flash<F = unknown> {
  /** What the response before this request had as `flash`; undefined if nothing. */
  readonly flash: F | undefined;
}

/** What `wrapFlash` needs: it must sit inside `wrapSession`. */
interface WithSession {
  readonly session: unknown;
}

type SessionMap = Readonly<Record<string, unknown>>;

/**
 * Moves the message out of the session of a request, to `flash`.
 *
 * @example
 * flashRequest({ session: { _flash: "saved", user: "ada" } }); // => { flash: "saved", session: { user: "ada" } }
 * @see Source: `ring.middleware.flash/flash-request`.
 */
export function flashRequest<R extends { readonly session?: unknown }>(request: R): Omit<R, keyof Flash> & Flash;
export function flashRequest(request: null | undefined): null | undefined;
export function flashRequest(request: { readonly session?: unknown } | null | undefined): unknown {
  if (request === null || request === undefined) return request;
  const kept = request.session as SessionMap | null | undefined;
  let flash: unknown;
  let session = kept;
  if (kept !== null && kept !== undefined && "_flash" in kept) ({ _flash: flash, ...session } = kept);
  // V8 is slow to add a key to a copy, and fast to copy to where it is.
  return "flash" in request ? { ...request, session, flash } : { flash, ...request, session };
}

/**
 * Puts the `flash` of a response into its session, and takes one that the request has read out of it.
 *
 * @param request What came out of {@link flashRequest}.
 * @example
 * flashResponse({ flash: "saved" }, { session: { user: "ada" } }).session; // => { user: "ada", _flash: "saved" }
 * @see Source: `ring.middleware.flash/flash-response`.
 */
export function flashResponse(response: RingResponse, request: Partial<Flash & WithSession>): RingResponse;
export function flashResponse(
  response: RingResponse | null | undefined,
  request: Partial<Flash & WithSession>,
): RingResponse | null | undefined;
export function flashResponse(
  response: RingResponse | null | undefined,
  request: Partial<Flash & WithSession>,
): RingResponse | null | undefined {
  if (response === null || response === undefined) return response;
  const isChanged = response.session !== undefined;
  if (!isTruthy(response.flash)) {
    return isChanged || !isTruthy(request.flash) ? response : { ...response, session: request.session as SessionMap };
  }
  const session = isChanged ? response.session : (request.session as SessionMap);
  return { ...response, session: { ...session, _flash: response.flash } };
}

/**
 * Middleware: what a response has as `flash`, the next request of the same session has as `flash`; then it is gone. Sits inside
 * `wrapSession`.
 *
 * @example
 * const app = wrapSession(
 *   wrapFlash(({ flash }) =>
 *     flash === undefined ? { ...redirect("/", "see-other"), flash: "saved" } : { status: 200, body: String(flash) },
 *   ),
 * );
 * @see Source: `ring.middleware.flash/wrap-flash`.
 */
export function wrapFlash<R extends RingRequest>(
  handler: Handler<R & Flash>,
): Handler<Omit<R, keyof Flash> & WithSession> {
  return tagged("wrapFlash", handler, (request: Omit<R, keyof Flash> & WithSession) => {
    const read = flashRequest(request);
    return andThen(handler(read as unknown as R & Flash), (response) => flashResponse(response, read));
  });
}
