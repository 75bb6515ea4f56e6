/** Where anti-forgery tokens come from, and which are valid. Source: `ring.middleware.anti-forgery.strategy`. */

import type { Awaitable } from "../../src/deferred/index.js";
import type { RingResponse } from "../../src/ring/types.js";

export type { Secrets } from "../../src/ring/secrets.js";

/** A token that is made when somebody first wants it. */
export interface DelayedToken {
  /** The token; the same one whenever it is called. */
  force(): string;
}

/** A token, or the promise to make one: Clojure's delay. */
export type AntiForgeryToken = string | DelayedToken;

/**
 * How tokens are made, kept and judged; `R` is what a strategy needs to find in a request.
 *
 * @see Source: `ring.middleware.anti-forgery.strategy/Strategy`.
 */
export interface AntiForgeryStrategy<R = object> {
  /** Is the token that came with the request good? What is no string, is not. */
  validToken(request: R, token: unknown): Awaitable<boolean>;
  /** The token for what this request's answer will bring back. */
  getToken(request: R): Awaitable<AntiForgeryToken>;
  /** The response, changed so that the token will be known again. */
  writeToken<Res extends RingResponse>(request: R, response: Res, token: AntiForgeryToken): Awaitable<Res>;
}
