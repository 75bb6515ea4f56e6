/** Anti-forgery tokens that are kept in the session. Source: `ring.middleware.anti-forgery.session`. */

import { isSameText } from "../../src/ring/constant-time.js";
import { randomText } from "../../src/ring/secure-random.js";
import type { RingResponse } from "../../src/ring/types.js";
import type { AntiForgeryStrategy, AntiForgeryToken } from "./strategy.js";

type SessionData = Readonly<Record<string, unknown>>;

/** What the session strategy needs: `wrapSession` outside. */
export interface HasSession {
  readonly session: SessionData;
}

/** The key of the token in the session. */
const KEY = "ring.middleware.anti-forgery/anti-forgery-token";

/** Bytes of randomness in a token; 80 characters of base64. */
const TOKEN_BYTES = 60;

/** A request in which there may be a session. */
interface MayHaveSession {
  readonly session?: SessionData | null | undefined;
}

const storedToken = ({ session }: MayHaveSession): unknown => session?.[KEY];

function getToken(request: MayHaveSession): string {
  const stored = storedToken(request);
  return typeof stored === "string" ? stored : randomText(TOKEN_BYTES, "base64");
}

function writeToken<Res extends RingResponse>(request: MayHaveSession, response: Res, token: AntiForgeryToken): Res {
  if (response.session === null || token === storedToken(request)) return response;
  const session = response.session === undefined ? request.session : response.session;
  return { ...response, session: { ...session, [KEY]: typeof token === "string" ? token : token.force() } };
}

const STRATEGY: AntiForgeryStrategy<HasSession> = {
  validToken: (request, token) => isSameText(storedToken(request), token),
  getToken,
  writeToken,
};

/**
 * The strategy that `wrapAntiForgery` has if nothing else is said: one random token for each session, kept in it.
 *
 * A response that replaces the session drops the token, and the next request gets another; one that deletes it is left
 * alone.
 *
 * @example
 * const app = wrapAntiForgery(handler, { strategy: sessionStrategy() });
 * @see Source: `ring.middleware.anti-forgery.session/session-strategy`. Differs: a token that is no string is invalid; there
 *   the comparison fails.
 */
export function sessionStrategy(): AntiForgeryStrategy<HasSession> {
  return STRATEGY;
}
