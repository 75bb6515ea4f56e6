/** Keys of parameters as keywords: there are none here, so everything stays. Source: `ring.middleware.keyword-params`. */

import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/** Which names count as keywords. */
export interface KeywordOptions {
  /** Does `ns/name` count, too? @default false */
  readonly parseNamespaces?: boolean | null | undefined;
}

const NAME = /^[\p{L}*+!_?-][\p{L}0-9*+!_?-]*$/u;
const NAME_OR_QUALIFIED = /^(?:[\p{L}*+!_?-][\p{L}0-9*+!_?.-]*\/)?[\p{L}*+!_?-][\p{L}0-9*+!_?-]*$/u;

/**
 * Would Ring make a keyword of the name? It begins with a letter or one of `* + ! _ ? -`, and goes on with these and ASCII
 * digits.
 *
 * @example
 * isKeywordName("user-id"); // => true
 * isKeywordName("user.id"); // => false
 * isKeywordName("user/id", { parseNamespaces: true }); // => true
 * @see Source: the rule of `ring.middleware.keyword-params`, which is private there.
 */
export function isKeywordName(name: string, options: KeywordOptions = {}): boolean {
  return (options.parseNamespaces ? NAME_OR_QUALIFIED : NAME).test(name);
}

/**
 * The request as it is: keys are strings here, which is what keywords would become.
 *
 * @example
 * keywordParamsRequest({ params: { a: "1" } }); // => { params: { a: "1" } }
 * @see Source: `ring.middleware.keyword-params/keyword-params-request`. Differs: it changes nothing, and so takes no options.
 */
export function keywordParamsRequest<R>(request: R): R {
  return request;
}

/**
 * Middleware that changes nothing, for stacks that are ported line by line.
 *
 * @example
 * const app = wrapKeywordParams(handler);
 * @see Source: `ring.middleware.keyword-params/wrap-keyword-params`. Differs: as {@link keywordParamsRequest}.
 */
export function wrapKeywordParams<R extends RingRequest>(handler: Handler<R>): Handler<R> {
  return tagged("wrapKeywordParams", handler, (request: R) => handler(request));
}
